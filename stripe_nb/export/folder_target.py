"""A folder of Parquet, one subfolder per month in which objects were created.

Hive's layout, ``created_month=2026-01/part-0.parquet``, which DuckDB, Spark,
BigQuery, Dask and Polars read as one table. Where no row has a ``created``, all
stand in a file without a subfolder: Arrow reads no partition that only has the name
for none.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stripe_nb.errors import ExportError
from stripe_nb.export.certificate import write_certificate
from stripe_nb.export.file_target import spool_beside, telling_of_values
from stripe_nb.export.replacing import resolved, telling
from stripe_nb.export.request import Request
from stripe_nb.export.rows import Rows
from stripe_nb.ids import random_token

__all__ = ["FolderTarget", "is_part"]

_KEY = "created_month"
# Hive's own word for a row without the value.
_NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
# Not "part": what others name so must never pass for ours, and be replaced.
_UNDATED = "no_month"
_PART = re.compile(
    rf"{_KEY}=(\d{{4}}-\d{{2}}|{_NO_MONTH})|{_UNDATED}-\d+[\w-]*\.parquet"
)
_CERTIFICATE = "_certificate.json"


class FolderTarget:
    """A folder that is exchanged as a whole once the new one is complete.

    Parameters
    ----------
    request
        Its `place` is the folder's path.

    Raises
    ------
    ExportError
        If something else is in its place.
    """

    def __init__(self, request: Request) -> None:
        self.shown: Path | str = Path(request.place)
        self._folder = resolved(Path(request.place))
        self._is_certified = request.certificate
        _restore(self._folder)
        _check(self._folder, request)

    def spool(self, name: str) -> Path:
        """Return where rows may rest: beside the folder, where there is room."""
        return spool_beside(self._folder, name)

    def write(self, rows: Rows) -> None:
        """Write the folder, its certificate in it."""
        with telling(self._folder), _exchanging(self._folder) as draft:
            with telling_of_values(".parquet"):
                _write_parts(draft, rows)
            if self._is_certified and rows.certificate is not None:
                write_certificate(draft / _CERTIFICATE, rows.certificate)


def _check(folder: Path, request: Request) -> None:
    if not folder.parent.is_dir():
        raise ExportError(
            f"the folder {str(folder.parent)!r} does not exist; create it first."
        )
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(
            f"{request.place!r} is a file; leave the last / out, or give another name."
        )
    held = [each.name for each in folder.iterdir()]
    foreign = [name for name in held if not is_part(name)]
    if foreign:
        raise ExportError(
            f"{request.place!r} holds {foreign[0]!r}, which is no part of an export; "
            "give a folder that is empty or doesn't exist."
        )
    if held and not request.overwrite:
        raise ExportError(
            f"{request.place!r} exists already; give another name or overwrite=True."
        )


def is_part(name: str) -> bool:
    """Tell whether a folder's file or subfolder is what an export writes.

    Examples
    --------
    >>> is_part("created_month=2026-01"), is_part("thesis.doc")
    (True, False)
    """
    return name == _CERTIFICATE or _PART.fullmatch(name) is not None


def _write_parts(folder: Path, rows: Rows) -> None:
    parts = _Parts(folder, rows.schema)
    try:
        empty = True
        for table in rows.tables():
            empty = empty and not len(table)
            for month, some in _by_month(table):
                parts.write(month, some)
        if empty:
            # A folder without a file would have no columns.
            parts.write(None, rows.schema.empty_table())
    finally:
        parts.close()
    undated = folder / f"{_KEY}={_NO_MONTH}"
    if list(folder.iterdir()) == [undated]:
        for part in undated.iterdir():
            part.rename(folder / part.name.replace("part", _UNDATED))
        undated.rmdir()


def _by_month(table: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    if "created" not in table.schema.names:
        yield None, table
        return
    created = table["created"]
    months = pc.fill_null(pc.strftime(created, format="%Y-%m"), _NO_MONTH)
    for month in pc.unique(months).to_pylist():
        yield month, table.filter(pc.equal(months, month))


class _Parts:
    """The files of a folder, of which the one written last is open.

    Lists come newest first, so that a month's rows stand together; where they
    don't, a month gets another part.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._month: str | None = None
        self._writer: pq.ParquetWriter | None = None
        self._counts: dict[str | None, int] = {}

    def write(self, month: str | None, table: pa.Table) -> None:
        if month != self._month or self._writer is None:
            self.close()
            self._month = month
            self._writer = self._open(month)
        self._writer.write_table(table.replace_schema_metadata(None))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self, month: str | None) -> pq.ParquetWriter:
        number = self._counts.get(month, 0)
        self._counts[month] = number + 1
        if month is None:
            folder, stem = self._folder, _UNDATED
        else:
            folder, stem = self._folder / f"{_KEY}={month}", "part"
        folder.mkdir(exist_ok=True)
        path = folder / f"{stem}-{number}.parquet"
        return pq.ParquetWriter(path, self._schema, compression="zstd")


@contextmanager
def _exchanging(folder: Path) -> Iterator[Path]:
    """Give a new folder that takes the old one's place when the block ends."""
    draft = folder.with_name(f".{folder.name[:200]}.{random_token(8)}.part")
    draft.mkdir()
    try:
        yield draft
        former = _former(folder)
        if folder.exists():
            folder.rename(former)
        draft.rename(folder)
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _former(folder: Path) -> Path:
    return folder.with_name(f".{folder.name[:200]}.former")


def _restore(folder: Path) -> None:
    """Bring back a folder that a kill caught between its two renames."""
    former = _former(folder)
    if not former.exists():
        return
    with telling(folder):
        if folder.exists():
            shutil.rmtree(former)
        else:
            former.rename(folder)
