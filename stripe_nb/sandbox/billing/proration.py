"""What the rest of a billing period is worth.

Stripe prorates by the second, and rounds each line down to a whole minor unit:
a credit of 2.5 becomes 3, a charge of 4.5 becomes 4.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Proration", "prorations", "remaining"]


@dataclass(frozen=True, slots=True)
class Proration:
    """A line for the rest of a period.

    Attributes
    ----------
    amount
        In minor units; negative for a credit.
    is_credit
        Whether it gives back what was billed, even if that comes to nothing.
    """

    amount: int
    is_credit: bool


def remaining(amount: int, at: int, period: tuple[int, int]) -> int:
    """Return an amount's part for the time from a moment to the period's end.

    Parameters
    ----------
    amount
        For the whole period; negative for a credit.
    at
        The moment; before the period it counts as its start.
    period
        Start and end.

    Examples
    --------
    >>> remaining(-1000, 15, (0, 20)), remaining(9, 1, (0, 2)), remaining(-5, 1, (0, 2))
    (-250, 4, -3)
    """
    start, end = period
    left = end - min(max(at, start), end)
    return amount * left // (end - start)


def prorations(
    before: int | None, after: int | None, at: int, period: tuple[int, int]
) -> list[Proration]:
    """Return the lines for a change in the middle of a period.

    The credit comes first.

    Parameters
    ----------
    before, after
        What a whole period cost and will cost; ``None`` where there was or will
        be nothing to bill.
    at
        When it changes.
    period
        Start and end.

    Examples
    --------
    >>> [line.amount for line in prorations(1000, 3000, 50, (0, 100))]
    [-500, 1500]
    """
    lines = []
    if before is not None:
        lines.append(Proration(remaining(-before, at, period), is_credit=True))
    if after is not None:
        lines.append(Proration(remaining(after, at, period), is_credit=False))
    return lines
