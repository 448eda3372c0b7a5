"""Which event is still to be sent where: a table beside the objects.

A row is written in the transaction that makes its event, so that no killed
process forgets one. Knows nothing of HTTP.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

__all__ = ["SCHEMA", "Delivery", "Ledger"]

SCHEMA = """
create table if not exists deliveries (
    seq integer primary key,
    endpoint text not null,
    owner text not null,
    event text not null,
    account text not null,
    pending integer not null,
    state text not null default 'waiting',
    attempts integer not null default 0,
    due real not null default 0,
    status integer,
    error text
);
create index if not exists deliveries_waiting
    on deliveries (endpoint, seq) where state = 'waiting';
"""

# Of those that are over: the last ones.
_KEPT = 10_000

_COLUMNS = "seq, endpoint, owner, event, account, pending, state, attempts, due"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint.

    Attributes
    ----------
    seq
        Its place in the order.
    endpoint
        Id of the webhook endpoint or event destination.
    owner
        The account that the endpoint belongs to.
    event
        Id of the event.
    account
        The account that the event happened on.
    pending
        How many endpoints the event was for when it happened.
    state
        ``"waiting"``, ``"delivered"``, ``"failed"`` or ``"dropped"``.
    attempts
        How often it was sent.
    due
        When it is to be sent, in seconds of the machine's time; 0 is at once.
    status
        The HTTP status of the last answer.
    error
        Why there was none.
    """

    seq: int
    endpoint: str
    owner: str
    event: str
    account: str
    pending: int
    state: str = "waiting"
    attempts: int = 0
    due: float = 0.0
    status: int | None = None
    error: str | None = None


class Ledger:
    """The deliveries of one sandbox.

    Parameters
    ----------
    db
        The sandbox's database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(
        self, endpoint: str, owner: str, event: str, account: str, pending: int
    ) -> None:
        """Note that an event is to be sent to an endpoint."""
        self._db.execute(
            "insert into deliveries (endpoint, owner, event, account, pending) "
            "values (?, ?, ?, ?, ?)",
            (endpoint, owner, event, account, pending),
        )

    def next(self, endpoint: str, now: float, *, skip: int = 0) -> Delivery | None:
        """Return an endpoint's first delivery that is due, or a later one."""
        found = self._db.execute(
            f"select {_COLUMNS} from deliveries where state = 'waiting' "
            "and endpoint = ? and due <= ? order by seq limit 1 offset ?",
            (endpoint, now, skip),
        ).fetchone()
        return found and Delivery(*found)

    def next_due(self, endpoint: str) -> float | None:
        """Return when an endpoint's next delivery is due, if it has one."""
        (due,) = self._db.execute(
            "select min(due) from deliveries where state = 'waiting' and endpoint = ?",
            (endpoint,),
        ).fetchone()
        return None if due is None else float(due)

    def waiting(self) -> list[str]:
        """Return the endpoints that something is still to be sent to."""
        return [
            endpoint
            for (endpoint,) in self._db.execute(
                "select distinct endpoint from deliveries where state = 'waiting'"
            )
        ]

    def settle(
        self, delivery: Delivery, state: str, status: int | None, error: str | None
    ) -> None:
        """Note how a delivery ended."""
        self._db.execute(
            "update deliveries set state = ?, attempts = attempts + 1, status = ?, "
            "error = ? where seq = ?",
            (state, status, error, delivery.seq),
        )
        self._db.execute(
            "delete from deliveries where seq <= ? and state <> 'waiting'",
            (delivery.seq - _KEPT,),
        )

    def put_off(
        self, delivery: Delivery, due: float, status: int | None, error: str | None
    ) -> None:
        """Note that a delivery failed and is to be tried again."""
        self._db.execute(
            "update deliveries set attempts = attempts + 1, due = ?, status = ?, "
            "error = ? where seq = ?",
            (due, status, error, delivery.seq),
        )

    def hold(self, delivery: Delivery, due: float) -> None:
        """Let a delivery wait, and what comes after it go first."""
        self._db.execute(
            "update deliveries set due = ? where seq = ?", (due, delivery.seq)
        )

    def drop(self, endpoint: str) -> None:
        """Give up what is still to be sent to an endpoint."""
        self._db.execute(
            "update deliveries set state = 'dropped' "
            "where state = 'waiting' and endpoint = ?",
            (endpoint,),
        )

    def all(self) -> list[Delivery]:
        """Return every delivery, oldest first."""
        return [
            Delivery(*found)
            for found in self._db.execute(
                f"select {_COLUMNS}, status, error from deliveries order by seq"
            )
        ]
