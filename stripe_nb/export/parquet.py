"""Parquet: every type kept, and a frame's ``attrs`` in the file's metadata."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_nb.export.registry import Options, writes

__all__ = ["ParquetWriter"]


@writes(".parquet")
class ParquetWriter:
    """Writes tables as Parquet.

    Parameters
    ----------
    file
        To write to.
    schema
        Of every table; its metadata is kept.
    options
        Not used here.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        del options
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, table: pa.Table) -> None:
        """Write rows as one row group."""
        self._writer.write_table(table.replace_schema_metadata(None))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()
