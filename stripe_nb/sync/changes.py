"""What Stripe's events say has changed since a moment.

An event's payload is the object as it was, in the API version of its time; so
only its id is taken from there, and the object is read as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from stripe_nb.catalog import load
from stripe_nb.clock import wall_time
from stripe_nb.frames.fetch import Pull
from stripe_nb.frames.selection import Selection
from stripe_nb.session import Client

__all__ = ["Changes", "changes_since", "is_told", "newest_event", "reaches"]

# Stripe keeps events for 30 days; one less, for clocks and long reads.
_KEPT = 29 * 24 * 3600
# What an object's beginning and end are called; anything else is a change.
_ENDS = frozenset({"created", "deleted"})


@dataclass(frozen=True, slots=True)
class Changes:
    """Which objects of each kind have changed.

    Attributes
    ----------
    ids
        By the kind's name: each id, and when it was last told of.
    """

    ids: Mapping[str, Mapping[str, int]]

    def of(self, resource: str) -> Mapping[str, int]:
        """Return the ids of one kind."""
        return self.ids.get(resource, {})


def is_told(resource: str) -> bool:
    """Tell whether events say so when such an object changes.

    Examples
    --------
    >>> is_told("customer"), is_told("subscription"), is_told("balance_transaction")
    (True, True, False)
    """
    told = set()
    for kind in load().event_types:
        stem, _, what = kind.rpartition(".")
        if stem == resource or stem.endswith(f".{resource}"):
            told.add(what)
    return bool(told - _ENDS)


def newest_event(client: Client, account: str | None) -> int | None:
    """Return when the last event was, by Stripe's clock; None without any."""
    body = client.get_bytes("/v1/events", {"limit": 1}, account=account)
    data = orjson.loads(body)["data"]
    return data[0]["created"] if data else None


def reaches(until: int | None, started: float, newest: int | None) -> bool:
    """Tell whether all events since a former sync are still there.

    Parameters
    ----------
    until
        The newest event that the former sync knew of.
    started
        When it began, by the clock of this machine.
    newest
        The newest event now. A sandbox has a time of its own, so both clocks
        are asked.
    """
    is_recent = wall_time() - started < _KEPT
    return is_recent and (until is None or newest is None or newest - until < _KEPT)


def changes_since(
    since: int | None, client: Client, account: str | None, *, progress: bool | None
) -> Changes:
    """Read the events since a moment, all there are if it is None."""
    asked = Selection(
        resource="events",
        created=None if since is None else (since, None),
        client=client,
        account=account,
    )
    found: dict[str, dict[str, int]] = {}
    for events in Pull(asked).batches(progress=progress):
        for event in events:
            obj = event["data"]["object"]
            kind, name = obj.get("object"), obj.get("id")
            if kind and name:
                of_kind = found.setdefault(kind, {})
                of_kind[name] = max(event["created"], of_kind.get(name, 0))
    return Changes(found)
