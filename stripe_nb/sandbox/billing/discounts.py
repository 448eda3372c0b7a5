"""What coupons take off a bill's lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from stripe_nb.sandbox.billing.rounding import half_up, share

__all__ = ["Item", "Reduction", "reductions"]

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one discount takes off: a share, or a sum.

    Attributes
    ----------
    id
        The discount's.
    percent_off
        Up to 100; ``None`` for a discount that takes a sum off.
    amount_off
        In minor units, in the bill's currency.
    products
        Ids of what it is for; ``None`` for everything.
    """

    id: str
    percent_off: Decimal | None = None
    amount_off: int = 0
    products: frozenset[str] | None = None

    def of(self, base: int) -> int:
        """Return what it takes off a sum, never more than that."""
        if self.percent_off is None:
            return min(self.amount_off, base)
        return half_up(base * self.percent_off / _HUNDRED)


@dataclass(frozen=True, slots=True)
class Item:
    """A line, as far as discounts are concerned.

    Attributes
    ----------
    amount
        Before any discount; credits are negative and take no part.
    product
        What it is for, if that is known.
    discountable
        Whether the bill's own discounts reach it.
    own
        Ids of its own discounts, which come first.
    """

    amount: int
    product: str | None = None
    discountable: bool = True
    own: tuple[str, ...] = ()


def reductions(
    items: Sequence[Item],
    known: Mapping[str, Reduction],
    on_bill: Iterable[str] = (),
) -> list[dict[str, int]]:
    """Return, for each line, what each discount takes off it.

    A line's own discounts come first; the bill's come after them, one after the
    other, each on what is left, shared out over the lines that it reaches.

    Parameters
    ----------
    items
        The lines.
    known
        Each discount by its id.
    on_bill
        Ids of the bill's own discounts, in order.

    Examples
    --------
    >>> half = Reduction("di_1", percent_off=Decimal(50))
    >>> reductions([Item(1000), Item(501)], {"di_1": half}, ["di_1"])
    [{'di_1': 500}, {'di_1': 251}]
    """
    taken: list[dict[str, int]] = [{} for _ in items]
    left = [max(item.amount, 0) for item in items]
    for at, item in enumerate(items):
        for name in item.own:
            _take(known[name], {at: item}, left, taken)
    for name in on_bill:
        reached = {at: item for at, item in enumerate(items) if item.discountable}
        _take(known[name], reached, left, taken)
    return taken


def _take(
    reduction: Reduction,
    reached: Mapping[int, Item],
    left: list[int],
    taken: list[dict[str, int]],
) -> None:
    """Take one discount off the lines that it reaches."""
    places = [
        at
        for at, item in reached.items()
        if reduction.products is None or item.product in reduction.products
    ]
    weights = [left[at] for at in places]
    for at, part in zip(
        places, share(reduction.of(sum(weights)), weights), strict=True
    ):
        left[at] -= part
        taken[at][reduction.id] = taken[at].get(reduction.id, 0) + part
