"""Exports of every kind of list, broken off and run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.export import export
from stripe_nb.frames import parents, reader
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.breaking_off import BrokenOffError, break_off

CUSTOMERS = 230
# Rows of a page and of a piece, and parents that are read at once.
SIZE, AHEAD = 10, 128

# What is listed how: by time and cut short; by a token; by an address; inside of
# its parents, by their time; for one parent after the other.
LISTS: list[tuple[str, dict[str, Any]]] = [
    ("customers", {"limit": 150}),
    ("customers", {"search": "name:'Ada'"}),
    ("v2.core.event_destinations", {}),
    ("v2.core.event_destinations", {"limit": 65}),
    ("subscription_items", {}),
    ("subscription_items", {"limit": 50}),
    ("customers.balance_transactions", {}),
    ("customers.balance_transactions", {"limit": 130}),
]


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with (
        Sandbox(seed=7, clock="2026-01-15") as sandbox,
        connect(sandbox=sandbox) as client,
    ):
        v1 = client.v1
        price = v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 500,
                "recurring": {"interval": "month"},
                "product_data": {"name": "Tea"},
            }
        ).id
        for number in range(CUSTOMERS):
            customer = v1.customers.create(
                {"name": "Ada", "payment_method": "pm_card_visa"}
            ).id
            if number % 2:
                client.v2.core.event_destinations.create(
                    {
                        "name": f"{number}",
                        "type": "webhook_endpoint",
                        "event_payload": "thin",
                        "enabled_events": ["v1.coupon.deleted"],
                        "webhook_endpoint": {"url": "http://127.0.0.1:4242/hook"},
                    }
                )
            for _ in range(number % 3):
                v1.customers.balance_transactions.create(
                    customer, {"amount": -500, "currency": "usd"}
                )
            if number % 4 == 0:
                v1.subscriptions.create(
                    {
                        "customer": customer,
                        "items": [{"price": price}],
                        "collection_method": "send_invoice",
                        "days_until_due": 30,
                    }
                )
        yield client


@pytest.mark.parametrize(("resource", "options"), LISTS)
def test_it_goes_on_where_it_was(
    shop: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resource: str,
    options: dict[str, Any],
) -> None:
    monkeypatch.setattr(reader, "PAGE", SIZE)
    monkeypatch.setattr(reader, "PIECE", SIZE)
    monkeypatch.setattr(parents, "PAGE", SIZE)
    asked: list[str] = []
    ask = shop.get_bytes

    def watched(path: str, params: Any, **others: Any) -> bytes:
        asked.append(path)
        return ask(path, params, **others)

    monkeypatch.setattr(shop, "get_bytes", watched)
    whole = export(resource, tmp_path / "whole.jsonl", client=shop, **options)
    needed = len(asked)
    asked.clear()

    path = tmp_path / "again.jsonl"
    for pieces in (1, 2, 1):
        with monkeypatch.context() as broken:
            break_off(broken, pieces)
            with pytest.raises(BrokenOffError):
                export(resource, path, client=shop, **options)
        # Somebody goes on creating; that is not what was asked for.
        shop.v1.customers.create({"name": "Ada", "payment_method": "pm_card_visa"})
    export(resource, path, client=shop, **options)

    assert path.read_bytes() == Path(whole).read_bytes()
    told, before = (
        json.loads((tmp_path / f"{name}.jsonl.certificate.json").read_text())
        for name in ("again", "whole")
    )
    for part in ("rows", "verdict", "windows"):
        assert told[part] == before[part]
    assert len(told["attempts"]) == 4
    # What was under way, and no more, is asked for twice.
    asks_each = resource == "customers.balance_transactions"
    assert len(asked) - needed <= 3 * (AHEAD if asks_each else 4)
