"""Tables of DuckDB and SQLite, read back by their own clients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.errors import ExportError
from stripe_nb.export import export, rows
from stripe_nb.export.tables import column_names
from stripe_nb.frames import frame, to_frame
from stripe_nb.frames.layout import to_pandas
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.databases import query


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as box, connect(sandbox=box) as client:
        yield client


@pytest.fixture(params=["duckdb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that doesn't exist yet."""
    if request.param == "duckdb":
        return str(tmp_path / "w.duckdb")
    return f"sqlite:///{tmp_path}/w.sqlite"


@pytest.mark.parametrize("resource", ["charges", "invoices", "prices"])
def test_a_list_becomes_the_table_of_its_name(
    shop: Client, place: str, resource: str
) -> None:
    export(resource, place, client=shop)
    expected = frame(resource, client=shop)
    found = query(place, f"select id, created, livemode from {resource}")
    assert [row[0] for row in found] == expected["id"].tolist()
    times = pd.to_datetime([row[1] for row in found], utc=True, format="ISO8601")
    assert times.tolist() == expected["created"].tolist()
    assert not any(row[2] for row in found)
    sql = f'select table_name, "rows" from stripe_nb_certificates -- {resource}'
    assert query(place, sql) == [(resource, len(expected))]


def test_duckdb_gives_the_values_and_types_back(shop: Client, tmp_path: Path) -> None:
    place = tmp_path / "w.duckdb"
    export("charges", place, client=shop)
    expected = frame("charges", client=shop)
    with duckdb.connect(place) as database:
        found = to_pandas(database.table("charges").to_arrow_table())
    assert found.columns.tolist() == expected.columns.tolist()
    for name, column in expected.items():
        held = found[name].astype(
            "string" if column.dtype == "category" else column.dtype
        )
        wanted = column.astype("string") if column.dtype == "category" else column
        pd.testing.assert_series_equal(held, wanted)


def test_sqlite_keeps_decimals_exact(tmp_path: Path) -> None:
    price = {"object": "price", "id": "p", "unit_amount_decimal": "0.000000000001"}
    place = f"sqlite:///{tmp_path}/w.db"
    export(to_frame([price]), place)
    assert query(place, "select unit_amount_decimal from prices") == [
        ("0.000000000001",)
    ]
    duck = str(tmp_path / "w.duckdb")
    export(to_frame([price]), duck)
    found = query(duck, "select unit_amount_decimal from prices")
    assert found == [(Decimal("0.000000000001"),)]


def test_a_table_is_replaced_or_added_to(place: str) -> None:
    for _ in range(2):
        export(pd.DataFrame({"id": ["a"]}), place, table="odd ' \" % : name")
    more = pd.DataFrame({"id": ["b"], "n": [1]})
    export(more, place, table="odd ' \" % : name", append=True)
    found = query(place, 'select * from "odd \' "" % : name" order by id')
    assert found == [("a", None), ("b", 1)]
    export(pd.DataFrame({"other": [1.5]}), place, table="odd ' \" % : name")
    assert query(place, 'select * from "odd \' "" % : name"') == [(1.5,)]


def test_a_failure_leaves_the_older_table_whole(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"id": ["a", "b"]})
    export(table, place, table="t")

    def broken(some: Any) -> Iterator[Any]:
        yield some
        raise KeyboardInterrupt

    monkeypatch.setattr(rows, "_slices", broken)
    for worse in (table, table.assign(more=1)):
        with pytest.raises(KeyboardInterrupt):
            export(worse, place, table="t")
    assert query(place, "select * from t order by id") == [("a",), ("b",)]


def test_overwrite_can_be_forbidden(place: str) -> None:
    rows = pd.DataFrame({"id": ["a"]})
    export(rows, place, table="t", overwrite=False)
    with pytest.raises(ExportError, match="table 't' exists already; give another"):
        export(rows, place, table="t", overwrite=False)
    export(rows, place, table="t", append=True, overwrite=False)
    assert len(query(place, "select * from t")) == 2


def test_a_frame_of_nobody_knows_what_needs_a_name(place: str) -> None:
    with pytest.raises(ExportError, match="name its table"):
        export(pd.DataFrame({"a": [1]}), place)


def test_all_kinds_of_columns_are_held(place: str) -> None:
    rows = pd.DataFrame(
        {
            "day": [pd.Timestamp("2026-01-15").date()],
            "ns": pd.Series([pd.Timestamp("2026-01-15 12:00")], dtype="datetime64[ns]"),
            "data": [b"\x00\xff"],
            "nothing": [None],
            "kind": pd.Categorical(["card"]),
            "rate": [0.5],
        }
    )
    export(rows, place, table="t")
    row = query(place, 'select "data", "kind", "rate", "nothing" from t')[0]
    assert row == (b"\x00\xff", "card", 0.5, None)
    times = query(place, 'select cast("day" as varchar), cast("ns" as varchar) from t')
    assert times[0][0] == "2026-01-15"
    assert times[0][1].startswith("2026-01-15 12:00:00")


@pytest.mark.parametrize(
    ("options", "cause"),
    [({"append": True}, "append is for databases"), ({"table": "t"}, "table is for")],
)
def test_what_only_databases_take_is_refused(
    tmp_path: Path, options: dict[str, Any], cause: str
) -> None:
    with pytest.raises(ExportError, match=cause):
        export(pd.DataFrame({"a": [1]}), tmp_path / "a.csv", **options)


def test_a_file_that_another_process_has_open_is_told(tmp_path: Path) -> None:
    place = tmp_path / "w.duckdb"
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1); input()"
    command = [sys.executable, "-c", code.replace("print(1)", "print(1, flush=True)")]
    with subprocess.Popen(
        [*command, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ExportError, match=r"w\.duckdb': another process has it"):
            export(pd.DataFrame({"a": [1]}), place, table="t")
        other.communicate(b"\n")


@given(
    names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1), unique=True),
    limit=st.integers(20, 70),
)
def test_columns_have_names_of_their_own(names: list[str], limit: int) -> None:
    found = column_names(names, limit)
    assert len({name.casefold() for name in found}) == len(names)
    assert all(len(name.encode()) <= limit for name in found)
    # With some of them there already, none changes its meaning.
    assert column_names(names[::-1], limit, found)[::-1][:1] == found[:1]
