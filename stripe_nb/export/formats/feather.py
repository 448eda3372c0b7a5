"""Feather, which is Arrow's own file: the fastest to read back, types kept."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from stripe_nb.export.arrow_writer import ArrowWriter
from stripe_nb.export.registry import Options, writes

__all__ = ["FeatherWriter"]


@writes(".feather", ".arrow")
class FeatherWriter(ArrowWriter):
    """Writes tables as Feather, version 2.

    Parameters
    ----------
    file
        To write to.
    schema
        Of every table.
    options
        Not used here.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        del options
        packed = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
        super().__init__(pa.ipc.new_file(file, schema, options=packed))
        self._schema = schema

    def write(self, table: pa.Table) -> None:
        """Write rows, as one part of the file."""
        if len(table):
            super().write(table)
        else:
            # Arrow would leave it out, and the categories with it.
            columns = [column.combine_chunks() for column in table.columns]
            self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
