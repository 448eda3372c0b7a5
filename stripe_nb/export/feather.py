"""Feather, which is Arrow's own file: the fastest to read back, types kept."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from stripe_nb.export.registry import Options, writes

__all__ = ["FeatherWriter"]


@writes(".feather", ".arrow")
class FeatherWriter:
    """Writes tables as Feather, version 2.

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
        packed = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
        self._writer = pa.ipc.new_file(file, schema, options=packed)

    def write(self, table: pa.Table) -> None:
        """Write rows as one record batch each."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()
