"""Chunks of rows kept on disk until the whole table's columns are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import pyarrow as pa

from stripe_nb.frames.chunk import Chunk

__all__ = ["Spool"]

_PARTS = ("columns", "metadata", "extras")


class Spool:
    """A nameless temporary file of chunks, gone when it is closed.

    Parameters
    ----------
    folder
        Where there is room for it: that of the export.
    """

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  # closed on exit
        self._sizes: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk."""
        arrays = {
            f"{part}:{name}": values
            for part in _PARTS
            for name, values in getattr(chunk, part).items()
        }
        batch = pa.RecordBatch.from_pydict(arrays)
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
            writer.write_batch(batch)
        self._sizes.append((self._file.write(sink.getvalue()), chunk.rows))

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks in the order in which they came."""
        self._file.seek(0)
        for size, rows in self._sizes:
            with pa.ipc.open_stream(self._file.read(size)) as reader:
                table = reader.read_all()
            chunk = Chunk(rows)
            for label in table.column_names:
                part, _, name = label.partition(":")
                getattr(chunk, part)[name] = table[label].combine_chunks()
            yield chunk
