"""One sync of a target at a time: who comes second says so and stops.

A lock goes with the process that holds it, whatever end that takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stripe_nb.catalog.cache import cache_folder
from stripe_nb.errors import SyncError
from stripe_nb.export.targets import is_database

__all__ = ["only_one"]


@contextmanager
def only_one(place: str, shown: object) -> Iterator[None]:
    """Hold a target's lock for the length of a block.

    PostgreSQL keeps one of its own, for all machines; for other targets it is a
    file, for this one.

    Raises
    ------
    SyncError
        If another sync has it.
    """
    with _on_this_machine(place, shown):
        if place.startswith("postgres"):
            with _in_postgresql(place, shown):
                yield
        else:
            yield


@contextmanager
def _on_this_machine(place: str, shown: object) -> Iterator[None]:
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"sync-{_digest(place)}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _taken(shown) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _in_postgresql(place: str, shown: object) -> Iterator[None]:
    from stripe_nb.export.warehouses.sql import SqlWarehouse

    key = int(hashlib.sha256(b"stripe_nb.sync").hexdigest()[:15], 16)
    with SqlWarehouse(place) as holder:
        # Of the session, so that it ends with the connection.
        if not holder.query(f"SELECT pg_try_advisory_lock({key})")[0][0]:
            raise _taken(shown)
        yield


def _taken(shown: object) -> SyncError:
    return SyncError(f"another sync of {shown} is running; wait until it is done.")


def _digest(place: str) -> str:
    return hashlib.sha256(repr(_identity(place)).encode()).hexdigest()[:16]


def _identity(place: str) -> tuple[str | int | None, ...]:
    """Return what is the same however a target is written."""
    if not is_database(place):
        return (str(Path(place).expanduser().resolve()),)
    import sqlalchemy as sa

    url = sa.make_url(place)
    kind = url.get_backend_name()
    if kind == "sqlite":
        # Also a URI, whose query is SQLite's: file:shop.db?uri=true
        path = str(url.database).removeprefix("file:")
        return (str(Path(path).resolve()),)
    return (kind, url.host, url.port, url.database)
