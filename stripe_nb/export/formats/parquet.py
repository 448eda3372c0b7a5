"""Parquet: every type kept, and a frame's ``attrs`` in the file's metadata.

Categories are those of the frame. Only in a file without rows are there none:
Parquet keeps them with the rows.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stripe_nb.export.arrow_writer import ArrowWriter
from stripe_nb.export.registry import Options, writes

__all__ = ["parquet"]


@writes(".parquet")
def parquet(file: BinaryIO, schema: pa.Schema, options: Options) -> ArrowWriter:
    """Begin a file of Parquet, whose parts are row groups."""
    del options
    return ArrowWriter(pq.ParquetWriter(file, schema, compression="zstd"))
