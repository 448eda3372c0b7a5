from __future__ import annotations

import csv
import errno
import gc
import gzip
import hashlib
import json
import math
import os
import re
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.errors import ExportError, FrameError
from stripe_nb.export import export, rows
from stripe_nb.export.certificate import sidecar
from stripe_nb.export.outlet import Outlet
from stripe_nb.frames import frame, reader, to_frame
from stripe_nb.frames.chunk import Chunk
from stripe_nb.frames.fetch import Piece, Pull
from stripe_nb.money import to_major
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

SUFFIXES = [".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".parquet"]
NASTY = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx"]
PLAIN = ["x=1", "", " ", "'=1", "a,b", 'say "hi"', "two\nlines", "Zoë 🦓", "NULL"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    """Customers of whom only the oldest has a phone and a metadata key."""
    with Sandbox(seed=7, clock="2026-01-15") as box, connect(sandbox=box) as client:
        client.v1.customers.create({"phone": "+1555", "metadata": {"old": "yes"}})
        for number in range(129):
            client.v1.customers.create(
                {"name": NASTY[number % 7], "metadata": {"n": str(number)}}
            )
        yield client


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _query(sql: str) -> list[Any]:
    with duckdb.connect() as database:
        return database.execute(sql).fetchall()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_export_writes_all_rows_and_nothing_else(
    shop: Client, tmp_path: Path, suffix: str
) -> None:
    path = export("customers", tmp_path / f"customers{suffix}", client=shop)
    assert sorted(tmp_path.iterdir()) == [path, sidecar(path)]
    expected = frame("customers", client=shop)
    found = duckdb.read_json if suffix.startswith(".jsonl") else duckdb.read_csv
    read = duckdb.read_parquet if suffix == ".parquet" else found
    table = read(str(path))
    assert table.columns == expected.columns.tolist()
    assert table.project("id").fetchall() == [(name,) for name in expected["id"]]


def test_parquet_gives_the_frame_back(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One cursor, also on a machine so busy that answers take their time.
    monkeypatch.setattr(reader, "_SLOW_SECONDS", math.inf)
    expected = frame("customers", client=shop)
    path = export("customers", tmp_path / "customers.parquet", client=shop)
    found = pd.read_parquet(path)
    pd.testing.assert_frame_equal(found, expected)
    # They were read at different times, and are alike otherwise.
    for attrs in (found.attrs, expected.attrs):
        assert attrs["certificate"].pop("fetched_at")
    assert found.attrs == expected.attrs


def test_parquet_of_no_rows_keeps_the_dtypes(shop: Client, tmp_path: Path) -> None:
    path = export("coupons", tmp_path / "coupons.parquet", client=shop)
    found, expected = pd.read_parquet(path), frame("coupons", client=shop)
    # A Parquet file holds the categories of its rows, and there are none.
    plain = [c for c in expected if expected[c].dtype != "category"]
    assert found[plain].dtypes.equals(expected[plain].dtypes)
    assert found.columns.equals(expected.columns)


def test_parquet_types_are_those_that_databases_know(
    shop: Client, tmp_path: Path
) -> None:
    path = export("prices", tmp_path / "prices.parquet", client=shop)
    table = duckdb.read_parquet(str(path))
    types = dict(zip(table.columns, map(str, table.types), strict=True))
    assert types["unit_amount"] == "BIGINT"
    assert types["unit_amount_decimal"] == "DECIMAL(38,12)"
    assert types["active"] == "BOOLEAN"
    assert types["created"] == "TIMESTAMP WITH TIME ZONE"
    kind = pq.read_schema(path).field("billing_scheme").type
    assert pa.types.is_dictionary(kind)


def test_csv_gives_the_values_back(shop: Client, tmp_path: Path) -> None:
    expected = frame("customers", client=shop)
    path = export(
        "customers", tmp_path / "c.csv", client=shop, neutralise_formulas=False
    )
    found = pd.read_csv(path, dtype="string")
    for name, column in expected.items():
        values = column
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            held = pd.to_datetime(found[name], utc=True).astype(values.dtype)
        elif isinstance(values.dtype, pd.BooleanDtype):
            held = found[name].map({"true": True, "false": False}).astype("boolean")
        elif isinstance(values.dtype, pd.CategoricalDtype):
            values = column.astype("string")
            held = found[name]
        else:
            held = found[name].astype(values.dtype)
        pd.testing.assert_series_equal(held, values)


def test_csv_times_are_iso_and_in_utc(shop: Client, tmp_path: Path) -> None:
    path = export("customers", tmp_path / "c.csv", client=shop, limit=1)
    created = frame("customers", client=shop, limit=1)["created"]
    expected = created.dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist()
    assert [row["created"] for row in _rows(path)] == expected


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("kind", ["string", "category", "object"])
def test_csv_neutralises_formulas_in_cells_and_names(
    tmp_path: Path, text: str, kind: str
) -> None:
    table = pd.DataFrame({"=name": pd.Series([text, None], dtype=kind), "n": [-1, 2]})
    guarded = export(table, tmp_path / "guarded.csv")
    with guarded.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["'=name", "n"],
            ["'" + text, "-1"],
            ["", "2"],
        ]
    bare = export(table, tmp_path / "bare.csv", neutralise_formulas=False)
    with bare.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["=name", "n"], [text, "-1"], ["", "2"]]


@given(text=st.text(alphabet=st.characters(codec="utf-8")))
def test_csv_keeps_every_text(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    export(pd.DataFrame({"a": [text], "b": [1]}), path)
    with path.open(encoding="utf-8", newline="") as file:
        held = list(csv.reader(file))[1][0]
    assert held == ("'" + text if _may_run(text) else text)


def _may_run(text: str) -> bool:
    seen = text.lstrip("".join(filter(_is_skipped, text)))
    is_number = re.fullmatch(r"-[0-9]+(\.[0-9]+)?", text)
    signs = unicodedata.normalize("NFKC", seen[:1]) in ("=", "+", "-", "@")
    return not is_number and (text[:1] in ("\t", "\r", "\n") or signs)


def _is_skipped(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs")


@pytest.mark.parametrize("text", PLAIN)
def test_csv_leaves_other_texts_alone_for_duckdb_too(tmp_path: Path, text: str) -> None:
    path = export(pd.DataFrame({"a": [text], "b": [1]}), tmp_path / "t.csv")
    options = "header=true, all_varchar=true, allow_quoted_nulls=false"
    found = _query(f"from read_csv('{path}', {options})")
    assert found == [(text, "1")]


def test_csv_tells_null_from_empty(tmp_path: Path) -> None:
    path = export(pd.DataFrame({"a": ["", None], "b": [1, 2]}), tmp_path / "t.csv")
    assert path.read_bytes() == b'"a","b"\n"",1\n,2\n'


def test_csv_writes_decimals_plainly_and_exactly(tmp_path: Path) -> None:
    rows = [(0, "usd"), (-1234, "usd"), (500, "jpy"), (5124, "kwd"), (None, None)]
    charges = to_major(
        to_frame(
            [{"object": "charge", "amount": a, "currency": c} for a, c in rows],
            fields=["amount", "currency"],
        )
    )
    path = export(charges, tmp_path / "t.csv")
    held = [row["amount_display"] for row in _rows(path)]
    assert held == ["0", "-12.34", "500", "5.124", ""]
    parquet = export(charges, tmp_path / "t.parquet")
    total = _query(f"select sum(amount_display) from '{parquet}'")
    assert total == [(Decimal("492.784"),)]


def test_gzipped_csv_is_the_same_csv_each_time(shop: Client, tmp_path: Path) -> None:
    plain = export("customers", tmp_path / "c.csv", client=shop)
    packed = export("customers", tmp_path / "c.csv.gz", client=shop)
    again = export("customers", tmp_path / "other.CSV.GZ", client=shop)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()


def test_jsonl_rows_are_the_frames(shop: Client, tmp_path: Path) -> None:
    path = export("customers", tmp_path / "c.jsonl", client=shop, limit=2)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    expected = frame("customers", client=shop, limit=2)
    assert [row["id"] for row in rows] == expected["id"].tolist()
    assert list(rows[0]) == expected.columns.tolist()
    times = expected["created"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist()
    assert [row["created"] for row in rows] == times
    assert rows[0]["phone"] is None


def test_what_a_frame_takes_an_export_takes(shop: Client, tmp_path: Path) -> None:
    window = ("2026-01-15", "2026-01-15T00:00:10Z")
    options: dict[str, Any] = {"created": window, "fields": ["id", "metadata"]}
    path = export("customers", tmp_path / "c.parquet", client=shop, **options)
    expected = frame("customers", client=shop, **options)
    assert 0 < len(expected) < 20
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected)
    with pytest.raises(FrameError, match=r"did you mean 'email'\?$"):
        export("customers", tmp_path / "x.csv", client=shop, emial="x")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_frame_is_written_as_it_is(tmp_path: Path, suffix: str) -> None:
    table = to_frame([{"object": "customer", "id": f"cus_{n}"} for n in range(3)])
    path = export(table, tmp_path / f"t{suffix}")
    assert path.stat().st_size > 0
    if suffix == ".parquet":
        found = pd.read_parquet(path)
        pd.testing.assert_frame_equal(found, table)
        assert found.attrs == table.attrs


def test_a_named_index_is_kept_and_fields_select(tmp_path: Path) -> None:
    table = pd.DataFrame({"currency": ["usd", "eur"], "n": [1, 2], "m": [3, 4]})
    path = export(table.set_index("currency"), tmp_path / "a.csv", fields=["n"])
    assert path.read_text() == '"currency","n"\n"usd",1\n"eur",2\n'
    with pytest.raises(ExportError, match="no column 'x'"):
        export(table, tmp_path / "a.csv", fields=["x"])


def test_a_frame_takes_no_filters(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="limit can't be applied to a DataFrame"):
        export(pd.DataFrame({"a": [1]}), tmp_path / "a.csv", limit=1)


def test_odd_frames_are_refused_or_written(tmp_path: Path) -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(ExportError, match="two columns 'a'"):
        export(twice, tmp_path / "a.csv")
    mixed = pd.DataFrame({"a": [1, "x", b"y"]})
    with pytest.raises(ExportError, match="mixed types"):
        export(mixed, tmp_path / "a.parquet")
    nested = pd.DataFrame({"a": [{"b": [1]}, None]})
    assert _rows(export(nested, tmp_path / "a.csv"))[0]["a"] == '{"b":[1]}'


@pytest.mark.parametrize("name", ["a", "a.txt", "csv", "a.xls", "a.csv.zip"])
def test_an_unknown_suffix_tells_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"\.csv, \.csv\.gz, .*, \.jsonl, .*, \.xlsx"):
        export("customers", tmp_path / name)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nowhere' does not exist; create it"):
        export("customers", tmp_path / "nowhere" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ExportError, match="is a folder; name a file in it"):
        export("customers", tmp_path / "folder.csv")


def test_overwrite_can_be_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ExportError, match="exists already"):
        export(pd.DataFrame({"a": [1]}), path, overwrite=False)
    assert path.read_text() == "old"
    export(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == '"a"\n1\n'


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("failure", [KeyboardInterrupt, stripe.RateLimitError])
def test_a_failure_leaves_the_old_file_and_no_other(
    shop: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    failure: type[BaseException],
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    read = Pull.pieces

    def fails_early(pull: Pull, **options: Any) -> Iterator[Piece[Chunk]]:
        for piece in read(pull, **options):
            yield replace(piece, covered=None)
            raise failure

    monkeypatch.setattr(Pull, "pieces", fails_early)
    with pytest.raises(failure):
        export("customers", path, client=shop)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    span: Any = pa.month_day_nano_interval()
    table = pd.DataFrame({"a": pd.Series([None], dtype=pd.ArrowDtype(span))})
    with pytest.raises(ExportError, match=r"\.csv can't hold these values"):
        export(table, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_the_file_has_the_usual_permissions_or_the_old_ones(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1]})
    usual = tmp_path / "usual"
    usual.touch()
    path = export(table, tmp_path / "a.csv")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    path.chmod(0o600)
    assert stat.S_IMODE(export(table, path).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    export(pd.DataFrame({"a": [1]}), link)
    assert link.is_symlink()
    assert real.read_text() == '"a"\n1\n'


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX only")
def test_a_system_error_tells_its_cause(
    tmp_path: Path,
) -> None:
    long = tmp_path / ("x" * 252 + ".csv")
    with pytest.raises(ExportError, match=r"can't write .*too long"):
        export(pd.DataFrame({"a": [1]}), long)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_failure_while_writing_ends_the_writer_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("as it was")

    def break_off(table: pa.Table) -> Iterator[pa.Table]:
        yield table
        raise KeyboardInterrupt

    monkeypatch.setattr(rows, "_slices", break_off)
    with pytest.raises(KeyboardInterrupt):
        export(pd.DataFrame({"a": [1]}), path)
    gc.collect()
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_disk_that_is_full_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Outlet, "write", full)
    with pytest.raises(ExportError, match="No space left"):
        export(pd.DataFrame({"a": [1]}), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    path.chmod(0o444)
    with pytest.raises(ExportError, match=r"a\.csv' is read-only; make it writable"):
        export(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").symlink_to(tmp_path / "gone" / "b.csv")
    with pytest.raises(ExportError, match=r"'a\.csv' is a link to '.*gone.b\.csv'"):
        export(pd.DataFrame({"a": [1]}), "a.csv")


def test_objects_at_hand_are_written(shop: Client, tmp_path: Path) -> None:
    page = shop.v1.customers.list({"limit": 3})
    one = export(page, tmp_path / "page.csv", fields=["id"])
    assert [row["id"] for row in _rows(one)] == [each.id for each in page.data]
    two = export(page.data, tmp_path / "objects.csv", fields=["id"])
    three = export(page.data[0].to_dict(), tmp_path / "one.csv")
    assert two.read_bytes() == one.read_bytes()
    assert len(_rows(three)) == 1


@pytest.mark.parametrize("source", [None, 5])
def test_what_is_nothing_to_export_is_refused(source: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="give the name of a resource"):
        export(source, tmp_path / "a.csv")


def test_objects_take_no_filters(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="limit can't be applied to a DataFrame or"):
        export([{"object": "coupon"}], tmp_path / "a.csv", limit=1)


def test_an_empty_page_has_the_columns_of_its_list(
    client: Client, tmp_path: Path
) -> None:
    page = client.v1.coupons.list()
    path = export(page, tmp_path / "none.parquet")
    assert pq.read_schema(path).names == to_frame([], "coupon").columns.tolist()
    as_sent = {"object": "list", "data": [], "url": "/v1/coupons"}
    assert export(as_sent, tmp_path / "b.csv").read_text().startswith('"id"')
    with pytest.raises(ExportError, match="no objects here to tell the columns by"):
        export([], tmp_path / "c.csv")


def test_a_certificate_tells_what_the_file_holds(shop: Client, tmp_path: Path) -> None:
    path = export("customers", tmp_path / "c.parquet", client=shop)
    told = json.loads(sidecar(path).read_text("utf-8"))
    assert (told["resource"], told["rows"], told["complete"]) == ("customer", 130, True)
    assert told["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["file"]["bytes"] == path.stat().st_size


def test_no_certificate_outlives_its_rows(shop: Client, tmp_path: Path) -> None:
    path = export("coupons", tmp_path / "c.csv", client=shop)
    assert sidecar(path).exists()
    export(pd.DataFrame({"a": [1]}), path)
    assert not sidecar(path).exists()
    export("coupons", path, client=shop, certificate=False)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows can't be asked who runs")
def test_drafts_of_killed_processes_are_swept_and_of_running_ones_kept(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    dead = tmp_path / f".c.csv.{ended.pid}-abc.part"
    alive = tmp_path / f".c.csv.{os.getpid()}-abc.part"
    other = tmp_path / f".b.csv.{ended.pid}-abc.part"
    for draft in (dead, alive, other):
        draft.touch()
    export(pd.DataFrame({"a": [1]}), tmp_path / "c.csv")
    assert {path.name for path in tmp_path.iterdir()} == {
        alive.name,
        other.name,
        "c.csv",
    }


def test_columns_of_several_levels_are_named_by_all(tmp_path: Path) -> None:
    sales = pd.DataFrame({"plan": ["a", "a", "b"], "amount": [1, 2, 3]})
    table = sales.groupby("plan").agg({"amount": ["sum", "max"]})
    found = _rows(export(table, tmp_path / "a.csv"))
    assert found[0] == {"plan": "a", "amount_sum": "3", "amount_max": "2"}


def test_a_series_is_no_frame(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"can't write a Series; .*, a DataFrame, or"):
        export(pd.Series([1], name="a"), tmp_path / "a.csv")
