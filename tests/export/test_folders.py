"""Folders of Parquet, one subfolder per month."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pytest

from stripe_nb.errors import ExportError
from stripe_nb.export import export, folder_target
from stripe_nb.export.many import export_many
from stripe_nb.export.request import Request
from stripe_nb.frames import frame, to_frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

ROWS = to_frame(
    [
        {"object": "coupon", "id": f"c{n}", "created": 1_767_225_600 + n * 1_300_000}
        for n in (5, 0, 3, 1)
    ]
)


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as box, connect(sandbox=box) as client:
        yield client


def _months(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_a_folder_reads_as_one_table(shop: Client, tmp_path: Path) -> None:
    export("charges", f"{tmp_path}/lake/", client=shop)
    expected = frame("charges", client=shop)
    table = duckdb.read_parquet(f"{tmp_path}/lake/*/*.parquet", hive_partitioning=True)
    assert table.columns == [*expected.columns, "created_month"]
    rows = table.order("created desc, id").project("id, created_month").fetchall()
    months = expected["created"].dt.strftime("%Y-%m")
    pairs = zip(expected["id"], months, strict=True)
    assert sorted(rows) == sorted(pairs)
    dataset = ds.dataset(tmp_path / "lake", partitioning="hive")
    assert dataset.count_rows() == len(expected)
    told = json.loads((tmp_path / "lake" / "_certificate.json").read_text("utf-8"))
    assert told["rows"] == len(expected)


def test_rows_in_any_order_and_without_a_time_find_their_month(tmp_path: Path) -> None:
    undated: Any = pd.NaT
    rows: list[Any] = [ROWS, ROWS.assign(created=undated)]
    export(pd.concat(rows), f"{tmp_path}/lake/")
    lake = tmp_path / "lake"
    assert _months(lake) == [
        "created_month=2026-01",
        "created_month=2026-02",
        "created_month=2026-03",
        "created_month=__HIVE_DEFAULT_PARTITION__",
    ]
    assert ds.dataset(lake, partitioning="hive").count_rows() == 8


def test_rows_that_all_lack_a_time_are_read_by_everybody(tmp_path: Path) -> None:
    undated: Any = pd.NaT
    export(ROWS.assign(created=undated), f"{tmp_path}/lake/")
    lake = tmp_path / "lake"
    assert [path.name for path in lake.iterdir()] == ["no_month-0.parquet"]
    expected = set(ROWS["id"])
    assert set(pd.read_parquet(lake)["id"]) == expected
    assert set(ds.dataset(lake, partitioning="hive").to_table()["id"].to_pylist()) == (
        expected
    )
    assert duckdb.read_parquet(f"{lake}/*.parquet").count("*").fetchall() == [(4,)]
    export(ROWS, f"{lake}/")
    assert len(_months(lake)) == 3


@pytest.mark.parametrize("name", ["lake/", "warehouse.duckdb"])
def test_several_lists_are_not_added_to_what_is_there(
    shop: Client, tmp_path: Path, name: str
) -> None:
    request = Request(place=f"{tmp_path}/{name}", append=True, pull={"client": shop})
    with pytest.raises(ExportError, match="append adds to one table; for several"):
        list(export_many(["customers", "charges"], request))
    assert not list(tmp_path.iterdir())


def test_an_empty_list_still_has_its_columns(shop: Client, tmp_path: Path) -> None:
    export("topups", f"{tmp_path}/lake/", client=shop)
    found = duckdb.read_parquet(f"{tmp_path}/lake/**/*.parquet")
    assert "amount" in found.columns
    assert found.fetchall() == []
    assert pd.read_parquet(tmp_path / "lake").empty


def test_a_folder_is_exchanged_as_a_whole(tmp_path: Path) -> None:
    export(ROWS, f"{tmp_path}/lake/")
    export(ROWS.iloc[:1], f"{tmp_path}/lake/")
    assert _months(tmp_path / "lake") == ["created_month=2026-03"]
    assert list(tmp_path.iterdir()) == [tmp_path / "lake"]


def test_a_failure_leaves_the_older_folder_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(ROWS, f"{tmp_path}/lake/")
    before = _months(tmp_path / "lake")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_target, "_by_month", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(ROWS.iloc[:1], f"{tmp_path}/lake/")
    assert _months(tmp_path / "lake") == before
    assert list(tmp_path.iterdir()) == [tmp_path / "lake"]


def test_a_kill_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    export(ROWS, f"{tmp_path}/lake/")
    (tmp_path / "lake").rename(tmp_path / ".lake.former")
    with pytest.raises(ExportError, match="exists already"):
        export(ROWS, f"{tmp_path}/lake/", overwrite=False)
    assert len(_months(tmp_path / "lake")) == 3


def test_what_is_not_an_export_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(ExportError, match=r"holds 'thesis\.doc', which is no part"):
        export(ROWS, f"{tmp_path}/")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="is a file; leave the last / out"):
        export(ROWS, f"{tmp_path}/file/")
    with pytest.raises(ExportError, match="nowhere' does not exist; create it"):
        export(ROWS, f"{tmp_path}/nowhere/lake/")


def test_rows_that_have_no_time_stand_in_one_file(tmp_path: Path) -> None:
    rows = pd.DataFrame({"id": ["a", "b"]})
    export(rows, f"{tmp_path}/lake/")
    lake = tmp_path / "lake"
    assert [each.name for each in lake.iterdir()] == ["no_month-0.parquet"]
    found = ds.dataset(lake, partitioning="hive").to_table()
    assert found["id"].to_pylist() == ["a", "b"]
    assert pd.read_parquet(lake)["id"].tolist() == ["a", "b"]
    read = duckdb.read_parquet(f"{lake}/**/*.parquet", hive_partitioning=True)
    assert read.fetchall() == [("a",), ("b",)]
    export(rows[:1], f"{tmp_path}/lake/")
    assert pd.read_parquet(lake)["id"].tolist() == ["a"]
