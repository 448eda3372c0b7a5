"""What the formats that Arrow writes by itself have in common."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

__all__ = ["ArrowWriter"]


class ArrowWriter:
    """Hands tables on to one of Arrow's own writers.

    Parameters
    ----------
    writer
        Begun with the tables' schema, whose metadata are in the file.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, table: pa.Table) -> None:
        """Write rows, as one part of the file."""
        self._writer.write_table(table.replace_schema_metadata(None))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()
