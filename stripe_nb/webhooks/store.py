"""Which events came in and which handlers are done with them, in SQLite.

What it guarantees, under concurrency and when the process is killed:

* A handler that takes the transaction has its effect **exactly once**: its
  writes to the store's file and the note that it is done are one transaction.
  Killed before the commit, neither happened, and the next delivery of the event
  does both; killed after it, both happened, and the next delivery does nothing.
* Any other handler runs **at least once**: killed between its effect and the
  note, it runs again with the same event. Its effect has to be one that may
  happen twice, or to use the event's id as its own key.
* No two handlers run for one event at the same time, in this or in another
  process with the same file. Another delivery meanwhile is answered 409, so
  that Stripe sends it again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stripe_nb.errors import WebhookError
from stripe_nb.webhooks.ownership import Owner
from stripe_nb.webhooks.received import Outcome

__all__ = ["Begun", "EventStore"]

_SCHEMA = """
create table if not exists stripe_events (
    id text primary key,
    type text not null,
    body blob not null,
    received_at real not null,
    attempts integer not null default 0,
    outcome text,
    problem text,
    owner text
) without rowid;
create table if not exists stripe_event_effects (
    event text not null,
    handler text not null,
    primary key (event, handler)
) without rowid;
"""
_SECONDS_TO_WAIT = 30.0
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Begun:
    """What is to be done about a delivery.

    Attributes
    ----------
    state
        ``"mine"`` to handle, ``"done"`` before, or ``"busy"`` elsewhere.
    attempts
        How often the event came in.
    pending
        The handlers that are not done with it.
    """

    state: Literal["mine", "done", "busy"]
    attempts: int
    pending: tuple[str, ...]


class EventStore:
    """Keeps events and their outcomes.

    Parameters
    ----------
    path
        A SQLite file, which may hold tables of yours too; None keeps everything
        in memory.

    Raises
    ------
    WebhookError
        If the file can't be used.

    Examples
    --------
    >>> store = EventStore()
    >>> store.body("evt_1") is None
    True
    >>> store.close()
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path).resolve() if path is not None else None
        self._lock = threading.RLock()
        self._under_way: set[str] = set()
        try:
            self._db = _opened(self.path)
            # Within a transaction, so that processes begin one after the other.
            with _closing_on_failure(self._db), self._writing():
                self._owner = Owner(self.path)
                self._owner.sweep()
        except (OSError, sqlite3.Error) as error:
            raise WebhookError(
                f"{path} can't keep events: {error}. Give a path for a SQLite file."
            ) from error

    def begin(
        self,
        event: dict[str, Any],
        body: bytes,
        handlers: Sequence[str],
        *,
        at: float,
        again: bool = False,
    ) -> Begun:
        """Note a delivery, and claim its event unless somebody has it.

        Parameters
        ----------
        event
            What it says.
        body
            Its raw body.
        handlers
            The names of those that take the event.
        at
            The time.
        again
            Whether those that are done are to handle it once more.
        """
        name = event["id"]
        with self._lock, self._writing() as db:
            row = db.execute(
                "select owner from stripe_events where id = ?", (name,)
            ).fetchone()
            is_busy = name in self._under_way or (
                row and row[0] and row[0] != self._owner.token and self._lives(row[0])
            )
            db.execute(
                "insert into stripe_events (id, type, body, received_at, attempts) "
                "values (?, ?, ?, ?, 1) "
                "on conflict (id) do update set attempts = attempts + 1",
                (name, event["type"], body, at),
            )
            attempts = db.execute(
                "select attempts from stripe_events where id = ?", (name,)
            ).fetchone()[0]
            if is_busy:
                return Begun("busy", attempts, ())
            if again:
                db.execute("delete from stripe_event_effects where event = ?", (name,))
            done = self._done(db, name)
            pending = tuple(each for each in handlers if each not in done)
            if handlers and not pending:
                # It may have been killed after its last handler, before finish().
                db.execute(
                    "update stripe_events set outcome = 'handled', problem = null, "
                    "owner = null where id = ?",
                    (name,),
                )
                return Begun("done", attempts, ())
            db.execute(
                "update stripe_events set owner = ? where id = ?",
                (self._owner.token, name),
            )
            self._under_way.add(name)
            return Begun("mine", attempts, pending)

    def effect(
        self, event_id: str, handler: str, run: Callable[[sqlite3.Connection], None]
    ) -> None:
        """Run a handler and note it as done, all in one transaction.

        Parameters
        ----------
        event_id
            The event that it handles.
        handler
            Its name.
        run
            Called with the transaction's connection.
        """
        with self._lock, self._writing() as db:
            if handler in self._done(db, event_id):
                return
            with _no_commits(db):
                run(db)
            self._note(db, event_id, handler)

    def note(self, event_id: str, handler: str) -> None:
        """Note a handler as done that had its effect elsewhere."""
        with self._lock, self._writing() as db:
            self._note(db, event_id, handler)

    def finish(self, event_id: str, outcome: Outcome, problem: str | None) -> None:
        """Give an event up, with what came of it."""
        with self._lock:
            try:
                with self._writing() as db:
                    db.execute(
                        "update stripe_events set outcome = ?, problem = ?, "
                        "owner = null where id = ?",
                        (outcome, problem, event_id),
                    )
            finally:
                self._under_way.discard(event_id)

    def body(self, event_id: str) -> bytes | None:
        """Return the raw body in which an event came first; None if it never did."""
        with self._lock:
            row = self._db.execute(
                "select body from stripe_events where id = ?", (event_id,)
            ).fetchone()
        return bytes(row[0]) if row else None

    def outcomes(self) -> dict[str, str | None]:
        """Return what came of each event, by its id; None while it is under way."""
        with self._lock:
            rows = self._db.execute(
                "select id, outcome from stripe_events order by received_at, id"
            )
            return dict(rows.fetchall())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
            self._owner.leave()

    def __repr__(self) -> str:
        return f"<EventStore {'in a file' if self.path else 'in memory'}>"

    def _lives(self, owner: str) -> bool:
        return self._owner.is_alive(owner)

    def _done(self, db: sqlite3.Connection, event_id: str) -> set[str]:
        rows = db.execute(
            "select handler from stripe_event_effects where event = ?", (event_id,)
        )
        return {row[0] for row in rows}

    def _note(self, db: sqlite3.Connection, event_id: str, handler: str) -> None:
        db.execute(
            "insert or ignore into stripe_event_effects values (?, ?)",
            (event_id, handler),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
            self._db.execute("commit")
        except BaseException:
            # A disk that is full may have ended it already, or keep it open after
            # a commit that failed; the next one has to find none.
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        # Bodies hold client secrets and people's data.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    db = sqlite3.connect(
        path or ":memory:",
        timeout=_SECONDS_TO_WAIT,
        isolation_level=None,
        check_same_thread=False,
    )
    with _closing_on_failure(db):
        db.execute("pragma journal_mode = wal")
        # What was answered 200 never comes again, so it must be on the disk by then.
        db.execute("pragma synchronous = full")
        db.executescript(_SCHEMA)
    return db


@contextmanager
def _closing_on_failure(db: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        db.close()
        raise


@contextmanager
def _no_commits(db: sqlite3.Connection) -> Iterator[None]:
    """Keep a handler from ending the transaction that is not its own."""
    tried = False

    def authorize(action: int, *_: object) -> int:
        nonlocal tried
        if action in (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT):
            tried = True
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    db.set_authorizer(authorize)
    try:
        yield
    finally:
        db.set_authorizer(None)
        if tried:
            raise WebhookError(
                "A handler can't commit or roll back: the transaction is the store's, "
                "which commits when the handler returns."
            )
