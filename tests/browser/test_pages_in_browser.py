"""Chromium on the hosted pages: what a customer sees, types and gets."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stripe_nb.session import Client

NAME = "<script>document.title = 'owned'</script> & Sons"


def open_session(client: Client, shop: Any, **more: Any) -> Any:
    params: Any = {
        "mode": "payment",
        "success_url": f"{shop.url}/done?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{shop.url}/done?canceled=1",
        "line_items": [
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 1500,
                    "product_data": {"name": NAME},
                },
                "quantity": 2,
            }
        ],
        **more,
    }
    return client.v1.checkout.sessions.create(params)


def fill(page: Page, number: str) -> None:
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("Jenny Rosen")


def pay(page: Page) -> None:
    page.get_by_role("button", name="Pay 30.00 USD").click()


def status_of(client: Client, session: Any) -> tuple[str | None, str]:
    found = client.v1.checkout.sessions.retrieve(session.id)
    return found.status, found.payment_status


def test_a_card_pays_and_the_browser_comes_back_to_the_shop(
    client: Client, page: Page, shop: Any, console: Any
) -> None:
    session = open_session(client, shop)
    page.goto(session.url)

    expect(page.get_by_text(NAME)).to_be_visible()
    fill(page, "4242 4242 4242 4242")
    pay(page)

    page.wait_for_url(f"{shop.url}/done?session={session.id}")
    assert status_of(client, session) == ("complete", "paid")
    assert console.errors == []


def test_a_name_that_looks_like_a_script_is_text(
    client: Client, page: Page, shop: Any
) -> None:
    page.goto(open_session(client, shop).url)

    assert page.title() == "Pay"
    assert page.locator("script").count() == 0


def test_the_form_is_filled_in_and_sent_by_keyboard_alone(
    client: Client, page: Page, shop: Any, console: Any
) -> None:
    session = open_session(client, shop)
    page.goto(session.url)
    page.get_by_label("Email").focus()

    for text in ("jenny@example.com", "4242424242424242", "1234", "123", "Jenny"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.get_by_label("Name on card").press("Enter")

    page.wait_for_url(f"{shop.url}/done?session={session.id}")
    assert status_of(client, session) == ("complete", "paid")
    assert console.errors == []


def test_a_decline_is_told_and_another_card_pays(
    client: Client, page: Page, shop: Any, console: Any
) -> None:
    session = open_session(client, shop)
    page.goto(session.url)
    fill(page, "4000000000009995")
    pay(page)

    expect(page.get_by_role("alert")).to_have_text("Your card has insufficient funds.")
    assert status_of(client, session) == ("open", "unpaid")

    fill(page, "4242424242424242")
    pay(page)

    page.wait_for_url(f"{shop.url}/done?session={session.id}")
    assert status_of(client, session) == ("complete", "paid")
    assert console.errors == []


def test_a_wrong_number_is_marked_at_its_field(
    client: Client, page: Page, shop: Any
) -> None:
    page.goto(open_session(client, shop).url)
    fill(page, "4242424242424241")
    pay(page)

    expect(page.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_have_text("Your card number is incorrect.")


@pytest.mark.parametrize("passes", [True, False])
def test_3d_secure_is_asked_and_its_answer_counts(
    client: Client, page: Page, shop: Any, console: Any, *, passes: bool
) -> None:
    session = open_session(client, shop)
    page.goto(session.url)
    page.get_by_label("Email").fill("jenny@example.com")
    page.get_by_role("button", name="Asks for 3D Secure").click()
    page.get_by_label("Name on card").fill("Jenny Rosen")
    pay(page)

    expect(page.get_by_role("heading", name="3D Secure")).to_be_visible()
    page.get_by_role(
        "button", name="Complete" if passes else "Fail authentication"
    ).click()

    if passes:
        page.wait_for_url(f"{shop.url}/done?session={session.id}")
        assert status_of(client, session) == ("complete", "paid")
    else:
        expect(page.get_by_role("alert")).to_contain_text("authenticate")
        assert status_of(client, session) == ("open", "unpaid")
    assert console.errors == []


def test_another_quantity_is_shown_before_it_is_paid(
    client: Client, page: Page, shop: Any
) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Mug"}}
    )
    item = {"price": price.id, "quantity": 2, "adjustable_quantity": {"enabled": True}}
    session = open_session(client, shop, line_items=[item])
    page.goto(session.url)
    page.get_by_label("How many").fill("3")
    fill(page, "4242424242424242")
    pay(page)

    expect(page.get_by_role("alert")).to_contain_text("45.00 USD")
    assert status_of(client, session) == ("open", "unpaid")

    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay 45.00 USD").click()

    page.wait_for_url(f"{shop.url}/done?session={session.id}")
    assert client.v1.checkout.sessions.retrieve(session.id).amount_total == 4500


def test_the_page_is_readable_in_the_dark(
    client: Client, page: Page, shop: Any
) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(open_session(client, shop).url)

    colors = page.evaluate(
        "() => { const s = getComputedStyle(document.body);"
        " return [s.color, s.backgroundColor]; }"
    )

    assert colors == ["rgb(240, 241, 246)", "rgb(20, 22, 31)"]


def test_a_payment_link_opens_a_session_and_thanks(
    client: Client, page: Page, console: Any
) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 3000, "product_data": {"name": "Mug"}}
    )
    link = client.v1.payment_links.create(
        {"line_items": [{"price": price.id, "quantity": 1}]}
    )
    page.goto(link.url)
    fill(page, "4242424242424242")
    pay(page)

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    (session,) = client.v1.checkout.sessions.list({"payment_link": link.id}).data
    assert session.payment_status == "paid"
    assert console.errors == []


def test_the_portal_cancels_and_keeps_a_subscription(
    client: Client, page: Page, console: Any
) -> None:
    customer = client.v1.customers.create(
        {
            "email": "jenny@example.com",
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Gold"},
        }
    )
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    portal = client.v1.billing_portal.sessions.create({"customer": customer.id})
    page.goto(portal.url)

    page.get_by_role("button", name="Cancel subscription").click()
    expect(page.get_by_role("button", name="Keep subscription")).to_be_visible()
    ending = client.v1.subscriptions.retrieve(subscription.id)
    page.get_by_role("button", name="Keep subscription").click()
    expect(page.get_by_role("button", name="Cancel subscription")).to_be_visible()
    kept = client.v1.subscriptions.retrieve(subscription.id)

    assert (ending.cancel_at_period_end, kept.cancel_at_period_end) == (True, False)
    assert console.errors == []
