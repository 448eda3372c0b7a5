"""From a list's last sync to the present, one table after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import stripe

from stripe_nb.clock import wall_time
from stripe_nb.errors import ExportError, StripeNbError, SyncError
from stripe_nb.export.request import Request
from stripe_nb.export.tables import has_columns
from stripe_nb.export.targets import is_warehouse
from stripe_nb.export.warehouse_target import (
    WarehouseTarget,
    open_warehouse,
    shown_place,
)
from stripe_nb.ids import random_token
from stripe_nb.session import Client, current
from stripe_nb.sync.changes import EventLog, reaches
from stripe_nb.sync.following import FollowedTable
from stripe_nb.sync.history import Run, past, record
from stripe_nb.sync.lock import only_one
from stripe_nb.sync.ownership import account_of, check_is_ours
from stripe_nb.sync.reading import (
    Followed,
    catch_up,
    load_all,
    resource_to_follow,
    sweep,
)

__all__ = ["run"]

# What so few pages hold is read whole, at the price of reading the events.
_FEW_ROWS = 1_000
# What no event tells of, such as a payment intent's metadata, is found by then.
_WHOLE_AGAIN = 7 * 24 * 3600
# A broken-off read is taken up for a day, and so is the moment it began.
_ATTEMPT = 2 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What is the same for all tables of a call."""

    target: WarehouseTarget
    place: str
    client: Client
    scope: str
    owner: str | None
    log: EventLog
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
    followed = _to_follow(resources, client, account)
    # The lock comes first: two can't even have a file of DuckDB's open at once.
    with only_one(place, shown_place(place)):
        job = _Job(
            target=WarehouseTarget(Request(place=place)),
            place=place,
            client=client,
            scope=_scope(client, account),
            owner=account_of(client, account),
            log=EventLog(client, account, progress),
            full=full,
            progress=progress,
        )
        runs = [_one(job, each) for each in followed]
    _tell_failures(runs)
    return _told(runs)


def _to_follow(
    resources: Sequence[str], client: Client, account: str | None
) -> list[Followed]:
    """Return the resources, each once, whatever it was called."""
    found: dict[str, Followed] = {}
    for name in resources:
        one = resource_to_follow(name, client, account)
        other = found.setdefault(one.table, one)
        if other.collection != one.collection:
            raise SyncError(
                f"{other.name} and {name} would be one table, {one.table!r}; give one "
                "of them."
            )
    if not found:
        raise SyncError('give a resource to sync, such as "customers".')
    return list(found.values())


def _tell_failures(runs: Sequence[Run]) -> None:
    failed = [run for run in runs if run.status == "failed"]
    if not failed:
        return
    if len(runs) == 1:
        one = failed[0]
        raise SyncError(f"the table {one.table_name!r} is not up to date: {one.error}")
    causes = "; ".join(
        f"{run.table_name}: {str(run.error).removesuffix('.')}" for run in failed
    )
    others = "none is" if len(failed) == len(runs) else "the others are"
    raise SyncError(
        f"{len(failed)} of {len(runs)} tables could not be brought up to date "
        f"({causes}); {others}."
    )


def _scope(client: Client, account: str | None) -> str:
    parts = (
        client.target.addresses["api"],
        client.target.key,
        account or client.account,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _one(job: _Job, followed: Followed) -> Run:
    """Bring one table up to date, and write how that went."""
    this = Run(
        run_id=random_token(16),
        table_name=followed.table,
        scope=job.scope,
        account=job.owner,
        livemode=job.client.livemode,
        started=wall_time(),
    )
    try:
        followed = _with_events(job, followed, this)
        former = _begin(job, followed, this)
        _bring_up(job, followed, former, this)
    except (StripeNbError, stripe.StripeError) as error:
        # The SDK's own take several lines.
        this.status, this.error = "failed", " ".join(str(error).split())
        # What went wrong is told in any case; the history is tried.
        with (
            suppress(ExportError),
            open_warehouse(job.place) as warehouse,
            warehouse.transaction(),
        ):
            record(warehouse, this)
    return this


def _with_events(job: _Job, followed: Followed, this: Run) -> Followed:
    """Note the newest event; without leave to read them, lists are read whole."""
    try:
        this.events_until = job.log.newest
    except stripe.PermissionError:
        return replace(followed, is_told=False)
    return followed


def _begin(job: _Job, followed: Followed, this: Run) -> list[Run]:
    """Note that a run has begun; return those before that it can build on."""
    with open_warehouse(job.place) as warehouse:
        there = warehouse.columns(followed.table)
        looks_ours = has_columns(there, followed.columns, warehouse.name_limit)
        check_is_ours(warehouse, this, looks_ours=looks_ours)
        former = past(warehouse, followed.table, job.scope)
        last = _last(former)
        table = FollowedTable(warehouse, followed.table)
        # Where a column is new, as after an upgrade, rows without an event lack it;
        # and what others have changed in the table no event tells of.
        is_ready = (
            last is not None
            and table.fits(followed.columns)
            and table.count() == last.rows_there
        )
        this.mode = _mode(job, followed, former if is_ready else [], this)
        with warehouse.transaction():
            record(warehouse, this)
    return former


def _mode(job: _Job, followed: Followed, former: list[Run], this: Run) -> str:
    last = _last(former)
    if job.full or last is None or not followed.is_told:
        return "full"
    if last.rows_there <= _FEW_ROWS:
        return "full"
    if not followed.edits_are_told and not _was_read_whole(former, this):
        return "full"
    is_kept = reaches(last.events_until, last.started, this.events_until)
    return "events" if is_kept else "full"


def _was_read_whole(former: list[Run], this: Run) -> bool:
    """Tell whether a list was read whole not long ago."""
    return any(
        run.is_whole and this.started - run.started < _WHOLE_AGAIN for run in former
    )


def _last(former: list[Run]) -> Run | None:
    return next((run for run in reversed(former) if run.status == "succeeded"), None)


def _bring_up(job: _Job, followed: Followed, former: list[Run], this: Run) -> None:
    last = _last(former)
    if this.mode == "events" and last is not None:
        caught = catch_up(
            job.place, followed, this, last.events_until, job.log, job.progress
        )
        if caught:
            sweep(job.place, followed, job.target)
            return
        # So many have changed that the whole list is read faster.
        this.mode = "full"
    since = _since(former, this)
    load_all(job.place, followed, this, job.target, job.progress)
    if followed.is_told:
        # What has changed while it was read, or since a former attempt's part.
        catch_up(job.place, followed, this, since, job.log, job.progress, always=True)


def _since(former: list[Run], this: Run) -> int | None:
    """Return the newest event before anything of a list was read.

    Parts that were read by attempts that were killed count as well.
    """
    attempts = [this]
    for run in reversed(former):
        # One by events leaves what was read before it where it is.
        if run.is_whole or this.started - run.started > _ATTEMPT:
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
