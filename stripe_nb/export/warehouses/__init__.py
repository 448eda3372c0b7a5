"""Databases that rows are written to, each by the few steps that all of them know.

What differs between databases is in `Warehouse`; what is done with them, in
standard SQL, is in `tables`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

__all__ = ["Warehouse"]


class Warehouse(Protocol):
    """A database, open until it is closed.

    Attributes
    ----------
    name_limit
        How many bytes a name may have.
    """

    name_limit: int

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make what is done in a block happen as a whole or not at all."""

    def columns(self, table: str) -> list[str]:
        """Return a table's columns; none if there is no such table."""

    def create(self, table: str, schema: pa.Schema) -> None:
        """Make a table of a schema's columns, without rows."""

    def column_type(self, item: pa.Field) -> str:
        """Return the database's own word for a column's type."""

    def insert(self, table: str, schema: pa.Schema, rows: Iterable[pa.Table]) -> int:
        """Add rows to a table; return how many they were."""

    def execute(self, sql: str) -> None:
        """Run a statement, in which all names are `quoted`."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives."""

    def quoted(self, name: str) -> str:
        """Return a name so that it can stand in a statement."""
