"""Tables that follow a sandbox whose objects change at random."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pandas as pd
import pytest

from stripe_nb.clock import wall_time
from stripe_nb.errors import SyncError
from stripe_nb.export.many import listable
from stripe_nb.export.tables import column_names
from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.sync import changes, sync
from stripe_nb.sync.changes import reaches
from stripe_nb.sync.lock import only_one
from stripe_nb.sync.reading import resource_to_follow
from tests.databases import query

_SYNC = """
import sys
from stripe_nb.session import connect
from stripe_nb.sync import engine, sync
engine._FEW_ROWS = -1
with connect(sandbox_url=sys.argv[1]) as client:
    print("ready", flush=True)
    sync(["customers", "products"], sys.argv[2], client=client, progress=False)
"""


def _modes(done: pd.DataFrame) -> list[str]:
    return list(done["mode"])


def _assert_true(place: str, table: str, client: Client) -> None:
    """Hold a table's rows that are not deleted against a fresh frame."""
    expected = frame(table, client=client)
    with open_warehouse(place) as warehouse:
        there = warehouse.columns(table)
    columns = column_names(list(expected.columns), 1000, there)
    chosen = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    # One query for all columns, since it takes DuckDB a while to open a file.
    found = query(place, f"select {chosen} from {table} where not is_deleted")
    at = columns.index("id")
    held = {row[at]: list(map(_plain, row)) for row in found}
    rows = zip(*(expected[name].tolist() for name in expected), strict=True)
    wanted = {row[at]: list(map(_plain, row)) for row in rows}
    assert len(held) == len(found)
    for name, row in wanted.items():
        assert dict(zip(columns, held.pop(name), strict=True)) == dict(
            zip(columns, row, strict=True)
        )
    assert not held


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp) or hasattr(value, "isoformat"):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return value.removesuffix(".000000")
    return value


def _change(client: Client, chance: random.Random, ids: list[str]) -> None:
    what = chance.choice(["create", "update", "update", "delete"])
    if what == "create" or not ids:
        made = client.v1.customers.create({"name": f"n{chance.random()}"})
        ids.append(made.id)
    elif what == "update":
        key = chance.choice(["plan", "Plan", "a b"])
        changed: Any = {"metadata": {key: str(chance.random())}, "balance": 5}
        client.v1.customers.update(chance.choice(ids), changed)
    else:
        client.v1.customers.delete(ids.pop(chance.randrange(len(ids))))


@pytest.mark.parametrize("seed", range(2))
def test_a_table_is_what_a_fresh_frame_would_be(
    client: Client, place: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    ids: list[str] = []
    for _ in range(3):
        for _ in range(chance.randrange(12)):
            _change(client, chance, ids)
        sync("customers", place, client=client)
        _assert_true(place, "customers", client)
    assert _modes(sync("customers", place, client=client)) == ["events"]


def test_deleted_rows_stay_and_are_marked(client: Client, place: str) -> None:
    kept = client.v1.customers.create({"name": "Ada"})
    gone = client.v1.customers.create({"name": "Grace"})
    sync("customers", place, client=client)
    client.v1.customers.delete(gone.id)
    done = sync("customers", place, client=client)
    assert done["rows_deleted"].tolist() == [1]
    sql = "select id, name, is_deleted, deleted_at is null from customers order by name"
    assert query(place, sql) == [
        (kept.id, "Ada", False, True),
        (gone.id, "Grace", True, False),
    ]
    assert sync("customers", place, client=client, full=True)["rows_there"][0] == 1


def test_a_canceled_subscription_stays_in_its_table(client: Client, place: str) -> None:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Plan"},
        }
    )
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    made = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "collection_method": "send_invoice",
            "days_until_due": 30,
        }
    )
    sync("subscriptions", place, client=client)
    client.v1.subscriptions.cancel(made.id)
    sync("subscriptions", place, client=client)
    found = query(place, "select id, status, is_deleted from subscriptions")
    assert found == [(made.id, "canceled", False)]


