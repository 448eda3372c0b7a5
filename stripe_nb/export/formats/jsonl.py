"""JSON lines, plain or packed: one flat object per row, the columns as keys.

Times are ISO 8601 and decimals are text, as in Stripe's own JSON; `texts` tells of
other types. JSON has no NaN and no infinity, and a null would hide that there was
one, so that such a number is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import msgspec
import orjson
import pyarrow as pa

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import check_finite, in_json, written

__all__ = ["JsonlWriter"]

# Rows that are Python's objects at once.
_BATCH = 5_000

_lines = msgspec.json.Encoder().encode_lines


@writes(".jsonl", ".jsonl.gz", ".jsonl.zst")
class JsonlWriter:
    """Writes tables as JSON lines.

    Parameters
    ----------
    file
        To write to.
    schema
        Of every table.
    options
        How to pack.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        self._file = file
        self._packed = packing(file, options.suffix)
        self._row = _row_of(schema.names)

    def write(self, table: pa.Table) -> None:
        """Write rows."""
        for some in table.to_batches(max_chunksize=_BATCH):
            columns = map(_values, some.schema.names, some.columns)
            self._packed.write(_lines(list(map(self._row, *columns))))

    def close(self) -> None:
        """Finish the file."""
        if self._packed is not self._file:
            self._packed.close()


def _row_of(names: Sequence[str]) -> Callable[..., Any]:
    """Return what makes an object of a row's values.

    One with a type of its own is written in a fraction of a dictionary's time.
    """
    fields = [f"field_{number}" for number in range(len(names))]
    renamed = dict(zip(fields, names, strict=True))
    try:
        return msgspec.defstruct("Row", fields, rename=renamed, gc=False)
    except ValueError:
        # A name that has to be escaped, such as one with a quotation mark.
        return lambda *values: dict(zip(names, values, strict=True))


def _values(name: str, column: Any) -> list[Any]:
    if column.null_count == len(column):
        return [None] * len(column)
    check_finite(column, name, "JSON")
    if pa.types.is_nested(column.type):
        # Objects stand in JSON as they are.
        return [msgspec.Raw(_nested(value)) for value in column.to_pylist()]
    # Arrow writes times faster than Python does.
    values: list[Any] = written(column).to_pylist()
    return values


def _nested(value: Any) -> bytes:
    return orjson.dumps(value, default=in_json, option=orjson.OPT_UTC_Z)
