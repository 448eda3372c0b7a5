"""Stores far away, by the one that fsspec has in memory and by its file store."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from stripe_nb.errors import ExportError
from stripe_nb.export import export
from stripe_nb.export.many import export_many
from stripe_nb.export.request import Request
from stripe_nb.frames import frame, to_frame
from stripe_nb.session import Client

ROWS = to_frame([{"object": "coupon", "id": "a", "created": 1_767_225_600}])


@pytest.fixture
def store() -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


def test_a_file_arrives_with_its_certificate(client: Client, store: Any) -> None:
    client.v1.customers.create({"name": "Ada"})
    done = export("customers", "memory://shop/c.parquet", client=client)
    assert done == "memory://shop/c.parquet"
    assert sorted(store.find("/")) == [
        "/shop/c.parquet",
        "/shop/c.parquet.certificate.json",
    ]
    found = pd.read_parquet(io.BytesIO(store.cat("/shop/c.parquet")))
    pd.testing.assert_frame_equal(found, frame("customers", client=client))
    assert json.loads(store.cat("/shop/c.parquet.certificate.json"))["rows"] == 1
    export(ROWS, "memory://shop/c.parquet")
    assert store.find("/") == ["/shop/c.parquet"]


def test_a_folder_is_replaced_part_by_part(store: Any) -> None:
    export(ROWS, "memory://lake/coupons/")
    store.pipe("/lake/coupons/mine.txt", b"x")
    export(ROWS, "memory://lake/coupons/")
    found = store.find("/lake/coupons")
    assert len([name for name in found if name.endswith(".parquet")]) == 1
    assert "/lake/coupons/mine.txt" in found


def test_a_file_store_of_this_machine_works_too(tmp_path: Path) -> None:
    export(ROWS, f"file://{tmp_path}/a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_an_upload_that_fails_leaves_the_older_file(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(ROWS, "memory://shop/a.csv")
    before = store.cat("/shop/a.csv")

    def broken(*_: object, **__: object) -> None:
        raise OSError("memory://me:secret@shop/a.csv is gone")

    monkeypatch.setattr(type(store), "put_file", broken)
    with pytest.raises(ExportError, match="can't write to memory://") as caught:
        export(ROWS.iloc[:0], "memory://me:secret@shop/a.csv")
    assert "secret" not in str(caught.value)
    assert store.cat("/shop/a.csv") == before
    with pytest.raises(ExportError, match="exists already"):
        export(ROWS, "memory://shop/a.csv", overwrite=False)


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("memory://shop/a.docx", "'a.docx' has no suffix"),
        ("memory://shop", "'shop' has no suffix"),
        ("nosuch://shop/a.csv", "nosuch:// is the address of no store"),
        ("no+such://shop", "no dialect 'no"),
    ],
)
def test_an_address_that_means_nothing_is_told(url: str, cause: str) -> None:
    with pytest.raises(ExportError, match=cause.replace("+", r"\+")):
        export(ROWS, url)


def test_several_lists_go_into_folders_by_month_on_a_store(
    client: Client, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.v1.customers.create({"name": "Ada"})
    names = ["customers", "reporting.report_types"]
    (dated, undated) = export_many(names, Request(place="memory://lake/"))
    found = [name for name in store.find("/lake") if name.endswith(".parquet")]
    assert (dated.written, undated.skipped) == ("memory://lake/customers/", None)
    assert found[0].startswith("/lake/customers/created_month=20")
    assert len(found) == 2
    assert found[1].startswith("/lake/reporting_report_types/no_month-0")
    moved: list[str] = []
    move = type(store).mv

    def noting(self: Any, here: str, there: str) -> None:
        moved.append(there)
        move(self, here, there)

    # Each thread has a store of its own.
    monkeypatch.setattr(type(store), "mv", noting)
    list(export_many(names[1:], Request(place="memory://lake/")))
    assert moved[-1].endswith("_certificate.json")
    again = store.find("/lake/reporting_report_types")
    assert len([name for name in again if name.endswith(".parquet")]) == 1
