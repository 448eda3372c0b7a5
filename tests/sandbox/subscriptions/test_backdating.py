"""Backdated subscriptions: started before they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World

# The clock stands at 1 January 2026.
NOVEMBER_20, DECEMBER = -42, -31


def spans(world: World, customer: str) -> list[tuple[float, float, int]]:
    """Return from which day to which each line of the first invoice is, and its sum."""
    (invoice,) = world.invoices(customer)
    return [
        (
            (line.period.start - world.start) / 86_400,
            (line.period.end - world.start) / 86_400,
            line.amount,
        )
        for line in invoice.lines.data
    ]


def test_each_period_of_the_past_has_its_line(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer, world.price(3000), backdate_start_date=world.day(NOVEMBER_20)
    )
    # A part of November, which has 30 days, then December and January.
    assert spans(world, customer) == [
        (-42, -31, 1100),
        (-31, 0, 3000),
        (0, 31, 3000),
    ]
    assert (made.start_date, made.created) == (world.day(NOVEMBER_20), world.start)
    assert made.billing_cycle_anchor == world.start
    assert world.item(made.id).current_period_end == world.day(31)
    world.advance(32)
    assert world.invoices(customer)[1].total == 3000


def test_classic_billing_has_one_line_for_the_past(world: World) -> None:
    customer = world.customer()
    world.subscribe(
        customer,
        world.price(3100),
        backdate_start_date=world.day(NOVEMBER_20),
        billing_mode={"type": "classic"},
    )
    # A month from 20 November, and 12 of the 31 days that follow.
    assert spans(world, customer) == [(-42, 0, 3100 + 1200), (0, 31, 3100)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("flexible", [(-31, -21, 1033), (-21, 10, 3100)]),
        ("classic", [(-31, 10, 3100 + 1000)]),
    ],
)
def test_later_anchor_keeps_its_date(
    world: World, mode: str, expected: list[tuple[float, float, int]]
) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer,
        world.price(3100),
        backdate_start_date=world.day(DECEMBER),
        billing_cycle_anchor=world.day(10),
        billing_mode={"type": mode},
    )
    assert spans(world, customer) == expected
    world.advance(11)
    assert world.invoices(customer)[1].total == 3100
    assert world.item(made.id).current_period_start == world.day(10)


def test_past_is_free_without_proration(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer,
        world.price(3100),
        backdate_start_date=world.day(DECEMBER),
        proration_behavior="none",
    )
    assert spans(world, customer) == [(0, 31, 3100)]
    assert made.start_date == world.day(DECEMBER)


def test_trial_comes_after_the_past(world: World) -> None:
    customer = world.customer()
    world.subscribe(
        customer,
        world.price(3100),
        backdate_start_date=world.day(DECEMBER),
        trial_end=world.day(31),
    )
    assert spans(world, customer) == [(-31, 0, 3100), (0, 31, 0)]


def test_start_in_the_future_is_refused(world: World) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="in the past") as refused:
        world.subscribe(
            world.customer(), world.price(3100), backdate_start_date=world.day(1)
        )
    assert refused.value.param == "backdate_start_date"
