"""Spans of time as people write them, turned into Stripe's bounds.

``(start, end)`` and ``"start..end"`` are ours, half-open; ``{"gte": ..., "lte": ...}``
is Stripe's; periods and intervals are pandas'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from stripe_nb.errors import FrameError

__all__ = [
    "Moment",
    "Window",
    "bounds_of",
    "is_span",
    "iso",
    "moment",
    "shown",
    "span_of",
]

Moment = str | int | date | datetime | np.datetime64
Window = (
    tuple[Moment | None, Moment | None]
    | Mapping[str, Moment | None]
    | str
    | pd.Period
    | pd.Interval
)

_OPERATORS = frozenset({"gt", "gte", "lt", "lte"})
# Between two seconds lies no object, so what excludes the one includes the next.
_ROUNDED_UP = frozenset({"gte", "lt"})
# The years 1 to 9999, which is what dates can be.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# Shorter ones are dates, as ISO 8601 has them without hyphens, or a slip.
_DIGITS_OF_SECONDS = 9
_LONGEST_SHOWN = 80


def is_span(value: Any) -> bool:
    """Tell whether a value has two ends, rather than that it is one moment.

    Examples
    --------
    >>> is_span("2026-01-01..2026-02-01"), is_span("2026-01-01")
    (True, False)
    """
    is_text = isinstance(value, str)
    return (is_text and ".." in value) or isinstance(
        value, tuple | list | Mapping | pd.Period | pd.Interval
    )


def bounds_of(name: str, value: Any) -> dict[str, int]:
    """Return Stripe's operators and Unix seconds for a span of time.

    Parameters
    ----------
    name
        The parameter's, for an error.
    value
        A pair, with None for an open end; a text such as
        ``"2026-01-01..2026-02-01"``, where an open end is left out; Stripe's
        operators; or a period or an interval of pandas'.

    Raises
    ------
    FrameError
        If it is no span, or an end of it is no time.

    Examples
    --------
    >>> bounds_of("created", ("2026-01-15", None))
    {'gte': 1768435200}
    >>> bounds_of("created", "2026-01-15..")
    {'gte': 1768435200}
    """
    ends = _ends(value)
    if ends is None or not _OPERATORS.issuperset(ends):
        raise FrameError(
            f"{name}={_short(value)} is no span of time; give (start, end), for "
            f'example {name}=("2026-01-01", "2026-02-01"), None for an open end, or '
            '"2026-01-01..2026-02-01".'
        )
    bounds = {
        at: moment(name, end, up=at in _ROUNDED_UP)
        for at, end in ends.items()
        if end is not None
    }
    start, end = span_of(bounds)
    if start is not None and end is not None and end < start:
        raise FrameError(f"{name}={value!r} ends before it begins; swap the two.")
    return bounds


def _ends(value: Any) -> Mapping[str, Any] | None:
    """Return a span's ends by Stripe's operators."""
    if isinstance(value, str):
        start, dots, end = (part.strip() for part in value.partition(".."))
        # Without either end, as of two variables that aren't set, it would be all.
        value = (start or None, end or None) if dots and (start or end) else None
    if isinstance(value, pd.Period):
        value = (value.start_time, (value + 1).start_time)
    if isinstance(value, pd.Interval):
        low = "gte" if value.closed_left else "gt"
        high = "lte" if value.closed_right else "lt"
        return {low: value.left, high: value.right}
    if isinstance(value, tuple | list) and len(value) == 2:  # noqa: PLR2004 - a pair
        return dict(zip(("gte", "lt"), value, strict=True))
    return value if isinstance(value, Mapping) else None


def moment(name: str, value: Any, *, up: bool = False) -> int:
    """Return a time in Unix seconds.

    Parameters
    ----------
    name
        The parameter's, for an error.
    value
        A date stands for its first second; without a zone it is UTC.
    up
        Whether a fraction of a second is rounded up, and not down.

    Raises
    ------
    FrameError
        If it is none.

    Examples
    --------
    >>> moment("created", "2026-01-15")
    1768435200
    """
    if isinstance(value, pd.Period | pd.Interval):
        raise FrameError(
            f"{name}={value!r} has two ends where one is to be given; take its "
            f"{'start_time' if isinstance(value, pd.Period) else 'left'}, or give it "
            "alone for all of it."
        )
    try:
        seconds = _seconds(value, up=up)
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(
            f"{name}={_short(value)} is no time; give (start, end), each None, an ISO "
            '8601 date such as "2026-01-15", a date, a datetime or Unix seconds.'
        ) from error
    # What ends with the year 9999, such as datetime.max, is rounded up as well.
    if not _FIRST <= seconds <= _LAST + up:
        raise FrameError(
            f"{name}={value!r} is beyond the year 9999 or before the year 1; give "
            "Unix time in seconds, not in milliseconds."
        )
    return min(seconds, _LAST)


def _seconds(value: Any, *, up: bool) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError
    if value != value:  # noqa: PLR0124  # NaT and NaN are no time
        raise ValueError
    if isinstance(value, str):
        value = _read(value.strip())
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if isinstance(value, datetime):
        since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH
        return int(-(-since // _SECOND) if up else since // _SECOND)
    rounded: int = math.ceil(value) if up else math.floor(value)
    return rounded


def _read(text: str) -> int | datetime:
    if text.isdigit() and len(text) >= _DIGITS_OF_SECONDS:
        return int(text)
    return datetime.fromisoformat(text)


def _short(value: Any) -> str:
    """Write a value so that a sentence can hold it."""
    text = repr(value)
    is_short = len(text) <= _LONGEST_SHOWN and "\n" not in text
    return text if is_short else f"<{type(value).__name__}>"


def iso(seconds: int) -> str:
    """Write Unix seconds as ISO 8601.

    Examples
    --------
    >>> iso(1768435200)
    '2026-01-15T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat() + "Z"


def shown(bounds: Mapping[str, int]) -> tuple[str | None, str | None]:
    """Return start (inclusive) and end (exclusive) of bounds in ISO 8601.

    Examples
    --------
    >>> shown({"gte": 1768435200, "lte": 1768435200})
    ('2026-01-15T00:00:00Z', '2026-01-15T00:00:01Z')
    """
    start, end = span_of(bounds)
    return _iso_or_none(start), _iso_or_none(end)


def span_of(bounds: Mapping[str, int]) -> tuple[int | None, int | None]:
    """Return start (inclusive) and end (exclusive) of bounds, None for an open end.

    Examples
    --------
    >>> span_of({"gt": 9, "lte": 20})
    (10, 21)
    """
    starts = [bounds["gte"]] if "gte" in bounds else []
    starts += [bounds["gt"] + 1] if "gt" in bounds else []
    ends = [bounds["lt"]] if "lt" in bounds else []
    ends += [bounds["lte"] + 1] if "lte" in bounds else []
    return max(starts, default=None), min(ends, default=None)


def _iso_or_none(at: int | None) -> str | None:
    return None if at is None else iso(min(at, _LAST))
