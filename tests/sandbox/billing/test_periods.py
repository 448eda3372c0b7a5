"""Billing periods and prorations hold for any anchor and any moment."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.sandbox.billing.periods import Cycle, anchor_after, later
from stripe_nb.sandbox.billing.proration import remaining

_MOMENTS = st.integers(0, 4_000_000_000)
_CYCLES = st.builds(
    Cycle,
    anchor=_MOMENTS,
    interval=st.sampled_from(["day", "week", "month", "year"]),
    count=st.integers(1, 3),
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@given(_CYCLES, _MOMENTS)
def test_period_holds_its_moment(cycle: Cycle, moment: int) -> None:
    start, end = cycle.containing(moment)
    assert start <= moment < end


@given(_CYCLES, _MOMENTS)
def test_periods_follow_one_another_without_a_gap(cycle: Cycle, moment: int) -> None:
    start, end = cycle.containing(moment)
    assert cycle.containing(end)[0] == end
    assert cycle.containing(start - 1)[1] == start


@given(_CYCLES)
def test_anchor_is_a_boundary(cycle: Cycle) -> None:
    assert cycle.containing(cycle.anchor)[0] == cycle.anchor


@given(_CYCLES, st.integers(-20, 20))
def test_boundaries_keep_the_time_of_day(cycle: Cycle, number: int) -> None:
    assert (cycle.boundary(number) - cycle.anchor) % 86_400 == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "2026-02-28"), (2, "2026-03-31"), (3, "2026-04-30"), (25, "2028-02-29")],
)
def test_last_day_comes_back_after_a_short_month(number: int, expected: str) -> None:
    cycle = Cycle(at("2026-01-31"), "month")
    assert cycle.boundary(number) == at(expected)


def test_leap_day_comes_back_after_four_years() -> None:
    cycle = Cycle(at("2024-02-29"), "year")
    assert cycle.boundary(1) == at("2025-02-28")
    assert cycle.boundary(4) == at("2028-02-29")


def test_day_of_a_short_month_can_be_meant_as_a_later_one() -> None:
    cycle = Cycle(at("2026-02-28"), "month", day=31)
    assert cycle.boundary(1) == at("2026-03-31")


def test_intervals_can_go_back() -> None:
    assert later(at("2026-03-31"), "month", -1) == at("2026-02-28")


def test_anchor_is_found_by_day_and_month() -> None:
    start = at("2026-01-31T10:00:00")
    assert anchor_after(start, day_of_month=31) == at("2026-02-28T10:00:00")
    assert anchor_after(start, day_of_month=1, month=7, hour=0) == at("2026-07-01")
    assert anchor_after(start, day_of_month=31, hour=12) == at("2026-01-31T12:00:00")


@given(_MOMENTS, st.integers(1, 31), st.none() | st.integers(1, 12))
def test_anchor_lies_ahead(moment: int, day: int, month: int | None) -> None:
    found = anchor_after(moment, day_of_month=day, month=month)
    assert found > moment
    if month:
        assert datetime.fromtimestamp(found, UTC).month == month


_AMOUNTS = st.integers(-1_000_000, 1_000_000)


@given(_AMOUNTS, st.integers(0, 1000))
def test_lines_are_rounded_down(amount: int, moment: int) -> None:
    exact = Fraction(amount * (1000 - moment), 1000)
    assert exact - 1 < remaining(amount, moment, (0, 1000)) <= exact


def test_whole_period_is_worth_all_of_it_and_its_end_nothing() -> None:
    assert remaining(999, 0, (0, 7)) == 999
    assert remaining(999, -5, (0, 7)) == 999
    assert remaining(999, 7, (0, 7)) == 0


@given(st.integers(0, 100_000), st.integers(0, 99))
def test_same_price_costs_at_most_a_unit_to_swap(amount: int, moment: int) -> None:
    credit = remaining(-amount, moment, (0, 100))
    debit = remaining(amount, moment, (0, 100))
    assert credit <= 0 <= debit
    assert -1 <= credit + debit <= 0
