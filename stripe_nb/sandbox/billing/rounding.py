"""Money stays whole: how fractions of a minor unit are rounded and shared out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

__all__ = ["half_up", "share"]


def half_up(value: Decimal | Fraction) -> int:
    """Round to the nearest whole unit, a half away from zero.

    Examples
    --------
    >>> half_up(Decimal("2.5")), half_up(Decimal("-2.5")), half_up(Fraction(7, 3))
    (3, -3, 2)
    """
    if isinstance(value, Decimal):
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    doubled = abs(value) * 2
    whole = (doubled.numerator + doubled.denominator) // (2 * doubled.denominator)
    return whole if value >= 0 else -whole


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Share a sum out in proportion to weights, to the last unit.

    What rounding leaves over goes to those with the largest fractions, the
    first of equals first.

    Parameters
    ----------
    total
        What is shared; not negative.
    weights
        One for each part, none negative; all zero shares nothing.

    Examples
    --------
    >>> share(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_fraction = sorted(
        range(len(weights)), key=lambda at: -(total * weights[at] % whole)
    )
    for at in by_fraction[: total - sum(parts)]:
        parts[at] += 1
    return parts
