"""Files that appear in one piece or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

from stripe_nb.errors import ExportError
from stripe_nb.ids import random_token

__all__ = ["appearing", "check_target", "replacing", "resolved", "telling"]


def check_target(path: Path, *, overwrite: bool) -> Path:
    """Return where a file shall lie, once it is clear that it can.

    Raises
    ------
    ExportError
        If its folder is missing, something stands in its place, or it is
        read-only.
    """
    target = resolved(path)
    if not target.parent.is_dir():
        raise ExportError(_no_folder(path, target))
    if target.exists() and not target.is_file():
        raise ExportError(f"{str(path)!r} is no file; give the name of one.")
    if target.exists() and not overwrite:
        raise ExportError(
            f"{str(path)!r} exists already; give another name or overwrite=True."
        )
    if target.exists() and _is_read_only(target):
        raise ExportError(
            f"{str(path)!r} is read-only; make it writable or give another name."
        )
    return target


def resolved(path: Path) -> Path:
    """Return where a path leads.

    Behind a link, so that the link stays and its target is replaced.

    Raises
    ------
    ExportError
        If it can lead nowhere, or the system doesn't let one look.
    """
    try:
        with telling(path):
            target = path.expanduser().resolve()
            target.exists()
    except (RuntimeError, ValueError) as error:
        # A home that isn't there, a null byte.
        cause = str(error).rstrip(".")
        raise ExportError(
            f"{str(path)!r} can't be a file's name: {cause}; give another."
        ) from error
    return target


def _no_folder(path: Path, target: Path) -> str:
    if path.expanduser().is_symlink():
        return (
            f"{str(path)!r} is a link to {str(target)!r}, whose folder does not exist; "
            "mend the link or give another name."
        )
    if target.parent.exists():
        return f"{str(path.parent)!r} is a file and no folder; give another name."
    return f"the folder {str(path.parent)!r} does not exist; create it first."


def _is_read_only(target: Path) -> bool:
    # Root may write whatever the mode says, and yet the mode was set for a reason.
    return not target.stat().st_mode & 0o222 or not os.access(target, os.W_OK)


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the target's place when the block ends.

    If the block fails, be it by Ctrl-C, the target stays as it was and nothing
    is left behind.
    """
    with _draft_of(target) as draft, telling(target):
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
        _sync_folder(target.parent)


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a name to make a new file under, which gets the target's as the block ends.

    If another process was quicker, its file stays. If the block fails, there is none.
    """
    with _draft_of(target) as draft, telling(target):
        yield draft
        try:
            # Other than a rename, it takes no other file's place.
            os.link(draft, target)
        except FileExistsError:
            return
        except OSError:
            # Not every file system has links.
            if not target.exists():
                draft.replace(target)
        _sync_folder(target.parent)


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """Give the name of a file that is gone when the block ends."""
    stem = f".{target.name[:200]}"
    _sweep(target.parent, stem)
    # In the same folder: only within a file system is a rename atomic.
    draft = target.with_name(f"{stem}.{os.getpid()}-{random_token(8)}.part")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sweep(folder: Path, stem: str) -> None:
    """Remove the drafts of processes that were killed while they wrote."""
    for draft in folder.glob(f"{escape(stem)}.*.part"):
        owner, dash, _ = draft.name[len(stem) + 1 :].partition("-")
        if dash and owner.isdecimal() and not _is_running(int(owner)):
            draft.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":
        # There, the question would end the process.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Say of an error of the system which file it kept from being written."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise ExportError(f"can't write {path.name!r}: {cause}.") from error


def _sync_folder(folder: Path) -> None:
    # Makes the new name survive a power cut; not every system has a way.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
