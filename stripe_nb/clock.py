"""The only place where time is read.

Two kinds of time exist. Objects and events follow a sandbox's clock, so that
a seeded run gives the same bytes each time; signatures and timings follow the
wall clock, since Stripe's SDK compares a signature's time with it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "TickingClock", "WallClock", "monotonic", "parse_time", "wall_time"]


class Clock(Protocol):
    """Something that tells the time of a sandbox in Unix seconds."""

    def now(self) -> int:
        """Return the present time in seconds since the epoch (UTC)."""

    def tick(self) -> None:
        """Let one write's worth of time pass."""


class WallClock:
    """The machine's own time."""

    def now(self) -> int:
        """Return the present time in seconds since the epoch (UTC)."""
        return int(wall_time())

    def tick(self) -> None:
        """Do nothing: the machine's time passes by itself."""


class TickingClock:
    """A time of its own that moves on by one second with each write.

    Parameters
    ----------
    start
        Where it starts, in seconds since the epoch (UTC).

    Examples
    --------
    >>> clock = TickingClock(1_767_225_600)
    >>> clock.tick()
    >>> clock.now()
    1767225601
    """

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Return the present time in seconds since the epoch (UTC)."""
        return self._now

    def tick(self) -> None:
        """Move on by one second."""
        self._now += 1

    def set(self, to: int) -> None:
        """Move to a time, in seconds since the epoch (UTC)."""
        self._now = to


def wall_time() -> float:
    """Return the machine's time in seconds since the epoch."""
    return time.time()


def monotonic() -> float:
    """Return seconds from an arbitrary start that never go backwards."""
    return time.monotonic()


def parse_time(text: str | int | float | datetime) -> int:
    """Turn a date, a time or Unix seconds into Unix seconds.

    Parameters
    ----------
    text
        ISO 8601 text (``"2026-01-15"``, ``"2026-01-15T09:30:00Z"``), seconds
        since the epoch, or a datetime. Without a zone it is taken as UTC.

    Returns
    -------
    int
        Seconds since the epoch.

    Raises
    ------
    ValueError
        If the text is no such time.

    Examples
    --------
    >>> parse_time("2026-01-15")
    1768435200
    """
    if isinstance(text, str):
        if text.strip().lstrip("-").isdigit():
            return int(text)
        text = datetime.fromisoformat(text.strip())
    if isinstance(text, datetime):
        return int((text if text.tzinfo else text.replace(tzinfo=UTC)).timestamp())
    return int(text)
