"""One cursor moving through one range of ``created``, newest first.

A cursor's filter never changes: Stripe's answers to a cursor under another
filter than it began with are not to be relied on. So a range is shared by
giving its older half to a cursor and a filter of its own, while this one stops
by itself where the other begins. Knows nothing of HTTP and of time.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any, cast

from stripe_nb.frames.decoding import values_of
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import PAGE, Mark, Step
from stripe_nb.frames.spans import Span

__all__ = ["Chain"]

# No account is older than Stripe itself (2010); simulated objects may be, and
# the oldest range stays open for them.
_OLDEST = 1_262_304_000
# How much further than it has come an open range is cut.
_REACH = 4


@dataclass(slots=True, eq=False)
class Chain:
    """A cursor and its range.

    Parameters
    ----------
    start, end
        The range that its filter asks for.
    stamp
        The field that the list is sorted and filtered by; None if there is none.
    density
        Rows a second, as guessed by whoever gave the range away.
    scale
        Seconds, as far as the one before it had come.
    after
        Where it goes on. What is gone of the rows before is passed over.

    Attributes
    ----------
    stop
        The oldest second that it yields: `start`, or where another chain ends.
    position
        The second of the last row, once there is one.
    is_sorted
        Whether rows have come newest first. If not, it reads to its filter's
        end, and yields what is not another's.
    """

    start: int | None
    end: int | None
    stamp: str | None
    density: float = 0.0
    scale: int = 1
    after: InitVar[Mark | None] = None
    stop: int | None = field(init=False)
    step: Step | None = None
    position: int | None = None
    newest: int | None = None
    is_sorted: bool = True
    done: bool = False
    rows: int = 0
    duplicates: int = 0
    bound: int | None = field(init=False)
    _edge: set[str] = field(default_factory=set)
    _trail: list[Any] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _leap: int = 1

    def __post_init__(self, after: Mark | None) -> None:
        self.stop = self.start
        self.bound = self.end
        if after is not None:
            self.step, self._trail = after.step, list(after.trail)

    @property
    def filter(self) -> dict[str, int]:
        """The bounds of ``created`` to ask with."""
        bounds = {"gte": self.start, "lt": self.bound}
        return {name: at for name, at in bounds.items() if at is not None}

    @property
    def covered(self) -> Span | None:
        """The range of which all rows have come."""
        if self.stamp is None:
            return None
        if self.done:
            return (self.stop, self.end)
        if self.position is None or not self.is_sorted:
            return None
        return (self.position + 1, self.end)

    @property
    def mark(self) -> Mark | None:
        """Where another cursor can go on; None if there is no more."""
        if self.step is None:
            return None
        return Mark(self.step, tuple(map(str, self._trail)))

    def take(self, page: list[Object], step: Step | None) -> list[Object]:
        """Move on by a page; return those of its rows that are this chain's.

        Parameters
        ----------
        page
            What came, newest first.
        step
            What leads to the next page; None if it is the last.
        """
        self.step = step
        self.done = step is None
        rows = self._without_seen(page)
        self._leap = 1
        if page:
            self._trail = values_of(page, "id")
        if rows and self.stamp is not None:
            rows = self._within(rows, values_of(rows, self.stamp))
        self.rows += len(rows)
        return rows

    def _within(self, rows: list[Object], times: list[int | None]) -> list[Object]:
        if set(map(type, times)) != {int}:
            # Without a time for each row, nothing can be shared or cut.
            self.stamp = None
            return rows
        known = cast("list[int]", times)
        before = self.position
        self._look(known)
        self._remember(rows, known, before)
        stop = self.stop
        if stop is None or min(known) >= stop:
            return rows
        self.done = self.done or self.is_sorted
        return [row for row, at in zip(rows, known, strict=True) if at >= stop]

    def _look(self, times: list[int]) -> None:
        """Learn from a page where the list is and how dense."""
        top = times[0] if self.position is None else self.position
        if self.newest is None:
            self.newest = times[0]
        ordered = times == sorted(times, reverse=True)
        self.is_sorted = self.is_sorted and ordered and times[0] <= top
        self.position = min(*times, top)
        self.density = len(times) / max(1, top - self.position)
        self.scale = max(1, self.newest - self.position)

    def _remember(
        self, rows: list[Object], times: list[int], before: int | None
    ) -> None:
        """Keep the ids of the last second, which come again after a loss."""
        first = times.index(self.position) if self.position in times else len(times)
        edge = {
            str(row.get("id"))
            for row, at in zip(rows[first:], times[first:], strict=True)
            if at == self.position
        }
        self._edge = edge | self._edge if self.position == before else edge
        if self.position != before:
            self._seen = set()

    def _without_seen(self, page: list[Object]) -> list[Object]:
        if not self._seen:
            return page
        rows = [row for row in page if str(row.get("id")) not in self._seen]
        self.duplicates += len(page) - len(rows)
        return rows

    def recover(self) -> bool:
        """Go on although the cursor's object is gone; return whether that works.

        By the last second, all of which is read again; where the list has no
        time, by an object before the one that is gone, further back each time.
        """
        if self.stamp is not None and self.position is not None and self.is_sorted:
            self.bound, self.step = self.position + 1, None
            self._seen |= self._edge
            return True
        if len(self._trail) < 2:  # noqa: PLR2004 - the one that is gone, and another
            return False
        kept = max(1, len(self._trail) - self._leap)
        self._seen.update(map(str, self._trail[kept:]))
        self._trail, self._leap = self._trail[:kept], 2 * self._leap
        self.step = Step(params={"starting_after": str(self._trail[-1])})
        return True

    @property
    def work(self) -> float:
        """How many more pages it is guessed to have."""
        top, bottom = self._top, self._bottom
        if self.done or self.stamp is None or top is None or top <= bottom:
            return 0.0
        far = self.stop is not None or _REACH * self.scale > (top - bottom) // 2
        if self.position is None and far:
            # A guess handed down says nothing of such a range: wait for a page.
            return 0.0
        span = top - bottom
        if self.stop is None:
            span = min(span, _REACH * self.scale)
        return self.density * span / PAGE

    @property
    def _top(self) -> int | None:
        """The newest second that may be given away: the next page is its own."""
        if self.position is None:
            return self.end
        return self.position - int(PAGE / max(self.density, 1e-9))

    @property
    def _bottom(self) -> int:
        if self.stop is not None:
            return self.stop
        return min(_OLDEST, self._top or _OLDEST)

    def give(self) -> Chain | None:
        """Give the older half of what is left to a chain of its own."""
        top, bottom = self._top, self._bottom
        if top is None or self.stamp is None:
            return None
        cut = bottom + (top - bottom + 1) // 2
        if self.stop is None:
            # How old the account is is not known: reach out step by step.
            cut = max(cut, top - _REACH * self.scale)
        if cut <= bottom or cut > top:
            return None
        older = Chain(
            self.stop, cut, self.stamp, self.density, scale=_REACH * self.scale
        )
        self.stop = cut
        return older
