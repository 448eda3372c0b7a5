"""Which of several lists are written already, if their export was broken off.

A file beside the target, or where its spools lie, that is gone once all lists are
written. The next attempt leaves out what it names, for a day, as the rows of a
single list are kept: see `spool`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from threading import Lock

from stripe_nb.catalog.cache import cache_folder
from stripe_nb.clock import wall_time
from stripe_nb.export.replacing import resolved
from stripe_nb.export.spool import FRESH

__all__ = ["Finished"]


class Finished:
    """The lists of one target that an export has finished.

    Parameters
    ----------
    place
        The target, as it was given.
    """

    def __init__(self, place: str) -> None:
        self._file = _beside(place)
        self._lock = Lock()
        self._before = self._read()

    def holds(self, name: str) -> bool:
        """Tell whether an attempt that was broken off had finished a list."""
        return name in self._before

    def add(self, name: str) -> None:
        """Note that a list is written."""
        line = json.dumps({"list": name, "at": wall_time()})
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def forget(self) -> None:
        """Note that all are."""
        self._file.unlink(missing_ok=True)

    def _read(self) -> frozenset[str]:
        if not self._file.exists():
            return frozenset()
        found = list(map(_noted, self._file.read_text(encoding="utf-8").splitlines()))
        times = [at for _, at in found]
        if not times or wall_time() - min(times) > FRESH:
            # What was read then is no picture with what is read now.
            self.forget()
            return frozenset()
        return frozenset(name for name, _ in found)


def _noted(line: str) -> tuple[str, float]:
    try:
        noted = json.loads(line)
    except ValueError:
        # A kill tore it: the list is written again.
        return "", wall_time()
    return noted["list"], noted["at"]


def _beside(place: str) -> Path:
    if "://" not in place:
        target = resolved(Path(place))
        return target.with_name(f".{target.name[:180]}.lists")
    # A URL may hold a password, and be no name for a file.
    digest = hashlib.sha256(place.encode()).hexdigest()[:16]
    folder = cache_folder() / "spools"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{digest}.lists"
