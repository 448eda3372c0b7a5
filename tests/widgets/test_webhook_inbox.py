"""The inbox widget without a browser: what arrives is shown, and sent again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from stripe_nb.errors import WidgetError
from stripe_nb.session import Client
from stripe_nb.webhooks import Inbox, listen
from stripe_nb.widgets.webhook_inbox import WebhookInbox

NAME = "<img src=x onerror=alert(1)>"


@pytest.fixture
def inbox(client: Client) -> Iterator[Inbox]:
    with listen(client=client) as opened:
        yield opened


def test_events_appear_as_they_arrive(client: Client, inbox: Inbox) -> None:
    widget = WebhookInbox(inbox)
    before = repr(widget)
    customer = client.v1.customers.create({"name": NAME})
    inbox.wait_for("customer.created")
    client.v1.customers.update(customer.id, {"name": "Ada"})
    inbox.wait_for("customer.updated")

    assert before == "<WebhookInbox: 0 events>"
    assert repr(widget) == "<WebhookInbox: 2 events>"
    newest, oldest = widget.events
    assert (newest["type"], oldest["type"]) == ("customer.updated", "customer.created")
    assert (newest["is_verified"], newest["attempts"]) == (True, 1)
    assert "<td>customer.updated</td>" in widget.fallback_html()


def test_a_change_is_shown_beside_what_was_there(client: Client, inbox: Inbox) -> None:
    customer = client.v1.customers.create({"name": NAME, "metadata": {"a": "1"}})
    client.v1.customers.update(customer.id, {"name": "Ada", "metadata": {"a": "2"}})
    arrived = inbox.wait_for("customer.updated")

    details = WebhookInbox(inbox).details(arrived.id)

    found = {
        change["path"]: (change["before"], change["after"])
        for change in details["changes"]
    }
    assert found == {"metadata.a": ('"1"', '"2"'), "name": (f'"{NAME}"', '"Ada"')}
    assert '"object": "event"' in details["payload"]


def test_replay_hands_it_to_the_handlers_again(client: Client, inbox: Inbox) -> None:
    seen: list[str] = []
    inbox.on("customer.created")(lambda event: seen.append(event.id))
    client.v1.customers.create({})
    arrived = inbox.wait_for("customer.created")
    widget = WebhookInbox(inbox)

    widget.call("replay", event_id=arrived.id)

    assert seen == [arrived.id, arrived.id]
    assert widget.message == f"Handed {arrived.id} to the handlers again."


def test_a_replay_says_what_came_of_it(client: Client, inbox: Inbox) -> None:
    client.v1.customers.create({})
    arrived = inbox.wait_for("customer.created")
    widget = WebhookInbox(inbox)
    widget.call("replay", event_id=arrived.id)
    without = widget.message

    @inbox.on("customer.created")
    def broken(_event: object) -> None:
        raise ValueError("no such order")

    widget.call("replay", event_id=arrived.id)

    assert (
        without == f"Handed {arrived.id} to the handlers again: there is none for it."
    )
    assert "which failed: ValueError: no such order" in widget.message
    assert (widget.tone, widget.events[0]["outcome"]) == ("error", "failed")


def test_a_closed_inbox_can_only_be_read(client: Client, inbox: Inbox) -> None:
    client.v1.customers.create({})
    arrived = inbox.wait_for("customer.created")
    widget = WebhookInbox(inbox)
    inbox.close()

    for name in ("replay", "resend"):
        widget.call(name, event_id=arrived.id)
        assert "This inbox is closed" in widget.message
    assert '"id"' in widget.call("details", key=arrived.id)["payload"]


def test_resend_brings_another_delivery(client: Client, inbox: Inbox) -> None:
    client.v1.customers.create({})
    arrived = inbox.wait_for("customer.created")
    widget = WebhookInbox(inbox)

    widget.call("resend", event_id=arrived.id)
    assert client.sandbox is not None
    client.sandbox.deliver()  # type: ignore[attr-defined]  # the tests' sandbox is ours

    assert widget.tone == "info"
    assert widget.events[0]["attempts"] == 2


def test_a_forged_webhook_is_shown_as_refused(inbox: Inbox) -> None:
    widget = WebhookInbox(inbox)
    forged = '{"id": "evt_1", "object": "event", "type": "customer.created"}'
    headers = {"Stripe-Signature": "t=1,v1=00"}

    answer = requests.post(inbox.url, data=forged, headers=headers, timeout=10)

    assert answer.status_code == 400
    (row,) = widget.events
    assert (row["is_verified"], row["outcome"]) == (False, "refused")
    assert row["problem"]


def test_what_is_not_there_is_told_in_words(inbox: Inbox) -> None:
    widget = WebhookInbox(inbox)

    widget.call("details", key="evt_missing")

    assert widget.tone == "error"
    assert "no longer in the inbox" in widget.message


def test_a_closed_widget_follows_no_more(client: Client, inbox: Inbox) -> None:
    widget = WebhookInbox(inbox)
    widget.close()
    client.v1.customers.create({})
    inbox.wait_for("customer.created")

    assert widget.events == []


def test_what_is_no_inbox_is_refused() -> None:
    with pytest.raises(WidgetError, match=r"webhooks\.listen\(\)"):
        WebhookInbox(7)  # type: ignore[arg-type]
