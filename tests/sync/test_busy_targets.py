"""Databases that somebody else has open just when all has been read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import SyncError
from stripe_nb.export import warehouse_target
from stripe_nb.export.spool import Spool
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from stripe_nb.sync import sync
from tests.databases import open_elsewhere, query


@pytest.fixture
def duck(tmp_path: Path) -> str:
    return str(tmp_path / "w.duckdb")


def _once_read(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    finish = Spool.finish

    def finished(spool: Spool, attrs: dict[str, Any]) -> None:
        finish(spool, attrs)
        then()

    monkeypatch.setattr(Spool, "finish", finished)


def _spools(folder: Path) -> list[Path]:
    return list(folder.glob(".*.spool"))


def test_a_reader_that_closes_soon_is_waited_for(
    client: Client, duck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.v1.customers.create({"name": "Ada"})
    sync("customers", duck, client=client)
    with _open_elsewhere_once_read(duck, monkeypatch) as readers:
        # It goes as soon as it has been in the way.
        monkeypatch.setattr(
            warehouse_target, "sleep", lambda _: readers[0].communicate()
        )
        done = sync("customers", duck, client=client, full=True)
    assert len(readers) == 1
    assert done["rows_there"].tolist() == [1]


@contextmanager
def _open_elsewhere_once_read(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[subprocess.Popen[str]]]:
    """Have another process open a database once a list has been read."""
    found: list[subprocess.Popen[str]] = []
    elsewhere = open_elsewhere(place)

    def begin() -> None:
        if not found:
            found.append(elsewhere.__enter__())

    with monkeypatch.context() as patch:
        _once_read(patch, begin)
        yield found
    if found:
        found[0].communicate()
        found[0].wait()


@pytest.mark.parametrize("is_told", [True, False])
def test_what_was_read_is_kept_if_it_can_be_mended(
    sandbox: Sandbox,
    client: Client,
    tmp_path: Path,
    duck: str,
    is_told: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "customers" if is_told else "balance_transactions"
    sync(name, duck, client=client)
    client.v1.customers.create({"name": "Ada"})
    monkeypatch.setattr(warehouse_target, "sleep", lambda _: None)
    told = "another process has it open; close it there first"
    with (
        _open_elsewhere_once_read(duck, monkeypatch),
        pytest.raises(SyncError, match=told) as raised,
    ):
        sync(name, duck, client=client, full=True)
    assert ("what was read is kept for a day" in str(raised.value)) is is_told
    assert _spools(tmp_path)
    before = len(sandbox.requests)
    done = sync(name, duck, client=client, full=True)
    paths = [request.path for request in list(sandbox.requests)[before:]]
    # Once for what was created meanwhile.
    assert paths.count(f"/v1/{name}") == 1
    assert done["rows_there"].tolist() == [int(is_told)]
    assert not _spools(tmp_path)


def test_what_a_kill_left_of_a_list_without_events_goes(
    client: Client, tmp_path: Path, duck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        _once_read(patch, die)
        with pytest.raises(KeyboardInterrupt):
            sync("balance_transactions", duck, client=client)
    assert _spools(tmp_path)
    sync("balance_transactions", duck, client=client)
    assert not _spools(tmp_path)
    held = query(duck, "select status from stripe_nb_runs order by started")
    assert held == [("running",), ("succeeded",)]


def test_what_is_too_old_to_go_on_from_is_removed(
    client: Client, tmp_path: Path, duck: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    sync("customers", duck, client=client)
    with monkeypatch.context() as patch:
        _once_read(patch, die)
        with pytest.raises(KeyboardInterrupt):
            sync("customers", duck, client=client, full=True)
    sync("customers", duck, client=client)
    (spool,) = _spools(tmp_path)
    os.utime(spool, (0, 0))
    sync("customers", duck, client=client)
    assert not _spools(tmp_path)
