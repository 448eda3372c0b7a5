"""Where the sandbox keeps its objects: SQLite, in memory or in a file.

Each object is one row with its JSON as Stripe would send it, references
unexpanded. Lists page over ``(created, seq)``, so that a page costs the same at
any depth. A deleted object's row stays, since its id still works as a cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import agenda, answers, snapshots
from stripe_nb.sandbox.delivery import ledger
from stripe_nb.sandbox.rows import INDEXED, Condition, Page, Row, equals, extract
from stripe_nb.sandbox.text_match import has_part, has_phrase, same_text
from stripe_nb.sandbox.wire import Json

__all__ = ["Condition", "Page", "Row", "Store", "equals"]

_FORMAT = "2"
_TABLES = ("objects", "idempotency", "due", "deliveries")

_SECONDS_TO_LOCK = 0.5

# Of an object that has such an id, of which there may be one of each kind.
_ONE = "account = ? and id = ? and object = ?"

_SCHEMA = """
create table if not exists objects (
    seq integer primary key,
    id text not null,
    account text not null,
    object text not null,
    created integer not null,
    deleted integer not null default 0,
    body blob not null,
    private blob,
    unique (account, id, object)
);
create index if not exists objects_listed
    on objects (account, object, deleted, created, seq);
create table if not exists settings (
    name text primary key,
    value text not null
) without rowid;
"""


def _unusable(path: str | Path | None, error: sqlite3.Error) -> SandboxError:
    why = (
        "another sandbox has it open; stop that one, or choose another file"
        if "locked" in str(error)
        else str(error)
    )
    return SandboxError(f"The sandbox can't keep its data in {path}: {why}.")


class Store:
    """The objects, idempotency keys and settings of one sandbox.

    Not safe for two threads at once: the engine takes its lock first.

    Parameters
    ----------
    path
        A file, made if it is missing, or ``None`` for memory.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = None if path is None else Path(path).resolve()
        self._db = self._connection(path)
        try:
            self._prepare(path)
        except BaseException:
            self._db.close()
            raise

    def _connection(self, path: str | Path | None) -> sqlite3.Connection:
        try:
            return sqlite3.connect(
                path or ":memory:",
                timeout=_SECONDS_TO_LOCK,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from error

    def _prepare(self, path: str | Path | None) -> None:
        try:
            # Two sandboxes on one file would give out the same ids.
            self._db.execute("pragma locking_mode = exclusive")
            # With a write-ahead log, what was committed survives a killed process.
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.executescript(
                _SCHEMA + agenda.SCHEMA + answers.SCHEMA + ledger.SCHEMA
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        for function in (has_part, has_phrase, same_text):
            self._db.create_function(function.__name__, 2, function, deterministic=True)
        for name in INDEXED:
            expression = extract(name)
            self._db.execute(
                f"create index if not exists objects_by_{name} on objects "
                f"(account, object, {expression}, created, seq) "
                f"where {expression} is not null"
            )
        self.agenda = agenda.Agenda(self._db)
        self.answers = answers.Answers(self._db)
        self.deliveries = ledger.Ledger(self._db)
        self._check_format(path)

    def _check_format(self, path: str | Path | None) -> None:
        found = self.setting("format")
        if found is None:
            self.set_setting("format", _FORMAT)
        elif found != _FORMAT:
            raise SandboxError(
                f"{path} was written by another version of stripe_nb (format {found}, "
                f"here {_FORMAT}): start with a new file."
            )

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def clear(self) -> None:
        """Forget all but which format this is."""
        for table in _TABLES:
            self._db.execute(f"delete from {table}")
        self._db.execute("delete from settings where name <> 'format'")

    def save_to(self, path: str | Path) -> None:
        """Copy all into a file, whole or not at all."""
        snapshots.write(self._db, path, self._path)

    def load_from(self, path: str | Path) -> None:
        """Replace all by what a file holds, if it was made with the same seed."""
        with snapshots.opened(path, self._path) as source:
            found = dict(source.execute("select name, value from settings"))
            self._check_snapshot(path, found)
            source.backup(self._db)

    def _check_snapshot(self, path: str | Path, found: Mapping[str, str]) -> None:
        for name, wanted in (("format", _FORMAT), ("seed", self.setting("seed"))):
            if found.get(name) != wanted:
                raise SandboxError(
                    f"{path} was made with the {name} {found.get(name)}, and this "
                    f"sandbox has {wanted}: open it with Sandbox(db=...) instead."
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it if it raises."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Undo what happens inside, within a transaction: for previews."""
        self._db.execute("savepoint preview")
        try:
            yield
        finally:
            self._db.execute("rollback to preview")
            self._db.execute("release preview")

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Undo what happens inside, within a transaction, if it raises."""
        self._db.execute("savepoint trial")
        try:
            yield
        except BaseException:
            self._db.execute("rollback to trial")
            raise
        finally:
            self._db.execute("release trial")

    def insert(
        self, account: str, obj: Json, created: int, private: Json | None = None
    ) -> bool:
        """Add an object that is new; tell whether its id was free.

        The id of a deleted object is, and so is that of an object of another kind:
        a product and a coupon may be called alike.
        """
        added = self._db.execute(
            "insert into objects (id, account, object, created, body, private) "
            "values (?, ?, ?, ?, ?, ?) on conflict (account, id, object) do update set "
            "created = excluded.created, deleted = 0, "
            "body = excluded.body, private = excluded.private "
            "where objects.deleted = 1",
            (
                obj["id"],
                account,
                obj["object"],
                created,
                orjson.dumps(obj),
                None if private is None else orjson.dumps(private),
            ),
        )
        return added.rowcount == 1

    def insert_all(self, account: str, objects: Iterable[Json]) -> int:
        """Add many new objects at once, oldest first; return how many.

        Their ``created`` says when; no event is emitted for them.
        """
        before = self._db.total_changes
        self._db.executemany(
            "insert into objects (id, account, object, created, body) "
            "values (?, ?, ?, ?, ?)",
            (
                (obj["id"], account, obj["object"], obj["created"], orjson.dumps(obj))
                for obj in objects
            ),
        )
        return self._db.total_changes - before

    def update(self, account: str, obj: Json) -> None:
        """Replace an object's JSON."""
        self._db.execute(
            f"update objects set body = ? where {_ONE}",
            (orjson.dumps(obj), account, obj["id"], obj["object"]),
        )

    def set_private(self, row: Row, private: Json) -> None:
        """Replace what the sandbox alone knows of an object."""
        self._db.execute(
            "update objects set private = ? where seq = ?",
            (orjson.dumps(private), row.seq),
        )

    def delete(self, account: str, tombstone: Json) -> None:
        """Mark an object deleted; `tombstone` is what a retrieve then answers."""
        self._mark(account, tombstone, deleted=True)

    def restore(self, account: str, obj: Json) -> None:
        """Bring an object back as it was, a deleted one too."""
        self._mark(account, obj, deleted=False)

    def _mark(self, account: str, obj: Json, *, deleted: bool) -> None:
        self._db.execute(
            f"update objects set deleted = ?, body = ? where {_ONE}",
            (deleted, orjson.dumps(obj), account, obj["id"], obj["object"]),
        )

    def row(
        self, account: str, object_id: str, resource: str | None = None
    ) -> Row | None:
        """Return an object's row, a deleted one's too; without a kind: the oldest."""
        for row in self.rows(account, object_id):
            if resource is None or row.object == resource:
                return row
        return None

    def rows(self, account: str, object_id: str) -> list[Row]:
        """Return the rows of all objects with an id, oldest first."""
        found = self._db.execute(
            "select seq, id, object, created, deleted, body, private from objects "
            "where account = ? and id = ? order by seq",
            (account, object_id),
        )
        return list(map(Row._make, found))

    def page(
        self,
        account: str,
        resource: str,
        conditions: Sequence[Condition] = (),
        *,
        limit: int | None = None,
        after: Row | None = None,
        before: Row | None = None,
    ) -> Page:
        """Return a page of the objects that are not deleted, newest first.

        Parameters
        ----------
        account, resource
            Whose, and which.
        conditions
            All must hold.
        limit
            Rows at the most; ``None`` for all.
        after, before
            The cursor's row: the page follows it, or comes just before it.
        """
        where = ["account = ?", "object = ?", "deleted = 0"]
        values: list[Any] = [account, resource]
        for condition in conditions:
            where.append(condition.sql)
            values.extend(condition.values)
        cursor, sign, order = (before, ">", "asc") if before else (after, "<", "desc")
        if cursor:
            where.append(f"(created, seq) {sign} (?, ?)")
            values += [cursor.created, cursor.seq]
        values.append(-1 if limit is None else limit + 1)
        found = self._db.execute(
            "select seq, id, object, created, deleted, body, private from objects "
            f"where {' and '.join(where)} "
            f"order by created {order}, seq {order} limit ?",
            values,
        ).fetchall()
        rows = list(map(Row._make, found))
        has_more = limit is not None and len(rows) > limit
        rows = rows[:limit]
        return Page(rows[::-1] if before else rows, has_more)

    def has_any(self, account: str, resource: str) -> bool:
        """Tell whether there is an object of a kind that is not deleted."""
        found = self._db.execute(
            "select 1 from objects where account = ? and object = ? and deleted = 0 "
            "limit 1",
            (account, resource),
        ).fetchone()
        return found is not None

    def count(
        self, account: str, resource: str, conditions: Sequence[Condition] = ()
    ) -> int:
        """Count the objects that are not deleted."""
        where = ["account = ?", "object = ?", "deleted = 0"]
        where += [condition.sql for condition in conditions]
        values = [value for condition in conditions for value in condition.values]
        (found,) = self._db.execute(
            f"select count(*) from objects where {' and '.join(where)}",
            [account, resource, *values],
        ).fetchone()
        return int(found)

    def setting(self, name: str) -> str | None:
        """Return a setting of the sandbox's own."""
        found = self._db.execute(
            "select value from settings where name = ?", (name,)
        ).fetchone()
        return found and str(found[0])

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting of the sandbox's own."""
        self._db.execute(
            "insert into settings values (?, ?) "
            "on conflict (name) do update set value = excluded.value",
            (name, value),
        )
