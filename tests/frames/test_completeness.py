"""Nothing lost, nothing doubled, whatever the list and whatever goes wrong.

The list is one in memory, under an event loop whose time jumps to the next
event: a pull that takes minutes is simulated in a fraction of a second, and the
same each time.
"""

from __future__ import annotations

import asyncio
import bisect
import hashlib
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import orjson
import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_nb.frames.asking import Asker, Tally
from stripe_nb.frames.limiter import Budget
from stripe_nb.frames.paging import Step
from stripe_nb.frames.query import query_for
from stripe_nb.frames.reader import Objects, Progress, Reader
from stripe_nb.frames.spans import Span

YEAR = 31_536_000
NOW = 1_768_435_200
SHAPES = ("uniform", "growth", "burst", "recent", "one_second", "before_2010")


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Sleeps in no time: when nothing is ready, its time is that of what is next."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


@dataclass
class StripeList:
    """A list as Stripe keeps it: newest first, cursors, `created` filters, limits."""

    created: Sequence[int]
    latency: float = 0.3
    per_second: float | None = 25.0
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    requests: int = 0
    asked: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    before_each: Callable[[StripeList], None] = lambda _: None

    def __post_init__(self) -> None:
        # Oldest first, as (created, id); ids make ties definite.
        newest = sorted(self.created)
        self.rows = [(at, f"cus_{n:08d}") for n, at in enumerate(newest)]
        self._created = {name: at for at, name in self.rows}
        self._tokens, self._since = 25.0, 1000.0

    def add(self, at: int, name: str) -> None:
        bisect.insort(self.rows, (at, name))
        self._created[name] = at

    def remove(self, name: str) -> None:
        at = self._created.pop(name)
        del self.rows[bisect.bisect_left(self.rows, (at, name))]

    async def get(self, _path: str, fixed: Mapping[str, Any], step: Step) -> bytes:
        self.requests += 1
        number = self.requests
        self.before_each(self)
        self.asked.append((dict(fixed), dict(step.params)))
        self._limit()
        await asyncio.sleep(self.latency)
        self._fail(number)
        body = orjson.dumps(self._page(fixed, step))
        return body[: len(body) // 2] if self._strikes("truncate", number) else body

    def _limit(self) -> None:
        if self.per_second is None:
            return
        now = asyncio.get_running_loop().time()
        self._tokens = min(25.0, self._tokens + (now - self._since) * self.per_second)
        self._since = now
        if self._tokens < 1:
            raise stripe.RateLimitError(
                "slow down",
                http_status=429,
                headers={"Stripe-Rate-Limited-Reason": "endpoint-rate"},
            )
        self._tokens -= 1

    def _fail(self, number: int) -> None:
        if self._strikes("rate_limit", number):
            raise stripe.RateLimitError("slow down", http_status=429, headers={})
        if self._strikes("error", number):
            raise stripe.APIError("oh", http_status=500, headers={})
        if self._strikes("drop", number):
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "gone", should_retry=True
            )

    def _strikes(self, kind: str, number: int) -> bool:
        digest = hashlib.blake2b(f"{self.seed}{kind}{number}".encode(), digest_size=8)
        return int.from_bytes(digest.digest()) / 2**64 < self.faults.get(kind, 0)

    def _page(self, fixed: Mapping[str, Any], step: Step) -> dict[str, Any]:
        bounds = fixed.get("created", {})
        low = bisect.bisect_left(self.rows, (bounds.get("gte", -(2**60)), ""))
        high = bisect.bisect_left(self.rows, (bounds.get("lt", 2**60), ""))
        after = step.params.get("starting_after")
        if after is not None:
            if after not in self._created:
                raise stripe.InvalidRequestError(  # type: ignore[no-untyped-call]
                    f"No such customer: '{after}'",
                    "starting_after",
                    code="resource_missing",
                    http_status=404,
                )
            place = (self._created[after], after)
            high = min(high, bisect.bisect_left(self.rows, place))
        first = max(low, high - int(fixed.get("limit", 10)))
        data = [
            {"id": name, "object": "customer", "created": at}
            for at, name in reversed(self.rows[first:high])
        ]
        return {"object": "list", "data": data, "has_more": first > low}

    def one_call(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass
class Outcome:
    """What a simulated pull gave, and how long it would have taken."""

    pieces: list[Objects]
    progress: Progress
    tally: Tally
    seconds: float

    @property
    def ids(self) -> list[str]:
        ordered = sorted(self.pieces, key=lambda piece: piece.place)
        return [row["id"] for piece in ordered for row in piece.rows]


def pull(
    server: StripeList,
    *,
    spans: Sequence[Span] = ((None, None),),
    limit: int | None = None,
    account: float | None = 25.0,
) -> Outcome:
    """Read a list as `frame` does, in simulated time."""
    tally, pieces = Tally(), []

    async def run() -> tuple[Progress, float]:
        loop = asyncio.get_running_loop()
        budget = Budget(account, clock=loop.time)
        asker = Asker(server, budget, "customers.list", tally, pause=0.5)
        reader = Reader(
            query_for("customers", {}),
            asker,
            spans=spans,
            stamp="created",
            limit=limit,
        )

        async def give(piece: Objects) -> None:
            pieces.append(piece)

        began = loop.time()
        await reader.read(give)
        return reader.progress, loop.time() - began

    progress, seconds = simulated(run())
    return Outcome(pieces, progress, tally, seconds)


def simulated(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


def created(shape: str, count: int, seed: int = 7) -> list[int]:
    """Give times of creation over three years, as accounts have them."""
    draw = random.Random(seed)  # noqa: S311 - no secrets
    start = NOW - 3 * YEAR
    times = {
        "uniform": lambda: draw.randrange(start, NOW),
        "growth": lambda: int(start + 3 * YEAR * draw.random() ** (1 / 3)),
        "burst": lambda: (
            NOW - YEAR + draw.randrange(3600)
            if draw.random() < 0.5
            else draw.randrange(start, NOW)
        ),
        "recent": lambda: NOW - draw.randrange(7 * 86_400),
        "one_second": lambda: (
            NOW if draw.random() < 0.9 else draw.randrange(start, NOW)
        ),
        "before_2010": lambda: draw.randrange(0, YEAR),
    }
    return [times[shape]() for _ in range(count)]


def expected(server: StripeList) -> list[str]:
    return [name for _, name in reversed(server.rows)]


def seconds_are_whole(outcome: Outcome) -> None:
    """Each range's second belongs to it alone."""
    places: dict[int, set[int | None]] = {}
    for piece in outcome.pieces:
        for row in piece.rows:
            places.setdefault(row["created"], set()).add(piece.end)
    assert all(len(ends) == 1 for ends in places.values())


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_comes_whole_and_newest_first(shape: str) -> None:
    server = StripeList(created(shape, 8_000))
    outcome = pull(server)
    assert outcome.ids == expected(server)
    assert outcome.progress.is_whole
    assert outcome.progress.covered is not None
    seconds_are_whole(outcome)


@pytest.mark.parametrize("shape", ["uniform", "growth", "burst", "recent"])
def test_the_limit_is_used_up_whatever_the_shape(shape: str) -> None:
    server = StripeList(created(shape, 40_000))
    outcome = pull(server)
    ideal = 400 / 25
    assert outcome.ids == expected(server)
    assert outcome.seconds < ideal / 0.87
    assert outcome.tally.refusals == 0


clusters = st.tuples(
    st.integers(0, 2 * YEAR),
    st.integers(1, 260),
    st.sampled_from([1, 60, 86_400, YEAR]),
)


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(clusters, max_size=7), seed=st.integers(0, 99))
def test_any_distribution_comes_whole(
    groups: list[tuple[int, int, int]], seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secrets
    times = [
        NOW - 2 * YEAR + at + draw.randrange(width)
        for at, count, width in groups
        for _ in range(count)
    ]
    faults = {"rate_limit": 0.05, "error": 0.02, "drop": 0.02, "truncate": 0.01}
    server = StripeList(times, faults=faults, seed=seed)
    outcome = pull(server)
    assert outcome.ids == expected(server)
    seconds_are_whole(outcome)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(NOW - 3 * YEAR, NOW), max_size=6, unique=True),
    seed=st.integers(0, 99),
)
def test_ranges_that_were_left_over_come_and_nothing_else(
    cuts: list[int], seed: int
) -> None:
    server = StripeList(created("burst", 1_500, seed))
    edges = [None, *sorted(cuts), None]
    spans = list(pairwise(edges))[::2][::-1]
    outcome = pull(server, spans=spans)
    wanted = [
        name
        for at, name in reversed(server.rows)
        if any((a is None or at >= a) and (b is None or at < b) for a, b in spans)
    ]
    assert outcome.ids == wanted


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), shape=st.sampled_from(SHAPES))
def test_what_is_deleted_meanwhile_costs_no_other_row(seed: int, shape: str) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secrets
    gone: set[str] = set()

    def delete_cursor(server: StripeList) -> None:
        used = [step["starting_after"] for _, step in server.asked[-12:] if step]
        # Deletes where cursors stand, and what a page just ended with.
        for name in {*used, draw.choice(server.rows)[1] if server.rows else ""}:
            if draw.random() < 0.2 and name in server._created:
                server.remove(name)
                gone.add(name)

    server = StripeList(created(shape, 2_500, seed), before_each=delete_cursor)
    every = expected(server)
    outcome = pull(server)
    kept = [name for name in outcome.ids if name not in gone]
    assert kept == [name for name in every if name not in gone]
    assert len(set(outcome.ids)) == len(outcome.ids)


