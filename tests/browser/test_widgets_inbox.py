"""The inbox in JupyterLab: a webhook arrives, is read and is replayed."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from stripe_nb.session import Client

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
