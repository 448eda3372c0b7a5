"""Values as text, where a target has no such type."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["iso_times", "plain"]


def plain(value: Decimal) -> str:
    """Write a decimal without the zeros that only its dtype adds.

    Examples
    --------
    >>> plain(Decimal("12.5000")), plain(Decimal("1E+3"))
    ('12.5', '1000')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso_times(values: Any) -> Any:
    """Write a column of times as ISO 8601, with a fraction only where there is one.

    Examples
    --------
    >>> times = pa.array([0, 1_500_000], pa.timestamp("us", "Europe/Zurich"))
    >>> iso_times(times).to_pylist()
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z']
    """
    zone = "Z" if values.type.tz else ""
    if values.type.tz not in (None, "UTC"):
        values = pc.cast(values, pa.timestamp(values.type.unit, "UTC"))
    texts = pc.strftime(values, format=f"%Y-%m-%dT%H:%M:%S{zone}")
    return pc.replace_substring_regex(texts, pattern=r"\.0+(Z?)$", replacement=r"\1")