def test_a_cursor_whose_object_is_gone_goes_on() -> None:
    # 250 objects each second, so that the cursor stands amid ties; the third
    # page's last object is deleted before the fourth is asked for.
    def delete(server: StripeList) -> None:
        if len(server.asked) == 3:
            server.remove(every[299])

    server = StripeList([NOW - n // 250 for n in range(2_000)], latency=0.01)
    every = expected(server)
    server.before_each = delete
    outcome = pull(server)
    assert outcome.progress.recoveries == 1
    assert outcome.progress.duplicates == 49
    assert outcome.ids == every


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999))
def test_what_is_created_meanwhile_is_counted_and_not_read(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secrets
    new: list[str] = []

    def create(server: StripeList) -> None:
        if len(server.asked) > 1 and draw.random() < 0.3 and len(new) < 90:
            new.append(f"cus_new{len(new):04d}")
            server.add(NOW + 100 + len(new), new[-1])

    server = StripeList(created("growth", 2_500, seed), before_each=create)
    before = expected(server)
    outcome = pull(server)
    assert outcome.ids == before
    assert outcome.progress.created_meanwhile is not None
    assert 0 <= len(new) - outcome.progress.created_meanwhile <= 12


def test_a_live_cursor_never_changes_its_filter() -> None:
    server = StripeList(created("burst", 20_000))
    pull(server)
    filters: dict[str, Any] = {}
    seen_under: dict[str, Any] = {}
    rows = {name: at for at, name in server.rows}
    for fixed, step in server.asked:
        bounds = (
            fixed.get("created", {}).get("gte"),
            fixed.get("created", {}).get("lt"),
        )
        cursor = step.get("starting_after")
        if cursor is not None:
            filters.setdefault(cursor, bounds)
            assert filters[cursor] == bounds
            seen_under[cursor] = bounds
            assert (bounds[0] or 0) <= rows[cursor]
            assert bounds[1] is None or rows[cursor] < bounds[1]


def test_a_small_list_is_one_request_and_a_quick_one_has_one_cursor() -> None:
    small = StripeList(created("uniform", 80))
    assert pull(small).tally.requests == 1
    quick = StripeList(created("uniform", 1_950), latency=0.004, per_second=None)
    outcome = pull(quick, account=None)
    assert outcome.progress.cursors == 1
    assert outcome.tally.requests == 21


def test_rows_that_are_not_sorted_come_whole_all_the_same() -> None:
    class Unsorted(StripeList):
        def _page(self, fixed: Any, step: Any) -> dict[str, Any]:
            page = super()._page(fixed, step)
            middle = page["data"][1:-1]
            page["data"][1:-1] = middle[::-1]
            return page

    server = Unsorted(created("uniform", 4_000))
    outcome = pull(server)
    assert sorted(outcome.ids) == sorted(expected(server))
    assert not outcome.progress.is_sorted


def test_a_failure_that_stays_is_the_sdks_error() -> None:
    server = StripeList(created("uniform", 3_000), faults={"error": 1.0})
    with pytest.raises(ExceptionGroup) as caught:
        pull(server)
    assert caught.group_contains(stripe.APIError)
    assert server.requests == 9


def test_a_limit_reads_the_newest_with_one_cursor() -> None:
    server = StripeList(created("burst", 5_000))
    outcome = pull(server, limit=730)
    assert outcome.ids == expected(server)[:730]
    assert outcome.tally.requests == 8
    assert not outcome.progress.is_whole
