"""One table of a database, named as the resource."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

from stripe_nb.catalog import load
from stripe_nb.catalog.cache import cache_folder
from stripe_nb.errors import ExportError, OutOfReachError
from stripe_nb.export.file_target import spool_beside
from stripe_nb.export.replacing import check_target
from stripe_nb.export.request import Request
from stripe_nb.export.rows import Rows
from stripe_nb.export.tables import append, certify, replace
from stripe_nb.export.warehouses import Warehouse

__all__ = [
    "WarehouseTarget",
    "is_duckdb",
    "open_warehouse",
    "shown_place",
    "table_name",
    "writing",
]

# Seconds to wait before each further try.
_PAUSES = (0.5, 1, 2, 4, 8)


def is_duckdb(place: str) -> bool:
    """Tell whether a path is that of a DuckDB file."""
    return place.lower().endswith((".duckdb", ".ddb"))


@contextmanager
def open_warehouse(place: str) -> Iterator[Warehouse]:
    """Open the database that a path or a URL names.

    Raises
    ------
    ExportError
        If it can't be reached.
    MissingDependencyError
        If what is needed for it isn't installed.
    """
    # Late: each needs a package that is optional.
    if is_duckdb(place):
        from stripe_nb.export.warehouses.duck import DuckWarehouse

        with DuckWarehouse(check_target(Path(place), overwrite=True)) as duck:
            yield duck
    else:
        from stripe_nb.export.warehouses.sql import SqlWarehouse

        with SqlWarehouse(place) as database:
            yield database


@contextmanager
def writing(place: str) -> Iterator[Warehouse]:
    """Open a database for one transaction, once it can be.

    What was read for it took longer than a look that somebody else has at it, and a
    DuckDB file is one process's at a time. So it is tried again for a while.

    Raises
    ------
    OutOfReachError
        If it can't be opened, or another keeps it locked.
    """
    with ExitStack() as stack:
        yield _begun(place, stack)


def _begun(place: str, stack: ExitStack) -> Warehouse:
    for pause in (*_PAUSES, None):
        with ExitStack() as attempt:
            try:
                warehouse = attempt.enter_context(open_warehouse(place))
                attempt.enter_context(warehouse.transaction())
            except OutOfReachError:
                if pause is None:
                    raise
            else:
                stack.enter_context(attempt.pop_all())
                return warehouse
        sleep(pause)
    raise AssertionError("the last try returns or raises")


def shown_place(place: str) -> Path | str:
    """Return a database's file, or its URL without the password."""
    if is_duckdb(place):
        return Path(place)
    from stripe_nb.export.warehouses.sql import shown_url

    return shown_url(place)


def table_name(resource: str) -> str:
    """Return a resource's table: its plural, with underscores.

    Examples
    --------
    >>> table_name("checkout.session")
    'checkout_sessions'
    """
    spec = load().resource(resource)
    return (spec.plural or spec.name).replace(".", "_")


class WarehouseTarget:
    """A table that is replaced or added to in one transaction.

    Parameters
    ----------
    request
        Its `place` is a file's path or a database's URL.

    Raises
    ------
    ExportError
        If it can't be reached, or the table mustn't be replaced.
    """

    def __init__(self, request: Request) -> None:
        if request.table is not None and not request.table.strip():
            raise ExportError("the table needs a name; leave table= out for the usual.")
        self._request = request
        self._is_file = is_duckdb(request.place)
        self.shown: Path | str = shown_place(request.place)
        # Before anything is read, so that what can't work fails at once. A file that
        # isn't there needs a folder only, and rows can't rest beside it without one.
        if (
            not self._is_file
            or check_target(Path(request.place), overwrite=True).exists()
        ):
            with open_warehouse(request.place) as warehouse:
                warehouse.columns("stripe_nb")

    def spool(self, name: str) -> Path:
        """Return where rows may rest until all are there."""
        if self._is_file:
            return spool_beside(Path(self._request.place).expanduser().resolve(), name)
        return cache_folder() / "spools" / name

    def write(self, rows: Rows) -> None:
        """Write the table and its certificate."""
        table = self._table(rows)
        certificate = rows.certificate if self._request.certificate else None
        with writing(self._request.place) as warehouse:
            self._check(warehouse, table)
            put = append if self._request.append else replace
            count = put(warehouse, table, rows)
            replaces = not self._request.append
            certify(warehouse, table, certificate, count, replaces=replaces)

    def _check(self, warehouse: Warehouse, table: str) -> None:
        keeps = not self._request.overwrite and not self._request.append
        if keeps and warehouse.columns(table):
            raise ExportError(
                f"the table {table!r} exists already; give another with table=, or "
                "overwrite=True or append=True."
            )

    def _table(self, rows: Rows) -> str:
        if self._request.table is not None:
            return self._request.table
        if rows.resource is None:
            raise ExportError(
                "the frame doesn't say what it holds; name its table, for example "
                'table="totals".'
            )
        return table_name(rows.resource)
