"""JSON lines, plain or packed: one flat object per row, the columns as keys.

Times are ISO 8601 and decimals are text, as in Stripe's own JSON; `texts` tells of
other types. JSON has no NaN and no infinity, and a null would hide that there was
one, so that such a number is refused.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import check_finite, in_json, written

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
            columns = list(map(_values, names, some.columns))
            lines = [
                orjson.dumps(
                    dict(zip(names, row, strict=True)), default=in_json, option=_OPTIONS
                )
                for row in zip(*columns, strict=True)
            ]
            self._packed.write(b"".join(lines))

    def close(self) -> None:
        """Finish the file."""
        if self._packed is not self._file:
            self._packed.close()


def _values(name: str, column: Any) -> list[Any]:
    check_finite(column, name, "JSON")
    # Objects stand in JSON as they are; Arrow writes times faster than Python does.
    found = column if pa.types.is_nested(column.type) else written(column)
    values: list[Any] = found.to_pylist()
    return values
