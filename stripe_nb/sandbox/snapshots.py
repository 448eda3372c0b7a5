"""Files that hold all of a sandbox's data at one time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from stripe_nb.errors import SandboxError

__all__ = ["opened", "write"]

_OWNER_ONLY = 0o600


def write(data: sqlite3.Connection, path: str | Path, own: Path | None) -> None:
    """Copy a database into a file, whole or not at all.

    Parameters
    ----------
    data
        The database.
    path
        Where to.
    own
        The file that the database is in, if any.

    Raises
    ------
    SandboxError
        If that is the database's own file, or can't be written.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    if _is_own(target, own) or _is_own(part, own):
        raise SandboxError(
            f"No snapshot can be written to {path}: the sandbox keeps its data "
            "there. Choose another file."
        )
    try:
        part.unlink(missing_ok=True)
        # It holds the secrets of webhooks.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        os.close(os.open(part, flags, _OWNER_ONLY))
        with closing(sqlite3.connect(part)) as copy:
            data.backup(copy)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise SandboxError(f"No snapshot can be written to {path}: {error}.") from error


@contextmanager
def opened(path: str | Path, own: Path | None) -> Iterator[sqlite3.Connection]:
    """Open a snapshot to read it.

    Parameters
    ----------
    path
        The snapshot.
    own
        The file that the sandbox's own data is in, if any.

    Raises
    ------
    SandboxError
        If it is that file, or another sandbox's, or no snapshot.
    """
    if _is_own(Path(path), own):
        raise SandboxError(
            f"{path} can't be restored: the sandbox keeps its data there. Give a "
            "file that snapshot() wrote."
        )
    try:
        address = f"{Path(path).resolve(strict=True).as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, timeout=0, uri=True)) as source:
            yield source
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error) and "locked" in str(error):
            raise SandboxError(
                f"{path} can't be restored: another sandbox has it open. Stop that "
                "one, or restore a snapshot of it."
            ) from error
        raise SandboxError(f"{path} is no snapshot of a sandbox: {error}.") from error


def _is_own(path: Path, own: Path | None) -> bool:
    """Tell whether a path leads to a file that a database is in now."""
    if own is None or not path.exists():
        return False
    files = [Path(f"{own}{end}") for end in ("", "-wal", "-shm")]
    return any(each.exists() and each.samefile(path) for each in files)
