"""Decimals as text, where a target has no such numbers."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["plain"]


def plain(value: Decimal) -> str:
    """Write a decimal without the zeros that only its dtype adds.

    Examples
    --------
    >>> plain(Decimal("12.5000")), plain(Decimal("1E+3"))
    ('12.5', '1000')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
