"""The two ways in which a table is brought up to date.

`load_all` reads a list whole; `catch_up` reads what was created and what the
events name. Both write in one transaction, together with the run's line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from stripe_nb.catalog import load
from stripe_nb.clock import wall_time
from stripe_nb.errors import OutOfReachError, SyncError
from stripe_nb.export.fetched import fetched, fingerprint
from stripe_nb.export.rows import Rows
from stripe_nb.export.warehouse_target import (
    WarehouseTarget,
    open_warehouse,
    table_name,
    writing,
)
from stripe_nb.frames.chunk import chunk_of
from stripe_nb.frames.fetch import Pull, pull_of
from stripe_nb.frames.layout import Layout
from stripe_nb.frames.objects import Object
from stripe_nb.frames.query import LIFTING
from stripe_nb.frames.schema import Schema
from stripe_nb.frames.selection import Selection
from stripe_nb.session import Client
from stripe_nb.sync.changes import EventLog, edits_are_told, is_told
from stripe_nb.sync.following import FollowedTable
from stripe_nb.sync.history import Run, record
from stripe_nb.sync.retrieval import retrieve_path, retrieved

__all__ = ["Followed", "catch_up", "load_all", "resource_to_follow", "sweep"]

# Objects and events may turn up some time after their second.
_LATE = 600
# An object's test clock is set for good: what the list left out it never had.
_LASTING = {"test_clock"}
# resource: the column that is null in rows of which no event tells. Stripe has
# events about a customer's tax ids, and none about those of the account.
_UNTOLD = {"tax_id": "customer"}
# Stripe lists them for 30 days.
_EXPIRING = {"event", "v2.core.event"}
# What was read is taken up for a day.
_STALE = 2 * 24 * 3600
# So many requests for single objects cost no more than a list would save.
_PAGE, _FREE = 100, 20


@dataclass(frozen=True, slots=True)
class Followed:
    """A list, and the table that follows it.

    Attributes
    ----------
    filters
        What lifts the filters that Stripe would set; a list that it gives only
        in parts is read once with each.
    hides
        Whether the list leaves out objects that it had before, and can't be
        asked for them, as closed reviews.
    path
        Of a single object, with ``{}`` for its id; None if there is none.
    is_told
        Whether events tell of its changes.
    edits_are_told
        Whether they tell of all of them.
    expires
        Whether the list leaves out what has become old, without its being deleted.
    untold
        The column that is null in the rows whose changes no event tells of; None
        if there are no such rows.
    """

    resource: str
    name: str
    table: str
    client: Client
    account: str | None
    filters: Sequence[Mapping[str, Any]]
    hides: bool
    path: str | None
    is_told: bool
    edits_are_told: bool
    expires: bool
    untold: str | None

    @property
    def collection(self) -> str:
        """The path of the list."""
        return self.pulls()[0].query.path

    def pulls(self, start: int | None = None) -> list[Pull]:
        """Return what to ask for: all, or what was created since."""
        return [pull_of(each) for each in self.selections(start)]

    def selections(self, start: int | None = None) -> list[Selection]:
        """Return what to ask for: all, or what was created since."""
        created = None if start is None else (start, None)
        return [
            Selection(
                resource=self.name,
                created=created,
                client=self.client,
                account=self.account,
                params=params,
            )
            for params in self.filters
        ]

    @property
    def schema(self) -> Schema:
        """The columns that its objects become."""
        return self.pulls()[0].schema

    @property
    def columns(self) -> list[str]:
        """The names of those that are there whatever the rows."""
        return list(Layout(self.schema).arrow_schema.names)


def resource_to_follow(name: str, client: Client, account: str | None) -> Followed:
    """Return a resource as it is followed.

    Raises
    ------
    SyncError
        If its objects have no id.
    """
    pull = pull_of(Selection(resource=name, client=client, account=account))
    resource = pull.query.resource
    if not any(column.path == ("id",) for column in pull.schema.columns):
        raise SyncError(
            f"{name} can't be followed, for its objects have no id; export it anew "
            "each time."
        )
    path = retrieve_path(load().resource(resource), pull.query.path)
    # Else a subscription would vanish from its table when it is canceled, and a
    # price when it is archived.
    lifting = {name: values for (of, name), values in LIFTING.items() if of == resource}
    filters = [{name: value} for name, values in lifting.items() for value in values]
    return Followed(
        resource=resource,
        name=name,
        table=table_name(resource),
        client=client,
        account=account,
        filters=filters or [{}],
        hides=bool(pull.query.hidden.keys() - lifting.keys() - _LASTING)
        and path is not None,
        path=path,
        is_told=path is not None
        and is_told(resource, is_new_listed=pull.query.takes("created")),
        edits_are_told=edits_are_told(resource),
        expires=resource in _EXPIRING,
        untold=_UNTOLD.get(resource),
    )


def load_all(
    place: str,
    followed: Followed,
    run: Run,
    target: WarehouseTarget,
    progress: bool | None,
) -> None:
    """Read the whole list; mark rows that it lacks as deleted, if they are."""
    try:
        with ExitStack() as stack:
            parts: list[Rows] = []
            for asked in followed.selections():
                spool = _spool(place, asked, target)
                if not followed.is_told:
                    # What was read before a kill could never be mended.
                    shutil.rmtree(spool, ignore_errors=True)
                rows = stack.enter_context(fetched(asked, spool, progress=progress))
                if not (rows.certificate or {}).get("complete", False):
                    raise SyncError("the list could not be read whole; try again.")
                parts.append(rows)
            if followed.hides:
                parts.append(_hidden(place, followed, parts))
            _replace(place, followed, run, parts)
    except OutOfReachError as error:
        kept = "; what was read is kept for a day." if followed.is_told else "."
        raise SyncError(f"{str(error).removesuffix('.')}{kept}") from error


def sweep(place: str, followed: Followed, target: WarehouseTarget) -> None:
    """Remove what a broken-off read left too long ago to go on from."""
    for asked in followed.selections():
        spool = _spool(place, asked, target)
        if spool.exists() and wall_time() - spool.stat().st_mtime > _STALE:
            shutil.rmtree(spool)


def _spool(place: str, asked: Selection, target: WarehouseTarget) -> Path:
    return target.spool(fingerprint(asked, f"sync {place}"))


def _hidden(place: str, followed: Followed, parts: Sequence[Rows]) -> Rows:
    """Return the table's objects that the list leaves out, as they are now."""
    missing: list[str] = []
    # A transaction of its own: the next must not wait for Stripe.
    with writing(place) as warehouse:
        table = FollowedTable(warehouse, followed.table)
        if table.exists:
            missing = table.missing_from(_ids(parts))
    found, _ = _looked_up(followed, missing)
    return _rows(followed, found.values())


