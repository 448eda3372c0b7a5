"""One list read by as many cursors as its rate and its latency call for.

The first cursor has the filter that was asked for. As it reads newest first,
what is created meanwhile lies behind it: that it has begun is the fixed upper
bound, whatever any clock says. Where answers take longer than the rate makes
wait, idle slots take the older half of what is left of the longest range; see
`chain`. Where they come at once, as from a sandbox at hand, one cursor is as
fast as many and is left alone.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import stripe

from stripe_nb.errors import FrameError
from stripe_nb.frames.asking import Asker
from stripe_nb.frames.chain import Chain
from stripe_nb.frames.limiter import ENDPOINT
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import PAGE, Mark, Step, following, rows_of
from stripe_nb.frames.query import Query
from stripe_nb.frames.spans import Span

__all__ = [
    "CACHED",
    "PIECE",
    "InTurn",
    "Objects",
    "Piece",
    "Progress",
    "Reader",
    "is_lost",
]

# Rows that are handed on at once: few enough that little is fetched again after
# a crash, enough that their number costs nothing.
PIECE = 1_000
# Where nothing has to be sparing, so many that they still lie in the processor's cache
# when they are turned into columns.
CACHED = 600
_SLOW_SECONDS = 0.05
_SPARE_SLOTS = 1.2
_MOST_SLOTS = 48
# Less is not worth a filter of its own: it costs about a page.
_LEAST_WORK = 1.0
# How much one answer's time counts beside those before.
_SHARE = 0.2
# Lists that took fewer requests were over too soon for anything to be created.
_LOOK_AGAIN_AFTER = 10


Rows = TypeVar("Rows")


@dataclass(frozen=True, slots=True)
class Piece(Generic[Rows]):
    """Consecutive rows of a list, newest first.

    All pieces in the order of their `place` are the whole list, newest first.

    Attributes
    ----------
    rows
        A list of objects, or what they were made.
    end
        Where the range that they are read from ends, in Unix seconds and
        exclusive; None for the range that is open, and for a list that is read
        by one cursor.
    number
        Which piece of its range this is, from 0.
    covered
        Start and end (exclusive) of ``created`` that are complete with this
        piece and those before it; None for an open end. None as a whole if
        nothing can be said, since the list has no ``created``.
    after
        Of a list without ``created``: where a reader can go on. None with its
        last piece.
    times
        The ``created`` that `covered` is about, of each row; empty if it is the
        row's own.
    """

    rows: Rows
    end: int | None
    number: int
    covered: Span | None
    after: Mark | None = None
    times: Sequence[int | None] = ()

    @property
    def place(self) -> tuple[float, int]:
        """What to sort pieces by."""
        return (-math.inf if self.end is None else -self.end, self.number)


Objects = Piece[list[Object]]


class InTurn:
    """Puts pieces in the list's order; what comes before its turn is held back."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._held: dict[tuple[int | None, int], Objects] = {}
        self._turns = [(end, 0) for _, end in spans[:1]]

    def take(self, piece: Objects) -> Iterator[Objects]:
        """Take a piece; yield those whose turn it is now."""
        held, turns = self._held, self._turns
        held[piece.end, piece.number] = piece
        while turn := next((turn for turn in turns if turn in held), None):
            its = held.pop(turn)
            yield its
            # What is next goes on with this range, or begins where it ends.
            turns[:] = [(its.end, its.number + 1)]
            if its.covered is not None:
                turns.append((its.covered[0], 0))

    def rest(self) -> list[Objects]:
        """Return what is left once all have come."""
        return sorted(self._held.values(), key=lambda piece: piece.place)


