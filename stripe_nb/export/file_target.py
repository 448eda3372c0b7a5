"""One file on this machine, in the format of its suffix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from stripe_nb.errors import ExportError
from stripe_nb.export.certificate import sidecar, write_certificate
from stripe_nb.export.outlet import Outlet
from stripe_nb.export.registry import Begin, Options, Writer, writer_for
from stripe_nb.export.replacing import check_target, replacing, telling
from stripe_nb.export.request import Request
from stripe_nb.export.rows import Rows

__all__ = ["FileTarget", "spool_beside", "telling_of_values", "write_tables"]


class FileTarget:
    """A file that appears in one piece, its certificate beside it.

    Parameters
    ----------
    request
        Its `place` is the file's path.

    Raises
    ------
    ExportError
        If it can't be written there, or not in such a format.
    """

    def __init__(self, request: Request) -> None:
        self.shown: Path | str = Path(request.place)
        self._writer, suffix = writer_for(request.place)
        self._options = Options(suffix, request.neutralise_formulas)
        self._file = check_target(Path(request.place), overwrite=request.overwrite)
        self._is_certified = request.certificate

    def spool(self, name: str) -> Path:
        """Return where rows may rest: beside the file, where there is room."""
        return spool_beside(self._file, name)

    def write(self, rows: Rows) -> None:
        """Write the file, then its certificate."""
        with replacing(self._file) as file:
            outlet = write_tables(
                file, self._writer, rows.tables(), rows.schema, self._options
            )
        certificate = rows.certificate if self._is_certified else None
        about = {
            "name": self._file.name,
            "bytes": outlet.size,
            "sha256": outlet.digest,
        }
        with telling(self._file):
            write_certificate(sidecar(self._file), certificate, file=about)


def spool_beside(target: Path, name: str) -> Path:
    """Return the folder of a target's spool."""
    return target.with_name(f".{target.name[:180]}.{name}.spool")


def write_tables(
    file: BinaryIO,
    writer: Begin,
    tables: Iterator[pa.Table],
    schema: pa.Schema,
    options: Options,
) -> Outlet:
    """Write tables to a file; return what they went through."""
    outlet = Outlet(file)
    with telling_of_values(options.suffix):
        begun = writer(cast("BinaryIO", outlet), schema, options)
        with _finished(begun, outlet):
            for table in tables:
                begun.write(table)
            begun.close()
    return outlet


@contextmanager
def telling_of_values(suffix: str) -> Iterator[None]:
    """Say of an error of Arrow's which format has no place for a value."""
    try:
        yield
    except pa.ArrowException as error:
        cause = str(error).rstrip(".")
        raise ExportError(
            f"{suffix} can't hold these values ({cause}); convert the column."
        ) from error


@contextmanager
def _finished(writer: Writer, outlet: Outlet) -> Iterator[None]:
    """Let a writer that fails come to its end without a trace."""
    try:
        yield
    except BaseException:
        outlet.shut()
        # The failure that led here is the one to tell.
        with suppress(Exception):
            writer.close()
        raise
