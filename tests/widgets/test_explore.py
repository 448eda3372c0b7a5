"""The explorer's Python side: rows, the way through objects, actions, export."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stripe_nb.errors import FrameError, WidgetError
from stripe_nb.frames import frame, to_frame
from stripe_nb.session import Client
from stripe_nb.widgets import explore
from stripe_nb.widgets.explorer_columns import packed
from stripe_nb.widgets.explorer_tree import related, tree

HOSTILE = "<img src=x onerror=alert(1)>"


def columns(widget: Any) -> dict[str, Any]:
    read = json.loads(gzip.decompress(widget.data))
    return {column["name"]: column for column in read}


def node(nodes: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in nodes if each["name"] == name)


def test_the_table_has_the_columns_that_say_most(client: Client, paid: Any) -> None:
    table = explore("payment_intents")
    assert list(columns(table))[:3] == ["id", "status", "amount"]
    assert table.count == 1
    assert repr(table) == "<Explorer: 1 payment intent>"


def test_objects_at_hand_are_explored_too(client: Client, paid: Any) -> None:
    found = client.v1.payment_intents.list()
    for given in (found, found.data, found.data[0]):
        table = explore(given, client=client)
        assert repr(table) == "<Explorer: 1 payment intent>"
        table.call("open", resource="payment_intent", object_id=paid.id)
        assert table.detail["id"] == paid.id


@pytest.mark.parametrize("given", [None, 5, [5], [], object()])
def test_what_is_no_object_is_refused_in_words(given: Any) -> None:
    with pytest.raises(FrameError, match="object"):
        explore(given)


def test_money_travels_with_its_currency_and_its_decimals() -> None:
    rows = [
        {"object": "charge", "id": "ch_1", "amount": 500, "currency": "jpy"},
        {"object": "charge", "id": "ch_2", "amount": 1234, "currency": "usd"},
    ]
    amount = columns(explore(to_frame(rows)))["amount"]
    assert amount["data"] == [500, 1234]
    assert amount["by"] == {"values": ["jpy", "usd"], "codes": [0, 1]}
    assert amount["decimals"] == [0, 2]


def test_missing_values_stay_missing() -> None:
    rows = [{"object": "charge", "id": "ch_1"}]
    sent = columns(explore(to_frame(rows)))
    assert sent["amount"]["data"] == [None]
    assert sent["created"]["data"] == [None]


def test_an_empty_list_is_a_table_without_rows(client: Client) -> None:
    table = explore("refunds")
    assert table.count == 0
    assert columns(table)["id"]["data"] == []
    assert "0 refunds" in table.fallback_html()


def test_the_same_rows_are_the_same_bytes(client: Client, paid: Any) -> None:
    rows = frame("payment_intents")
    assert packed(rows, ["id", "amount"]) == packed(rows, ["id", "amount"])


def test_only_the_columns_asked_for_are_sent(client: Client, paid: Any) -> None:
    table = explore("payment_intents", columns=["currency"], limit=1)
    assert list(columns(table)) == ["id", "currency"]


def test_an_unknown_column_is_refused(client: Client) -> None:
    with pytest.raises(WidgetError, match="no column 'colour'"):
        explore("customers", columns=["colour"])


def test_a_frame_takes_no_parameters_of_a_list() -> None:
    with pytest.raises(WidgetError, match="'limit' needs a resource's name"):
        explore(to_frame([], "customer"), limit=3)


def test_the_way_leads_from_a_customer_to_the_balance(
    client: Client, paid: Any
) -> None:
    table = explore("customers")
    table.call("open", resource="customer", object_id=paid.customer)
    assert table.call("related", name="payment_intents.list") == 1
    (payment,) = table.belonging["rows"]
    table.call("open", resource=payment["resource"], object_id=payment["id"])
    charge = node(table.detail["tree"], "latest_charge")
    assert charge["resource"] == "charge"
    table.call("open", resource="charge", object_id=charge["id"])
    entry = node(table.detail["tree"], "balance_transaction")
    table.call("open", resource=entry["resource"], object_id=entry["id"])
    assert table.detail["resource"] == "balance_transaction"
    assert node(table.detail["tree"], "amount")["text"] == "25.00 USD"
    table.call("back")
    assert table.detail["id"] == charge["id"]
    for _ in range(3):
        table.call("back")
    assert (table.detail, table.path) == ({}, [])


def test_a_double_click_is_left_by_going_back_once(client: Client, paid: Any) -> None:
    table = explore("charges")
    for _ in range(2):
        table.call("open", resource="charge", object_id=paid.latest_charge)
    table.call("back")
    assert (table.detail, table.path) == ({}, [])


def test_what_is_filtered_is_exported(
    client: Client, paid: Any, tmp_path: Path
) -> None:
    client.v1.customers.create({"name": "Ada"})
    table = explore("customers")
    target = tmp_path / "part.csv"
    assert table.call("export", path=str(target), rows=[0]) == 1
    written = pd.read_csv(target)
    assert written["name"].tolist() == ["Ada"]
    table.call("export", path=str(target))
    assert table.tone == "error"
    assert "exists" in table.message
    table.call("export", path=str(target), replace=True)
    assert table.message == "Wrote 2 rows to part.csv."
    table.call("export", path=str(target), replace=True, rows=[1])
    assert table.message == "Wrote 1 row to part.csv."


def test_a_list_is_read_again(client: Client) -> None:
    table = explore("customers")
    client.v1.customers.create({"name": "Ada"})
    assert table.call("reload") == 1
    assert table.count == 1


def test_nothing_is_done_while_nothing_is_open(client: Client) -> None:
    table = explore("customers")
    for name, arguments in (("refresh", {}), ("act", {"label": "Refund"})):
        table.call(name, **arguments)
        assert "No object is open" in table.message


def test_secrets_are_not_in_the_tree(client: Client, paid: Any) -> None:
    table = explore("payment_intents")
    table.call("open", resource="payment_intent", object_id=paid.id)
    assert paid.client_secret not in str(table.detail)


def test_names_are_escaped_in_the_fall_back(client: Client, paid: Any) -> None:
    html = explore("customers").fallback_html()
    assert "&lt;img" in html
    assert "<img" not in html


def test_nested_fields_fold_and_lead_on() -> None:
    invoice = {
        "object": "invoice",
        "currency": "usd",
        "total": 500,
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "lines": {"object": "list", "data": [{"object": "line_item", "amount": 5}]},
    }
    nodes = tree(invoice)
    assert node(nodes, "total")["text"] == "5.00 USD"
    parent = node(nodes, "parent")["children"][0]["children"][0]
    assert (parent["resource"], parent["id"]) == ("subscription", "sub_1")
    assert node(nodes, "lines")["text"] == "1 item"


def test_related_lists_are_those_that_ask_for_one_id_alone() -> None:
    assert "payment_intents.list" in related("customer")
    assert "customers.payment_methods.list" in related("customer")
    assert "subscription_items.list" in related("subscription")
    assert related("event") == {}
    # A preview needs more, and another kind of session is another thing.
    assert "credit_notes.preview_lines.list" not in related("invoice")
    sessions = related("checkout.session")
    assert "checkout.sessions.line_items.list" in sessions
    assert "financial_connections.accounts.list" not in sessions
    assert "customers.list" in related("test_helpers.test_clock")


def test_a_reference_that_is_plain_text_leads_on_too(client: Client, paid: Any) -> None:
    table = explore("charges")
    table.call("open", resource="charge", object_id=paid.latest_charge)
    method = node(table.detail["tree"], "payment_method")
    assert (method["resource"], method["id"]) == ("payment_method", method["text"])
    status = node(table.detail["tree"], "status")
    assert "resource" not in status


def test_what_has_no_address_of_its_own_is_not_offered_to_open(
    client: Client,
) -> None:
    customer = client.v1.customers.create()
    item: Any = {"customer": customer.id, "amount": 700, "currency": "usd"}
    client.v1.invoice_items.create(item)
    invoice = client.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    )
    table = explore("invoices")
    table.call("open", resource="invoice", object_id=invoice.id)
    assert table.call("related", name="invoices.line_items.list") == 1
    (row,) = table.belonging["rows"]
    assert row["id"] == ""
    assert "7.00 USD" in row["text"]
