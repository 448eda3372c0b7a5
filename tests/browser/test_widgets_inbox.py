"""The inbox in JupyterLab: a webhook arrives, is read and is replayed."""

from __future__ import annotations

from typing import Any

import requests
from playwright.sync_api import Page, expect

from stripe_nb import webhooks
from stripe_nb.session import Client
from stripe_nb.widgets import WebhookInbox
from tests.browser.bare_page import show

NAME = "<img src=x onerror=alert(1)>"
LISTEN = """
inbox = snb.webhooks.listen(client=client)

# What is handled is told where the test can read it.
@inbox.on("customer.updated")
def note(event):
    client.v1.products.create({"name": event.id})

snb.WebhookInbox(inbox)
"""


def test_a_webhook_arrives_and_is_replayed(
    open_everywhere: Any,
    connected: str,
    client: Client,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    page = open_everywhere([connected, LISTEN])
    inbox = page.get_by_role("region", name="Webhook inbox")
    expect(inbox.get_by_text("Nothing has arrived yet.")).to_be_visible()

    customer = client.v1.customers.create({"name": NAME})
    client.v1.customers.update(customer.id, {"name": "Ada"})
    inbox.get_by_role("button", name="customer.updated").click()
    changed = inbox.get_by_role("row", name="name").filter(has_text="Ada")
    expect(changed).to_contain_text(NAME)
    inbox.get_by_label("Show only these types").fill("customer.*")
    keep(inbox, "inbox")
    inbox.get_by_role("button", name="Replay to the handlers").click()
    expect(inbox.get_by_role("status")).to_contain_text("to the handlers again")

    noted = [product.name for product in client.v1.products.list().data]
    (event,) = client.v1.events.list({"type": "customer.updated"}).data
    assert noted == [event.id, event.id]
    assert inbox.locator("img").count() == 0
    assert violations(page, ".snb-webhook-inbox") == []
    assert console.errors == []


def test_what_came_of_a_replay_is_shown_and_the_keyboard_stays(
    page: Page, client: Client, console: Any
) -> None:
    with webhooks.listen(client=client) as inbox:
        client.v1.customers.create({"name": NAME})
        arrived = inbox.wait_for("customer.created")
        shown = show(page, WebhookInbox(inbox), "bare", {})
        shown.get_by_role("button", name="customer.created").click()
        expect(shown.get_by_text("The signature is genuine.")).to_be_visible()

        @inbox.on("customer.created")
        def broken(_event: object) -> None:
            raise ValueError(NAME)

        replay = shown.get_by_role("button", name="Replay to the handlers")
        replay.focus()
        page.keyboard.press("Enter")
        said = shown.get_by_role("status").filter(has_text="which failed")
        expect(said).to_have_text(
            f"Handed {arrived.id} to the handlers again, which failed: "
            f"ValueError: {NAME}"
        )
        problem = shown.get_by_label("The event").get_by_text(f"ValueError: {NAME}")
        expect(problem).to_be_visible()
        expect(replay).to_be_focused()
    assert console.errors == []


def test_what_is_no_event_has_a_name_to_open_it_by(page: Page, client: Client) -> None:
    with webhooks.listen(client=client) as inbox:
        widget = WebhookInbox(inbox)
        headers = {"Stripe-Signature": "t=1,v1=00"}
        requests.post(inbox.url, data="scan", headers=headers, timeout=10)
        shown = show(page, widget, "bare", {})
        shown.get_by_role("button", name="no event").click()
        expect(
            shown.get_by_label("The event").get_by_text("No signature")
        ).to_be_visible()
        expect(shown.get_by_text("1970")).to_have_count(0)
        # What nobody signed is handed to no handler.
        expect(shown.get_by_role("button", name="Replay")).to_have_count(0)
