"""The payment form where Stripe itself answers: js.stripe.com's script is mounted.

js.stripe.com is out of reach of tests. The browser's requests to it are answered
by the sandbox, whose script speaks alike; all that the widget does is as it would
be on Stripe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from playwright.sync_api import Page, Route, expect

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from stripe_nb.widgets import PaymentForm
from stripe_nb.widgets.payment_form_cards import offered
from tests.browser.bare_page import show
from tests.browser.payment_page import (
    FORM,
    expect_heard,
    expect_status,
    fill,
    form_of,
    pay,
    status_of,
)

HOST = "https://js.stripe.com"
SCRIPT = f"{HOST}/{stripe.api_version.rpartition('.')[2]}/stripe.js"
KEY = "pk_test_" + "0123456789abcdef" * 2
# A client that takes what answers it for Stripe.
ON_STRIPE = f"""
client.sandbox_url, client.is_sandbox = None, False
client.publishable_key = "{KEY}"
"""


@pytest.fixture
def cell(connected: str, intent: Any) -> str:
    return connected + ON_STRIPE + FORM.format(intent=intent.id)


class StripeHost:
    """Answers for js.stripe.com, and notes what it was asked."""

    def __init__(self, page: Page, sandbox: Sandbox) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.edit: Callable[[str], str] = lambda script: script
        self._url = sandbox.url
        page.route(f"{HOST}/**", self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        self.asked.append((request.url, request.headers.get("authorization")))
        path = "/v3/" if request.url == SCRIPT else urlsplit(request.url).path
        answer = route.fetch(url=f"{self._url}{path}")
        if request.url == SCRIPT:
            route.fulfill(response=answer, body=self.edit(answer.text()))
        else:
            route.fulfill(response=answer)


def test_the_payment_element_is_mounted_with_the_publishable_key(
    open_notebook: Any,
    page: Page,
    sandbox: Sandbox,
    cell: str,
    client: Client,
    intent: Any,
    console: Any,
) -> None:
    host = StripeHost(page, sandbox)
    open_notebook([cell])
    fill(page, "4242 4242 4242 4242")
    pay(page)

    expect_status(page, "succeeded")
    assert status_of(client, intent) == "succeeded"
    expect_heard(page, client, "'status': 'succeeded', 'error': None")
    assert host.asked[0] == (SCRIPT, None)
    assert {key for url, key in host.asked[1:] if key} == {f"Bearer {KEY}"}
    assert console.errors == []


def test_a_decline_at_stripe_reaches_python(
    open_notebook: Any,
    page: Page,
    sandbox: Sandbox,
    cell: str,
    client: Client,
    intent: Any,
) -> None:
    StripeHost(page, sandbox)
    open_notebook([cell])
    fill(page, "4000 0000 0000 9995")
    pay(page)

    alert = form_of(page).get_by_role("alert").last
    expect(alert).to_have_text("Your card has insufficient funds.")
    expect_heard(page, client, "'decline_code': 'insufficient_funds'")
    assert status_of(client, intent) == "requires_payment_method"


def test_a_script_that_does_not_come_is_told_in_words(
    open_notebook: Any, page: Page, cell: str, violations: Any, keep: Any
) -> None:
    page.route(f"{HOST}/**", lambda route: route.abort())
    open_notebook([cell])

    alert = form_of(page).get_by_role("alert").last
    expect(alert).to_contain_text(f"The payment script at {SCRIPT} can't be loaded.")
    expect(alert).to_contain_text("offline")
    keep(form_of(page), "payment_form_offline")
    expect(form_of(page).get_by_role("button", name="Pay")).to_be_disabled()
    assert violations(page, ".snb-payment-form") == []


@pytest.fixture
def on_stripe(client: Client, intent: Any) -> PaymentForm:
    """Return the form of a client that takes what answers it for Stripe."""
    form = PaymentForm(intent, client=client)
    client.sandbox_url, form._key = None, KEY
    return form


def test_a_script_that_never_comes_is_given_up(
    page: Page, on_stripe: PaymentForm, violations: Any
) -> None:
    # Neither answered nor refused, as behind a firewall that drops packets.
    page.route(f"{HOST}/**", lambda _route: None)
    page.clock.install()
    form = show(page, on_stripe, "bare", {})
    asked = page.locator(f"script[src='{SCRIPT}']")
    expect(asked).to_be_attached()
    page.clock.fast_forward(19_000)
    expect(asked).to_be_attached()
    expect(form.get_by_role("alert")).to_have_count(0)

    page.clock.fast_forward(2_000)

    expect(form.get_by_role("alert")).to_contain_text("doesn't come")
    expect(asked).to_have_count(0)
    expect(form.get_by_role("button", name="Pay")).to_be_disabled()
    assert violations(page, ".snb-payment-form") == []


def test_beside_stripes_own_frame_the_test_cards_are_a_list_to_read(
    page: Page, sandbox: Sandbox, on_stripe: PaymentForm, console: Any, keep: Any
) -> None:
    host = StripeHost(page, sandbox)
    # As into Stripe's frame, nothing reaches into the element from outside.
    host.edit = lambda script: script.replace('mode: "open"', 'mode: "closed"')
    form = show(page, on_stripe, "bare", {})

    form.get_by_text("Test cards", exact=True).click()
    rows = form.get_by_role("table").get_by_role("row")
    expect(rows.first).to_have_text("Card numberWhat it does")
    expect(rows.filter(has_text="4000002760003184")).to_contain_text("3D Secure")
    assert rows.count() == len(offered()) + 1
    expect(form.get_by_role("button", name="Pay")).to_be_enabled()
    keep(form, "payment_form_test_cards")
    assert console.errors == []


def test_a_script_that_is_another_is_told_in_words(
    open_notebook: Any, page: Page, cell: str
) -> None:
    empty = {"content_type": "text/javascript", "body": "/* nothing */"}
    page.route(f"{HOST}/**", lambda route: route.fulfill(**empty))
    open_notebook([cell])

    alert = form_of(page).get_by_role("alert").last
    expect(alert).to_contain_text("is another than Stripe's")
