"""Several lists, broken off and run again: what was written isn't read twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pandas as pd
import pytest
import sqlalchemy as sa

from stripe_nb.clock import wall_time
from stripe_nb.errors import ExportError
from stripe_nb.export import export, finished, many, remote_target, warehouse_target
from stripe_nb.export.many import Outcome, export_many
from stripe_nb.export.request import Request
from stripe_nb.frames import reader
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.breaking_off import BrokenOffError, break_off

NAMES = ["customers", "products", "coupons"]
PLACES = ["w.duckdb", "sqlite:///{}/w.db", "lake/", "memory://lake/"]
PAGE, ROWS = 10, 60


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox(seed=7) as box, connect(sandbox=box) as client:
        for number in range(ROWS):
            client.v1.customers.create({"name": f"{number}"})
            client.v1.products.create({"name": f"{number}"})
        client.v1.coupons.create({"percent_off": 5})
        yield client


@pytest.fixture(autouse=True)
def one_small_page_after_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.setattr(many, "_AT_ONCE", 1)
    monkeypatch.setattr(reader, "PAGE", PAGE)
    monkeypatch.setattr(reader, "PIECE", PAGE)
    for module in (finished, remote_target, warehouse_target):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    yield
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def asked(shop: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lists that pages were asked of."""
    found: list[str] = []
    ask = shop.get_bytes

    def watched(path: str, params: Any, **others: Any) -> bytes:
        found.append(path.removeprefix("/v1/"))
        return ask(path, params, **others)

    monkeypatch.setattr(shop, "get_bytes", watched)
    return found


def _broken(
    monkeypatch: pytest.MonkeyPatch, pieces: int, run: Callable[[], Any]
) -> None:
    """See that a run fails as soon as spools have taken so many pieces."""
    with monkeypatch.context() as broken:
        break_off(broken, pieces)
        with pytest.raises(BrokenOffError):
            run()


def _request(place: str, folder: Path, client: Client, **options: Any) -> Request:
    where = place.format(folder) if "://" in place else f"{folder}/{place}"
    return Request(place=where, pull={"client": client}, progress=False, **options)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("overwrite", [True, False])
def test_finished_lists_are_not_read_again(
    shop: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[str],
    place: str,
    overwrite: bool,
) -> None:
    request = _request(place, tmp_path, shop, overwrite=overwrite)
    _broken(monkeypatch, ROWS // PAGE + 2, lambda: list(export_many(NAMES, request)))
    assert {"customers", "products"} <= set(asked)
    asked.clear()
    outcomes = list(export_many(NAMES, request))
    assert [each.earlier for each in outcomes] == [True, False, False]
    assert len({each.written for each in outcomes if "w." in place}) <= 1
    assert "customers" not in asked
    # Nor the pages that were kept of the one under way.
    assert 1 <= asked.count("products") <= ROWS // PAGE - 1
    assert "coupons" in asked
    assert not list(tmp_path.rglob("*.lists"))
    assert not list(tmp_path.glob(".*.spool"))
    asked.clear()
    again = list(export_many(NAMES, _request(place, tmp_path, shop)))
    assert not any(each.earlier for each in again)
    assert set(NAMES) <= set(asked)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_there_any_more_is_read_again(
    shop: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[str],
    place: str,
) -> None:
    request = _request(place, tmp_path, shop)
    _broken(monkeypatch, ROWS // PAGE, lambda: list(export_many(NAMES, request)))
    asked.clear()
    if place == "w.duckdb":
        with duckdb.connect(request.place) as there:
            there.execute("drop table customers")
    elif place.startswith("sqlite"):
        with sa.create_engine(request.place).begin() as database:
            database.execute(sa.text("drop table customers"))
    elif place == "lake/":
        (tmp_path / "lake/customers").rename(tmp_path / "elsewhere")
    else:
        fsspec.filesystem("memory").rm("/lake/customers", recursive=True)
    first, *_ = export_many(NAMES, request)
    assert not first.earlier
    assert "customers" in asked


def test_after_a_day_all_is_read_again(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _request("w.duckdb", tmp_path, shop)
    _broken(monkeypatch, ROWS // PAGE, lambda: list(export_many(NAMES, request)))
    now = wall_time()
    monkeypatch.setattr(finished, "wall_time", lambda: now + 24 * 3600 + 60)
    assert not any(each.earlier for each in export_many(NAMES, request))


def test_a_torn_note_is_no_list(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _request("w.duckdb", tmp_path, shop)
    _broken(monkeypatch, ROWS // PAGE, lambda: list(export_many(NAMES, request)))
    notes = tmp_path / ".w.duckdb.lists"
    notes.write_bytes(notes.read_bytes()[:-20])
    assert not any(each.earlier for each in export_many(NAMES, request))


def test_another_request_knows_nothing_of_it(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _request("w.duckdb", tmp_path, shop)
    _broken(monkeypatch, ROWS // PAGE, lambda: list(export_many(NAMES, request)))
    fewer = Request(place=request.place, pull={"client": shop, "limit": 5})
    (done,) = export_many(["customers"], fewer)
    assert done == Outcome("customers", written=request.place)
    with duckdb.connect(request.place) as there:
        assert there.execute("select count(*) from customers").fetchall() == [(5,)]


def test_one_list_takes_nothing_from_another(
    shop: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    request = _request("w.duckdb", tmp_path, shop)
    export(pd.DataFrame({"a": [1]}), request.place, table="other")
    _broken(monkeypatch, 4, lambda: export("products", request.place, client=shop))
    asked.clear()
    list(export_many(NAMES, request))
    assert asked.count("products") < ROWS // PAGE


def test_a_place_that_can_not_be_is_told() -> None:
    with pytest.raises(ExportError, match=r"can't be a file's name: .*home"):
        list(export_many(NAMES, Request(place="~nobody-by-that-name/w.duckdb")))
