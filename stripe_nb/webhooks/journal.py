"""What came in, oldest first: kept, told to observers, waited for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from itertools import count

from stripe_nb.clock import monotonic
from stripe_nb.errors import WebhookError
from stripe_nb.webhooks.received import Received
from stripe_nb.webhooks.router import fits

__all__ = ["Journal"]

_logger = logging.getLogger("stripe_nb")

_KEPT = 10_000


class Journal:
    """Keeps what an endpoint received.

    Parameters
    ----------
    kept
        How much it keeps.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._changed = threading.Condition()
        self._kept = kept
        self._entries: dict[int, Received] = {}
        # Event id: where it stands, for the attempts that follow.
        self._places: dict[str, int] = {}
        self._numbers = count(1)
        self._seen: dict[str, int] = {}
        self._observers: list[Callable[[Received], None]] = []

    @property
    def all(self) -> tuple[Received, ...]:
        """What it keeps, oldest first."""
        with self._changed:
            return tuple(self._entries.values())

    def find(self, event_id: str) -> Received | None:
        """Return an event's entry, if it came in genuine."""
        with self._changed:
            return self._entries.get(self._places.get(event_id, 0))

    def write(self, received: Received) -> None:
        """Add what came in, or another attempt at it; tell the observers."""
        with self._changed:
            place = self._places.get(received.id)
            is_other = not received.is_verified or received.outcome == "duplicate"
            if place is None or is_other:
                place = next(self._numbers)
            self._entries[place] = received
            if not is_other:
                self._places[received.id] = place
            self._shorten()
            observers = list(self._observers)
            self._changed.notify_all()
        for observer in observers:
            try:
                observer(received)
            except Exception:
                # The webhook was handled all the same; Stripe must hear that.
                _logger.exception("An observer of webhooks failed")

    def observe(self, callback: Callable[[Received], None]) -> Callable[[], None]:
        """Tell everything new and changed to a function; return what ends that."""
        with self._changed:
            self._observers.append(callback)

        def stop() -> None:
            with self._changed:
                if callback in self._observers:
                    self._observers.remove(callback)

        return stop

    def wait_for(self, pattern: str, timeout: float) -> Received:
        """Return the next event of a type; each time another one.

        Raises
        ------
        WebhookError
            If none comes in time; with what came instead.
        """
        end = monotonic() + timeout
        with self._changed:
            while True:
                for place, entry in self._entries.items():
                    if place > self._seen.get(pattern, 0) and _counts(entry, pattern):
                        self._seen[pattern] = place
                        return entry
                left = end - monotonic()
                if left <= 0:
                    raise WebhookError(self._nothing(pattern, timeout))
                self._changed.wait(left)

    def _shorten(self) -> None:
        while len(self._entries) > self._kept:
            place = next(iter(self._entries))
            gone = self._entries.pop(place)
            if self._places.get(gone.id) == place:
                del self._places[gone.id]

    def _nothing(self, pattern: str, timeout: float) -> str:
        came = sorted({each.type for each in self._entries.values() if each.type})
        problems = [each.problem for each in self._entries.values() if each.problem]
        instead = f" What came: {', '.join(came)}." if came else " Nothing came at all."
        why = f" The last problem: {problems[-1]}" if problems else ""
        return f"No {pattern} came within {timeout:g} seconds.{instead}{why}"


def _counts(entry: Received, pattern: str) -> bool:
    genuine = entry.is_verified and entry.outcome != "duplicate"
    return genuine and fits(pattern, entry.type)
