"""Changes that no event tells of, and rows that are as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import SyncError
from stripe_nb.export.spool import Spool
from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.frames import frame, reader
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.sync import sync
from stripe_nb.sync.changes import edits_are_told
from stripe_nb.sync.lock import only_one
from stripe_nb.sync.reading import resource_to_follow
from tests.databases import query

_DAY = 24 * 3600


def _age(place: str, days: int) -> None:
    """Move a history into the past."""
    with open_warehouse(place) as warehouse, warehouse.transaction():
        warehouse.execute(
            f"update stripe_nb_runs set started = started - {days * _DAY}"
        )


def test_edits_without_an_event_are_found_within_a_week(
    client: Client, place: str, wait: Callable[[], None]
) -> None:
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    wait()
    sync("payment_intents", place, client=client)
    wait()
    client.v1.payment_intents.update(made.id, {"description": "edited"})
    assert "payment_intent.updated" not in {e.type for e in client.v1.events.list()}
    _age(place, 6)
    done = sync("payment_intents", place, client=client)
    assert done["mode"].tolist() == ["events"]
    _age(place, 2)
    done = sync("payment_intents", place, client=client)
    assert (done["mode"].tolist(), done["rows_written"].tolist()) == (["full"], [1])
    held = query(place, "select description from payment_intents")
    assert held == [("edited",)]


def test_where_each_edit_is_told_events_are_enough(client: Client, place: str) -> None:
    assert edits_are_told("customer")
    client.v1.customers.create({"name": "Ada"})
    sync("customers", place, client=client)
    _age(place, 20)
    assert sync("customers", place, client=client)["mode"].tolist() == ["events"]


def test_what_a_connected_accounts_own_events_tell_is_read_whole(
    client: Client, place: str, wait: Callable[[], None]
) -> None:
    made = client.v1.accounts.create({"country": "US", "type": "custom"}).id
    sync("accounts", place, client=client)
    wait()
    client.v1.accounts.update(made, {"email": "new@example.com"})
    assert sync("accounts", place, client=client)["mode"].tolist() == ["full"]
    assert query(place, "select email from accounts") == [("new@example.com",)]


@pytest.mark.parametrize(
    "name", ["billing.alerts", "reporting.report_types", "terminal.readers"]
)
def test_lists_whose_new_objects_are_told_nowhere_are_read_whole(
    client: Client, name: str
) -> None:
    followed = resource_to_follow(name, client, None)
    assert not followed.is_told


def test_events_that_stripe_no_longer_lists_were_not_deleted(
    client: Client, place: str, wait: Callable[[], None]
) -> None:
    client.v1.customers.create({"name": "Ada"})
    sync("events", place, client=client)
    for _ in range(31):
        wait()
    done = sync("events", place, client=client)
    assert done["rows_deleted"].tolist() == [0]
    sql = "select count(*) from events where type = 'customer.created'"
    assert query(place, f"{sql} and not is_deleted") == [(1,)]


def test_lists_of_all_parents_are_followed(client: Client, place: str) -> None:
    names = ["customers.payment_methods", "customers.balance_transactions"]
    customers = [
        client.v1.customers.create({"payment_method": "pm_card_visa"}).id
        for _ in range(2)
    ]
    for customer in customers:
        client.v1.customers.balance_transactions.create(
            customer, {"amount": 5, "currency": "usd"}
        )
    sync(names, place, client=client)
    known = client.v1.customers.payment_methods.list(customers[0]).data[0].id
    client.v1.payment_methods.detach(known)
    sync(names, place, client=client)
    tables = ["payment_methods", "customers_balance_transactions"]
    for name, table in zip(names, tables, strict=True):
        held = query(place, f"select id from {table} where not is_deleted")
        assert {name for (name,) in held} == set(frame(name, client=client)["id"])
    sql = "select id from payment_methods where is_deleted"
    assert query(place, sql) == [(known,)]


def test_a_sync_with_nothing_new_writes_nothing(
    sandbox: Sandbox, client: Client, place: str
) -> None:
    names = ["customers", "coupons", "balance_transactions"]
    for number in range(3):
        client.v1.customers.create({"name": f"{number}", "metadata": {"a": "b"}})
        client.v1.coupons.create({"percent_off": 10 + number})
    sync(names, place, client=client)
    before = len(sandbox.requests)
    for full in (False, False, True):
        done = sync(names, place, client=client, full=full)
        assert done[["rows_written", "rows_deleted"]].to_numpy().sum() == 0
        assert done["rows_there"].tolist() == [3, 3, 0]
    asked = Counter(request.path for request in list(sandbox.requests)[before:])
    assert asked == {
        "/v1/account": 3,
        # The newest, and those since; after a whole list, for each, once more.
        "/v1/events": 3 + 2 + 2,
        "/v1/customers": 3 + 1,
        "/v1/coupons": 3 + 1,
        "/v1/balance_transactions": 3,
    }


def test_a_metadata_key_that_is_gone_is_null(client: Client, place: str) -> None:
    made = client.v1.customers.create({"metadata": {"plan": "gold"}})
    sync("customers", place, client=client)
    client.v1.customers.update(made.id, {"metadata": {"plan": ""}})
    done = sync("customers", place, client=client)
    assert done["rows_written"].tolist() == [1]
    assert query(place, "select metadata_plan from customers") == [(None,)]


def test_objects_of_test_clocks_are_not_counted_as_written(
    sandbox: Sandbox, client: Client, place: str
) -> None:
    sync("customers", place, client=client)
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": sandbox.now})
    client.v1.customers.create({"test_clock": clock.id})
    done = sync("customers", place, client=client)
    assert (done["rows_written"][0], done["rows_there"][0]) == (0, 0)


def test_what_was_read_before_an_interruption_does_not_bring_old_rows_back(
    client: Client,
    place: str,
    wait: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "PIECE", 100)
    ids = [client.v1.customers.create({}).id for _ in range(130)]
    wait()
    sync("customers", place, client=client)
    keep = Spool.add

    def keep_one(spool: Spool, *piece: Any) -> None:
        keep(spool, *piece)
        assert spool.covered
        raise KeyboardInterrupt

    monkeypatch.setattr(Spool, "add", keep_one)
    with pytest.raises(KeyboardInterrupt):
        sync("customers", place, client=client, full=True)
    monkeypatch.setattr(Spool, "add", keep)
    for name in ids[-10:]:
        client.v1.customers.update(name, {"balance": 7})
    wait()
    done = sync("customers", place, client=client)
    assert (done["mode"].tolist(), done["rows_written"].tolist()) == (["events"], [10])
    wait()
    sync("customers", place, client=client, full=True)
    told = "select certificate from stripe_nb_runs where status = 'succeeded'"
    assert '"attempts"' in "".join(text or "" for (text,) in query(place, told))
    held = query(place, "select count(*) from customers where balance = 7")
    assert held == [(10,)]


def test_a_resource_is_followed_once_whatever_it_is_called(
    client: Client, place: str
) -> None:
    done = sync(["customers", "customer", "customers"], place, client=client)
    assert done["table"].tolist() == ["customers"]
    with pytest.raises(SyncError, match="would be one table, 'payment_methods'"):
        sync(["payment_methods", "customers.payment_methods"], place, client=client)
    with pytest.raises(SyncError, match="give a resource to sync"):
        sync([], place, client=client)


def test_a_target_is_the_same_however_it_is_written(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    same = [
        f"sqlite:///{tmp_path}/w.db",
        "sqlite:///w.db",
        "sqlite+pysqlite:///link/w.db",
        "sqlite:///./link/w.db?timeout=9",
        "sqlite:///file:w.db?uri=true",
    ]
    for one in same:
        for other in same:
            with (
                only_one(one, one),
                pytest.raises(SyncError, match="another sync"),
                only_one(other, other),
            ):
                pass


def test_a_network_that_fails_is_told_in_one_line(place: str) -> None:
    with (
        Sandbox(seed=7, faults=[{"kind": "drop", "after": 1}]) as box,
        connect(sandbox=box, max_network_retries=0) as client,
        pytest.raises(SyncError, match=r"not up to date: .*Check your network"),
    ):
        sync("customers", place, client=client)
    ((status, mode, error),) = query(
        place, "select status, mode, error from stripe_nb_runs"
    )
    assert (status, mode) == ("failed", None)
    assert "Check your network" in error
    assert "\n" not in error


@pytest.mark.parametrize("path", ["/v1/account", "/v1/events", "/v1/customers*"])
def test_a_rate_that_is_exceeded_ends_no_sync(place: str, path: str) -> None:
    faults = [
        {"kind": "rate_limit", "on": f"GET {path}", "times": 2},
        {"kind": "drop", "on": f"GET {path}", "times": 1},
        {"kind": "truncate", "on": f"GET {path}", "times": 1},
    ]
    with (
        Sandbox(seed=7, faults=faults) as box,
        connect(sandbox=box, max_network_retries=0) as client,
    ):
        client.v1.customers.create({"name": "Ada"})
        assert sync("customers", place, client=client)["rows_there"].tolist() == [1]
