"""What Stripe's events say has changed since a moment.

An event's payload is the object as it was, in the API version of its time; so
only its id is taken from there, and the object is read as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from stripe_nb.catalog import load
from stripe_nb.clock import wall_time
from stripe_nb.errors import SyncError
from stripe_nb.frames.fetch import Pull
from stripe_nb.frames.selection import Selection
from stripe_nb.session import Client
from stripe_nb.sync.retrieval import answer_to

__all__ = [
    "Changes",
    "EventLog",
    "edits_are_told",
    "is_told",
    "reaches",
]

# Stripe keeps events for 30 days; one less, for clocks and long reads.
_KEPT = 29 * 24 * 3600
# What an object's beginning and end are called; anything else is a change.
_ENDS = frozenset({"created", "deleted"})
# Their events are not among those of the account that lists them: a connected
# account's are its own, and a list of payment methods without a customer has none
# of those that events tell of.
_ELSEWHERE = frozenset({"account", "payment_method"})


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


def is_told(resource: str, *, is_new_listed: bool = False) -> bool:
    """Tell whether events say so when there is such an object, and when it changes.

    Parameters
    ----------
    is_new_listed
        Whether the list can be asked for what is new, which needs no event then.

    Examples
    --------
    >>> is_told("customer"), is_told("subscription"), is_told("balance_transaction")
    (True, True, False)
    >>> is_told("terminal.reader")
    False
    """
    kinds = _told(resource)
    is_new_told = is_new_listed or "created" in kinds
    return bool(kinds - _ENDS) and is_new_told and resource not in _ELSEWHERE


def edits_are_told(resource: str) -> bool:
    """Tell whether there is an event for every change, such as one of metadata.

    Examples
    --------
    >>> edits_are_told("customer"), edits_are_told("payment_intent")
    (True, False)
    """
    return "updated" in _told(resource)


def _told(resource: str) -> set[str]:
    kinds = set()
    for kind in load().event_types:
        stem, _, what = kind.rpartition(".")
        if stem == resource or stem.endswith(f".{resource}"):
            kinds.add(what)
    return kinds


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


class EventLog:
    """The account's events, read once for all the tables of a sync.

    Parameters
    ----------
    client, account
        Whose they are.
    progress
        Whether to show a bar.
    """

    def __init__(
        self, client: Client, account: str | None, progress: bool | None
    ) -> None:
        self._client = client
        self._account = account
        self._progress = progress
        self._known: dict[int | None, Changes] = {}

    @cached_property
    def newest(self) -> int | None:
        """When the last event was, by Stripe's clock; None without any."""
        page = answer_to("/v1/events", {"limit": 1}, self._client, self._account)
        return page["data"][0]["created"] if page["data"] else None

    def since(self, start: int | None, *, anew: bool = False) -> Changes:
        """Return what has changed since a moment, by all events if it is None.

        Parameters
        ----------
        anew
            Whether what another table has asked for is too old.
        """
        if anew or start not in self._known:
            self._known[start] = self._read(start)
        return self._known[start]

    def _read(self, start: int | None) -> Changes:
        asked = Selection(
            resource="events",
            created=None if start is None else (start, None),
            client=self._client,
            account=self._account,
        )
        found: dict[str, dict[str, int]] = {}
        pull = Pull(asked)
        for events in pull.batches(progress=self._progress):
            for event in events:
                obj = event["data"]["object"]
                kind, name = obj.get("object"), obj.get("id")
                if kind and name:
                    of_kind = found.setdefault(kind, {})
                    of_kind[name] = max(event["created"], of_kind.get(name, 0))
        if not pull.complete:
            raise SyncError("the events could not be read whole; try again.")
        return Changes(found)
