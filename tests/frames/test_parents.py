"""Lists that need a parent, read for all parents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stripe_nb.errors import FrameError
from stripe_nb.export import export
from stripe_nb.frames import frame, reader
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

CUSTOMERS = 6


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    """Customers with a credit each, a subscription of twelve items, and refunds."""
    with (
        Sandbox(seed=7, clock="2026-01-15") as sandbox,
        connect(sandbox=sandbox) as client,
    ):
        product = client.v1.products.create({"name": "Seat"}).id
        monthly = [
            client.v1.prices.create(
                {
                    "product": product,
                    "currency": "usd",
                    "unit_amount": 100 + number,
                    "recurring": {"interval": "month"},
                }
            ).id
            for number in range(12)
        ]
        for _ in range(CUSTOMERS):
            customer = client.v1.customers.create(
                {
                    "payment_method": "pm_card_visa",
                    "invoice_settings": {"default_payment_method": "pm_card_visa"},
                }
            ).id
            client.v1.customers.balance_transactions.create(
                customer, {"amount": -500, "currency": "usd"}
            )
            _subscribe(client, customer, monthly)
        charge = client.v1.charges.list({"limit": 1}).data[0].id
        for _ in range(12):
            client.v1.refunds.create({"charge": charge, "amount": 10})
        yield client


def _subscribe(client: Client, customer: str, prices: list[str]) -> None:
    items: list[Any] = [{"price": price} for price in prices]
    client.v1.subscriptions.create({"customer": customer, "items": items})


def test_items_that_parents_hold_come_with_them(shop: Client) -> None:
    client = shop
    first = client.v1.subscriptions.list({"limit": 1}).data[0]
    client.v1.subscriptions.cancel(first.id)
    items = frame("subscription_items", client=client)
    assert len(items) == CUSTOMERS * 12
    assert items["id"].is_unique
    assert items["subscription"].nunique() == CUSTOMERS
    one = frame("subscription_items", subscription=first.id, client=client)
    theirs = items[items["subscription"] == first.id]
    assert sorted(theirs["id"]) == sorted(one["id"])
    assert items.dtypes.to_dict() == one.dtypes.to_dict()
    certificate = items.attrs["certificate"]
    assert certificate["verdict"] == "complete"
    assert certificate["parents"] == {
        "resource": "subscription",
        "path": "/v1/subscriptions",
        "read": CUSTOMERS,
        "gone_meanwhile": 0,
        "verdict": "complete",
    }
    assert certificate["requests"] == 1


def test_what_parents_hold_too_little_of_is_asked_for(shop: Client) -> None:
    lines = frame("invoices.line_items", client=shop)
    assert len(lines) == CUSTOMERS * 12
    certificate = lines.attrs["certificate"]
    # A page of invoices with ten lines each, and the rest of each one's.
    assert certificate["requests"] == 1 + CUSTOMERS
    assert certificate["nested_lists_followed"] == CUSTOMERS


def test_other_lists_are_asked_for_one_by_one(shop: Client) -> None:
    changes = frame("customers.balance_transactions", client=shop)
    given = changes[changes["type"] == "adjustment"]
    customers = frame("customers", client=shop)
    assert sorted(given["customer"]) == sorted(customers["id"])
    certificate = changes.attrs["certificate"]
    assert certificate["requests"] == 1 + CUSTOMERS
    assert certificate["path"] == "/v1/customers/{customer}/balance_transactions"
    # Newest parents first, as lists are.
    order = changes["customer"].drop_duplicates().tolist()
    assert order == customers["id"].tolist()


def test_no_parent_is_looked_at_again(
    shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long lists are, for what was created meanwhile.
    monkeypatch.setattr(reader, "_LOOK_AGAIN_AFTER", 2)
    changes = frame("customers.balance_transactions", client=shop)
    assert changes.attrs["certificate"]["requests"] == 1 + CUSTOMERS


def test_a_filter_is_each_lists_own(shop: Client) -> None:
    methods = frame("customers.payment_methods", type="card", client=shop)
    assert len(methods) == CUSTOMERS
    assert methods.attrs["filters"] == {"type": "card"}
    with pytest.raises(FrameError, match="can't be filtered by 'colour'"):
        frame("customers.payment_methods", colour="red", client=shop)


@pytest.mark.parametrize(
    "name", ["subscription_items", "customers.balance_transactions"]
)
@pytest.mark.parametrize("limit", [0, 1, 5])
def test_limit_is_of_all_rows(shop: Client, name: str, limit: int) -> None:
    some = frame(name, limit=limit, client=shop)
    assert some["id"].tolist() == frame(name, client=shop)["id"].tolist()[:limit]
    assert some.attrs["certificate"]["verdict"] == "incomplete"


def test_rows_that_do_not_tell_their_parent_get_its_id(shop: Client) -> None:
    session = shop.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com",
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 500,
                        "product_data": {"name": "Tea"},
                    },
                }
            ],
        }
    )
    items = frame("checkout.sessions.line_items", client=shop)
    assert items.columns[0] == "checkout_session"
    assert items["checkout_session"].tolist() == [session.id]
    assert items["quantity"].tolist() == [2]
    chosen = frame("checkout.sessions.line_items", fields=["id"], client=shop)
    assert chosen.columns.tolist() == ["checkout_session", "id"]


def test_a_parent_that_goes_meanwhile_is_told(
    shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = shop.v1.customers.create({}).id
    get = Client.get_bytes

    def late(self: Client, path: str, params: Any = None, **options: Any) -> bytes:
        found = get(self, path, params, **options)
        if path == "/v1/customers":
            self.v1.customers.delete(gone)
        return found

    monkeypatch.setattr(shop, "get_bytes", late.__get__(shop))
    found = frame("customers.payment_methods", type="card", client=shop)
    assert len(found) == CUSTOMERS
    parents = found.attrs["certificate"]["parents"]
    assert (parents["read"], parents["gone_meanwhile"]) == (CUSTOMERS + 1, 1)


def test_they_are_exported_too(shop: Client, tmp_path: Path) -> None:
    path = export("subscription_items", tmp_path / "items.parquet", client=shop)
    expected = frame("subscription_items", client=shop)
    found = pd.read_parquet(path)
    assert found.columns.tolist() == expected.columns.tolist()
    assert found["id"].tolist() == expected["id"].tolist()


def test_lists_that_lack_more_than_a_parent_say_so(shop: Client) -> None:
    with pytest.raises(FrameError, match='give id="…", customer="…"'):
        frame("billing.meters.event_summaries", client=shop)
    with pytest.raises(FrameError, match='give type="…"'):
        frame("tax.locations", client=shop)
    # Stripe has no list of sources or of tax calculations.
    with pytest.raises(FrameError, match='for a parent: give source="…"'):
        frame("sources.transactions", client=shop)
    with pytest.raises(FrameError, match='for a parent: give calculation="…"'):
        frame("tax.calculations.line_items", client=shop)


def test_exploded_lists_that_stripe_does_not_send_are_expanded(shop: Client) -> None:
    exploded = frame("charges", explode="refunds", client=shop)
    refunds = frame("refunds", client=shop)
    assert len(refunds) == 12
    assert sorted(exploded["id"]) == sorted(refunds["id"])
