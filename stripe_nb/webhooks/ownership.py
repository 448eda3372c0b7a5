"""Tells whether the process that claimed an event is still alive.

Each process holds a lock on a file of its own beside the store, which the
system gives up when the process ends, however it ends. So a claim whose file
can be locked is a dead process's.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from stripe_nb.ids import random_token

__all__ = ["Owner"]


class Owner:
    """The present process, as the other ones see it.

    Parameters
    ----------
    store
        The store's file; None for one in memory, which nobody else sees.
    """

    def __init__(self, store: Path | None) -> None:
        self.token = random_token(16)
        self._store = store
        self._lock = FileLock(self._file(self.token)) if store else None
        if self._lock:
            self._lock.acquire()

    def is_alive(self, token: str) -> bool:
        """Tell whether a process lives, and clear away what is left of a dead one."""
        if token == self.token:
            return True
        lock = FileLock(self._file(token))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        return False

    def sweep(self) -> None:
        """Clear away what processes left that were killed.

        To be called while no other process begins: it might not have its lock yet.
        """
        if self._store is None:
            return
        start = f"{self._store.name}."
        for file in self._store.parent.iterdir():
            if file.name.startswith(start) and file.suffix == ".lock":
                self.is_alive(file.name.removeprefix(start).removesuffix(".lock"))

    def leave(self) -> None:
        """Be alive no more."""
        if self._lock:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _file(self, token: str) -> Path:
        store = self._store or Path()
        return store.with_name(f"{store.name}.{token}.lock")
