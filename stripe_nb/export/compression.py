"""Streams that pack what is written to them, chosen by a suffix.

Equal rows give equal bytes: nothing here writes a name or a time.
"""

from __future__ import annotations

import gzip
from typing import BinaryIO, cast

import pyarrow as pa

__all__ = ["packing"]

_GZIP_LEVEL = 6


def packing(file: BinaryIO, suffix: str) -> BinaryIO:
    """Return a stream into a file that packs as the end of the suffix says.

    To be closed if it is another one than the file.

    Parameters
    ----------
    file
        To write to.
    suffix
        For example ``".csv.gz"`` or ``".jsonl.zst"``.
    """
    if suffix.endswith(".gz"):
        return cast("BinaryIO", gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0))
    if suffix.endswith(".zst"):
        return cast("BinaryIO", pa.CompressedOutputStream(file, "zstd"))
    return file
