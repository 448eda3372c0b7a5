"""Tables of a business that lives on at random between syncs, held against frames."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import chain
from typing import Any

import pandas as pd
import stripe

from stripe_nb.clock import TickingClock
from stripe_nb.export.tables import column_names
from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from stripe_nb.sync import sync
from tests.databases import query

_DAY = 24 * 3600
# table: what has Stripe list all of it
_TABLES: dict[str, Sequence[dict[str, Any]]] = {
    "charges": [{}],
    "coupons": [{}],
    "customers": [{}],
    "disputes": [{}],
    "invoices": [{}],
    "payment_intents": [{}],
    "prices": [{"active": True}, {"active": False}],
    "products": [{}],
    "refunds": [{}],
    "subscription_items": [{}],
    "subscriptions": [{"status": "all"}],
}
# Moves on with a customer's invoices, without an event of the customer's.
_SILENT = {("customers", "next_invoice_sequence")}
_CARDS = ["pm_card_visa", "pm_card_chargeDeclined", "pm_card_createDispute"]


class _Business:
    """A shop in which something happens with each step."""

    def __init__(self, client: Client, seed: int) -> None:
        self._v1: Any = client.v1
        self._chance = random.Random(seed)  # noqa: S311
        self._ids: dict[str, list[str]] = {}
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        what = self._chance.choice([name for name in dir(self) if name[:3] == "do_"])
        # What Stripe refuses, or where there is none yet, changes nothing.
        with suppress(stripe.StripeError, IndexError):
            getattr(self, what)()
            self.done[what] += 1

    def _any(self, kind: str) -> str:
        return self._chance.choice(self._ids.get(kind, []))

    def _new(self, kind: str, obj: Any) -> Any:
        self._ids.setdefault(kind, []).append(obj.id)
        return obj

    def _text(self) -> str:
        return f"{self._chance.random()}"

    def do_join(self) -> None:
        card = "pm_card_visa"
        how = {"payment_method": card}
        paid = {**how, "invoice_settings": {"default_payment_method": card}}
        self._new("customer", self._v1.customers.create(paid))

    def do_rename(self) -> None:
        key = self._chance.choice(["plan", "Plan", "50% of", "ü" * 20])
        changed = {"name": self._text(), "metadata": {key: self._text()}}
        self._v1.customers.update(self._any("customer"), changed)

    def do_leave(self) -> None:
        self._v1.customers.delete(self._any("customer"))

    def do_design(self) -> None:
        made = self._new("product", self._v1.products.create({"name": self._text()}))
        price = {
            "currency": self._chance.choice(["usd", "jpy"]),
            "unit_amount": self._chance.randrange(100, 9_000),
            "product": made.id,
            "recurring": {"interval": self._chance.choice(["day", "month"])},
        }
        self._new("price", self._v1.prices.create(price))

    def do_reprice(self) -> None:
        changed = {"active": self._chance.random() < 0.6, "nickname": self._text()}
        self._v1.prices.update(self._any("price"), changed)

    def do_retire(self) -> None:
        self._v1.products.update(self._any("product"), {"active": False})

    def do_coupon(self) -> None:
        made = {"percent_off": self._chance.randrange(1, 60), "duration": "once"}
        self._new("coupon", self._v1.coupons.create(made))

    def do_uncoupon(self) -> None:
        self._v1.coupons.delete(self._any("coupon"))

    def do_pay(self) -> None:
        paid = {
            "amount": self._chance.randrange(100, 9_000),
            "currency": "usd",
            "customer": self._any("customer"),
            "payment_method": self._chance.choice(_CARDS),
            "confirm": True,
            "return_url": "https://example.com",
        }
        self._new("intent", self._v1.payment_intents.create(paid))

    def do_refund(self) -> None:
        what = {"payment_intent": self._any("intent"), "amount": 10}
        self._v1.refunds.create(what)

    def do_close_dispute(self) -> None:
        disputes = self._v1.disputes.list({"limit": 5}).data
        self._v1.disputes.close(self._chance.choice(disputes).id)

    def do_subscribe(self) -> None:
        prices = {self._any("price"), self._any("price")}
        made = {
            "customer": self._any("customer"),
            "items": [{"price": price} for price in sorted(prices)],
            **self._chance.choice([{}, {"trial_period_days": 3}]),
        }
        self._new("subscription", self._v1.subscriptions.create(made))

    def do_add_item(self) -> None:
        item = {"subscription": self._any("subscription"), "price": self._any("price")}
        self._v1.subscription_items.create(item)

    def do_pause(self) -> None:
        held = {"pause_collection": {"behavior": "void"}}
        self._v1.subscriptions.update(self._any("subscription"), held)

    def do_cancel(self) -> None:
        self._v1.subscriptions.cancel(self._any("subscription"))

    def do_invoice(self) -> None:
        customer = self._any("customer")
        made = self._new("invoice", self._v1.invoices.create({"customer": customer}))
        # More than an invoice brings along.
        for amount in range(100, 112):
            line = {"customer": customer, "amount": amount, "currency": "usd"}
            self._v1.invoice_items.create({**line, "invoice": made.id})

    def do_end_invoice(self) -> None:
        end = self._chance.choice(["pay", "void_invoice", "delete", "finalize_invoice"])
        getattr(self._v1.invoices, end)(self._any("invoice"))


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    if isinstance(value, str):
        return value.removesuffix(".000000")
    return value


def _wanted(table: str, client: Client) -> pd.DataFrame:
    frames = [
        frame(table, client=client, progress=False, **params)
        for params in _TABLES[table]
    ]
    return pd.concat(frames, ignore_index=True)


def _assert_true(place: str, table: str, client: Client) -> None:
    """Hold a table against what is read anew, row by row and column by column."""
    expected = _wanted(table, client)
    with open_warehouse(place) as warehouse:
        there = warehouse.columns(table)
        names = column_names(list(expected.columns), warehouse.name_limit, there)
        # Of a metadata key that is in the table alone all are null.
        alone = [name for name in there if name not in names]
        chosen = ", ".join(map(warehouse.quoted, names + alone))
    rows = query(place, f"select {chosen} from {table} where not is_deleted")
    columns = [*names, *alone]
    held = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
    wanted = [
        {
            **dict.fromkeys(alone),
            "is_deleted": False,
            **dict(zip(names, map(_plain, row), strict=True)),
        }
        for row in zip(*(expected[name].tolist() for name in expected), strict=True)
    ]
    for row in chain(held, wanted):
        for of, name in _SILENT:
            if of == table:
                row.pop(name)
    by_id = {row["id"]: row for row in held}
    assert len(by_id) == len(held)
    for row in wanted:
        assert by_id.pop(row["id"]) == row
    assert not by_id


def test_tables_are_what_fresh_frames_would_be(
    sandbox: Sandbox, client: Client, place: str
) -> None:
    # Another life in each kind of database.
    business = _Business(client, seed=int(place.startswith("sqlite")))
    clock = sandbox.engine.clock
    assert isinstance(clock, TickingClock)
    for days in (1, 40, 0):
        for _ in range(60):
            business.step()
        sync(_TABLES, place, client=client, progress=False)
        for table in _TABLES:
            _assert_true(place, table, client)
        clock.set(sandbox.now + days * _DAY)
    assert len(business.done) > 12
