"""Python's garbage collections made rare while a list is read.

JSON's objects hold no cycles and are gone once they are columns, yet their
number lets Python search the young ones, and all of memory, again and again: a
third of the time that reading invoices takes. So full collections are put off,
and young objects are searched at every so many thousands.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["few_collections"]

_RARE = (50_000, 20, 1_000_000)

_lock = threading.Lock()
_under_way = 0
_before = gc.get_threshold()


@contextmanager
def few_collections() -> Iterator[None]:
    """Make them rare within, also where several are within at once.

    Examples
    --------
    >>> import gc
    >>> before = gc.get_threshold()
    >>> with few_collections():
    ...     gc.get_threshold()
    (50000, 20, 1000000)
    >>> gc.get_threshold() == before
    True
    """
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    global _under_way, _before  # noqa: PLW0603 - the collector is the process's
    with _lock:
        if _under_way == 0:
            _before = gc.get_threshold()
            gc.set_threshold(*_RARE)
        _under_way += 1


def _end() -> None:
    global _under_way  # noqa: PLW0603 - see above
    with _lock:
        _under_way -= 1
        # Whoever has set other thresholds meanwhile keeps them.
        if _under_way == 0 and gc.get_threshold() == _RARE:
            gc.set_threshold(*_before)
