"""From a list, a frame or objects to a target."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeGuard

from filelock import FileLock, Timeout

from stripe_nb.errors import ExportError
from stripe_nb.export.fetched import fetched, fingerprint
from stripe_nb.export.request import Request
from stripe_nb.export.rows import rows_of
from stripe_nb.export.targets import target_for
from stripe_nb.frames.selection import Selection

__all__ = ["sweep", "write"]

_ANY_TIME = nullcontext()


def write(
    source: Any,
    request: Request,
    turn: AbstractContextManager[Any] = _ANY_TIME,
    *,
    sweeps: bool = True,
) -> Path | str:
    """Write a resource's list, a frame or objects; return where they are.

    Parameters
    ----------
    turn
        Entered for the writing, while others may be reading.
    sweeps
        Whether what other lists left for the same target goes.
    """
    if not _is_resource(source):
        _check_pull(request)
        target = target_for(request)
        target.write(rows_of(source, request.fields))
    else:
        asked = Selection(resource=source, fields=request.fields, **request.pull)
        with turn:
            target = target_for(request)
        folder = target.spool(fingerprint(asked, request.place))
        with fetched(asked, folder, progress=request.progress) as rows, turn:
            target.write(rows)
        if sweeps:
            sweep(folder)
    return target.shown


def _is_resource(source: object) -> TypeGuard[str | type[Any]]:
    return isinstance(source, str | type)


def _check_pull(request: Request) -> None:
    if request.pull:
        raise ExportError(
            f"{', '.join(sorted(request.pull))} can't be applied to a DataFrame or "
            "to objects, which are read already; select the rows first."
        )


def sweep(done: Path) -> None:
    """Remove what other requests, broken off, left for the same target."""
    target = done.name.rsplit(".", 2)[0]
    if not target:
        return
    for folder in done.parent.glob("*.spool"):
        if folder.name.rsplit(".", 2)[0] != target:
            continue
        lock = FileLock(folder / "lock")
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            # Another process is at it.
            continue
