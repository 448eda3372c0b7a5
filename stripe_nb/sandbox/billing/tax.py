"""What tax rates add to a line, or find within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from stripe_nb.sandbox.billing.rounding import half_up

__all__ = ["Rate", "Tax", "taxes"]


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax rate.

    Attributes
    ----------
    id
        Its id.
    percentage
        Of the amount without tax.
    inclusive
        Whether amounts hold the tax already.
    """

    id: str
    percentage: Decimal
    inclusive: bool = False

    @property
    def fraction(self) -> Fraction:
        """The rate as an exact fraction of the amount without tax."""
        return Fraction(self.percentage) / 100


@dataclass(frozen=True, slots=True)
class Tax:
    """What one rate comes to.

    Attributes
    ----------
    rate
        Which rate.
    amount
        The tax, in minor units.
    taxable
        What it is a share of.
    """

    rate: Rate
    amount: int
    taxable: int


def taxes(amount: int, rates: Sequence[Rate]) -> list[Tax]:
    """Return what each rate comes to on an amount after discounts.

    Inclusive rates are found within the amount; exclusive ones come on top of
    what it is without those. Each is rounded by itself.

    Examples
    --------
    >>> vat = Rate("txr_1", Decimal(20), inclusive=True)
    >>> taxes(1200, [vat])[0].amount, taxes(1200, [vat])[0].taxable
    (200, 1000)
    >>> taxes(1000, [Rate("txr_2", Decimal("8.875"))])[0].amount
    89
    """
    within = sum((rate.fraction for rate in rates if rate.inclusive), Fraction(0))
    bare = Fraction(amount) / (1 + within)
    included = [half_up(bare * rate.fraction) for rate in rates if rate.inclusive]
    taxable = amount - sum(included)
    return [
        Tax(
            rate,
            half_up((bare if rate.inclusive else taxable) * rate.fraction),
            taxable,
        )
        for rate in rates
    ]
