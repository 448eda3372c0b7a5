"""A payment form on a page: its cell, and what its customer does and sees."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from stripe_nb.session import Client

__all__ = [
    "FORM",
    "expect_heard",
    "expect_status",
    "fill",
    "form_of",
    "pay",
    "status_of",
]

FORM = """
form = snb.PaymentForm("{intent}")
# What Python hears is told where the test can read it.
note = lambda change: client.v1.customers.create({{"name": f"heard {{change.new}}"}})
form.observe(note, "result")
form
"""


def form_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Payment form")


def fill(page: Page, number: str) -> None:
    form = form_of(page)
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiry").fill("12 / 34")
    form.get_by_label("Security code").fill("123")


def pay(page: Page) -> None:
    form_of(page).get_by_role("button", name="Pay 25.00 USD").click()


def expect_status(page: Page, status: str) -> None:
    expect(form_of(page).locator(".snb-badge")).to_have_text(status)


def status_of(client: Client, intent: Any) -> str:
    return client.v1.payment_intents.retrieve(intent.id).status


def expect_heard(page: Page, client: Client, words: str) -> None:
    """Wait until Python has heard of a try; the page tells of it a little sooner."""
    for _ in range(100):
        told = [each.name or "" for each in client.v1.customers.list().data]
        if any(words in name for name in told):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"Python heard {told}, and not {words!r}")
