"""DuckDB: one file, which Arrow's tables go into as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from stripe_nb.errors import ExportError, MissingDependencyError, OutOfReachError
from stripe_nb.export.replacing import appearing

try:
    import duckdb
except ImportError as _error:
    raise MissingDependencyError("duckdb", "duckdb") from _error

__all__ = ["DuckWarehouse"]

_ROWS = "stripe_nb_rows"
# What DuckDB's words for it hold, and what it means.
_OPEN_ELSEWHERE = {
    "lock": "another process has it open; close it there first",
    "different configuration": (
        "this process has it open in another way, such as read-only; close that "
        "connection first"
    ),
}


class DuckWarehouse:
    """A DuckDB file.

    Parameters
    ----------
    path
        Made if it doesn't exist.

    Raises
    ------
    ExportError
        If it can't be opened.
    """

    name_limit = 1000

    def __init__(self, path: Path) -> None:
        self._name = path.name
        with self._telling():
            if not path.exists():
                # What a kill or a full disk cut short could never be opened again.
                with appearing(path) as draft:
                    duckdb.connect(draft).close()
            self._connection = duckdb.connect(path)
            # Times come back in UTC wherever this runs.
            self._connection.execute("set timezone = 'UTC'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done in a block happen as a whole or not at all."""
        self.execute("begin")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self.execute("commit")

    def columns(self, table: str) -> list[str]:
        """Return a table's columns; none if there is no such table."""
        sql = (
            "select column_name from duckdb_columns() where database_name = "
            "current_database() and schema_name = current_schema() "
            "and table_name = ? order by column_index"
        )
        with self._telling():
            return [
                name for (name,) in self._connection.execute(sql, [table]).fetchall()
            ]

    def create(self, table: str, schema: pa.Schema) -> None:
        """Make a table of a schema's columns, without rows."""
        empty = _plain(schema.empty_table())
        self._take(f"create table {self.quoted(table)} as from {_ROWS}", empty)

    def column_type(self, item: pa.Field) -> str:
        """Return the database's own word for a column's type."""
        empty = _plain(pa.schema([item]).empty_table())
        with self._telling():
            return str(self._connection.from_arrow(empty).types[0])

    def insert(self, table: str, schema: pa.Schema, rows: Iterable[pa.Table]) -> int:
        """Add rows to a table; return how many they were."""
        names = ", ".join(map(self.quoted, schema.names))
        sql = f"insert into {self.quoted(table)} ({names}) from {_ROWS}"
        count = 0
        for some in rows:
            self._take(sql, _plain(some))
            count += len(some)
        return count

    def execute(self, sql: str) -> None:
        """Run a statement, in which all names are `quoted`."""
        with self._telling():
            self._connection.execute(sql)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives."""
        with self._telling():
            return self._connection.execute(sql).fetchall()

    def quoted(self, name: str) -> str:
        """Return a name so that it can stand in a statement."""
        return '"' + name.replace('"', '""') + '"'

    def _take(self, sql: str, rows: pa.Table) -> None:
        with self._telling():
            self._connection.register(_ROWS, rows)
            self._connection.execute(sql)
            self._connection.unregister(_ROWS)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            cause = str(error).partition("\n")[0]
            for word, meaning in _OPEN_ELSEWHERE.items():
                if word in cause.lower():
                    raise OutOfReachError(
                        f"can't write {self._name!r}: {meaning}."
                    ) from error
            raise ExportError(f"can't write {self._name!r}: {cause}.") from error


def _plain(table: pa.Table) -> pa.Table:
    """Give categories the type of their values, so that the column takes others."""
    for at, item in enumerate(table.schema):
        kind = item.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if pa.types.is_null(kind):
            kind = pa.string()
        if kind is not item.type:
            table = table.set_column(at, item.with_type(kind), table[at].cast(kind))
    return table
