"""JSON lines, plain or packed: one flat object per row, the columns as keys.

Times are ISO 8601 and decimals are text, as in Stripe's own JSON.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import iso_times

__all__ = ["JsonlWriter"]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
# Rows that are Python's objects at once.
_BATCH = 5_000


@writes(".jsonl", ".jsonl.gz", ".jsonl.zst")
class JsonlWriter:
    """Writes tables as JSON lines.

    Parameters
    ----------
    file
        To write to.
    schema
        Not used here.
    options
        How to pack.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        del schema
        self._file = file
        self._packed = packing(file, options.suffix)

    def write(self, table: pa.Table) -> None:
        """Write rows."""
        for some in table.to_batches(max_chunksize=_BATCH):
            names = some.schema.names
            columns = [_values(column) for column in some.columns]
            lines = [
                orjson.dumps(
                    dict(zip(names, row, strict=True)), default=str, option=_OPTIONS
                )
                for row in zip(*columns, strict=True)
            ]
            self._packed.write(b"".join(lines))

    def close(self) -> None:
        """Finish the file."""
        if self._packed is not self._file:
            self._packed.close()


def _values(column: Any) -> list[Any]:
    if column.null_count == len(column):
        return [None] * len(column)
    if pa.types.is_dictionary(column.type):
        # Item by item, Arrow makes an object of its own of each.
        column = column.dictionary_decode()
    # Arrow writes times much faster than Python makes them.
    is_time = pa.types.is_timestamp(column.type)
    values: list[Any] = (iso_times(column) if is_time else column).to_pylist()
    return values
