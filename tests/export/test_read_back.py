"""Every list that the demo fills, written in each format, as others read it back."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from stripe_nb.export import export
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.simulated import simulated_lists

Rows = dict[str, list[Any]]


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as box, connect(sandbox=box) as client:
        client.v1.coupons.create({"percent_off": 12.5, "name": "=1+1"})
        client.v1.customers.create({"name": '"Zoë"\n🦓', "phone": "+41441234567"})
        yield client


def _values(rows: pd.DataFrame) -> Rows:
    """Return a frame's cells as Python's own values."""
    found = {}
    for name, values in rows.items():
        cells = values.astype(object).where(values.notna(), None)
        found[str(name)] = [
            each.to_pydatetime() if isinstance(each, pd.Timestamp) else each
            for each in cells
        ]
    return found


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return _digits(value) if isinstance(value, Decimal) else str(value)


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _by_arrow(table: pa.Table) -> Rows:
    return {name: table[name].to_pylist() for name in table.column_names}


def _check_csv(path: Path, expected: Rows) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == list(expected)
    columns = list(zip(*lines, strict=True))
    for cells, (name, values) in zip(columns, expected.items(), strict=True):
        assert list(cells) == [_as_text(value) for value in values], name


def _check_jsonl(path: Path, expected: Rows) -> None:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for name, values in expected.items():
        held = [
            _as_text(value) if isinstance(value, datetime | Decimal) else value
            for value in values
        ]
        assert [line[name] for line in lines] == held, name


def _check_parquet(path: Path, expected: Rows) -> None:
    assert _by_arrow(pq.read_table(path)) == expected
    with duckdb.connect() as there:
        there.execute("set timezone = 'UTC'")
        found = there.read_parquet(str(path)).to_arrow_table()
    assert _by_arrow(found) == expected


def _check_feather(path: Path, expected: Rows) -> None:
    assert _by_arrow(pf.read_table(path)) == expected


def _check_duckdb(path: Path, expected: Rows) -> None:
    with duckdb.connect(path) as there:
        there.execute("set timezone = 'UTC'")
        found = there.table("t").to_arrow_table()
    assert _by_arrow(found) == expected


def _check_xlsx(path: Path, expected: Rows) -> None:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    header, *lines = sheet.iter_rows(values_only=True)
    assert list(header) == list(expected)
    for number, (name, values) in enumerate(expected.items()):
        for line, value in zip(lines, values, strict=True):
            assert line[number] == _in_sheet(value), name


def _in_sheet(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal):
        return float(value)
    # A sheet doesn't tell an empty text from an empty cell.
    return None if value == "" else value


def _check_sqlite(path: Path, expected: Rows) -> None:
    with closing(sqlite3.connect(path)) as there:
        cursor = there.execute("select * from t")
        names = [name for name, *_ in cursor.description]
        columns = list(zip(*cursor.fetchall(), strict=True))
    assert names == list(expected)
    for cells, (name, values) in zip(columns, expected.items(), strict=True):
        held = [
            value.strftime("%Y-%m-%d %H:%M:%S.%f")
            if isinstance(value, datetime)
            else _digits(value)
            if isinstance(value, Decimal)
            else value
            for value in values
        ]
        assert list(cells) == held, name


CHECKS: dict[str, Callable[[Path, Rows], None]] = {
    "csv": _check_csv,
    "jsonl": _check_jsonl,
    "parquet": _check_parquet,
    "feather": _check_feather,
    "duckdb": _check_duckdb,
    "xlsx": _check_xlsx,
    "sqlite": _check_sqlite,
}


@pytest.mark.parametrize("name", simulated_lists())
def test_every_cell_is_read_back(shop: Client, tmp_path: Path, name: str) -> None:
    rows = frame(name, client=shop)
    expected = _values(rows)
    for kind, check in CHECKS.items():
        path = tmp_path / f"t.{kind}"
        is_database = kind in ("duckdb", "sqlite")
        export(
            name,
            f"sqlite:///{path}" if kind == "sqlite" else str(path),
            client=shop,
            table="t" if is_database else None,
            neutralise_formulas=False,
        )
        if len(rows):
            check(path, expected)


def test_what_a_frame_says_of_itself_is_json_and_in_its_file(
    shop: Client, tmp_path: Path
) -> None:
    rows = frame("customers", created=("2020-01-01", None), client=shop)
    assert json.loads(json.dumps(rows.attrs)) == rows.attrs
    for path in (tmp_path / "frame.parquet", tmp_path / "pandas.parquet"):
        if path.stem == "frame":
            export(rows, path)
        else:
            rows.to_parquet(path)
        assert pd.read_parquet(path).attrs == rows.attrs
    listed = export(
        "customers", tmp_path / "l.parquet", created="2020-01-01..", client=shop
    )
    attrs = pd.read_parquet(listed).attrs
    assert attrs.keys() == rows.attrs.keys()
    for part in ("amounts", "resource", "window", "complete"):
        assert attrs[part] == rows.attrs[part]
