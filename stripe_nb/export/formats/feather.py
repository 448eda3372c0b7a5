"""Feather, which is Arrow's own file: the fastest to read back, types kept."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from stripe_nb.export.arrow_writer import ArrowWriter
from stripe_nb.export.registry import Options, writes

__all__ = ["feather"]


@writes(".feather", ".arrow")
def feather(file: BinaryIO, schema: pa.Schema, options: Options) -> ArrowWriter:
    """Begin a file of Feather, version 2."""
    del options
    packed = pa.ipc.IpcWriteOptions(compression="lz4", unify_dictionaries=True)
    return ArrowWriter(pa.ipc.new_file(file, schema, options=packed))
