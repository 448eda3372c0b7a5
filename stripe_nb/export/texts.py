"""Values as text, where a target has no such type."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["iso_times", "plain"]

_SECONDS = pa.timestamp("s")


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
    # Without their zone, of which what is kept is UTC, times are written in a tenth
    # of the time, and in half of that where they are whole seconds.
    times = pc.cast(values, pa.timestamp(values.type.unit))
    with suppress(pa.ArrowInvalid):
        times = pc.cast(times, _SECONDS)
    texts = pc.cast(times, pa.string())
    texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    if times.type != _SECONDS:
        texts = pc.replace_substring_regex(texts, pattern=r"\.0+$", replacement="")
    return pc.binary_join_element_wise(texts, zone, "")
