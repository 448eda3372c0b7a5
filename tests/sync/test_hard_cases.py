"""Syncs of what comes back, of tables of other versions, and of several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.sync import sync
from tests.databases import query

_SYNC = """
import signal
import sys
from stripe_nb.errors import SyncError
from stripe_nb.session import connect
from stripe_nb.sync import sync
# What runs in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with connect(sandbox_url=sys.argv[1]) as client:
    try:
        print(sync("customers", sys.argv[2], client=client)["rows_there"].tolist())
    except SyncError as error:
        print(error)
"""


@pytest.fixture
def slow() -> Any:
    """Customers of whom a page takes a while."""
    latency = {"kind": "latency", "seconds": 0.6, "on": "GET /v1/customers"}
    with Sandbox(seed=7, clock="2026-01-15", faults=[latency]) as box:
        with connect(sandbox=box) as client:
            for number in range(230):
                client.v1.customers.create({"name": f"{number}"})
        yield box


def test_what_is_deleted_and_made_again_is_there(client: Client, place: str) -> None:
    sql = "select id, percent_off, is_deleted from coupons"
    for percent in (10, 20):
        client.v1.coupons.create({"id": "SPRING", "percent_off": percent})
        sync("coupons", place, client=client)
        assert query(place, sql) == [("SPRING", percent, False)]
        client.v1.coupons.delete("SPRING")
        done = sync("coupons", place, client=client)
        assert done["rows_deleted"].tolist() == [1]
        assert query(place, sql) == [("SPRING", percent, True)]
    for percent in (30, 40):
        client.v1.coupons.create({"id": "SPRING", "percent_off": percent})
        if percent == 30:
            client.v1.coupons.delete("SPRING")
    done = sync("coupons", place, client=client)
    assert done["mode"].tolist() == ["events"]
    assert query(place, sql) == [("SPRING", 40, False)]


def test_a_column_that_is_new_is_filled_in_every_row(
    client: Client, place: str
) -> None:
    for number in range(3):
        client.v1.customers.create({"phone": f"+155500{number}"})
    sync("customers", place, client=client)
    # As by a version of the SDK that didn't know of it.
    with open_warehouse(place) as warehouse, warehouse.transaction():
        warehouse.execute("ALTER TABLE customers DROP COLUMN phone")
    assert sync("customers", place, client=client)["mode"].tolist() == ["full"]
    found = dict(query(place, "select id, phone from customers"))
    expected = frame("customers", client=client)
    assert found == dict(zip(expected["id"], expected["phone"], strict=True))
    assert sync("customers", place, client=client)["mode"].tolist() == ["events"]


def test_a_column_that_stripe_no_longer_has_is_no_hindrance(
    client: Client, place: str
) -> None:
    client.v1.customers.create({"name": "Ada"})
    sync("customers", place, client=client)
    with open_warehouse(place) as warehouse, warehouse.transaction():
        warehouse.execute("ALTER TABLE customers ADD COLUMN nickname VARCHAR(20)")
    client.v1.customers.create({"name": "Grace"})
    assert sync("customers", place, client=client)["mode"].tolist() == ["events"]
    held = query(place, "select name, nickname from customers order by name")
    assert held == [("Ada", None), ("Grace", None)]


def _begin(box: Sandbox, place: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SYNC, box.url, place]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _wait_until_it_reads(folder: Path) -> None:
    until = monotonic() + 60
    while monotonic() < until:
        if list(folder.glob(".*.spool")):
            return
        sleep(0.005)
    raise AssertionError("it never began to read")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_of_two_processes_at_once_one_wins_and_the_other_says_so(
    slow: Sandbox, tmp_path: Path
) -> None:
    place = str(tmp_path / "w.duckdb")
    with _begin(slow, place) as one:
        _wait_until_it_reads(tmp_path)
        one.send_signal(signal.SIGSTOP)
        with _begin(slow, place) as other:
            told = other.communicate()[0]
        one.send_signal(signal.SIGCONT)
        assert one.communicate()[0] == "[230]\n"
    assert told.startswith("another sync of ")
    assert "is running" in told


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_ctrl_c_leaves_the_table_as_it_was(slow: Sandbox, tmp_path: Path) -> None:
    place = str(tmp_path / "w.duckdb")
    with connect(sandbox=slow) as client:
        sync("customers", place, client=client)
        client.v1.customers.create({"name": "late"})
        before = query(place, "select count(*), max(name) from customers")
        with _begin(slow, place) as process:
            _wait_until_it_reads(tmp_path)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) != 0
        assert query(place, "select count(*), max(name) from customers") == before
        done = sync("customers", place, client=client)
        assert done["rows_there"].tolist() == [231]
