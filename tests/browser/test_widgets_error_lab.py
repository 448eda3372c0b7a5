"""The error lab in JupyterLab: a failure is chosen, caused and explained."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from stripe_nb.session import Client
from stripe_nb.widgets import ErrorLab
from tests.browser.bare_page import show


def test_failures_are_caused_and_explained(
    open_everywhere: Any,
    connected: str,
    client: Client,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    page = open_everywhere([connected, "snb.ErrorLab()"])
    lab = page.get_by_role("region", name="Error lab")

    lab.get_by_label("Failure").select_option("Insufficient funds")
    lab.get_by_role("button", name="Cause it").click()
    expect(lab.get_by_text("stripe.CardError", exact=True)).to_be_visible()
    expect(lab.get_by_label("Code")).to_contain_text("except stripe.CardError")
    keep(lab, "error_lab")
    lab.get_by_label("Failure").select_option("No answer in time")
    lab.get_by_role("button", name="Cause it").click()
    expect(lab.get_by_text("stripe.APIConnectionError", exact=True)).to_be_visible()

    (payment,) = client.v1.payment_intents.list().data
    assert payment.last_payment_error is not None
    assert payment.last_payment_error.decline_code == "insufficient_funds"
    assert violations(page, ".snb-error-lab") == []
    assert console.errors == []


def test_code_is_copied_or_else_selected(page: Page, client: Client) -> None:
    lab = ErrorLab(client=client)
    lab.run("resource_missing")
    # A page without an address of its own is kept from the clipboard.
    shown = show(page, lab, "bare", {})
    shown.get_by_role("button", name="Copy").click()
    expect(shown.get_by_role("button", name="Selected")).to_be_visible()
    selected = page.evaluate("getSelection().toString()")
    assert "except stripe.InvalidRequestError" in selected
