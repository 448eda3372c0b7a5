"""Full disks, odd names, Ctrl-C: what an export does where things go wrong."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import stripe
from click.testing import CliRunner

from stripe_nb.cli import main
from stripe_nb.errors import ExportError
from stripe_nb.export import export
from stripe_nb.export.many import Outcome, export_many
from stripe_nb.export.request import Request
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

_LIMITED = """
import resource, sys
from stripe_nb.errors import ExportError
from stripe_nb.export import export
from stripe_nb.session import connect
with connect(sandbox_url=sys.argv[1]) as client:
    # As if the disk were full by then.
    unlimited = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), unlimited))
    try:
        export("customers", sys.argv[2], client=client, progress=False)
    except ExportError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
    export("customers", sys.argv[2], client=client, progress=False)
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    """Customers whose names don't pack well."""
    with Sandbox(seed=7, clock="2026-01-15") as box, connect(sandbox=box) as client:
        for number in range(60):
            client.v1.customers.create({"name": os.urandom(150).hex() + f"{number}"})
        yield client


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.parametrize("size", [2_000, 14_000])
@pytest.mark.parametrize("name", ["c.csv", "c.parquet", "c.duckdb", "c/"])
def test_a_full_disk_is_one_sentence_and_the_next_export_is_whole(
    shop: Client, tmp_path: Path, name: str, size: int
) -> None:
    place = f"{tmp_path}/{name}"
    command = [sys.executable, "-c", _LIMITED, shop.target.addresses["api"]]
    done = subprocess.run(
        [*command, place, str(size)], check=True, capture_output=True, text=True
    )
    assert "File too large" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    expected = frame("customers", client=shop)["id"].tolist()
    read = duckdb.read_csv if name == "c.csv" else duckdb.read_parquet
    if name.endswith(".duckdb"):
        with duckdb.connect(place) as there:
            held = there.execute("select id from customers").fetchall()
    else:
        held = read(place if name != "c/" else f"{place}*/*").project("id").fetchall()
    found = [each for (each,) in held]
    assert sorted(found) == sorted(expected)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_one_may_not_write_to_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o555)
    if os.geteuid() == 0:
        folder = Path("/proc/sys")  # not even root may
    with (
        Sandbox(seed=7) as box,
        connect(sandbox=box) as client,
        pytest.raises(ExportError, match=f"can't keep rows in '{folder}'") as told,
    ):
        export("customers", folder / "c.csv", client=client)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("", "give the name of a file, such as customers.csv"),
        (".", "'.' is a folder; name a file in it, or end it in /"),
        ("mysql://me:secret@db/shop", r"needs the package 'MySQLdb', which is not"),
    ],
)
def test_a_place_that_means_nothing_is_told(place: str, cause: str) -> None:
    with pytest.raises(ExportError, match=cause) as told:
        export(pd.DataFrame({"a": [1]}), place, table=None)
    assert "secret" not in str(told.value)


TABLES = ["select", "Order", 'a"b; drop table x', "Ünï cödé 🦓", "100%", "a.b", "'"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_table_may_have_any_name(tmp_path: Path, kind: str, table: str) -> None:
    path = tmp_path / f"w.{kind}"
    place = f"sqlite:///{path}" if kind == "sqlite" else str(path)
    for number in range(3):
        rows = pd.DataFrame({"group": [number], "100%": [1], 'odd "name"': ["x"]})
        export(rows, place, table=table, append=number == 1)
    sql = 'select "group" from "{}"'.format(table.replace('"', '""'))
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as database:
            assert database.execute(sql).fetchall() == [(2,)]
    else:
        with duckdb.connect(path) as there:
            assert there.execute(sql).fetchall() == [(2,)]


@pytest.mark.parametrize("table", ["", "  "])
def test_a_table_has_a_name(tmp_path: Path, table: str) -> None:
    with pytest.raises(ExportError, match="the table needs a name"):
        export(pd.DataFrame({"a": [1]}), tmp_path / "w.duckdb", table=table)


def test_formulas_as_wide_as_some_type_them_are_neutralised(tmp_path: Path) -> None:
    texts = [f"{chr(sign)}1+1" for sign in (0xFF1D, 0xFF0B, 0xFF0D, 0xFF20)]
    names = [f"metadata_{texts[0]}", texts[0]]
    rows = pd.DataFrame(dict.fromkeys(names, texts))
    path = export(rows, tmp_path / "c.csv")
    with path.open(encoding="utf-8", newline="") as file:
        header, *cells = list(csv.reader(file))
    # A name is no formula unless it begins as one.
    assert header == [names[0], f"'{texts[0]}"]
    assert cells == [[f"'{text}"] * 2 for text in texts]


def test_a_span_that_ends_before_it_begins_is_told(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_NB_SANDBOX_URL", shop.target.addresses["api"])
    path = tmp_path / "c.csv"
    command = ["export", "customers", str(path), "--created", "2026-06-30..2026-01-01"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "ends before it begins; swap the two" in done.output
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "account", "cause"),
    [
        ("v2.money_management.transactions", None, "Not simulated"),
        ("coupons", "acct_1NobodysAccount0", "does not have access to account"),
    ],
)
def test_a_list_that_is_not_to_be_had_is_skipped_and_told(
    tmp_path: Path, name: str, account: str | None, cause: str
) -> None:
    place = tmp_path / "w.duckdb"
    with Sandbox(seed=7) as box, connect(sandbox=box) as client:
        request = Request(place=str(place), pull={"client": client})
        (done,) = export_many(["products"], request)
        asked = replace(request, pull={"client": client, "account": account})
        (told,) = export_many([name], asked)
    assert done == Outcome("products", written=str(place))
    assert (told.resource, told.written) == (name, None)
    assert cause in str(told.skipped)
    with duckdb.connect(place) as there:
        tables = {table for (table,) in there.execute("show tables").fetchall()}
    assert tables == {"products", "stripe_nb_certificates"}


def test_a_server_that_fails_is_no_reason_to_skip(tmp_path: Path) -> None:
    fault = {"kind": "error", "on": "GET /v1/coupons*"}
    with (
        Sandbox(seed=7, faults=[fault]) as box,
        connect(sandbox=box, max_network_retries=0) as client,
    ):
        request = Request(place=str(tmp_path / "w.duckdb"), pull={"client": client})
        with pytest.raises(stripe.APIError):
            list(export_many(["coupons"], request))
