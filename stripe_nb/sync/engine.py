"""From a list's last sync to the present, one table after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd
import stripe

from stripe_nb.clock import wall_time
from stripe_nb.errors import ExportError, StripeNbError, SyncError
from stripe_nb.export.request import Request
from stripe_nb.export.targets import is_warehouse
from stripe_nb.export.warehouse_target import (
    WarehouseTarget,
    open_warehouse,
    shown_place,
)
from stripe_nb.ids import random_token
from stripe_nb.session import Client, current
from stripe_nb.sync.changes import newest_event, reaches
from stripe_nb.sync.history import Run, past, record
from stripe_nb.sync.lock import only_one
from stripe_nb.sync.reading import Followed, catch_up, load_all, resource_to_follow

__all__ = ["run"]

# What so few pages hold is read whole, at the price of reading the events.
_FEW_ROWS = 1_000
# A broken-off read is taken up for a day, and so is the moment it began.
_ATTEMPT = 2 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What is the same for all tables of a call."""

    target: WarehouseTarget
    place: str
    client: Client
    account: str | None
    scope: str
    full: bool
    progress: bool | None


def run(
    resources: Sequence[str],
    place: str,
    *,
    full: bool,
    client: Client | None,
    account: str | None,
    progress: bool | None,
) -> pd.DataFrame:
    """Bring the resources' tables up to date; tell what was done."""
    if not is_warehouse(place):
        raise SyncError(
            "a sync needs a database, to change single rows of: give a .duckdb file "
            "or a database's URL, such as postgresql://… or sqlite:///shop.db."
        )
    client = client or current()
    followed = [resource_to_follow(name, client, account) for name in resources]
    # The lock comes first: two can't even have a file of DuckDB's open at once.
    with only_one(place, shown_place(place)):
        job = _Job(
            target=WarehouseTarget(Request(place=place)),
            place=place,
            client=client,
            account=account,
            scope=_scope(client, account),
            full=full,
            progress=progress,
        )
        runs = [_one(job, each) for each in followed]
    failed = [run for run in runs if run.status == "failed"]
    if failed:
        causes = "; ".join(f"{run.table_name}: {run.error}" for run in failed)
        raise SyncError(
            f"{len(failed)} of {len(runs)} tables could not be brought up to date "
            f"({causes}); the others are."
        )
    return _told(runs)


def _scope(client: Client, account: str | None) -> str:
    parts = (
        client.target.addresses["api"],
        client.target.key,
        account or client.account,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _one(job: _Job, followed: Followed) -> Run:
    """Bring one table up to date, and write how that went."""
    newest = newest_event(job.client, job.account)
    with open_warehouse(job.place) as warehouse:
        former = past(warehouse, followed.table, job.scope)
        # Where a column is new, as after an upgrade, rows without an event lack it.
        is_ready = followed.fits(warehouse.columns(followed.table), warehouse)
        this = Run(
            run_id=random_token(16),
            table_name=followed.table,
            scope=job.scope,
            status="running",
            mode=_mode(job, followed, former if is_ready else [], newest),
            started=wall_time(),
            events_until=newest,
        )
        with warehouse.transaction():
            record(warehouse, this)
    try:
        _bring_up(job, followed, former, this)
    except (StripeNbError, stripe.StripeError) as error:
        this.status, this.error = "failed", str(error)
        # What went wrong is told in any case; the history is tried.
        with (
            suppress(ExportError),
            open_warehouse(job.place) as warehouse,
            warehouse.transaction(),
        ):
            record(warehouse, this)
    return this


def _mode(job: _Job, followed: Followed, former: list[Run], newest: int | None) -> str:
    last = _last(former)
    if job.full or last is None or not followed.is_told:
        return "full"
    if last.rows_there <= _FEW_ROWS:
        return "full"
    is_kept = reaches(last.events_until, last.started, newest)
    return "events" if is_kept else "full"


def _last(former: list[Run]) -> Run | None:
    return next((run for run in reversed(former) if run.status == "succeeded"), None)


def _bring_up(job: _Job, followed: Followed, former: list[Run], this: Run) -> None:
    last = _last(former)
    if this.mode == "events" and last is not None:
        caught = catch_up(job.place, followed, this, last.events_until, job.progress)
        if caught:
            return
        # So many have changed that the whole list is read faster.
        this.mode = "full"
    since = _since(former, this)
    load_all(job.place, followed, this, job.target, job.progress)
    if followed.is_told:
        # What has changed while it was read, or since a former attempt's part.
        catch_up(job.place, followed, this, since, job.progress, always=True)


def _since(former: list[Run], this: Run) -> int | None:
    """Return the newest event before anything of a list was read.

    Parts that were read by attempts that were killed count as well.
    """
    attempts = [this]
    for run in reversed(former):
        if run.status == "succeeded" or this.started - run.started > _ATTEMPT:
            break
        attempts.append(run)
    moments = [run.events_until for run in attempts]
    known = [at for at in moments if at is not None]
    return min(known) if len(known) == len(moments) else None


def _told(runs: list[Run]) -> pd.DataFrame:
    lines: list[dict[str, Any]] = [
        {
            "table": run.table_name,
            "mode": run.mode,
            "objects_read": run.objects_read,
            "rows_written": run.rows_written,
            "rows_deleted": run.rows_deleted,
            "rows_there": run.rows_there,
        }
        for run in runs
    ]
    return pd.DataFrame(lines)
