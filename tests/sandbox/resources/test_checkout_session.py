"""Checkout sessions through the API: offered, completed, expired, refused."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from stripe_nb.clock import TickingClock
from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

HALF_AN_HOUR, DAY = 1_800, 86_400


def item(amount: int = 1500, quantity: int = 1, **price: Any) -> dict[str, Any]:
    data = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Mug"}}
    return {"price_data": {**data, **price}, "quantity": quantity}


def monthly(amount: int = 900, quantity: int = 1) -> dict[str, Any]:
    return item(amount, quantity, recurring={"interval": "month"})


def opened(client: Client, **given: Any) -> stripe.checkout.Session:
    params: Any = {
        "mode": "payment",
        "success_url": "https://shop.example/done?id={CHECKOUT_SESSION_ID}",
        **given,
    }
    if params["mode"] != "setup":
        params.setdefault("line_items", [item(quantity=2)])
    return client.v1.checkout.sessions.create(params)


def events(client: Client) -> list[str]:
    found = client.v1.events.list({"limit": 100}).data
    return [str(each.type) for each in reversed(found)]


def retrieved(client: Client, session: Any, *expand: str) -> Any:
    return client.v1.checkout.sessions.retrieve(session.id, {"expand": [*expand]})


# Offering -------------------------------------------------------------------------


def test_a_new_session_is_open_and_says_what_it_comes_to(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client)

    assert session.id.startswith("cs_test_a1")
    assert len(session.id) == 66
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_subtotal, session.amount_total) == (3000, 3000)
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert session.expires_at == session.created + DAY
    assert (session.payment_intent, session.customer) == (None, None)
    assert session.ui_mode == "hosted_page"
    assert "line_items" not in session


def test_line_items_are_listed_and_expanded(client: Client) -> None:
    session = opened(client, line_items=[item(100), item(250, 2), item(700)])
    first = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 2})
    rest = client.v1.checkout.sessions.line_items.list(
        session.id, {"starting_after": first.data[-1].id}
    )
    shown = retrieved(client, session, "line_items.data.price.product").line_items

    assert [each.amount_total for each in first.data] == [100, 500]
    assert (first.has_more, rest.has_more) == (True, False)
    assert [each.amount_total for each in rest.data] == [700]
    assert [each.price.product.name for each in shown.data] == ["Mug"] * 3


def test_tax_rates_and_a_coupon_are_in_the_sums(client: Client) -> None:
    rate = client.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": 20, "inclusive": False}
    )
    coupon = client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    session = opened(
        client,
        line_items=[{**item(1000), "tax_rates": [rate.id]}, item(500)],
        discounts=[{"coupon": coupon.id}],
        expand=["line_items.data.taxes", "line_items.data.discounts"],
    )
    details, lines = session.total_details, session.line_items

    assert details is not None
    assert lines is not None
    assert (details.amount_discount, details.amount_tax) == (150, 180)
    assert (session.amount_subtotal, session.amount_total) == (1500, 1530)
    assert [each.amount_total for each in lines.data] == [1080, 450]
    assert lines.data[0].taxes is not None
    assert lines.data[0].taxes[0].rate.id == rate.id
    assert session.discounts is not None
    assert session.discounts[0].coupon == coupon.id
    # Offering a discount does not use it up.
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 0


def test_a_shipping_option_is_added_to_the_total(client: Client) -> None:
    session = opened(
        client,
        shipping_options=[
            {
                "shipping_rate_data": {
                    "display_name": "Post",
                    "type": "fixed_amount",
                    "fixed_amount": {"amount": 500, "currency": "usd"},
                }
            }
        ],
    )

    assert session.amount_total == 3500
    assert session.shipping_cost is not None
    assert session.shipping_cost.amount_total == 500


@pytest.mark.parametrize(
    ("given", "param", "says"),
    [
        ({"success_url": ""}, "success_url", "Missing required param"),
        ({"success_url": "shop"}, "success_url", "Not a valid URL"),
        ({"success_url": "javascript:alert(1)//x"}, "success_url", "Not a valid URL"),
        ({"line_items": []}, "line_items", "Missing required param: line_items."),
        ({"line_items": [monthly()]}, "line_items", "switch to `subscription` mode"),
        ({"mode": "subscription"}, "line_items", "at least one recurring price"),
        ({"line_items": [{"price": "price_x"}]}, "line_items[0][price]", "No such"),
        ({"customer": "cus_x"}, "customer", "No such customer: 'cus_x'"),
        ({"customer_email": "a@b.c", "customer": "cus_x"}, None, "only specify one"),
        ({"discounts": [{"coupon": "no"}]}, "discounts[0][coupon]", "No such coupon"),
        ({"ui_mode": "embedded_page"}, "success_url", "`ui_mode` `hosted_page`"),
        ({"subscription_data": {"description": "x"}}, "subscription_data", "payment"),
        ({"line_items": [item(0), item(-1)]}, "unit_amount", "equal to 0"),
    ],
)
def test_what_contradicts_itself_is_refused(
    client: Client, given: dict[str, Any], param: str | None, says: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        opened(client, **given)

    assert refused.value.param == param
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(60, "at least 30 minutes"), (2 * DAY, "less than 24 hours")],
)
def test_a_session_lasts_between_half_an_hour_and_a_day(
    client: Client, sandbox: Sandbox, seconds: int, says: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=says):
        opened(client, expires_at=sandbox.now + seconds)


@pytest.mark.parametrize(
    "given",
    [
        {"optional_items": [{"price": "price_1", "quantity": 1}]},
        {"tax_id_collection": {"enabled": True, "required": "if_supported"}},
    ],
)
def test_what_the_page_lacks_is_refused_and_not_ignored(
    client: Client, given: dict[str, Any]
) -> None:
    with pytest.raises(stripe.APIError, match="Not simulated") as refused:
        opened(client, **given)

    assert refused.value.http_status == 501


def test_an_embedded_session_has_a_secret_and_no_page(client: Client) -> None:
    params: Any = {
        "mode": "payment",
        "ui_mode": "embedded_page",
        "return_url": "https://shop.example/done",
        "line_items": [item()],
    }
    session = client.v1.checkout.sessions.create(params)

    assert session.url is None
    assert str(session.client_secret).startswith(f"{session.id}_secret_")
    assert session.redirect_on_completion == "always"


def test_an_older_version_has_its_own_names_for_where_a_session_is_shown(
    client: Client,
) -> None:
    params: Any = {
        "mode": "payment",
        "ui_mode": "embedded",
        "return_url": "https://shop.example/done",
        "line_items": [item()],
    }
    older: Any = {"stripe_version": "2025-09-30.clover"}
    session = client.v1.checkout.sessions.create(params, older)

    assert session.ui_mode == "embedded"
    assert retrieved(client, session).ui_mode == "embedded_page"
    with pytest.raises(stripe.InvalidRequestError, match="ui_mode"):
        client.v1.checkout.sessions.create(params)


# Completing -----------------------------------------------------------------------


def test_a_payment_completes_after_the_payments_own_events(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(
        client,
        metadata={"order": "1"},
        payment_intent_data={"description": "Mugs", "metadata": {"order": "1"}},
    )
    before = len(events(client))
    sandbox.complete_checkout(session.id, email="ann@example.com", name="Ann")
    done = retrieved(client, session, "payment_intent.latest_charge")

    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.customer_details.email == "ann@example.com"
    assert done.payment_intent.description == "Mugs"
    assert done.payment_intent.metadata["order"] == "1"
    assert done.payment_intent.amount_received == 3000
    assert done.customer is None
    assert events(client)[before:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "checkout.session.completed",
    ]


def test_a_decline_leaves_the_session_open_for_another_card(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client, customer_creation="always")
    with pytest.raises(SandboxError, match="Your card was declined"):
        sandbox.complete_checkout(session.id, "pm_card_chargeDeclined")
    declined = retrieved(client, session)
    sandbox.complete_checkout(session.id)
    done = retrieved(client, session)

    assert (declined.status, declined.customer) == ("open", None)
    assert declined.payment_intent == done.payment_intent
    assert done.status == "complete"
    assert [each.id for each in client.v1.customers.list().data] == [done.customer]


def test_3d_secure_completes_the_session_once_it_is_answered(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client)
    sandbox.complete_checkout(session.id, "pm_card_authenticationRequired")
    waiting = retrieved(client, session, "payment_intent")
    sandbox.authenticate(waiting.payment_intent.id)

    assert waiting.status == "open"
    assert waiting.payment_intent.status == "requires_action"
    assert retrieved(client, session).payment_status == "paid"


def test_a_held_payment_completes_unpaid_until_it_is_captured(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client, payment_intent_data={"capture_method": "manual"})
    sandbox.complete_checkout(session.id)
    held = retrieved(client, session)
    client.v1.payment_intents.capture(held.payment_intent)

    assert (held.status, held.payment_status) == ("complete", "unpaid")
    assert retrieved(client, session).payment_status == "paid"
    assert "checkout.session.async_payment_succeeded" not in events(client)


@pytest.mark.parametrize(
    ("iban", "outcome", "payment_status"),
    [
        ("AT611904300234573201", "async_payment_succeeded", "paid"),
        ("AT861904300235473202", "async_payment_failed", "unpaid"),
    ],
)
def test_a_debit_tells_later_how_it_went(
    client: Client, iban: str, outcome: str, payment_status: str
) -> None:
    older = {"stripe_version": "2026-08-26.dahlia"}
    params: Any = {
        "mode": "payment",
        "success_url": "https://shop.example/done",
        "payment_method_types": ["sepa_debit"],
        "line_items": [item(1500, currency="eur")],
    }
    session = client.v1.checkout.sessions.create(params, older)  # type: ignore[arg-type]
    method = client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": iban},
            "billing_details": {"name": "Jenny", "email": "jenny@example.com"},
        }
    )
    client.raw_request(
        "post",
        f"/v1/payment_pages/{session.id}/confirm",
        payment_method=method.id,
        expected_amount=1500,
    )
    for _ in range(5):  # the clock moves with each write
        client.v1.customers.create({})
    types = [each for each in events(client) if each.startswith("checkout")]

    assert types == ["checkout.session.completed", f"checkout.session.{outcome}"]
    assert retrieved(client, session).payment_status == payment_status


def test_a_subscription_begins_when_its_session_completes(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(
        client,
        mode="subscription",
        line_items=[monthly(900, 2), item(500)],
        subscription_data={"metadata": {"plan": "gold"}},
    )
    sandbox.complete_checkout(session.id, email="ann@example.com")
    done = retrieved(client, session, "subscription", "invoice", "customer")

    assert (done.status, done.payment_status) == ("complete", "paid")
    assert done.subscription.status == "active"
    assert done.subscription.metadata["plan"] == "gold"
    assert done.subscription["items"].data[0].quantity == 2
    assert done.subscription.default_payment_method is not None
    assert (done.invoice.status, done.invoice.total) == ("paid", 2300)
    assert done.customer.email == "ann@example.com"
    assert events(client)[-1] == "checkout.session.completed"


def test_a_trial_needs_no_payment(client: Client, sandbox: Sandbox) -> None:
    session = opened(
        client,
        mode="subscription",
        line_items=[monthly()],
        subscription_data={"trial_period_days": 14},
    )
    sandbox.complete_checkout(session.id)
    done = retrieved(client, session, "subscription")

    assert (session.amount_total, done.payment_status) == (0, "no_payment_required")
    assert done.subscription.status == "trialing"
    assert done.subscription.default_payment_method is not None


def test_a_customer_on_a_test_clock_subscribes_at_its_time(
    client: Client, sandbox: Sandbox
) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000})
    customer = client.v1.customers.create({"test_clock": clock.id})
    session = opened(
        client, mode="subscription", line_items=[monthly()], customer=customer.id
    )
    sandbox.complete_checkout(session.id)
    done = retrieved(client, session, "subscription")

    assert session.created == done.subscription.start_date == 1_900_000_000
    assert done.subscription.test_clock == clock.id


def test_a_connected_accounts_session_is_completed_on_that_account(
    client: Client, sandbox: Sandbox, account: str
) -> None:
    params: Any = {
        "mode": "payment",
        "success_url": "https://shop.example/done",
        "line_items": [item()],
    }
    on_account: Any = {"stripe_account": account}
    session = client.v1.checkout.sessions.create(params, on_account)
    page = requests.get(str(session.url), timeout=5)
    sandbox.complete_checkout(session.id)
    done = client.v1.checkout.sessions.retrieve(session.id, options=on_account)

    assert "15.00 USD" in page.text
    assert done.payment_status == "paid"
    assert client.v1.checkout.sessions.list().data == []


def test_a_declined_subscription_is_paid_with_another_card(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client, mode="subscription", line_items=[monthly()])
    with pytest.raises(SandboxError, match="declined"):
        sandbox.complete_checkout(session.id, "pm_card_chargeDeclined")
    sandbox.complete_checkout(session.id, "pm_card_mastercard")
    done = retrieved(client, session, "subscription")

    assert done.subscription.status == "active"
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1


def test_a_setup_saves_a_card(client: Client, sandbox: Sandbox) -> None:
    customer = client.v1.customers.create({})
    session = opened(client, mode="setup", customer=customer.id)
    sandbox.complete_checkout(session.id)
    done = retrieved(client, session, "setup_intent")

    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert (done.amount_total, done.payment_intent) == (None, None)
    assert done.setup_intent.status == "succeeded"
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1


def test_a_setup_waits_for_3d_secure(client: Client, sandbox: Sandbox) -> None:
    session = opened(client, mode="setup")
    sandbox.complete_checkout(session.id, "pm_card_authenticationRequired")
    waiting = retrieved(client, session)
    sandbox.authenticate(waiting.setup_intent)

    assert waiting.status == "open"
    assert retrieved(client, session).status == "complete"


def test_an_order_that_costs_nothing_needs_no_card(
    client: Client, sandbox: Sandbox
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = opened(client, discounts=[{"coupon": coupon.id}])
    sandbox.complete_checkout(session.id, None)
    done = retrieved(client, session)

    assert (done.amount_total, done.payment_status) == (0, "no_payment_required")
    assert done.payment_intent is None
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_complete_session_is_not_completed_again(
    client: Client, sandbox: Sandbox
) -> None:
    session = opened(client)
    sandbox.complete_checkout(session.id)

    with pytest.raises(SandboxError, match="whose status is open"):
        sandbox.complete_checkout(session.id)
    with pytest.raises(SandboxError, match="whose status is open"):
        sandbox.complete_checkout("cs_test_nothing")


def test_the_pages_own_endpoint_holds_the_amount_against_what_was_seen(
    client: Client,
) -> None:
    session = opened(client)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.raw_request(
            "post",
            f"/v1/payment_pages/{session.id}/confirm",
            payment_method="pm_card_visa",
            expected_amount=1,
        )

    assert refused.value.param == "expected_amount"
    assert retrieved(client, session).status == "open"


# Ending and changing --------------------------------------------------------------


def test_an_expired_session_can_be_neither_paid_nor_expired_again(
    client: Client, sandbox: Sandbox
) -> None:
    session = client.v1.checkout.sessions.expire(opened(client).id)

    assert (session.status, session.url) == ("expired", None)
    assert events(client)[-1] == "checkout.session.expired"
    with pytest.raises(stripe.InvalidRequestError, match='status in \\["open"\\]'):
        client.v1.checkout.sessions.expire(session.id)
    with pytest.raises(SandboxError, match="whose status is open"):
        sandbox.complete_checkout(session.id)


def test_a_session_expires_by_itself(client: Client, sandbox: Sandbox) -> None:
    session = opened(client, expires_at=sandbox.now + HALF_AN_HOUR + 1)
    paid = opened(client, expires_at=sandbox.now + HALF_AN_HOUR + 1)
    sandbox.complete_checkout(paid.id)
    clock = sandbox.engine.clock
    assert isinstance(clock, TickingClock)
    clock.set(sandbox.now + HALF_AN_HOUR + 1)
    page = requests.get(str(session.url), timeout=5)

    assert page.status_code == 410
    assert retrieved(client, session).status == "expired"
    assert retrieved(client, paid).status == "complete"


def test_metadata_and_line_items_of_an_open_session_change(client: Client) -> None:
    session = opened(client, line_items=[item(100), item(200)])
    lines = client.v1.checkout.sessions.line_items.list(session.id).data
    changed = client.v1.checkout.sessions.update(
        session.id,
        {
            "metadata": {"a": "1"},
            "line_items": [{"id": lines[1].id, "quantity": 3}],
        },
    )

    assert changed.amount_total == 600
    assert changed.metadata is not None
    assert changed.metadata["a"] == "1"


def test_lists_are_filtered(client: Client, sandbox: Sandbox) -> None:
    first, second = opened(client), opened(client)
    sandbox.complete_checkout(first.id, email="ann@example.com")
    done = retrieved(client, first)
    sessions = client.v1.checkout.sessions

    def found(**filters: Any) -> list[str]:
        params: Any = filters
        return [each.id for each in sessions.list(params).data]

    assert found(status="open") == [second.id]
    assert found(payment_intent=done.payment_intent) == [first.id]
    assert found(customer_details={"email": "ann@example.com"}) == [first.id]
    assert found() == [second.id, first.id]
