"""Where a format writes to: a file, until the writing fails."""

from __future__ import annotations

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
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._is_shut = False

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Pass bytes on."""
        size = memoryview(data).nbytes
        return size if self._is_shut else self._file.write(data)

    def shut(self) -> None:
        """Drop what comes from now on."""
        self._is_shut = True
