"""What the explorer does with an open object, and what it then shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stripe_nb.frames import frame
from stripe_nb.session import Client
from stripe_nb.widgets import explore
from stripe_nb.widgets.explorer_actions import actions_of, request


def labels(widget: Any) -> list[str]:
    return [action["label"] for action in widget.detail["actions"]]


def node(nodes: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in nodes if each["name"] == name)


def test_a_refund_is_made_and_shown(client: Client, paid: Any) -> None:
    table = explore("charges")
    table.call("open", resource="charge", object_id=paid.latest_charge)
    (refund,) = table.detail["actions"]
    assert refund["fields"][0]["value"] == "25.00"
    table.call("act", label="Refund", values={"amount": "10"})
    # Its state is what it was.
    assert table.message == "Refund: done."
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 1000
    assert table.detail["actions"][0]["fields"][0]["value"] == "15.00"
    assert table.changes[paid.latest_charge][0] == paid.latest_charge


@pytest.mark.parametrize(
    ("typed", "words"),
    [("99", "greater than unrefunded amount"), ("ten", "is no number")],
)
def test_a_refund_that_can_not_be_is_said_in_words(
    client: Client, paid: Any, typed: str, words: str
) -> None:
    table = explore("charges")
    table.call("open", resource="charge", object_id=paid.latest_charge)
    table.call("act", label="Refund", values={"amount": typed})
    assert table.tone == "error"
    assert words in table.message
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 0


def test_an_action_of_another_state_is_refused(client: Client, paid: Any) -> None:
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=paid.id)
    table.call("act", label="Capture")
    assert "can't be done" in table.message


def test_what_has_changed_meanwhile_is_told_and_shown(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=intent.id)
    client.v1.payment_intents.cancel(intent.id)
    table.call("act", label="Confirm", values={"payment_method": "pm_card_visa"})
    assert "status of canceled" in table.message
    assert (table.detail["status"], labels(table)) == ("canceled", [])


def test_a_declined_card_is_told_and_its_try_is_shown(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=intent.id)
    declined = {"payment_method": "pm_card_visa_chargeDeclined"}
    table.call("act", label="Confirm", values=declined)
    assert "Your card was declined." in table.message
    last = node(table.detail["tree"], "last_payment_error")
    assert node(last["children"], "code")["text"] == "card_declined"


def test_a_payment_that_went_back_whole_has_no_more_to_refund(
    client: Client, paid: Any
) -> None:
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=paid.id)
    table.call("act", label="Refund", values={"amount": "20"})
    (refund,) = table.detail["actions"]
    assert refund["fields"][0]["value"] == "5.00"
    table.call("act", label="Refund", values={})
    assert labels(table) == []
    # The charge was read with it, and is still a reference to follow.
    charge = node(table.detail["tree"], "latest_charge")
    assert charge["text"] == paid.latest_charge


def test_an_invoice_that_is_charged_is_not_sent() -> None:
    invoice = {"object": "invoice", "id": "in_1", "status": "open"}
    invoice |= {"collection_method": "charge_automatically"}
    sends = [action.label for action in actions_of(invoice)]
    assert "Send invoice" not in sends


def test_a_payment_is_captured_or_given_up(client: Client) -> None:
    params: Any = {"amount": 900, "currency": "jpy", "capture_method": "manual"}
    params |= {"payment_method": "pm_card_visa", "confirm": True}
    params |= {"allowed_payment_method_types": ["card"]}
    held = client.v1.payment_intents.create(params)
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=held.id)
    assert labels(table) == ["Capture", "Cancel"]
    assert table.call("act", label="Capture") == "succeeded"
    assert labels(table) == ["Refund"]


def test_a_subscription_ends_pauses_and_goes_on(client: Client) -> None:
    price: Any = {"currency": "usd", "unit_amount": 900}
    price |= {"recurring": {"interval": "month"}, "product_data": {"name": "Tea"}}
    monthly = client.v1.prices.create(price)
    customer = client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": monthly.id}]}
    )
    table = explore("subscriptions")
    table.call("open", resource="subscription", object_id=made.id)
    table.call("act", label="Cancel at the period's end")
    assert client.v1.subscriptions.retrieve(made.id).cancel_at_period_end
    table.call("act", label="Keep after the period's end")
    assert not client.v1.subscriptions.retrieve(made.id).cancel_at_period_end
    assert table.call("act", label="Cancel") == "canceled"
    assert table.detail["actions"] == []


def test_an_invoice_is_finalized_sent_and_voided(client: Client) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    item: Any = {"customer": customer.id, "amount": 700, "currency": "usd"}
    client.v1.invoice_items.create(item)
    draft = client.v1.invoices.create(
        {
            "customer": customer.id,
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "pending_invoice_items_behavior": "include",
        }
    )
    table = explore("invoices")
    table.call("open", resource="invoice", object_id=draft.id)
    assert labels(table) == ["Finalize invoice", "Delete"]
    table.call("act", label="Finalize invoice")
    assert "Send invoice" in labels(table)
    assert table.call("act", label="Send invoice") == "open"
    assert table.call("act", label="Void invoice") == "void"


def test_a_deleted_draft_is_shown_as_deleted(client: Client) -> None:
    customer = client.v1.customers.create()
    draft = client.v1.invoices.create({"customer": customer.id})
    table = explore("invoices")
    table.call("open", resource="invoice", object_id=draft.id)
    table.call("act", label="Delete")
    assert (table.detail["status"], table.detail["actions"]) == ("deleted", [])
    assert table.changes[draft.id][:2] == [draft.id, "deleted"]


def test_a_path_takes_no_more_than_the_id() -> None:
    payout = {"object": "payout", "id": "po/../x", "status": "pending"}
    (cancel,) = actions_of(payout)
    assert request(cancel, payout, {})[1] == "/v1/payouts/po%2F..%2Fx/cancel"


def test_a_product_is_archived_and_activated(client: Client) -> None:
    product = client.v1.products.create({"name": "Tea"})
    table = explore("products")
    table.call("open", resource="product", object_id=product.id)
    table.call("act", label="Archive")
    assert not client.v1.products.retrieve(product.id).active
    assert product.id in table.changes
    assert labels(table) == ["Activate"]


def test_the_row_of_a_changed_object_keeps_every_column_that_is_shown(
    client: Client,
) -> None:
    recurring: Any = {"interval": "month"}
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": recurring,
            "product_data": {"name": "Tea"},
        }
    )
    names = ["unit_amount", "recurring_interval", "active", "created"]
    table = explore("prices", columns=names)
    table.call("open", resource="price", object_id=price.id)
    table.call("act", label="Archive")
    row = table.changes[price.id]
    assert row == [price.id, "9.00 USD", "month", False, price.created]


def test_what_was_changed_is_exported_as_it_is_now(
    client: Client, tmp_path: Path
) -> None:
    intents = [
        client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
        for _ in range(2)
    ]
    shown = frame("payment_intents")
    table = explore(shown)
    table.call("open", resource="payment_intent", object_id=intents[0].id)
    table.call("act", label="Cancel")
    table.call("export", path=str(tmp_path / "all.csv"))
    written = pd.read_csv(tmp_path / "all.csv").set_index("id")["status"]
    assert written[intents[0].id] == "canceled"
    assert written[intents[1].id] == "requires_payment_method"
    # The frame that was handed in is somebody else's.
    assert set(shown["status"]) == {"requires_payment_method"}


def test_what_somebody_has_made_of_a_column_is_left_alone(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
    rows = frame("payment_intents")
    rows["amount"] = rows["amount"].astype("float64") / 100
    rows["created"] = rows["created"].astype("string")
    table = explore(rows)
    table.call("open", resource="payment_intent", object_id=intent.id)
    assert table.call("act", label="Cancel") == "canceled"
    (row,) = table.frame[["status", "amount"]].to_dict("records")
    assert row == {"status": "canceled", "amount": 9.0}
