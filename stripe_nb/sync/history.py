"""The history of syncs, kept in the database that they bring up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from stripe_nb.export.tables import widen
from stripe_nb.export.warehouses import Warehouse

__all__ = ["RUNS", "Run", "past", "record"]

RUNS = "stripe_nb_runs"
# Unix seconds are numbers here: what a sync counts with must not depend on how
# a database writes times.
_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("table_name", pa.string()),
        ("scope", pa.string()),
        ("status", pa.string()),
        ("mode", pa.string()),
        ("started", pa.float64()),
        ("finished", pa.float64()),
        ("events_until", pa.int64()),
        ("objects_read", pa.int64()),
        ("rows_written", pa.int64()),
        ("rows_deleted", pa.int64()),
        ("rows_there", pa.int64()),
        ("error", pa.string()),
        ("certificate", pa.string()),
    ]
)


@dataclass(slots=True, kw_only=True)
class Run:
    """One table's part of a sync.

    Attributes
    ----------
    run_id
        Letters and digits.
    scope
        A digest of whose objects they are: another key must not go on where
        this one stopped.
    status
        ``"running"``, ``"succeeded"`` or ``"failed"``; a running one of the past
        was killed.
    mode
        ``"full"`` or ``"events"``.
    started, finished
        By this machine's clock, in Unix seconds.
    events_until
        The newest event before it began, by Stripe's clock; None without any.
    objects_read, rows_written, rows_deleted, rows_there
        How many; the last without those that are deleted.
    """

    run_id: str
    table_name: str
    scope: str
    status: str
    mode: str
    started: float
    finished: float | None = None
    events_until: int | None = None
    objects_read: int = 0
    rows_written: int = 0
    rows_deleted: int = 0
    rows_there: int = 0
    error: str | None = None
    certificate: str | None = None


def record(warehouse: Warehouse, run: Run) -> None:
    """Write a run, in the place of what was written of it before."""
    widen(warehouse, RUNS, _SCHEMA)
    name, key = warehouse.quoted(RUNS), warehouse.quoted("run_id")
    # Letters and digits, made here.
    warehouse.execute(f"DELETE FROM {name} WHERE {key} = '{run.run_id}'")  # noqa: S608
    warehouse.insert(RUNS, _SCHEMA, _line(asdict(run)))


def past(warehouse: Warehouse, table: str, scope: str) -> list[Run]:
    """Return a table's runs, oldest first."""
    there = warehouse.columns(RUNS)
    if not there:
        return []
    names = [item.name for item in fields(Run)]
    columns = ", ".join(map(warehouse.quoted, names))
    rows = warehouse.query(f"SELECT {columns} FROM {warehouse.quoted(RUNS)}")  # noqa: S608
    runs = [Run(**dict(zip(names, row, strict=True))) for row in rows]
    found = [run for run in runs if (run.table_name, run.scope) == (table, scope)]
    return sorted(found, key=lambda run: run.started)


def _line(values: dict[str, Any]) -> Iterator[pa.Table]:
    yield pa.Table.from_pylist([values], schema=_SCHEMA)