def _looked_up(
    followed: Followed, names: Iterable[str]
) -> tuple[dict[str, Object], list[str]]:
    """Return the objects that exist, by id, and the ids of those that don't."""
    path, client, account = followed.path or "", followed.client, followed.account
    return retrieved(path, names, followed.schema, client, account)


def _replace(place: str, followed: Followed, run: Run, parts: Sequence[Rows]) -> None:
    with writing(place) as warehouse:
        table = FollowedTable(warehouse, followed.table)
        if table.exists:
            table.take_over()
        run.rows_written += sum(map(table.put, parts))
        gone = [] if followed.expires else table.missing_from(_ids(parts))
        now = int(wall_time())
        run.objects_read += sum(len(some) for some in _ids(parts))
        run.rows_deleted += table.delete(dict.fromkeys(gone, now))
        certificates = [dict(rows.certificate) for rows in parts if rows.certificate]
        run.certificate = json.dumps(
            certificates[0] if len(certificates) == 1 else certificates
        )
        _finish(run, table)
        if followed.is_told:
            # Not before what has changed meanwhile is in, too.
            run.status = "running"
        record(warehouse, run)


def catch_up(
    place: str,
    followed: Followed,
    run: Run,
    since: int | None,
    log: EventLog,
    progress: bool | None,
    *,
    always: bool = False,
) -> bool:
    """Read what was created and what has changed since an event.

    Parameters
    ----------
    always
        However many they are; else nothing is done, and False returned, if
        the whole list were read faster.
    """
    start = None if since is None else since - (0 if always else _LATE)
    changed = log.since(start, anew=always).of(followed.resource)
    # Without an event before, all that is there is told of by events.
    objects: dict[str, Object] = {}
    for pull in _created(followed, start):
        objects.update(_by_id(pull, progress))
    left = [name for name in changed if name not in objects]
    if not always and len(left) > _FREE + run_size(place, followed) / _PAGE:
        return False
    found, gone = _looked_up(followed, left)
    moments = {name: changed[name] for name in gone}
    if followed.untold is not None:
        missing = _untold_missing(place, followed, objects)
        there, lost = _looked_up(followed, missing)
        found.update(there)
        moments.update(dict.fromkeys(lost, int(wall_time())))
    objects.update(found)
    if not always:
        # Else most of them were read a moment ago.
        run.objects_read += len(objects) + len(moments)
    _write(place, followed, run, objects, moments)
    return True


