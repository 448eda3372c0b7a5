"""The history of syncs, kept in the database that they bring up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from stripe_nb.export.tables import literal, widen
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
        ("account", pa.string()),
        ("livemode", pa.bool_()),
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
    account, livemode
        Whose they are, and whether for real; the first is None if Stripe doesn't
        tell the key.
    status
        ``"running"``, ``"succeeded"`` or ``"failed"``; a running one of the past
        was killed.
    mode
        ``"full"`` or ``"events"``; None if it failed before that was known.
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
    account: str | None = None
    livemode: bool | None = None
    status: str = "running"
    mode: str | None = None
    started: float
    finished: float | None = None
    events_until: int | None = None
    objects_read: int = 0
    rows_written: int = 0
    rows_deleted: int = 0
    rows_there: int = 0
    error: str | None = None
    certificate: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the list was read from end to end."""
        return (self.status, self.mode) == ("succeeded", "full")


def record(warehouse: Warehouse, run: Run) -> None:
    """Write a run, in the place of what was written of it before."""
    widen(warehouse, RUNS, _SCHEMA)
    name, key = warehouse.quoted(RUNS), warehouse.quoted("run_id")
    # Letters and digits, made here.
    warehouse.execute(f"DELETE FROM {name} WHERE {key} = '{run.run_id}'")  # noqa: S608
    warehouse.insert(RUNS, _SCHEMA, _line(asdict(run)))


def past(warehouse: Warehouse, table: str, scope: str | None = None) -> list[Run]:
    """Return a table's runs, oldest first, without their certificates.

    Parameters
    ----------
    scope
        Only of these objects; of all that the table ever held if not given.
    """
    there = set(warehouse.columns(RUNS))
    # A history that an earlier version began lacks what came later.
    names = [
        item.name
        for item in fields(Run)
        if item.name in there and item.name != "certificate"
    ]
    if not names:
        return []
    columns = ", ".join(map(warehouse.quoted, names))
    wanted = {"table_name": table} | ({} if scope is None else {"scope": scope})
    where = " AND ".join(
        f"{warehouse.quoted(name)} = {literal(value)}" for name, value in wanted.items()
    )
    rows = warehouse.query(
        f"SELECT {columns} FROM {warehouse.quoted(RUNS)} WHERE {where}"  # noqa: S608
    )
    runs = [Run(**dict(zip(names, row, strict=True))) for row in rows]
    return sorted(runs, key=lambda run: run.started)


def _line(values: dict[str, Any]) -> Iterator[pa.Table]:
    yield pa.Table.from_pylist([values], schema=_SCHEMA)
