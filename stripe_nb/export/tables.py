"""Rows into a table of a warehouse, as a whole or not at all.

Standard SQL, the same for every database; a certificate in a table of its own
tells of each table how it came about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from stripe_nb.clock import wall_time
from stripe_nb.export.rows import Rows
from stripe_nb.export.texts import written
from stripe_nb.export.warehouses import Warehouse

__all__ = [
    "CERTIFICATES",
    "append",
    "certify",
    "column_names",
    "drop",
    "has_columns",
    "literal",
    "replace",
    "stage_name",
    "widen",
]

CERTIFICATES = "stripe_nb_certificates"
_TIME = pa.timestamp("us", "UTC")
_CERTIFICATE_SCHEMA = pa.schema(
    [
        ("table_name", pa.string()),
        ("written_at", _TIME),
        ("rows", pa.int64()),
        ("certificate", pa.string()),
    ]
)
_DIGEST = 8


def column_names(
    names: Sequence[str], limit: int, taken: Iterable[str] = ()
) -> list[str]:
    """Return a table's columns for those of a frame, in the same order.

    Databases cut long names, and most take ``Plan`` and ``plan`` for the same;
    so such a name gets a digest at its end, which depends on the name alone.

    Parameters
    ----------
    names
        Of the frame's columns.
    limit
        How many bytes the database allows.
    taken
        Columns that the table has; an equal name keeps its own.

    Examples
    --------
    >>> column_names(["id", "metadata_plan", "metadata_Plan"], 63)
    ['id', 'metadata_plan', 'metadata_Plan_1abd4cf7']
    """
    exact = set(taken)
    used = {name.casefold() for name in exact}
    found: dict[str, str] = {name: name for name in names if name in exact}
    for name in names:
        if name in found:
            continue
        is_free = name.casefold() not in used and len(name.encode()) <= limit
        chosen = name if is_free else _with_digest(name, limit)
        used.add(chosen.casefold())
        found[name] = chosen
    return [found[name] for name in names]


def has_columns(there: Sequence[str], names: Sequence[str], limit: int) -> bool:
    """Tell whether a table's columns hold all of a frame's: see `column_names`."""
    return set(column_names(names, limit, there)) <= set(there)


def _with_digest(name: str, limit: int) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    room = min(limit, len(name.encode()) + _DIGEST + 1) - _DIGEST - 1
    return f"{name.encode()[:room].decode(errors='ignore')}_{digest}"


def stage_name(table: str, limit: int) -> str:
    """Return the name under which a table's rows wait until all are there."""
    name = f"stripe_nb_stage_{table}"
    return name if len(name.encode()) <= limit else _with_digest(name, limit)


def replace(warehouse: Warehouse, table: str, rows: Rows) -> int:
    """Give a table other rows; return how many. To be done in a transaction.

    A table of the same columns stays, with its rights and the views on it.
    """
    rows = _spoken(rows)
    there = warehouse.columns(table)
    names = column_names(rows.schema.names, warehouse.name_limit, there)
    schema = _named(rows.schema, names)
    tables = (some.rename_columns(names) for some in rows.tables())
    if sorted(there) == sorted(names):
        warehouse.execute(f"DELETE FROM {warehouse.quoted(table)}")  # noqa: S608
        return warehouse.insert(table, schema, tables)
    stage = stage_name(table, warehouse.name_limit)
    drop(warehouse, stage)
    warehouse.create(stage, schema)
    count = warehouse.insert(stage, schema, tables)
    drop(warehouse, table)
    old, new = warehouse.quoted(stage), warehouse.quoted(table)
    warehouse.execute(f"ALTER TABLE {old} RENAME TO {new}")
    return count


def append(warehouse: Warehouse, table: str, rows: Rows) -> int:
    """Add rows to a table, which is made or widened; return how many."""
    rows = _spoken(rows)
    names = column_names(
        rows.schema.names, warehouse.name_limit, warehouse.columns(table)
    )
    schema = _named(rows.schema, names)
    widen(warehouse, table, schema)
    tables = (some.rename_columns(names) for some in rows.tables())
    return warehouse.insert(table, schema, tables)


def _spoken(rows: Rows) -> Rows:
    """Give what only pandas has a type for, such as periods, as text.

    A database would keep the numbers that they are stored as.
    """
    odd = [at for at, item in enumerate(rows.schema) if _is_of_pandas(item.type)]
    if not odd:
        return rows
    schema = rows.schema
    for at in odd:
        schema = schema.set(at, pa.field(schema.names[at], pa.string()))

    def tables() -> Iterator[pa.Table]:
        for table in rows.tables():
            columns = [
                written(values) if at in odd else values
                for at, values in enumerate(table.columns)
            ]
            yield pa.Table.from_arrays(columns, schema=schema)

    return Rows(schema, tables, rows.resource, rows.certificate)


def _is_of_pandas(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_own = isinstance(kind, pa.BaseExtensionType)
    return is_own and str(kind.extension_name).startswith("pandas.")


def widen(warehouse: Warehouse, table: str, schema: pa.Schema) -> None:
    """Make a table, or give it the columns that it lacks."""
    there = set(warehouse.columns(table))
    if not there:
        warehouse.create(table, schema)
        return
    for item in schema:
        if item.name not in there:
            name, kind = warehouse.quoted(item.name), warehouse.column_type(item)
            of = warehouse.quoted(table)
            warehouse.execute(f"ALTER TABLE {of} ADD COLUMN {name} {kind}")


def drop(warehouse: Warehouse, table: str) -> None:
    """Remove a table if there is one."""
    warehouse.execute(f"DROP TABLE IF EXISTS {warehouse.quoted(table)}")


def literal(text: str) -> str:
    """Return a text so that it can stand in a statement.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def certify(
    warehouse: Warehouse,
    table: str,
    certificate: Mapping[str, Any] | None,
    rows: int,
    *,
    replaces: bool,
) -> None:
    """Note how a table's rows came about; forget it of rows that were replaced."""
    there = warehouse.columns(CERTIFICATES)
    if replaces and there:
        of = f"{warehouse.quoted('table_name')} = {literal(table)}"
        name = warehouse.quoted(CERTIFICATES)
        warehouse.execute(f"DELETE FROM {name} WHERE {of}")  # noqa: S608
    if certificate is None:
        return
    if not there:
        warehouse.create(CERTIFICATES, _CERTIFICATE_SCHEMA)
    line = {
        "table_name": table,
        "written_at": int(wall_time() * 1_000_000),
        "rows": rows,
        "certificate": json.dumps(certificate),
    }
    warehouse.insert(CERTIFICATES, _CERTIFICATE_SCHEMA, _lines([line]))


def _lines(lines: list[dict[str, Any]]) -> Iterator[pa.Table]:
    yield pa.Table.from_pylist(lines, schema=_CERTIFICATE_SCHEMA)


def _named(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    fields = [item.with_name(name) for item, name in zip(schema, names, strict=True)]
    return pa.schema(fields)