def _untold_missing(
    place: str, followed: Followed, listed: Mapping[str, Object]
) -> list[str]:
    """Return the ids of rows that no event tells of, and that the list lacks."""
    ids = pa.table({"id": pa.array(listed, pa.string())})
    with writing(place) as warehouse:
        table = FollowedTable(warehouse, followed.table)
        return table.missing_from([ids], where_null=followed.untold)


def run_size(place: str, followed: Followed) -> int:
    """Return how many rows the table has."""
    with open_warehouse(place) as warehouse:
        return FollowedTable(warehouse, followed.table).count()


def _created(followed: Followed, start: int | None) -> list[Pull]:
    whole = followed.pulls()
    if followed.untold is not None:
        return whole
    if start is None or not whole[0].query.takes("created"):
        return []
    return followed.pulls(start)


def _by_id(pull: Pull, progress: bool | None) -> dict[str, Object]:
    batches = pull.batches(progress=progress)
    found = {obj["id"]: obj for batch in batches for obj in batch}
    if not pull.complete:
        raise SyncError("what was created could not be read whole; try again.")
    return found


def _write(
    place: str,
    followed: Followed,
    run: Run,
    objects: Mapping[str, Object],
    gone: Mapping[str, int],
) -> None:
    rows = _rows(followed, objects.values())
    with writing(place) as warehouse:
        table = FollowedTable(warehouse, followed.table)
        run.rows_written += table.put(rows)
        run.rows_deleted += table.delete(gone)
        _finish(run, table)
        record(warehouse, run)


def _rows(followed: Followed, objects: Iterable[Object]) -> Rows:
    pull = followed.pulls()[0]
    hides_clocks = "test_clock" in pull.query.hidden
    listed = [o for o in objects if not (hides_clocks and o.get("test_clock"))]
    layout = Layout(pull.schema)
    chunk = chunk_of(listed, pull.schema)
    layout.see(chunk)
    return Rows(layout.arrow_schema, lambda: iter([layout.table(chunk)]))


def _ids(parts: Sequence[Rows]) -> Iterator[pa.Table]:
    tables = chain.from_iterable(rows.tables() for rows in parts)
    return (some.select(["id"]).cast(_ID) for some in tables)


_ID = pa.schema([("id", pa.string())])


def _finish(run: Run, table: FollowedTable) -> None:
    run.status = "succeeded"
    run.finished = wall_time()
    run.rows_there = table.count()
