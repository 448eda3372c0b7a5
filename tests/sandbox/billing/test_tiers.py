"""What a quantity costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.sandbox.billing.tiers import Scheme, Tier, cost, packs, steps

_TIERS = (
    Tier(10, Decimal(500), Decimal(1000)),
    Tier(20, Decimal(400)),
    Tier(None, Decimal("12.5")),
)
_GRADUATED = Scheme(tiers=_TIERS, mode="graduated")
_VOLUME = Scheme(tiers=_TIERS, mode="volume")


@pytest.mark.parametrize(
    ("quantity", "graduated", "volume"),
    [
        (0, 1000, 1000),
        (1, 1500, 1500),
        (10, 6000, 6000),
        (11, 6400, 4400),
        (20, 10_000, 8000),
        (21, 10_013, 263),
    ],
)
def test_tiers_cost_what_their_mode_says(
    quantity: int, graduated: int, volume: int
) -> None:
    assert cost(quantity, _GRADUATED) == graduated
    assert cost(quantity, _VOLUME) == volume


@given(st.integers(0, 1000))
def test_graduated_steps_hold_the_whole_quantity(quantity: int) -> None:
    assert sum(step.quantity for step in steps(quantity, _GRADUATED)) == quantity


@given(st.integers(0, 1000))
def test_graduated_cost_never_falls(quantity: int) -> None:
    assert cost(quantity, _GRADUATED) <= cost(quantity + 1, _GRADUATED)


@given(st.integers(0, 100_000), st.integers(1, 500))
def test_packs_hold_the_quantity_with_less_than_one_to_spare(
    quantity: int, size: int
) -> None:
    full = packs(quantity, Scheme(divide_by=size, round_up=False))
    begun = packs(quantity, Scheme(divide_by=size))
    assert full * size <= quantity <= begun * size
    assert begun - full in (0, 1)


def test_fractions_of_a_unit_are_rounded_once_for_the_whole() -> None:
    assert cost(1000, Scheme(unit_amount=Decimal("0.0005"))) == 1
