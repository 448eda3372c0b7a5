"""Rows on their way, kept on disk in a form that outlives a killed process.

A spool is a folder with two files that only grow: ``rows`` holds one block per
piece of a list, ``journal`` one line per block that was written whole, with its
checksum and the range of ``created`` that is covered by then, or without that
where the list goes on. What a kill or a power cut tore is told by
the checksums and is read again; so no more is lost than what was under way.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from filelock import FileLock, Timeout

from stripe_nb.clock import wall_time
from stripe_nb.errors import ExportError, OutOfReachError, StripeNbError
from stripe_nb.frames.chunk import Chunk
from stripe_nb.frames.paging import Mark, Step
from stripe_nb.frames.spans import Span, holds, merged

__all__ = ["FRESH", "Spool"]

_PARTS = ("columns", "metadata", "extras")
_CREATED = "created"
# Older rows may have changed too much to be one picture with new ones.
FRESH = 24 * 3600
# A piece's columns are small: to hand each to a thread takes many times longer.
_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)


@dataclass(slots=True)
class _Block:
    """Where a piece lies in ``rows``, and where it belongs in the list."""

    place: tuple[float, int]
    at: int
    size: int
    checksum: int
    rows: int


@dataclass(slots=True)
class _Run:
    """What one process added, and which of it counts.

    Attributes
    ----------
    covered
        The ranges of ``created`` whose rows all count.
    after
        Where a list without those goes on.
    before
        How many blocks come before that; only these count.
    """

    started: float
    blocks: list[_Block] = field(default_factory=list)
    covered: list[Span] = field(default_factory=list)
    after: Mark | None = None
    before: int = 0
    is_whole: bool = False

    def add(self, block: _Block, covered: Span | None, after: Mark | None) -> None:
        self.blocks.append(block)
        if covered is not None:
            self.covered = merged([*self.covered, covered])
        if after is not None:
            self.after, self.before = after, len(self.blocks)

    @property
    def kept(self) -> list[_Block]:
        """The blocks of which at least something counts."""
        is_cut = self.after is not None and not self.is_whole
        return self.blocks[: self.before] if is_cut else self.blocks


class Spool:
    """A folder of rows, taken up where the last process left it.

    Parameters
    ----------
    folder
        Made if it doesn't exist; a name that stands for one request.

    Attributes
    ----------
    attrs
        How the rows came about, once all of them are there.

    Raises
    ------
    ExportError
        If another process is at the same request.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "lock", thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ExportError(
                "the same export is running already; wait for it, or stop it first."
            ) from None
        self.attrs: dict[str, Any] | None = None
        self._runs: list[_Run] = []
        self._is_kept = False
        self._rows = (folder / "rows").open("a+b")
        self._journal = (folder / "journal").open("a+b")
        self._recover()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self._rows, self._journal):
            # What a full disk didn't take, it doesn't take now.
            with nullcontext() if error is None else suppress(OSError):
                file.close()
        # What can't be written as asked won't be on a second attempt.
        is_final = isinstance(error, StripeNbError)
        is_final = is_final and not isinstance(error, OutOfReachError)
        may_pass = error is not None and not is_final
        if may_pass and (self.covered or self.after or self.attrs is not None):
            self._is_kept = True
        else:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()

    @property
    def is_kept(self) -> bool:
        """Whether it was left for another attempt."""
        return self._is_kept

    @property
    def covered(self) -> list[Span]:
        """The ranges whose rows are here, all of them."""
        return merged(span for run in self._runs for span in run.covered)

    @property
    def after(self) -> Mark | None:
        """Where a list without ``created`` goes on; all rows before that are here."""
        return next((run.after for run in reversed(self._runs) if run.after), None)

    @property
    def starts(self) -> list[float]:
        """When each process began that added to it, in Unix seconds."""
        return [run.started for run in self._runs if run.blocks or run.is_whole]

    def begin(self) -> None:
        """Note that rows come from another process, or from a new attempt."""
        run = _Run(wall_time())
        self._runs.append(run)
        self._note({"run": run.started})

    def forget(self) -> None:
        """Leave out what is here: the list can't go on from it."""
        self._runs.clear()
        self._note({"forgotten": True})

    def add(
        self,
        chunk: Chunk,
        place: tuple[float, int],
        covered: Span | None,
        after: Mark | None = None,
    ) -> None:
        """Keep a piece; what it completes is noted once it is written."""
        data = _packed(chunk)
        at = self._rows.seek(0, os.SEEK_END)
        self._rows.write(data)
        self._rows.flush()
        os.fsync(self._rows.fileno())
        block = _Block(place, at, len(data), zlib.crc32(data), chunk.rows)
        self._runs[-1].add(block, covered, after)
        position = [None if math.isinf(place[0]) else place[0], place[1]]
        self._note(
            {
                "piece": position,
                "block": [at, block.size, block.checksum, block.rows],
                "covered": covered,
                "after": after and asdict(after),
            }
        )

    def end(self) -> None:
        """Take it that the list's last rows are here."""
        self._runs[-1].is_whole = True

    def finish(self, attrs: dict[str, Any]) -> None:
        """Note that all rows are here, and how they came about."""
        self.attrs = attrs
        self.end()
        self._note({"attrs": attrs})

    def count(self) -> int:
        """Return how many rows count."""
        return sum(len(rows) for rows in self._batches())

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows in the list's order, each once."""
        return map(_chunk, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        # A list without ``created`` is read by one attempt after the other.
        turns = [(n if self.after else 0, run) for n, run in enumerate(self._runs)]
        kept = [(turn, block, run) for turn, run in turns for block in run.kept]
        for _, block, run in sorted(kept, key=lambda each: (each[0], each[1].place)):
            rows = _unpacked(self._read(block))
            if not (run.is_whole or run.after):
                rows = rows.filter(holds(run.covered, rows[_CREATED]))
            if len(rows) or run.is_whole or run.after:
                yield rows

    def _note(self, line: dict[str, Any]) -> None:
        self._journal.write(json.dumps(line).encode() + b"\n")
        self._journal.flush()

    def _read(self, block: _Block) -> bytes:
        self._rows.seek(block.at)
        return self._rows.read(block.size)

    def _recover(self) -> None:
        """Take up what is whole of the journal, and cut off the rest."""
        self._journal.seek(0)
        whole = 0
        for line in self._journal:
            if not line.endswith(b"\n") or not self._follow(line):
                break
            whole += len(line)
        if self._runs and wall_time() - self._runs[0].started > FRESH:
            self._runs, self.attrs, whole = [], None, 0
        self._journal.truncate(whole)
        last = [run.blocks[-1] for run in self._runs if run.blocks]
        self._rows.truncate(max((b.at + b.size for b in last), default=0))

    def _follow(self, line: bytes) -> bool:
        """Take up one line of the journal; say whether it can be trusted."""
        try:
            noted = json.loads(line)
        except ValueError:
            return False
        if "run" in noted:
            self._runs.append(_Run(noted["run"]))
        elif "forgotten" in noted:
            self._runs.clear()
        elif "attrs" in noted:
            self.attrs = noted["attrs"]
            self.end()
        else:
            return self._follow_block(noted)
        return True

    def _follow_block(self, noted: dict[str, Any]) -> bool:
        end, number = noted["piece"]
        block = _Block((-math.inf if end is None else end, number), *noted["block"])
        if zlib.crc32(self._read(block)) != block.checksum:
            return False
        covered, after = noted["covered"], noted["after"]
        self._runs[-1].add(
            block,
            None if covered is None else tuple(covered),
            after and Mark(Step(**after["step"]), after["trail"]),
        )
        return True


def _packed(chunk: Chunk) -> bytes:
    arrays = {
        f"{part}:{name}": values
        for part in _PARTS
        for name, values in getattr(chunk, part).items()
    }
    batch = pa.RecordBatch.from_pydict(
        {_CREATED: pa.array(chunk.created, pa.int64()), **arrays}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_WRITING) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _unpacked(data: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(data, options=_READING) as reader:
        return reader.read_next_batch()


def _chunk(rows: pa.RecordBatch) -> Chunk:
    chunk = Chunk(len(rows))
    for label, values in zip(rows.schema.names, rows.columns, strict=True):
        part, colon, name = label.partition(":")
        if colon:
            getattr(chunk, part)[name] = values
    return chunk
