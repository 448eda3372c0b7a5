"""Values that formats have no type for: one rule for all, and nothing lost unsaid."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from stripe_nb.errors import ExportError
from stripe_nb.export import export

# value, as text
ODD: list[tuple[Any, str]] = [
    (timedelta(days=1, hours=2), "P1DT2H0M0S"),
    (timedelta(microseconds=-500_000), "P-1DT23H59M59.5S"),
    (pd.Timedelta(1, "ns"), "P0DT0H0M0.000000001S"),
    (time(1, 2, 3), "01:02:03"),
    (time(1, 2, 3, 5), "01:02:03.000005"),
    (pd.Period("2026-01"), "2026-01"),
    (pd.Period("2026Q1"), "2026Q1"),
    (pd.Interval(0.5, 1.5), "(0.5, 1.5]"),
    ([{"b": 1, "a": datetime(2026, 1, 1, tzinfo=UTC)}], ""),
]
# pandas has no categories that are lists, and older Arrows none that are periods.
CATEGORIES = [each for each in ODD if not isinstance(each[0], list | pd.Period)]
CASES = [(*each, None) for each in ODD] + [(*each, "category") for each in CATEGORIES]


def _read(path: Path) -> list[Any]:
    """Return the first column's values, as another reads them."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [row["a"] for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line)["a"] for line in path.read_text().splitlines()]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    with closing(sqlite3.connect(path)) as there:
        return [value for (value,) in there.execute("select a from t")]


def _written(rows: pd.DataFrame, path: Path) -> list[Any]:
    is_database = path.suffix == ".sqlite"
    place = f"sqlite:///{path}" if is_database else str(path)
    export(rows, place, **({"table": "t"} if is_database else {}))
    return _read(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx", "sqlite"])
@pytest.mark.parametrize(("value", "text", "kind"), CASES, ids=str)
def test_what_a_format_has_no_type_for_is_one_text_in_all(
    tmp_path: Path, value: Any, text: str, suffix: str, kind: str | None
) -> None:
    if isinstance(value, list):
        json_text = '[{"a":"2026-01-01T00:00:00Z","b":1}]'
        text = json.loads(json_text) if suffix == "jsonl" else json_text
    rows = pd.DataFrame({"a": pd.Series([value, None], dtype=kind), "id": [1, 2]})
    nothing = "" if suffix == "csv" else None
    assert _written(rows, tmp_path / f"t.{suffix}") == [text, nothing]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx", "sqlite"])
def test_the_intervals_of_pandas_cut_are_texts(tmp_path: Path, suffix: str) -> None:
    rows = pd.DataFrame({"a": pd.cut(pd.Series([1, 5]), [0, 2, 6])})
    assert _written(rows, tmp_path / f"t.{suffix}") == ["(0, 2]", "(2, 6]"]


@pytest.mark.parametrize("append", [False, True])
def test_duckdb_holds_periods_and_intervals_as_text(
    tmp_path: Path, append: bool
) -> None:
    rows = pd.DataFrame(
        {
            "id": [1, 2],
            "month": pd.Series([pd.Period("2026-01"), None], dtype="period[M]"),
            "range": pd.Series([pd.Interval(0.5, 1.5), None], dtype="interval"),
            "bin": pd.cut(pd.Series([1, 5]), [0, 2, 6]),
        }
    )
    path = tmp_path / "w.duckdb"
    export(rows, path, table="t", append=append)
    with duckdb.connect(path) as there:
        assert there.execute("select * from t").fetchall() == [
            (1, "2026-01", "(0.5, 1.5]", "(0, 2]"),
            (2, None, None, "(2, 6]"),
        ]


@pytest.mark.parametrize("text", [text for _, text in ODD if text.startswith("P")])
def test_pandas_reads_durations_back(text: str) -> None:
    values = [value for value, written in ODD if written == text]
    assert [pd.Timedelta(text)] == values


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx"])
@pytest.mark.parametrize("data", [b"\x00\xff", b"abc"])
def test_bytes_are_base64_where_only_text_is(
    tmp_path: Path, data: bytes, suffix: str
) -> None:
    text = {b"\x00\xff": "AP8=", b"abc": "YWJj"}[data]
    assert _written(pd.DataFrame({"a": [data]}), tmp_path / f"t.{suffix}") == [text]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "sqlite"])