@dataclass(slots=True)
class Progress:
    """How far a list has been read.

    Attributes
    ----------
    is_whole
        Whether all has come, with no limit cutting it short.
    is_sorted
        Whether all came newest first.
    covered
        The ranges that have come completely, as they were read.
    created_meanwhile
        Objects that came into being after the first page; None if that was not
        looked for. They are counted, not read.
    """

    rows: int = 0
    duplicates: int = 0
    recoveries: int = 0
    cursors: int = 0
    is_whole: bool = False
    is_sorted: bool = True
    created_meanwhile: int | None = None
    covered: list[Span] | None = None


class Reader:
    """Reads one list.

    Parameters
    ----------
    query
        Which.
    asker
        Of its endpoint.
    spans
        The ranges of ``created`` to read; None for a list without.
    stamp
        The field of its rows that ``created`` means; None if they have none.
    limit
        At most so many rows, newest first, by one cursor.
    serial
        Whether to read by one cursor anyway.
    after
        Where a list without ``created`` goes on, as a `Piece` says.
    sparing
        Whether all cursors together hold back as few rows as one alone, so that
        little is asked for again after a crash.
    """

    def __init__(
        self,
        query: Query,
        asker: Asker,
        *,
        spans: Sequence[Span],
        stamp: str | None,
        limit: int | None,
        serial: bool = False,
        after: Mark | None = None,
        sparing: bool = False,
    ) -> None:
        self.progress = Progress()
        self._query = query
        self._asker = asker
        self._limit = limit
        self._is_serial = serial or limit is not None
        self._fixed = dict(query.params)
        if stamp is not None:
            self._fixed.pop("created", None)
        self._stamp = stamp
        self._sparing = sparing
        self._waiting = [
            Chain(start, end, stamp, after=after) for start, end in reversed(spans)
        ]
        self._first = self._waiting[-1] if spans else None
        self._first_ids: set[str] = set()
        self._active: list[Chain] = []
        self._latency = self._quickest = 0.0
        self._is_cut = self._has_looked = False
        self._pages = 0

    async def read(self, give: Callable[[Objects], Coroutine[Any, Any, None]]) -> None:
        """Read all, and hand on each piece as it comes.

        Raises
        ------
        stripe.StripeError
            If Stripe refuses, or an answer doesn't come after several tries.
        FrameError
            If the list can't be followed to its end.
        """
        self._give = give
        self.progress.is_whole = not self._waiting
        if self._limit == 0:
            return
        async with asyncio.TaskGroup() as self._group:
            self._staff()
        if not self._has_looked:
            await self._look_again()

    def _staff(self) -> None:
        """Let idle slots begin with what waits, or share what is under way."""
        while len(self._active) < self._slots:
            chain = self._waiting.pop() if self._waiting else self._shared()
            if chain is None:
                self._begin_to_end()
                return
            self._active.append(chain)
            self.progress.cursors += 1
            self._group.create_task(self._follow(chain))

    def _begin_to_end(self) -> None:
        """Look what was created meanwhile while the last pages come."""
        late = self._pages >= _LOOK_AGAIN_AFTER
        known = all(chain.position is not None for chain in self._active)
        if late and known and not self._has_looked:
            self._has_looked = True
            self._group.create_task(self._look_again())

    @property
    def _slots(self) -> int:
        if self._is_serial or self._quickest < _SLOW_SECONDS:
            return 1
        rate = min(self._asker.rate, ENDPOINT)
        wanted = math.ceil(rate * self._latency * _SPARE_SLOTS) + 1
        return min(wanted, _MOST_SLOTS)

    def _shared(self) -> Chain | None:
        longest = max(self._active, key=lambda chain: chain.work, default=None)
        if longest is None or longest.work < _LEAST_WORK:
            return None
        return longest.give()

    async def _follow(self, chain: Chain) -> None:
        rows: list[Object] = []
        number = 0
        giving: asyncio.Task[None] | None = None
        while not chain.done:
            page = await self._page(chain)
            rows += page
            self.progress.rows += len(page)
            self._staff()
            if len(rows) >= self._most and not chain.done:
                if giving:
                    await giving
                piece = self._piece(chain, rows, number)
                # What is done with these rows takes a while, in which the next ones
                # can be on their way.
                giving = self._group.create_task(self._give(piece))
                if self._sparing:
                    await giving
                rows, number = [], number + 1
        self._leave(chain)
        if giving:
            await giving
        await self._give(self._piece(chain, rows, number))

    @property
    def _most(self) -> int:
        """How many rows a cursor holds back at most."""
        return PIECE // max(1, len(self._active)) if self._sparing else CACHED

    def _piece(self, chain: Chain, rows: list[Object], number: int) -> Objects:
        if self._is_cut:
            # Of what came last, not all was taken.
            return Piece(rows, chain.end, number, None)
        after = chain.mark if self._stamp is None else None
        return Piece(rows, chain.end, number, chain.covered, after)

    def _leave(self, chain: Chain) -> None:
        self._active.remove(chain)
        done = self.progress
        done.duplicates += chain.duplicates
        done.is_sorted = done.is_sorted and chain.is_sorted
        if chain.covered is not None and self._limit is None:
            done.covered = [*(done.covered or []), chain.covered]
        self._staff()
        if not self._active and not self._waiting:
            done.is_whole = not self._is_cut

    async def _page(self, chain: Chain) -> list[Object]:
        """Ask for a chain's next page; return what of it is wanted."""
        step = chain.step or Step()
        self._pages += 1
        fixed = {**self._fixed, **self._size()}
        if self._stamp is not None and chain.filter:
            fixed["created"] = chain.filter
        try:
            answer, seconds = await self._asker.ask(self._query.path, fixed, step)
        except stripe.InvalidRequestError as error:
            if not step.params.get("starting_after") or not is_lost(error):
                raise
            if not chain.recover():
                raise
            self.progress.recoveries += 1
            return []
        self._note_time(seconds)
        return self._taken(chain, answer, step)

    def _taken(self, chain: Chain, answer: Any, before: Step) -> list[Object]:
        page = rows_of(answer, self._query.path)
        after = following(self._query, answer)
        # A cursor that stands still would never end.
        if after is not None and after == before:
            cursor = after.path or next(iter(after.params.values()))
            raise FrameError(
                f"Stripe's list {self._query.path} doesn't move on from {cursor}."
            )
        rows = chain.take(page, after)
        if chain is self._first and not self._first_ids:
            self._first_ids = {str(row.get("id")) for row in page}
        if self._limit is None:
            return rows
        left = self._limit - self.progress.rows
        if len(rows) > left or (left == len(rows) and not chain.done):
            chain.done = self._is_cut = True
            self._waiting.clear()
        return rows[:left]

    def _size(self) -> dict[str, int]:
        if not self._query.takes("limit"):
            return {}
        left = PAGE if self._limit is None else self._limit - self.progress.rows
        return {"limit": min(PAGE, left)}

    def _note_time(self, seconds: float) -> None:
        if self._latency == 0:
            self._latency = self._quickest = seconds
        self._latency += _SHARE * (seconds - self._latency)
        self._quickest = min(self._quickest, seconds)

    async def _look_again(self) -> None:
        """Count what was created since the first page, by one more request."""
        first = self._first
        if (
            first is None
            or first.stamp is None
            or first.newest is None
            or first.end is not None
        ):
            return
        if self._limit is not None or self._pages < _LOOK_AGAIN_AFTER:
            return
        fixed = {**self._fixed, "created": {"gte": first.newest}, "limit": PAGE}
        answer, _ = await self._asker.ask(self._query.path, fixed, Step())
        page = rows_of(answer, self._query.path)
        new = [row for row in page if str(row.get("id")) not in self._first_ids]
        self.progress.created_meanwhile = len(new)


def is_lost(error: stripe.InvalidRequestError) -> bool:
    """Tell whether the object that a cursor stands on has been deleted."""
    is_missing = error.code == "resource_missing"
    return is_missing and error.param in ("starting_after", "id", None)
