"""The answers that idempotency keys keep: a table beside the objects."""

from __future__ import annotations

import sqlite3
from typing import Any

__all__ = ["SCHEMA", "Answers"]

SCHEMA = """
create table if not exists idempotency (
    account text not null,
    key text not null,
    fingerprint text not null,
    created integer not null,
    request_id text not null,
    status integer not null,
    body blob not null,
    primary key (account, key)
) without rowid;
create index if not exists idempotency_created on idempotency (created);
"""


class Answers:
    """What the idempotency keys of one sandbox were answered.

    Parameters
    ----------
    db
        The sandbox's database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def find(self, account: str, key: str, since: int) -> tuple[Any, ...] | None:
        """Return fingerprint, request id, status and body kept for a key."""
        self._db.execute(
            "delete from idempotency where account = ? and key = ? and created < ?",
            (account, key, since),
        )
        found: tuple[Any, ...] | None = self._db.execute(
            "select fingerprint, request_id, status, body from idempotency "
            "where account = ? and key = ?",
            (account, key),
        ).fetchone()
        return found

    def keep(
        self,
        account: str,
        key: str,
        *,
        fingerprint: str,
        created: int,
        since: int,
        request_id: str,
        status: int,
        body: bytes,
    ) -> None:
        """Keep an answer for an idempotency key, and none from before `since`."""
        self._db.execute("delete from idempotency where created < ?", (since,))
        self._db.execute(
            "insert into idempotency values (?, ?, ?, ?, ?, ?, ?)",
            (account, key, fingerprint, created, request_id, status, body),
        )
