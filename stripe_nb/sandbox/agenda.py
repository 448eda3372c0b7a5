"""What is to happen by itself, and when: a table beside the objects."""

from __future__ import annotations

import sqlite3

__all__ = ["SCHEMA", "Agenda"]

SCHEMA = """
create table if not exists due (
    seq integer primary key,
    at integer not null,
    account text not null,
    action text not null,
    id text not null,
    clock text
);
create index if not exists due_at on due (clock, at, seq);
"""


class Agenda:
    """What is due to the objects of one sandbox.

    Parameters
    ----------
    db
        The sandbox's database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(
        self,
        account: str,
        at: int,
        action: str,
        object_id: str,
        clock: str | None = None,
    ) -> None:
        """Note that something is to happen to an object, by its test clock if any."""
        self._db.execute(
            "insert into due (at, account, action, id, clock) values (?, ?, ?, ?, ?)",
            (at, account, action, object_id, clock),
        )

    def next(
        self, now: int, clock: str | None = None
    ) -> tuple[int, int, str, str, str] | None:
        """Return the first thing that is to happen by now.

        As its number, its time, its account, the action and the object's id.
        Without a test clock's id: what follows the sandbox's own time.
        """
        found: tuple[int, int, str, str, str] | None = self._db.execute(
            "select seq, at, account, action, id from due "
            "where clock is ? and at <= ? order by at, seq limit 1",
            (clock, now),
        ).fetchone()
        return found

    def forget_clock(self, clock: str) -> None:
        """Drop what was to happen by a test clock."""
        self._db.execute("delete from due where clock = ?", (clock,))

    def strike(self, seq: int) -> None:
        """Forget what has happened."""
        self._db.execute("delete from due where seq = ?", (seq,))