def test_decimals_have_no_zeros_of_their_dtype(tmp_path: Path, suffix: str) -> None:
    kind = pd.ArrowDtype(pa.decimal128(38, 12))
    rows = pd.DataFrame({"a": pd.Series([Decimal("12.50"), Decimal(1)], dtype=kind)})
    assert _written(rows, tmp_path / f"t.{suffix}") == ["12.5", "1"]


# What the column holds, which formats would make a null of it.
INFINITE = {"inf": [1.5, float("inf")], "-inf": [float("-inf")], "nan": [float("nan")]}
TEXTS_OF_NESTED = ["csv", "jsonl", "xlsx", "sqlite"]


def _arrow(values: list[Any], kind: pa.DataType) -> pd.DataFrame:
    # pandas' own floats take NaN for missing, which is what a null says.
    return pd.DataFrame({"a": pd.array(pa.array(values, kind), pd.ArrowDtype(kind))})


@pytest.mark.parametrize("values", INFINITE.values(), ids=INFINITE)
def test_a_number_that_json_lacks_is_no_null(
    tmp_path: Path, values: list[float]
) -> None:
    cause = r"^JSON has no number such as NaN or infinity, and column 'a' holds one; "
    with pytest.raises(ExportError, match=cause):
        export(_arrow(values, pa.float64()), tmp_path / "t.jsonl")
    for suffix in TEXTS_OF_NESTED:
        kind = pa.struct([("b", pa.list_(pa.float64()))])
        with pytest.raises(ExportError, match=cause):
            _written(_arrow([None, {"b": values}], kind), tmp_path / f"t.{suffix}")
    assert [each.name for each in tmp_path.iterdir()] in ([], ["t.sqlite"])
    text = "nan" if values == INFINITE["nan"] else str(values[-1])
    assert _written(_arrow(values, pa.float64()), tmp_path / "t.csv")[-1] == text
    assert _written(_arrow(values, pa.float64()), tmp_path / "t.xlsx")[-1] == text


def test_sqlite_takes_infinity_and_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    infinite = [*INFINITE["inf"], None]
    assert _written(_arrow(infinite, pa.float64()), path) == infinite
    with pytest.raises(ExportError, match="SQLite has no number such as NaN"):
        _written(_arrow(INFINITE["nan"], pa.float64()), path)
    assert _read(path) == infinite


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx", "sqlite"])
def test_a_nan_of_pandas_is_missing(tmp_path: Path, suffix: str) -> None:
    rows = pd.DataFrame({"a": [1.5, float("nan")], "id": [1, 2]})
    found = _written(rows, tmp_path / f"t.{suffix}")
    assert [found[0] and float(found[0]), found[1] or None] == [1.5, None]


HIDDEN = {
    "blank": " ",
    "no-break blank": "\xa0",
    "wide blank": "\u3000",
    "tab": "\t",
    "lines": "\r\n\n",
    "byte order mark": "\ufeff",
    "zero-width": "\u200b\u200d",
    "right to left": "\u202e",
    "null": "\0",
    "several": " \ufeff\t ",
}


@pytest.mark.parametrize("before", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫")  # noqa: RUF001
def test_a_formula_hides_behind_nothing(tmp_path: Path, before: str, sign: str) -> None:
    text = f"{before}{sign}cmd|' /C calc'!A0"
    assert _written(pd.DataFrame({"a": [text]}), tmp_path / "t.csv") == [f"'{text}"]


@pytest.mark.parametrize(
    "text",
    ["-5", "-12.50", "5", " x", "\u200bx", "(-5)", "'=1", "a=b", "ada@example.com"],
)
def test_what_runs_nothing_stays(tmp_path: Path, text: str) -> None:
    assert _written(pd.DataFrame({"a": [text]}), tmp_path / "t.csv") == [text]


@pytest.mark.parametrize("text", ["-", "--5", "-5 ", "-5-5", "-1e5", "+41441234567"])
def test_what_only_looks_like_a_number_is_met(tmp_path: Path, text: str) -> None:
    assert _written(pd.DataFrame({"a": [text]}), tmp_path / "t.csv") == [f"'{text}"]
