"""What the rest of a billing period is worth.

Stripe prorates by the second, and rounds each line down to a whole minor unit:
a credit of 2.5 becomes 3, a charge of 4.5 becomes 4.
"""

from __future__ import annotations

__all__ = ["remaining"]


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