def test_archived_prices_stay_in_their_table(client: Client, place: str) -> None:
    product = client.v1.products.create({"name": "Plan"})
    kept, archived, later = (
        client.v1.prices.create(
            {"currency": "usd", "unit_amount": amount, "product": product.id}
        )
        for amount in (1, 2, 3)
    )
    client.v1.prices.update(archived.id, {"active": False})
    for full in (False, False, True):
        sync("prices", place, client=client, full=full)
        client.v1.prices.update(later.id, {"active": False})
    found = query(place, "select id, active from prices where not is_deleted")
    assert dict(found) == {kept.id: True, archived.id: False, later.id: False}


def test_a_closed_review_stays_in_its_table(client: Client, place: str) -> None:
    risky: Any = {
        "amount": 1000,
        "currency": "usd",
        "payment_method": "pm_card_riskLevelElevated",
        "confirm": True,
        "allowed_payment_method_types": ["card"],
    }
    client.v1.payment_intents.create(risky)
    (review,) = client.v1.reviews.list().data
    sync("reviews", place, client=client)
    client.v1.reviews.approve(review.id)
    for _ in range(2):
        # The second has no event left that would bring the row back.
        sync("reviews", place, client=client, full=True)
        held = query(place, "select id, is_deleted, open from reviews")
        assert [(name, bool(d), bool(o)) for name, d, o in held] == [
            (review.id, False, False)
        ]
    told = query(place, "select certificate from stripe_nb_runs where mode = 'full'")
    assert all(json.loads(text)["complete"] for (text,) in told)


def test_what_a_list_hides_is_deleted_only_if_it_is(client: Client, place: str) -> None:
    sync("tax_ids", place, client=client)
    customer = client.v1.customers.create({"name": "Ada"})
    made = [
        client.v1.customers.tax_ids.create(
            customer.id, {"type": "eu_vat", "value": f"DE12345678{last}"}
        ).id
        for last in (8, 9)
    ]
    sync("tax_ids", place, client=client)
    client.v1.customers.tax_ids.delete(customer.id, made[0])
    for _ in range(2):
        sync("tax_ids", place, client=client, full=True)
        held = query(place, "select id, is_deleted from tax_ids")
        assert {name: bool(gone) for name, gone in held} == {
            made[0]: True,
            made[1]: False,
        }


def test_tax_ids_of_the_account_are_followed_without_events(
    client: Client, place: str
) -> None:
    customer = client.v1.customers.create({"name": "Ada"})
    held = {"type": "eu_vat", "value": "DE123456788"}
    known = client.v1.tax_ids.create({"type": "eu_vat", "value": "DE123456789"}).id
    sync("tax_ids", place, client=client)
    theirs = client.v1.customers.tax_ids.create(customer.id, held).id  # type: ignore[arg-type]
    ours = client.v1.tax_ids.create({"type": "eu_vat", "value": "DE123456787"}).id
    assert _modes(sync("tax_ids", place, client=client)) == ["events"]
    sql = "select id from tax_ids where not is_deleted"
    assert {name for (name,) in query(place, sql)} == {known, theirs, ours}
    client.v1.tax_ids.delete(known)
    done = sync("tax_ids", place, client=client)
    assert (_modes(done), done["rows_deleted"].tolist()) == (["events"], [1])
    assert {name for (name,) in query(place, sql)} == {theirs, ours}


def test_each_list_that_hides_rows_tells_where_one_object_is(client: Client) -> None:
    hiding = {}
    for name in listable():
        with suppress(SyncError):  # without ids there is nothing to follow
            followed = resource_to_follow(name, client, None)
            if followed.hides:
                hiding[name] = followed.path
    assert hiding == {
        "payment_methods": "/v1/payment_methods/{}",
        "reviews": "/v1/reviews/{}",
        "tax_ids": "/v1/tax_ids/{}",
    }


def test_what_changes_during_a_long_read_is_in_the_table(tmp_path: Path) -> None:
    place = str(tmp_path / "w.duckdb")
    slow = {"kind": "latency", "seconds": 0.3, "on": "GET /v1/customers"}
    with (
        Sandbox(seed=7, clock="2026-01-15", faults=[slow]) as box,
        connect(sandbox=box) as client,
    ):
        ids = [client.v1.customers.create({}).id for _ in range(250)]
        chance, is_done = random.Random(3), Event()  # noqa: S311

        def change() -> int:
            count = 0
            # No more than a sync looks up rather than reading all anew.
            while count < 20 and not is_done.is_set():
                _change(client, chance, ids)
                count += 1
                sleep(0.02)
            return count

        with ThreadPoolExecutor(1) as pool:
            changing = pool.submit(change)
            try:
                sync("customers", place, client=client)
            finally:
                is_done.set()
            assert changing.result() > 10
        # What came after the sync had read is for the next one.
        assert _modes(sync("customers", place, client=client)) == ["events"]
        _assert_true(place, "customers", client)


