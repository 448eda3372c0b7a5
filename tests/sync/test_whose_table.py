"""Tables that others made, changed or fill as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import stripe

from stripe_nb.errors import SyncError
from stripe_nb.export import export
from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from stripe_nb.sync import sync
from tests.databases import query

from .conftest import Forbid


def _run(place: str, *statements: str) -> None:
    with open_warehouse(place) as warehouse, warehouse.transaction():
        for sql in statements:
            warehouse.execute(sql)


def _held(place: str) -> dict[str, bool]:
    sql = "select name, is_deleted from customers"
    rows = query(place, sql)
    held = {name: bool(gone) for name, gone in rows}
    assert len(rows) == len(held)
    assert None not in [gone for _, gone in rows]
    return held


@pytest.fixture
def ids(client: Client, wait: Callable[[], None]) -> dict[str, str]:
    """Customers who came a day before the last event."""
    made = {name: client.v1.customers.create({"name": name}).id for name in "ab"}
    wait()
    return made


@pytest.fixture
def followed(
    client: Client, place: str, ids: dict[str, str], wait: Callable[[], None]
) -> dict[str, str]:
    """The same, in a table that was brought up to date a while ago."""
    sync("customers", place, client=client)
    wait()
    return ids


def test_a_table_that_an_export_made_is_taken_over(
    client: Client, place: str, ids: dict[str, str]
) -> None:
    export("customers", place, client=client, fields=["id", "name"])
    client.v1.customers.delete(ids["b"])
    done = sync("customers", place, client=client)
    assert done["rows_there"].tolist() == [1]
    assert _held(place) == {"a": False, "b": True}


@pytest.mark.parametrize("was_followed", [False, True])
def test_an_export_without_ids_is_left_alone(
    client: Client, place: str, ids: dict[str, str], was_followed: bool
) -> None:
    if was_followed:
        sync("customers", place, client=client)
    export("customers", place, client=client, fields=["name"], overwrite=True)
    with pytest.raises(SyncError, match=r"'customers' is there already and holds"):
        sync("customers", place, client=client)
    assert query(place, "select name from customers order by 1") == [("a",), ("b",)]


@pytest.mark.parametrize("option", ["overwrite", "append"])
def test_an_export_over_a_followed_table_is_mended(
    client: Client, place: str, followed: dict[str, str], option: str
) -> None:
    export("customers", place, client=client, **{option: True})
    client.v1.customers.create({"name": "c"})
    done = sync("customers", place, client=client)
    assert (done["mode"].tolist(), done["rows_there"].tolist()) == (["full"], [3])
    assert _held(place) == dict.fromkeys("abc", False)
    assert sync("customers", place, client=client)["mode"].tolist() == ["events"]


def test_rows_that_somebody_removed_come_back(
    client: Client, place: str, followed: dict[str, str]
) -> None:
    _run(place, "delete from customers where name = 'a'")
    assert sync("customers", place, client=client)["mode"].tolist() == ["full"]
    assert _held(place) == dict.fromkeys("ab", False)


@pytest.mark.parametrize("kind", ["table", "view"])
def test_a_table_of_something_else_is_left_alone(
    client: Client, place: str, kind: str
) -> None:
    _run(place, f"create {kind} customers as select 1 as number, 'me' as name")
    with pytest.raises(SyncError, match=r"'customers' is there already and holds"):
        sync("customers", place, client=client)
    with open_warehouse(place) as warehouse:
        assert warehouse.columns("customers") == ["number", "name"]
    told = query(place, "select status, mode, error from stripe_nb_runs")
    assert [(status, mode) for status, mode, _ in told] == [("failed", None)]
    assert "rename it" in told[0][2]


def test_types_that_somebody_changed_are_kept(
    client: Client, tmp_path: Path, ids: dict[str, str]
) -> None:
    place = str(tmp_path / "w.duckdb")
    sync("customers", place, client=client)
    _run(place, "alter table customers alter balance type varchar")
    client.v1.customers.update(ids["a"], {"balance": 5})
    for written in (1, 0):
        done = sync("customers", place, client=client)
        assert done["rows_written"].tolist() == [written]
    sql = "select name, balance from customers order by name"
    assert query(place, sql) == [("a", "5"), ("b", "0")]


def test_another_accounts_objects_are_refused(
    client: Client, place: str, ids: dict[str, str]
) -> None:
    other = client.v1.accounts.create({"country": "US", "type": "custom"}).id
    client.v1.customers.create({"name": "theirs"}, {"stripe_account": other})
    sync("customers", place, client=client)
    told = r"'customers' holds the objects of acct_\w+ \(test mode\), and these are of "
    with pytest.raises(SyncError, match=told + other):
        sync("customers", place, client=client, account=other)
    assert _held(place) == dict.fromkeys("ab", False)


def test_another_key_of_the_account_goes_on(
    client: Client, place: str, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sync("customers", place, client=client)
    client.v1.customers.delete(ids["b"])
    rolled = replace(client.target, key="sk_test_rolled0000000000000000")
    monkeypatch.setattr(client, "target", rolled)
    done = sync("customers", place, client=client)
    assert done["rows_deleted"].tolist() == [1]
    assert _held(place) == {"a": False, "b": True}


def test_a_key_that_may_not_read_its_account_is_told_by_the_refusal(
    client: Client, place: str, ids: dict[str, str], forbid: Forbid
) -> None:
    forbid(
        "accounts.retrieve_current", "no such permission on account 'acct_1AbC'. Sorry."
    )
    sync("customers", place, client=client)
    assert query(place, "select account, livemode from stripe_nb_runs") == [
        ("acct_1AbC", False)
    ]


def test_a_history_of_an_earlier_version_is_gone_on_with(
    client: Client, place: str, ids: dict[str, str]
) -> None:
    sync("customers", place, client=client)
    _run(
        place,
        "alter table stripe_nb_runs drop column account",
        "alter table stripe_nb_runs drop column livemode",
    )
    done = sync("customers", place, client=client)
    assert done["mode"].tolist() == ["events"]
    known = query(place, "select account is null from stripe_nb_runs order by started")
    assert [bool(is_null) for (is_null,) in known] == [True, False]


def test_without_leave_to_read_events_lists_are_read_whole(
    sandbox: Sandbox,
    client: Client,
    place: str,
    ids: dict[str, str],
    forbid: Forbid,
    wait: Callable[[], None],
) -> None:
    forbid("events.list", "no permission")
    for _ in range(2):
        wait()
        client.v1.customers.update(ids["a"], {"balance": sandbox.now})
        assert sync("customers", place, client=client)["mode"].tolist() == ["full"]
        sql = "select balance from customers where name = 'a'"
        known = client.v1.customers.retrieve(ids["a"]).balance
        assert query(place, sql) == [(known,)]
    forbid.nothing()
    assert sync("customers", place, client=client)["mode"].tolist() == ["events"]


def test_without_leave_to_read_one_list_the_others_are_up_to_date(
    client: Client, place: str, ids: dict[str, str], forbid: Forbid
) -> None:
    forbid("products.list", "The key rk_test_*** has no such permission.")
    told = r"1 of 2 tables .*\(products: .*no such permission\); the others are\.$"
    with pytest.raises(SyncError, match=told):
        sync(["products", "customers"], place, client=client)
    sql = "select table_name, status, error is null from stripe_nb_runs order by 1"
    assert [(name, status, bool(e)) for name, status, e in query(place, sql)] == [
        ("customers", "succeeded", True),
        ("products", "failed", False),
    ]


def test_an_object_that_may_not_be_read_fails_its_table_only(
    client: Client, place: str, followed: dict[str, str], forbid: Forbid
) -> None:
    client.v1.customers.update(followed["a"], {"name": "A"})
    forbid("customers.retrieve", "not this one")
    with pytest.raises(SyncError, match=r"'customers' .*not this one$"):
        sync("customers", place, client=client)
    assert _held(place) == dict.fromkeys("ab", False)
    forbid.nothing()
    sync("customers", place, client=client)
    assert _held(place) == dict.fromkeys("Ab", False)


def test_a_key_that_is_none_says_so_at_once(
    sandbox: Sandbox, client: Client, place: str, forbid: Forbid
) -> None:
    forbid("accounts.retrieve_current", "Invalid API Key", status=401)
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        sync("customers", place, client=client)
