"""Where a format writes to: a file, until the writing fails."""

from __future__ import annotations

import hashlib
from io import BufferedIOBase
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Outlet"]


class Outlet(BufferedIOBase):
    """Passes bytes on to a file, or drops them once it is shut.

    A writer that failed wants to finish its file all the same, at the latest
    when it is collected, when the file is closed already.

    Parameters
    ----------
    file
        To write to.

    Attributes
    ----------
    size
        How many bytes have passed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._is_shut = False
        self.size = 0

    @property
    def digest(self) -> str:
        """The SHA-256 of what has passed."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def tell(self) -> int:
        """Return how many bytes have passed."""
        return self.size

    def write(self, data: ReadableBuffer) -> int:
        """Pass bytes on."""
        size = memoryview(data).nbytes
        if not self._is_shut:
            self._file.write(data)
            self._digest.update(data)
        self.size += size
        return size

    def shut(self) -> None:
        """Drop what comes from now on."""
        self._is_shut = True