def test_changed_objects_come_with_the_whole_of_their_lists(
    client: Client, place: str
) -> None:
    customer = client.v1.customers.create({})
    made = client.v1.invoices.create({"customer": customer.id})
    for amount in range(12):
        client.v1.invoice_items.create(
            {
                "customer": customer.id,
                "invoice": made.id,
                "amount": amount,
                "currency": "usd",
            }
        )
    sync("invoices", place, client=client)
    client.v1.invoices.update(made.id, {"metadata": {"a": "b"}})
    assert _modes(sync("invoices", place, client=client)) == ["events"]
    _assert_true(place, "invoices", client)


def test_what_no_event_tells_of_is_read_whole(client: Client, place: str) -> None:
    for _ in range(2):
        done = sync(["balance_transactions", "customers"], place, client=client)
    assert _modes(done)[0] == "full"


def test_an_old_sync_reads_all_anew_and_finds_what_is_gone(
    client: Client, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.v1.customers.create({})
    gone = client.v1.customers.create({})
    sync("customers", place, client=client)
    client.v1.customers.delete(gone.id)
    monkeypatch.setattr(changes, "_KEPT", -1)
    done = sync("customers", place, client=client)
    assert _modes(done) == ["full"]
    assert done["rows_deleted"].tolist() == [1]
    _assert_true(place, "customers", client)


def test_events_reach_for_a_month() -> None:
    day = 24 * 3600
    now = wall_time()
    assert reaches(100, now, 100 + 28 * day)
    assert not reaches(100, now, 100 + 30 * day)
    assert not reaches(100, now - 30 * day, 100)
    assert reaches(None, now, None)


def test_the_history_tells_of_each_run(client: Client, place: str) -> None:
    client.v1.customers.create({})
    for _ in range(2):
        sync("customers", place, client=client)
    sql = "select status, mode, rows_there, certificate is null from stripe_nb_runs"
    assert sorted(query(place, sql)) == [
        ("succeeded", "events", 1, True),
        ("succeeded", "full", 1, False),
    ]


def test_one_wins_and_the_other_says_so(client: Client, place: str) -> None:
    with (
        only_one(place, place),
        pytest.raises(SyncError, match=r"another sync of .* is running"),
    ):
        sync("customers", place, client=client)


@pytest.mark.parametrize("target", ["a.csv", "lake/", "s3://bucket/a.parquet"])
def test_what_is_no_database_is_refused(client: Client, target: str) -> None:
    with pytest.raises(SyncError, match="a sync needs a database"):
        sync("customers", target, client=client)


def test_one_failure_is_told_and_the_others_are_up_to_date(
    place: str,
) -> None:
    with (
        Sandbox(seed=7, faults=[{"kind": "error", "on": "GET /v1/products*"}]) as box,
        connect(sandbox=box, max_network_retries=0) as client,
    ):
        client.v1.customers.create({})
        with pytest.raises(SyncError, match=r"1 of 2 tables .*products"):
            sync(["products", "customers"], place, client=client)
    found = query(place, "select table_name, status from stripe_nb_runs order by 1")
    assert found == [("customers", "succeeded"), ("products", "failed")]


def test_a_killed_sync_done_again_is_true(tmp_path: Path) -> None:
    place = str(tmp_path / "w.duckdb")
    with (
        Sandbox(seed=7, clock="2026-01-15", faults="latency=0.02s") as box,
        connect(sandbox=box) as client,
    ):
        ids: list[str] = []
        chance = random.Random(1)  # noqa: S311
        command = [sys.executable, "-c", _SYNC, box.url, place]
        for wait in (0.02, 0.1, 0.25):
            for _ in range(6):
                _change(client, chance, ids)
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                try:
                    process.wait(wait)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
        _change(client, chance, ids)
        sync(["customers", "products"], place, client=client)
        _assert_true(place, "customers", client)
