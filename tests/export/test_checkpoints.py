"""Exports that are killed, and what the same export makes of what they left."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.errors import ExportError, OutOfReachError
from stripe_nb.export import export, warehouse_target
from stripe_nb.export import spool as spools
from stripe_nb.export.spool import Spool
from stripe_nb.frames import frame, reader, to_frame
from stripe_nb.frames.chunk import Chunk, chunk_of
from stripe_nb.frames.fetch import Piece, Pull
from stripe_nb.frames.schema import schema_of
from stripe_nb.frames.spans import Span, holds, without
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.databases import open_elsewhere

_EXPORT = """
import sys
from stripe_nb.export import export
from stripe_nb.export import spool as spools
from stripe_nb.session import connect
with connect(sandbox_url=sys.argv[1]) as client:
    print("ready", flush=True)
    export("customers", sys.argv[2], client=client, progress=False)
"""
SPANS = st.lists(
    st.tuples(st.none() | st.integers(0, 40), st.none() | st.integers(0, 40)),
    max_size=5,
)


@pytest.fixture(scope="module")
def slow() -> Iterator[Sandbox]:
    """A few customers, of whom a page takes a while."""
    with Sandbox(seed=7, clock="2026-01-15", faults="latency=0.05s") as box:
        with connect(sandbox=box) as client:
            for number in range(12):
                client.v1.customers.create({"name": f"{number}"})
        yield box


def _chunk(ids: Sequence[str], created: Sequence[int | None]) -> Chunk:
    rows = [{"object": "coupon", "id": name} for name in ids]
    chunk = chunk_of(rows, schema_of("coupon", fields=["id"]))
    return replace(chunk, created=list(created))


def _held(spool: Spool) -> list[str]:
    return [name for c in spool.chunks() for name in c.columns["id"].to_pylist()]


def _leave(folder: Path, *, finish: bool = False) -> None:
    """Fill a spool as a process does that ends in the middle."""
    spool = Spool(folder)
    with pytest.raises(KeyboardInterrupt), spool:  # noqa: PT012  # it fills it first
        spool.begin()
        spool.add(_chunk("dc", [30, 20]), (-40, 0), (21, 40))
        spool.add(_chunk("z", [None]), (-10, 0), None)
        if finish:
            spool.finish({"resource": "coupon"})
        raise KeyboardInterrupt
    assert spool.is_kept


def test_only_what_is_covered_counts_after_a_failure(tmp_path: Path) -> None:
    _leave(tmp_path / "s")
    with Spool(tmp_path / "s") as spool:
        assert spool.covered == [(21, 40)]
        spool.begin()
        spool.add(_chunk("cba", [20, 10, 10]), (-21, 0), (None, 21))
        spool.finish({})
        assert _held(spool) == ["d", "c", "b", "a"]
    assert not (tmp_path / "s").exists()


def test_what_is_whole_is_not_read_again(tmp_path: Path) -> None:
    _leave(tmp_path / "s", finish=True)
    with Spool(tmp_path / "s") as spool:
        assert spool.attrs == {"resource": "coupon"}
        assert sorted(_held(spool)) == ["c", "d", "z"]


@pytest.mark.parametrize("name", ["journal", "rows"])
def test_what_a_kill_tore_is_left_out(tmp_path: Path, name: str) -> None:
    _leave(tmp_path / "whole")
    size = (tmp_path / "whole" / name).stat().st_size
    for cut in range(1, size, max(1, size // 20)):
        folder = tmp_path / f"s{cut}"
        _leave(folder)
        os.truncate(folder / name, size - cut)
        with Spool(folder) as spool:
            assert spool.covered in ([(21, 40)], [])
            spool.begin()
            spool.add(_chunk("y", [50]), (-60, 0), (50, 60))
            assert _held(spool)[0] == "y"


def test_an_old_spool_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave(tmp_path / "s")
    monkeypatch.setattr(spools, "FRESH", -1)
    with Spool(tmp_path / "s") as spool:
        assert spool.covered == []


def test_two_of_the_same_at_once_are_told(tmp_path: Path) -> None:
    with (
        Spool(tmp_path / "s"),
        pytest.raises(ExportError, match="same export is running"),
    ):
        Spool(tmp_path / "s")


@given(asked=SPANS.filter(bool), covered=SPANS)
def test_what_is_left_and_what_is_covered_make_the_whole(
    asked: list[Span], covered: list[Span]
) -> None:
    times = pa.array(range(-1, 42), pa.int64())
    wanted = holds(asked[:1], times).to_pylist()
    here = holds(covered, times).to_pylist()
    left = holds(without(asked[0], covered), times).to_pylist()
    assert left == [w and not h for w, h in zip(wanted, here, strict=True)]


def first(chunk: Chunk, rows: int) -> Chunk:
    """The first of a chunk's rows."""
    return Chunk(
        rows,
        columns={name: values[:rows] for name, values in chunk.columns.items()},
        metadata={name: values[:rows] for name, values in chunk.metadata.items()},
        created=chunk.created[:rows],
    )


