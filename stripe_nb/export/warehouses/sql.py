"""Every database that SQLAlchemy knows; types come from the Arrow schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from stripe_nb.errors import ExportError, MissingDependencyError, OutOfReachError
from stripe_nb.export.texts import check_finite, written
from stripe_nb.redaction import redact_password

try:
    import sqlalchemy as sa
except ImportError as _error:
    raise MissingDependencyError("SQLAlchemy", "sql") from _error

__all__ = ["SqlWarehouse", "shown_url"]

# Rows that are handed to the driver at once.
_BATCH = 2_000
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def shown_url(url: str) -> str:
    """Return a database's address without its password.

    Examples
    --------
    >>> shown_url("postgresql://me:secret@db/shop")
    'postgresql://me:***@db/shop'
    """
    return _parsed(url).render_as_string(hide_password=True)


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # Without the cause, which may quote a password.
        raise ExportError(
            "this is no address of a database; write it like "
            "postgresql://user:password@host/database, with %40 for an @ in the "
            "password."
        ) from None


class SqlWarehouse:
    """A database with an SQLAlchemy URL.

    Parameters
    ----------
    url
        For example ``"postgresql://user:password@host/shop"``.

    Raises
    ------
    ExportError
        If it can't be reached.
    MissingDependencyError
        If its driver isn't installed.
    """

    def __init__(self, url: str) -> None:
        parsed = _parsed(url)
        self._url = parsed
        driver = _DRIVERS.get(parsed.drivername, parsed.drivername)
        parsed = parsed.set(drivername=driver)
        try:
            self._engine = sa.create_engine(parsed, hide_parameters=True)
        except ImportError as error:
            if driver == _DRIVERS["postgresql"]:
                raise MissingDependencyError(
                    error.name or driver, "postgresql"
                ) from error
            raise ExportError(
                f"{parsed.drivername}:// needs the package {error.name!r}, which is "
                "not installed; install it, or name another driver in the URL."
            ) from error
        except sa.exc.NoSuchModuleError as error:
            raise ExportError(
                f"SQLAlchemy has no dialect {parsed.drivername!r}; install the "
                "package that brings it."
            ) from error
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite and parsed.database in (None, "", ":memory:"):
            raise ExportError(
                f"{url} is a database in memory, which would be gone at once; name a "
                "file, such as sqlite:///shop.db."
            )
        if self._is_sqlite:
            _begin_at_once(self._engine)
        self.name_limit = self._engine.dialect.max_identifier_length
        with self._telling():
            self._connection = self._engine.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._engine.dispose()

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name for the kind of database."""
        return self._engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done in a block happen as a whole or not at all."""
        with self._telling():
            # Looking something up has begun one already.
            self._connection.rollback()
            with self._connection.begin():
                yield

    def columns(self, table: str) -> list[str]:
        """Return a table's columns; none if there is no such table."""
        with self._telling():
            inspector = sa.inspect(self._connection)
            if not inspector.has_table(table):
                return []
            return [column["name"] for column in inspector.get_columns(table)]

    def create(self, table: str, schema: pa.Schema) -> None:
        """Make a table of a schema's columns, without rows."""
        with self._telling():
            self._table(table, schema).create(self._connection)

    def column_type(self, item: pa.Field) -> str:
        """Return the database's own word for a column's type."""
        return str(self._type(item).compile(self._engine.dialect))

    def insert(self, table: str, schema: pa.Schema, rows: Iterable[pa.Table]) -> int:
        """Add rows to a table; return how many they were."""
        statement = self._table(table, schema).insert()
        converts = [self._conversion(item) for item in schema]
        keys = [f"c{number}" for number in range(len(schema))]
        count = 0
        for some in rows:
            for start in range(0, len(some), _BATCH):
                values = _values(some.slice(start, _BATCH), converts)
                batch = [dict(zip(keys, row, strict=True)) for row in values]
                with self._telling():
                    self._connection.execute(statement, batch)
                count += len(batch)
        return count

    def execute(self, sql: str) -> None:
        """Run a statement, in which all names are `quoted`."""
        with self._telling():
            self._connection.exec_driver_sql(sql)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives."""
        with self._telling():
            return [tuple(row) for row in self._connection.exec_driver_sql(sql)]

    def quoted(self, name: str) -> str:
        """Return a name so that it can stand in a statement."""
        # A % is doubled where the driver would take it for a parameter.
        return self._engine.dialect.identifier_preparer.quote_identifier(name)

    def _table(self, name: str, schema: pa.Schema) -> sa.Table:
        # Keys of our own: a column's name may be no name for a parameter.
        columns = [
            sa.Column(item.name, self._type(item), key=f"c{number}", quote=True)
            for number, item in enumerate(schema)
        ]
        return sa.Table(name, sa.MetaData(), *columns, quote=True)

    def _type(self, item: pa.Field) -> Any:
        kind = _value_type(item.type)
        if pa.types.is_decimal(kind) and self._is_sqlite:
            # Its numbers are binary floats.
            return sa.Text()
        if pa.types.is_decimal(kind):
            return sa.Numeric(kind.precision, kind.scale)
        if pa.types.is_timestamp(kind):
            return sa.DateTime(timezone=kind.tz is not None)
        return next((make() for holds, make in _TYPES if holds(kind)), sa.Text())

    def _conversion(self, item: pa.Field) -> Callable[[Any], list[Any]]:
        """Return what makes values of a column that the driver takes."""
        kind = _value_type(item.type)
        if pa.types.is_decimal(kind) and self._is_sqlite:
            return _texts
        if pa.types.is_timestamp(kind):
            # SQLite, too, keeps UTC, and has no place for saying so.
            make = _naive if self._is_sqlite else _python_time
            return partial(_each, make)
        if pa.types.is_nested(kind):
            return partial(_json, item.name)
        if pa.types.is_floating(kind) and self._is_sqlite:
            return partial(_finite, item.name)
        is_known = any(holds(kind) for holds in _PYTHONIC)
        return _python if is_known else _texts

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            # The statement would only repeat all columns.
            cause = str(getattr(error, "orig", None) or error).strip()
            cause = cause.partition("\n")[0].rstrip(".")
            cause = redact_password(cause, self._url.password)
            if cause == "database is locked":
                cause = "another connection is writing to it; let that end first"
            where = self._url.render_as_string(hide_password=True)
            may_pass = isinstance(error, sa.exc.OperationalError)
            kind = OutOfReachError if may_pass else ExportError
            raise kind(f"can't write to {where}: {cause}.") from None
        except OverflowError as error:
            # What a driver can't even hand over.
            where = self._url.render_as_string(hide_password=True)
            raise ExportError(
                f"can't write to {where}: an integer is beyond its 64 bits; make the "
                "column Decimal or text."
            ) from error


def _begin_at_once(engine: sa.Engine) -> None:
    # Python's driver would begin only with the first insert, and leave what
    # creates and renames tables outside:
    # https://docs.sqlalchemy.org/dialects/sqlite.html#pysqlite-serializable
    @sa.event.listens_for(engine, "connect")
    def _take_over(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


# test of an Arrow type, SQLAlchemy's type; what none fits is text
_TYPES: tuple[tuple[Callable[[pa.DataType], bool], type[Any]], ...] = (
    (pa.types.is_boolean, sa.Boolean),
    (pa.types.is_integer, sa.BigInteger),
    (pa.types.is_floating, sa.Double),
    (pa.types.is_date, sa.Date),
    (pa.types.is_binary, sa.LargeBinary),
)
# Types whose values in Python are what a driver takes for them.
_PYTHONIC = (
    *(holds for holds, _ in _TYPES),
    pa.types.is_decimal,
    pa.types.is_large_string,
    pa.types.is_string,
)


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _values(
    table: pa.Table, converts: list[Callable[[Any], list[Any]]]
) -> Iterable[tuple[Any, ...]]:
    columns = [
        make(values) for make, values in zip(converts, table.columns, strict=True)
    ]
    return zip(*columns, strict=True)


def _python(values: Any) -> list[Any]:
    found: list[Any] = values.to_pylist()
    return found


def _each(make: Callable[[Any], Any], values: Any) -> list[Any]:
    return [None if v is None else make(v) for v in values.to_pylist()]


def _texts(values: Any) -> list[Any]:
    return _python(written(values))


def _json(name: str, values: Any) -> list[Any]:
    check_finite(values, name, "JSON")
    return _texts(values)


def _finite(name: str, values: Any) -> list[Any]:
    # SQLite holds infinity, and takes NaN for null.
    if pc.any(pc.is_nan(values)).as_py():
        check_finite(values, name, "SQLite")
    return _python(values)


def _python_time(value: datetime) -> datetime:
    # Nanoseconds come as pandas' own kind of time, which no driver knows.
    convert = getattr(value, "to_pydatetime", None)
    return value if convert is None else convert(warn=False)


def _naive(value: datetime) -> datetime:
    moment = _python_time(value)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
