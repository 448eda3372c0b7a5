"""Feather, Excel and packed files, held against what others read of them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stripe_nb.errors import ExportError
from stripe_nb.export import export
from stripe_nb.export.formats import xlsx
from stripe_nb.frames import frame
from stripe_nb.session import Client

NOON = datetime(2026, 1, 15, 12, 0, 1, tzinfo=UTC)


@pytest.fixture
def shop(client: Client) -> Client:
    client.v1.customers.create({"name": "=1+1", "metadata": {"old": "yes"}})
    for number in range(5):
        client.v1.customers.create({"name": f"Zoë {number} 🦓"})
    return client


def _sheet(path: Path) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(path)
    return list(book.worksheets[0].iter_rows(values_only=True))


@pytest.mark.parametrize("suffix", [".feather", ".arrow"])
def test_feather_gives_the_frame_back(
    shop: Client, tmp_path: Path, suffix: str
) -> None:
    path = export("customers", tmp_path / f"c{suffix}", client=shop)
    found, expected = pd.read_feather(path), frame("customers", client=shop)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("suffix", [".feather", ".arrow"])
def test_feather_of_no_rows_keeps_the_dtypes(
    shop: Client, tmp_path: Path, suffix: str
) -> None:
    expected = frame("coupons", client=shop)
    listed = export("coupons", tmp_path / f"l{suffix}", client=shop)
    at_hand = export(expected, tmp_path / f"h{suffix}")
    for path in (listed, at_hand):
        found = pd.read_feather(path)
        assert found.empty
        for name, values in expected.items():
            if isinstance(values.dtype, pd.CategoricalDtype):
                names = found[name].cat.categories.tolist()
                assert names == values.cat.categories.tolist()
        pd.testing.assert_frame_equal(found, expected)


def test_zstandard_holds_what_gzip_holds(shop: Client, tmp_path: Path) -> None:
    for kind in ("csv", "jsonl"):
        packed = export("customers", tmp_path / f"c.{kind}.gz", client=shop)
        other = export("customers", tmp_path / f"c.{kind}.zst", client=shop)
        with pa.CompressedInputStream(pa.OSFile(str(other)), "zstd") as stream:
            assert stream.read() == gzip.decompress(packed.read_bytes())


def test_jsonl_is_packed_line_by_line(shop: Client, tmp_path: Path) -> None:
    path = export("customers", tmp_path / "c.jsonl.gz", client=shop)
    lines = gzip.decompress(path.read_bytes()).splitlines()
    expected = frame("customers", client=shop)["id"].tolist()
    assert [json.loads(line)["id"] for line in lines] == expected


@pytest.mark.parametrize("name", ["plan", 'a "b"', "back\\slash", "line\nend", "é 😀"])
def test_jsonl_keeps_any_name_and_value(tmp_path: Path, name: str) -> None:
    values = ["x", 'say "hi"', "a\nb", "\x07", "é 😀", "", None]
    table = pd.DataFrame({name: values, "n": range(len(values)), "0": 1.5})
    lines = export(table, tmp_path / "t.jsonl").read_bytes().splitlines()
    found = [json.loads(line) for line in lines]
    assert [row[name] for row in found] == values
    assert {tuple(row) for row in found} == {(name, "n", "0")}


def test_excel_has_real_dates_numbers_and_truths(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "text": ["Zoë 🦓", "last"],
            "amount": pd.Series([1200, None], dtype="Int64"),
            "rate": [0.25, float("nan")],
            "paid": pd.Series([True, None], dtype="boolean"),
            "at": pd.to_datetime(pd.Series([NOON, None]), utc=True),
            "day": [date(2026, 1, 15), None],
            "exact": [Decimal("12.34"), None],
            "kind": pd.Categorical(["card", None]),
        }
    )
    header, first, second = _sheet(export(rows, tmp_path / "t.xlsx"))
    assert header == tuple(rows.columns)
    noon = NOON.replace(tzinfo=None)
    day = datetime(2026, 1, 15)  # noqa: DTZ001  # a sheet knows no zones
    assert first == ("Zoë 🦓", 1200, 0.25, True, noon, day, 12.34, "card")
    assert second == ("last", *[None] * 7)


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (2**60, "1152921504606846976"),
        (-(10**15), "-1000000000000000"),
        (Decimal("1234567890123456.5"), "1234567890123456.5"),
        (datetime(1876, 3, 10, tzinfo=UTC), "1876-03-10T00:00:00"),
        (float("inf"), "inf"),
        ({"a": [1]}, '{"a":[1]}'),
    ],
    ids=str,
)
def test_excel_writes_as_text_what_it_would_round(
    tmp_path: Path, value: object, held: str
) -> None:
    path = export(pd.DataFrame({"a": [value]}), tmp_path / "t.xlsx")
    assert _sheet(path)[1] == (held,)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "https://x.y"])
@pytest.mark.parametrize("neutral", [True, False])
def test_excel_runs_no_text(tmp_path: Path, text: str, neutral: bool) -> None:
    path = export(
        pd.DataFrame({text: [text]}), tmp_path / "t.xlsx", neutralise_formulas=neutral
    )
    with ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert ('quotePrefix="1"' in styles) is neutral
    assert _sheet(path) == [(text,), (text,)]


def test_excel_shows_times_of_any_zone_in_utc(tmp_path: Path) -> None:
    times = pd.to_datetime(pd.Series([NOON, None]), utc=True)
    zones = ("Europe/Zurich", "Asia/Tokyo")
    columns = {zone: times.dt.tz_convert(zone) for zone in zones}
    path = export(pd.DataFrame({**columns, "id": ["a", "b"]}), tmp_path / "t.xlsx")
    noon = NOON.replace(tzinfo=None)
    assert _sheet(path)[1:] == [(noon, noon, "a"), (None, None, "b")]


HUGE = [2**63 - 1, -(2**63), 2**53 + 1, None, 0]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.duckdb"])
def test_huge_numbers_beside_nulls_stay_exact(tmp_path: Path, name: str) -> None:
    rows = pd.DataFrame({"amount": pd.Series(HUGE, dtype="Int64")})
    path = tmp_path / name
    export(rows, path, **({"table": "t"} if name == "t.duckdb" else {}))
    if name == "t.csv":
        lines = path.read_text().splitlines()[1:]
        assert lines == ["" if value is None else str(value) for value in HUGE]
    elif name == "t.jsonl":
        found = [json.loads(line)["amount"] for line in path.read_text().splitlines()]
        assert found == HUGE
    elif name == "t.parquet":
        assert pd.read_parquet(path)["amount"].dtype == pd.Int64Dtype()
        assert pq.read_table(path)["amount"].to_pylist() == HUGE
    else:
        with duckdb.connect(path) as there:
            held = there.execute("select amount from t").fetchall()
        assert [value for (value,) in held] == HUGE


def test_excel_says_in_one_sentence_what_it_can_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.xlsx"
    with pytest.raises(ExportError, match=r"32,767 characters, .* column 'note'"):
        export(pd.DataFrame({"note": ["🦓" * 16_384]}), path)
    with pytest.raises(ExportError, match="16,384 columns, and here are 16,385"):
        export(pd.DataFrame(columns=[f"c{n}" for n in range(16_385)]), path)
    monkeypatch.setattr(xlsx, "_ROWS", 3)
    with pytest.raises(ExportError, match="holds 2 rows, and here are more; take"):
        export(pd.DataFrame({"a": [1, 2, 3]}), path)
    assert list(tmp_path.iterdir()) == []
