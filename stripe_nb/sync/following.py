"""A table that follows a list: rows in by their ids, deletions marked.

Standard SQL, the same for every database. Rows wait in a table of their own
and then go in at once, so that a table is never half changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from stripe_nb.export.rows import Rows
from stripe_nb.export.tables import (
    column_names,
    drop,
    has_columns,
    stage_name,
    widen,
)
from stripe_nb.export.warehouses import Warehouse

__all__ = ["FollowedTable"]

_TIME = pa.timestamp("us", "UTC")
_MARKS = pa.schema([("is_deleted", pa.bool_()), ("deleted_at", _TIME)])
_DELETIONS = pa.schema([("id", pa.string()), ("deleted_at", _TIME)])


class FollowedTable:
    """One table, changed inside a transaction of its caller's.

    Parameters
    ----------
    warehouse
        Where it is.
    table
        Its name.
    """

    def __init__(self, warehouse: Warehouse, table: str) -> None:
        self._warehouse = warehouse
        self._table = table
        self._stage = stage_name(table, warehouse.name_limit)
        quoted = warehouse.quoted
        self._here, self._there = quoted(table), quoted(self._stage)
        self._id, self._at = quoted("id"), quoted("deleted_at")
        self._mark = quoted("is_deleted")

    @property
    def exists(self) -> bool:
        """Whether there is such a table."""
        return bool(self._warehouse.columns(self._table))

    def count(self) -> int:
        """Return how many rows are not deleted."""
        sql = f"SELECT count(*) FROM {self._here} WHERE NOT {self._mark}"  # noqa: S608
        return int(self._warehouse.query(sql)[0][0])

    def fits(self, names: Sequence[str]) -> bool:
        """Tell whether it has columns of these names, and every row its marks."""
        there = self._warehouse.columns(self._table)
        wanted = [*names, *_MARKS.names]
        if not has_columns(there, wanted, self._warehouse.name_limit):
            return False
        sql = f"SELECT count(*) FROM {self._here} WHERE {self._mark} IS NULL"  # noqa: S608
        return not self._warehouse.query(sql)[0][0]

    def take_over(self) -> None:
        """Mark rows that an export has put here, so that they are followed as well."""
        widen(self._warehouse, self._table, _MARKS)
        unmarked = f"{self._mark} IS NULL"
        marked = f"SELECT {self._id} FROM {self._here} WHERE {self._mark} IS NOT NULL"  # noqa: S608
        self._warehouse.execute(
            f"DELETE FROM {self._here} WHERE {unmarked} AND {self._id} IN ({marked})"  # noqa: S608
        )
        self._warehouse.execute(
            f"UPDATE {self._here} SET {self._mark} = FALSE WHERE {unmarked}"  # noqa: S608
        )

    def put(self, rows: Rows) -> int:
        """Write rows in the place of those with the same ids.

        Rows that are there already, just so, are left alone. Returns how many
        were written.
        """
        schema, tables = self._marked(rows)
        is_new = not self.exists
        widen(self._warehouse, self._table, schema)
        if is_new:
            return self._warehouse.insert(self._table, schema, tables)
        names = ", ".join(map(self._warehouse.quoted, schema.names))
        # Of the table's own types, which somebody may have changed.
        like = f"SELECT {names} FROM {self._here} WHERE 1 = 0"  # noqa: S608
        with self._staged(like) as warehouse:
            warehouse.insert(self._stage, schema, tables)
            staged = f"SELECT {self._id} FROM {self._there}"  # noqa: S608
            warehouse.execute(
                f"DELETE FROM {self._there} WHERE {self._id} NOT IN "  # noqa: S608
                f"(SELECT {self._id} FROM ({self._differing(schema, staged)}) AS d) "
                f"AND {self._id} NOT IN (SELECT {self._id} FROM {self._here} "
                f"GROUP BY {self._id} HAVING count(*) > 1)"
            )
            warehouse.execute(
                f"DELETE FROM {self._here} WHERE {self._id} IN ({staged})"  # noqa: S608
            )
            warehouse.execute(
                f"INSERT INTO {self._here} ({names}) "  # noqa: S608
                f"SELECT {names} FROM {self._there}"
            )
            count = warehouse.query(f"SELECT count(*) FROM {self._there}")  # noqa: S608
        return int(count[0][0])

    def _differing(self, schema: pa.Schema, staged: str) -> str:
        """Return what selects the staged rows that are not here, just so."""
        there = self._warehouse.columns(self._table)
        known = set(schema.names)
        names = list(map(self._warehouse.quoted, there))
        # A metadata key that none of the rows has any more is null in all of them.
        values = [
            name if column in known else "NULL"
            for column, name in zip(there, names, strict=True)
        ]
        return (
            f"SELECT {', '.join(values)} FROM {self._there} "  # noqa: S608
            f"EXCEPT SELECT {', '.join(names)} FROM {self._here} "
            f"WHERE {self._id} IN ({staged})"
        )

    def delete(self, moments: Mapping[str, int]) -> int:
        """Mark rows as deleted, each at its time; return how many were not yet."""
        if not moments:
            return 0
        before = self.count()
        times = {name: at * 1_000_000 for name, at in moments.items()}
        lines = [{"id": name, "deleted_at": at} for name, at in times.items()]
        with self._staged(_DELETIONS) as warehouse:
            gone = pa.Table.from_pylist(lines, schema=_DELETIONS)
            warehouse.insert(self._stage, _DELETIONS, [gone])
            at = f"{self._there}.{self._at}"
            same = f"{self._there}.{self._id} = {self._here}.{self._id}"
            warehouse.execute(
                f"UPDATE {self._here} SET {self._mark} = TRUE, {self._at} = "  # noqa: S608
                f"(SELECT {at} FROM {self._there} WHERE {same}) "
                f"WHERE NOT {self._mark} AND {self._id} IN "
                f"(SELECT {self._id} FROM {self._there})"
            )
        return before - self.count()

    def missing_from(
        self, ids: Iterable[pa.Table], *, where_null: str | None = None
    ) -> list[str]:
        """Return the ids of rows that are not deleted and not among these.

        Parameters
        ----------
        ids
            Tables of one column.
        where_null
            Only of rows in which this column is null.
        """
        schema = pa.schema([("id", pa.string())])
        with self._staged(schema) as warehouse:
            warehouse.insert(self._stage, schema, ids)
            sql = (
                f"SELECT {self._id} FROM {self._here} WHERE NOT {self._mark} "  # noqa: S608
                f"AND {self._id} NOT IN (SELECT {self._id} FROM {self._there})"
            )
            if where_null is not None:
                sql += f" AND {warehouse.quoted(where_null)} IS NULL"
            return [str(name) for (name,) in warehouse.query(sql)]

    def _marked(self, rows: Rows) -> tuple[pa.Schema, Iterator[pa.Table]]:
        own = set(_MARKS.names) & set(rows.schema.names)
        taken = self._warehouse.columns(self._table)
        held = [item for item in rows.schema if item.name not in own]
        names = column_names(
            [item.name for item in held], self._warehouse.name_limit, taken
        )
        fields = [item.with_name(n) for item, n in zip(held, names, strict=True)]
        schema = pa.schema([*fields, *_MARKS])

        def tables() -> Iterator[pa.Table]:
            for some in rows.tables():
                marks = [pa.repeat(False, len(some)), pa.nulls(len(some), _TIME)]
                columns = some.select([item.name for item in held]).columns
                yield pa.Table.from_arrays([*columns, *marks], schema=schema)

        return schema, tables()

    @contextmanager
    def _staged(self, like: pa.Schema | str) -> Iterator[Warehouse]:
        """Have a table for the length of a block, of a schema or as a query gives."""
        drop(self._warehouse, self._stage)
        if isinstance(like, str):
            self._warehouse.execute(f"CREATE TABLE {self._there} AS {like}")
        else:
            self._warehouse.create(self._stage, like)
        yield self._warehouse
        # After a failure the transaction takes it away.
        drop(self._warehouse, self._stage)