def test_a_failure_is_gone_on_from(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(250):
        client.v1.customers.create({"metadata": {f"k{number // 100}": "x"}})
    # One cursor, also on a machine so busy that answers take their time.
    monkeypatch.setattr(reader, "_SLOW_SECONDS", math.inf)
    read = Pull.pieces
    pieces: list[Piece[Chunk]] = []

    def fails(pull: Pull, **options: bool | None) -> Iterator[Piece[Chunk]]:
        for piece in read(pull, **options):
            cut = piece.rows.created[99]
            assert cut is not None
            kept = sum(at is not None and at > cut for at in piece.rows.created)
            yield Piece(first(piece.rows, kept), piece.end, 0, (cut + 1, piece.end))
            raise stripe.RateLimitError("too many")

    path = tmp_path / "c.parquet"
    path.write_text("old")
    monkeypatch.setattr(Pull, "pieces", fails)
    with pytest.raises(stripe.RateLimitError) as caught:
        export("customers", path, client=client)
    assert "goes on from there" in caught.value.__notes__[0]
    assert path.read_text() == "old"

    def watched(pull: Pull, **options: bool | None) -> Iterator[Piece[Chunk]]:
        for piece in read(pull, **options):
            pieces.append(piece)
            yield piece

    monkeypatch.setattr(Pull, "pieces", watched)
    export("customers", path, client=client)
    assert sum(piece.rows.rows for piece in pieces) == 151
    pd.testing.assert_frame_equal(
        pd.read_parquet(path), frame("customers", client=client)
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "c.parquet",
        "c.parquet.certificate.json",
    ]


def test_another_request_s_spool_is_swept(client: Client, tmp_path: Path) -> None:
    other = tmp_path / ".c.csv.0123456789abcdef.spool"
    _leave(other)
    export("coupons", tmp_path / "c.csv", client=client)
    assert not other.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("name", ["c.parquet", "c.duckdb"])
def test_a_killed_export_run_again_equals_one_that_was_not(
    slow: Sandbox, tmp_path: Path, name: str
) -> None:
    place = tmp_path / name
    command = [sys.executable, "-c", _EXPORT, slow.url, str(place)]
    for wait in (0.0, 0.03, 0.08, 0.15):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        if name.endswith(".parquet") and place.exists():
            assert len(pd.read_parquet(place)) == 12
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with connect(sandbox=slow) as client:
        expected = frame("customers", client=client)
        again = export("customers", tmp_path / "again.parquet", client=client)
    pd.testing.assert_frame_equal(pd.read_parquet(again), expected)
    if name.endswith(".parquet"):
        pd.testing.assert_frame_equal(pd.read_parquet(place), expected)
    assert not list(tmp_path.glob(".*"))


def test_what_was_read_is_kept_while_another_has_the_file_open(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "c.duckdb"
    export(pd.DataFrame({"a": [1]}), place, table="t")
    finish = Spool.finish
    with ExitStack() as stack:

        def finished(spool: Spool, attrs: dict[str, Any]) -> None:
            finish(spool, attrs)
            stack.enter_context(open_elsewhere(str(place)))

        with monkeypatch.context() as patch:
            patch.setattr(Spool, "finish", finished)
            patch.setattr(warehouse_target, "sleep", lambda _: None)
            with pytest.raises(OutOfReachError, match="close it there first") as raised:
                export("customers", place, client=client)
    assert "What has been read is kept" in raised.value.__notes__[0]
    mark = client.calls.mark
    export("customers", place, client=client)
    assert not client.calls.since(mark)
    assert not list(tmp_path.glob(".*"))


def test_an_unread_frame_has_no_spool(tmp_path: Path) -> None:
    export(to_frame([], "coupon"), tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
