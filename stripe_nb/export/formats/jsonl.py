"""JSON lines, plain or packed: one flat object per row, the columns as keys.

Times are ISO 8601 and decimals are text, as in Stripe's own JSON.
"""

from __future__ import annotations

from typing import BinaryIO

import orjson
import pyarrow as pa

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes

__all__ = ["JsonlWriter"]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


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
        for row in table.to_pylist():
            self._packed.write(orjson.dumps(row, default=str, option=_OPTIONS))

    def close(self) -> None:
        """Finish the file."""
        if self._packed is not self._file:
            self._packed.close()
