"""What a quantity costs: by the unit, in packs, or in tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from stripe_nb.sandbox.billing.rounding import half_up

__all__ = ["Scheme", "Step", "Tier", "cost", "packs", "steps"]


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of a price.

    Attributes
    ----------
    up_to
        The last unit that it covers; ``None`` for all that follow.
    unit_amount
        For each unit, in minor units; it may have decimals.
    flat_amount
        For the tier as a whole, once it is reached.
    """

    up_to: int | None
    unit_amount: Decimal = Decimal(0)
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a price turns a quantity into a sum.

    Attributes
    ----------
    unit_amount
        For each unit, where there are no tiers.
    tiers
        In order; empty for a price by the unit.
    mode
        ``"volume"``: the tier of the whole quantity holds for all of it;
        ``"graduated"``: each tier for the units that fall in it.
    divide_by
        How many units make one pack.
    round_up
        Whether a pack that was begun counts.
    """

    unit_amount: Decimal = Decimal(0)
    tiers: Sequence[Tier] = ()
    mode: Literal["volume", "graduated"] | None = None
    divide_by: int = 1
    round_up: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What one tier comes to.

    Attributes
    ----------
    tier
        Which tier.
    quantity
        How many units fall in it.
    amount
        Their cost and the tier's flat amount, rounded.
    """

    tier: Tier
    quantity: int
    amount: int


def packs(quantity: int, scheme: Scheme) -> int:
    """Return how many packs a quantity makes.

    Examples
    --------
    >>> packs(11, Scheme(divide_by=5)), packs(11, Scheme(divide_by=5, round_up=False))
    (3, 2)
    """
    if scheme.round_up:
        return -(-quantity // scheme.divide_by)
    return quantity // scheme.divide_by


def steps(quantity: int, scheme: Scheme) -> list[Step]:
    """Return what each tier that a quantity reaches comes to.

    Examples
    --------
    >>> tiers = (Tier(5, Decimal(500)), Tier(None, Decimal(400)))
    >>> [step.amount for step in steps(7, Scheme(tiers=tiers, mode="graduated"))]
    [2500, 800]
    >>> [step.amount for step in steps(7, Scheme(tiers=tiers, mode="volume"))]
    [2800]
    """
    if scheme.mode == "volume":
        return [_step(_tier_of(quantity, scheme.tiers), quantity)]
    found: list[Step] = []
    before = 0
    for tier in scheme.tiers:
        upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if upper > before or not found:
            found.append(_step(tier, max(upper - before, 0)))
        before = max(upper, before)
    return found


def _tier_of(quantity: int, tiers: Sequence[Tier]) -> Tier:
    for tier in tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier
    return tiers[-1]


def _step(tier: Tier, quantity: int) -> Step:
    return Step(tier, quantity, half_up(tier.unit_amount * quantity + tier.flat_amount))


def cost(quantity: int, scheme: Scheme) -> int:
    """Return what a quantity costs, in minor units.

    Examples
    --------
    >>> cost(3, Scheme(unit_amount=Decimal("0.5")))
    2
    """
    if scheme.tiers:
        return sum(step.amount for step in steps(quantity, scheme))
    return half_up(scheme.unit_amount * packs(quantity, scheme))
