"""JSON lines: one flat object per row, with the frame's columns as keys.

Times are ISO 8601 and decimals are text, as in Stripe's own JSON.
"""

from __future__ import annotations

from typing import BinaryIO

import orjson
import pyarrow as pa

from stripe_nb.export.registry import Options, writes

__all__ = ["JsonlWriter"]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


@writes(".jsonl")
class JsonlWriter:
    """Writes tables as JSON lines.

    Parameters
    ----------
    file
        To write to.
    schema
        Not used here.
    options
        Not used here.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        del schema, options
        self._file = file

    def write(self, table: pa.Table) -> None:
        """Write rows."""
        for row in table.to_pylist():
            self._file.write(orjson.dumps(row, default=str, option=_OPTIONS))

    def close(self) -> None:
        """Do nothing: the last row ends the file."""
