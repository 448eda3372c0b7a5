"""The hosted pages over HTTP: what they show, take, refuse and let through."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

NAME = "<script>alert('x')</script>"
FORM = {
    "email": "jenny@example.com",
    "expiry": "12/34",
    "cvc": "123",
    "name": "Jenny Rosen",
}


def opened(client: Client, **given: Any) -> Any:
    price = {
        "currency": "usd",
        "unit_amount": 1500,
        "product_data": {"name": NAME},
    }
    params: Any = {
        "mode": "payment",
        "success_url": "https://shop.example:8443/done?id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/cart?a=1&b=%22",
        "line_items": [{"price_data": price, "quantity": 2}],
        **given,
    }
    return client.v1.checkout.sessions.create(params)


def show(url: str) -> requests.Response:
    return requests.get(url, timeout=5, allow_redirects=False)


def send(url: str, **form: str) -> requests.Response:
    return requests.post(url, data=form, timeout=5, allow_redirects=False)


def pay(url: str, number: str = "4242424242424242", **more: str) -> requests.Response:
    return send(url, **{**FORM, "number": number, **more})


def alert(page: requests.Response) -> str:
    found = re.search(r'role="alert">(.*?)</p>', page.text)
    return found[1] if found else ""


# The page itself ------------------------------------------------------------------


def test_the_page_is_text_from_here_alone(client: Client) -> None:
    page = show(opened(client).url)
    policy = page.headers["Content-Security-Policy"]

    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert 'href="https://shop.example/cart?a=1&amp;b=%22"' in page.text
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://shop.example:8443" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.findall(
        r'(?:src|href|action)="(?!/_sandbox/|data:,|https://shop)', page.text
    )


def test_every_field_has_a_label(client: Client) -> None:
    page = show(
        opened(
            client,
            phone_number_collection={"enabled": True},
            billing_address_collection="required",
            shipping_address_collection={"allowed_countries": ["US"]},
            allow_promotion_codes=True,
        ).url
    ).text
    fields = re.findall(r'<input id="([^"]+)"', page)

    assert {"email", "number", "expiry", "cvc", "phone", "shipping_line1"} <= {*fields}
    assert len(fields) == len(set(fields))
    for name in fields:
        assert f'<label for="{name}">' in page


def test_what_was_typed_comes_back_escaped_without_the_security_code(
    client: Client,
) -> None:
    page = pay(opened(client).url, "4000000000000002", email='"><b>@x')

    assert alert(page) == "Your card was declined."
    assert 'value="&#34;&gt;&lt;b&gt;@x"' in page.text
    wrong = pay(opened(client).url, "4242424242424241")
    assert 'value="123"' not in wrong.text


@pytest.mark.parametrize(
    ("form", "says", "field"),
    [
        ({"number": ""}, "Your card number is incomplete.", "number"),
        ({"number": "4242424242424241"}, "Your card number is incorrect.", "number"),
        ({"expiry": "soon"}, "expiration date is incomplete", "expiry"),
        ({"expiry": "12/20"}, "expiration year is invalid", "expiry"),
        ({"cvc": ""}, "security code is incomplete", "cvc"),
        ({"cvc": "99999"}, "security code is invalid", "cvc"),
        ({"email": ""}, "email address is incomplete", "email"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, form: dict[str, str], says: str, field: str
) -> None:
    session = opened(client)
    page = pay(session.url, **{"number": "4242424242424242", **form})

    assert says in alert(page).replace("&#39;", "'")
    assert re.search(rf'<input id="{field}"[^>]*aria-invalid="true"', page.text)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_a_shortcut_fills_the_form_in_and_pays_nothing(client: Client) -> None:
    session = opened(client)
    page = send(session.url, action="fill:4000000000000002", email="ann@example.com")

    assert 'value="4000000000000002"' in page.text
    assert 'value="ann@example.com"' in page.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_a_paid_session_leads_to_the_shop_and_so_does_its_old_page(
    client: Client,
) -> None:
    session = opened(client)
    paid = pay(session.url)

    assert paid.status_code == 303
    where = f"https://shop.example:8443/done?id={session.id}"
    assert paid.headers["Location"] == where
    assert show(session.url).headers["Location"] == where
    assert pay(session.url).headers["Location"] == where
    assert len(client.v1.charges.list().data) == 1


def test_what_the_page_asks_for_is_on_the_session(client: Client) -> None:
    session = opened(
        client,
        phone_number_collection={"enabled": True},
        billing_address_collection="required",
        shipping_address_collection={"allowed_countries": ["US", "CA"]},
    )
    where = {"line1": "1 Main", "city": "Ames", "postal_code": "50010", "country": "US"}
    form = {f"shipping_{name}": value for name, value in where.items()}
    form |= {f"billing_{name}": value for name, value in where.items()}
    elsewhere = pay(session.url, **{**form, "ship_to": "Jo", "shipping_country": "FR"})
    pay(session.url, **form, ship_to="Jo", phone="+15155550100")
    done = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent"]}
    )
    intent: Any = done.payment_intent
    details: Any = done.customer_details
    collected: Any = done.collected_information

    assert "ship to that country" in alert(elsewhere)
    assert (details.phone, details.address.city) == ("+15155550100", "Ames")
    assert collected.shipping_details.name == "Jo"
    assert intent.shipping.address.line1 == "1 Main"


def test_custom_fields_are_asked_and_kept(client: Client) -> None:
    fields = [
        {
            "key": "size",
            "label": {"type": "custom", "custom": "Your <size>"},
            "type": "dropdown",
            "dropdown": {"options": [{"label": "Large", "value": "l"}]},
        },
        {
            "key": "note",
            "label": {"type": "custom", "custom": "Note"},
            "type": "text",
            "text": {"maximum_length": 5},
            "optional": True,
        },
    ]
    session = opened(client, custom_fields=fields)
    page = show(session.url)
    missing = pay(session.url)
    long = pay(session.url, custom_size="l", custom_note="too long")
    paid = pay(session.url, custom_size="l", custom_note="hi")
    done: Any = client.v1.checkout.sessions.retrieve(session.id)

    assert "Your &lt;size&gt;</label>" in page.text
    assert alert(missing) == "Your &lt;size&gt; is missing."
    assert alert(long) == "Note is invalid."
    assert paid.status_code == 303
    assert [done.custom_fields[0].dropdown.value, done.custom_fields[1].text.value] == [
        "l",
        "hi",
    ]


def test_a_promotion_code_is_taken_on_the_page(client: Client) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"}
    )
    session = opened(client, allow_promotion_codes=True)
    wrong = send(session.url, action="update", promotion_code="NOPE")
    right = send(session.url, action="update", promotion_code="half")
    pay(session.url, promotion_code="HALF")
    done = client.v1.checkout.sessions.retrieve(session.id)

    assert alert(wrong) == "This code is invalid."
    assert "15.00 USD" in right.text
    assert (done.amount_total, done.payment_status) == (1500, "paid")
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_bank_account_pays_where_the_session_takes_one(client: Client) -> None:
    price = {"currency": "eur", "unit_amount": 900, "product_data": {"name": "Mug"}}
    session = opened(
        client,
        allowed_payment_method_types=["card", "sepa_debit"],
        line_items=[{"price_data": price, "quantity": 1}],
    )
    page = show(f"{session.url}?kind=sepa_debit")
    send(session.url, **FORM, kind="sepa_debit", iban="AT611904300234573201")

    assert '<label for="iban">' in page.text
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.status == "complete"


def test_unknown_and_expired_sessions_say_so(client: Client, sandbox: Sandbox) -> None:
    session = opened(client)
    client.v1.checkout.sessions.expire(session.id)

    assert show(f"{sandbox.url}/c/pay/cs_test_guess").status_code == 404
    assert show(session.url).status_code == 410
    assert pay(session.url).status_code == 410


def test_a_form_of_a_foreign_page_is_refused(client: Client) -> None:
    session = opened(client)
    answer = requests.post(
        session.url,
        data={**FORM, "number": "4242424242424242"},
        headers={"Origin": "https://evil.example"},
        timeout=5,
    )

    assert answer.status_code == 403
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


# Payment links and the portal -----------------------------------------------------


def test_a_link_opens_a_session_for_each_visit_until_its_limit(client: Client) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Mug"}}
    )
    link = client.v1.payment_links.create(
        {
            "line_items": [{"price": price.id, "quantity": 3}],
            "metadata": {"campaign": "1"},
            "restrictions": {"completed_sessions": {"limit": 1}},
            "after_completion": {
                "type": "redirect",
                "redirect": {"url": "https://shop.example/done"},
            },
        }
    )
    first, second = show(link.url), show(link.url)
    paid = pay(first.headers["Location"])
    (done,) = client.v1.checkout.sessions.list({"status": "complete"}).data
    closed = client.v1.payment_links.retrieve(link.id)

    assert first.headers["Location"] != second.headers["Location"]
    assert paid.headers["Location"] == "https://shop.example/done"
    assert (done.payment_link, done.amount_total) == (link.id, 2100)
    assert done.metadata is not None
    assert done.metadata["campaign"] == "1"
    assert closed.active is False
    assert show(link.url).status_code == 410


def test_a_subscription_link_subscribes(client: Client) -> None:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 700,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Gold"},
        }
    )
    link = client.v1.payment_links.create(
        {
            "line_items": [{"price": price.id, "quantity": 1}],
            "subscription_data": {"trial_period_days": 7},
        }
    )
    thanks = pay(show(link.url).headers["Location"]).headers["Location"]
    (subscription,) = client.v1.subscriptions.list().data

    assert subscription.status == "trialing"
    assert "Thank you" in show(thanks).text


@pytest.fixture
def subscriber(client: Client) -> Any:
    customer = client.v1.customers.create(
        {
            "name": NAME,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 700,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Gold"},
        }
    )
    return client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )


def test_the_portal_shows_a_customer_what_it_pays_for(
    client: Client, subscriber: Any
) -> None:
    portal = client.v1.billing_portal.sessions.create(
        {"customer": subscriber.customer, "return_url": "https://shop.example/me"}
    )
    page = show(portal.url).text

    assert "7.00 USD every month" in page
    assert "visa ending in 4242" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert 'href="https://shop.example/me"' in page
    assert show(portal.url[:-1]).status_code == 404


def test_the_portal_saves_another_card(client: Client, subscriber: Any) -> None:
    portal = client.v1.billing_portal.sessions.create({"customer": subscriber.customer})
    declined = pay(portal.url, "4000000000000002", action="card")
    saved = pay(portal.url, "5555555555554444", action="card")
    customer = client.v1.customers.retrieve(
        subscriber.customer, {"expand": ["invoice_settings.default_payment_method"]}
    )
    method: Any = customer.invoice_settings and (
        customer.invoice_settings.default_payment_method
    )

    assert alert(declined) == "Your card was declined."
    assert saved.status_code == 303
    assert method.card.brand == "mastercard"


@pytest.mark.parametrize("passes", [True, False])
def test_the_portal_asks_the_cardholder(
    client: Client, subscriber: Any, *, passes: bool
) -> None:
    portal = client.v1.billing_portal.sessions.create({"customer": subscriber.customer})
    question = pay(portal.url, "4000002760003184", action="card").headers["Location"]
    outcome = "succeeded" if passes else "failed"
    back = send(question, outcome=outcome).headers["Location"]
    page = show(back)

    assert ("visa ending in 3184" in page.text) is passes
    assert bool(alert(page)) is not passes


def test_the_portal_keeps_to_its_configuration_and_its_customer(
    client: Client, subscriber: Any
) -> None:
    bare = client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    stranger = client.v1.customers.create({})
    sessions = client.v1.billing_portal.sessions
    strict = sessions.create(
        {"customer": subscriber.customer, "configuration": bare.id}
    )
    other = sessions.create({"customer": stranger.id})
    form = {"action": "cancel", "subscription": subscriber.id}

    assert "does not offer" in alert(send(strict.url, **form))
    assert "No such subscription" in alert(send(other.url, **form))
    kept = client.v1.subscriptions.retrieve(subscriber.id)
    assert kept.cancel_at_period_end is False


def test_a_quantity_beyond_measure_is_refused(client: Client) -> None:
    price = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Pen"}}
    adjustable = {"price_data": price, "quantity": 1}
    session = opened(
        client, line_items=[{**adjustable, "adjustable_quantity": {"enabled": True}}]
    )
    item = client.v1.checkout.sessions.line_items.list(session.id).data[0]
    for told in ("9" * 5000, "9" * 9):
        page = pay(session.url, **{f"quantity_{item.id}": told})
        assert page.status_code < 500
        assert alert(page)
