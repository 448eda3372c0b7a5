"""Spans of time as people write them, turned into Stripe's bounds.

``(start, end)`` is ours, half-open; ``{"gte": ..., "lte": ...}`` is Stripe's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from stripe_nb.clock import parse_time
from stripe_nb.errors import FrameError

__all__ = ["Moment", "Window", "bounds_of", "iso", "moment", "shown", "span_of"]

Moment = str | int | date | datetime
Window = tuple[Moment | None, Moment | None] | Mapping[str, Moment | None]

_OPERATORS = frozenset({"gt", "gte", "lt", "lte"})
# The years 1 to 9999, which is what dates can be.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799


def bounds_of(name: str, value: Any) -> dict[str, int]:
    """Return Stripe's operators and Unix seconds for a span of time.

    Parameters
    ----------
    name
        The parameter's, for an error.
    value
        A pair or Stripe's operators; None for an open end.

    Raises
    ------
    FrameError
        If it is no span, or an end of it is no time.

    Examples
    --------
    >>> bounds_of("created", ("2026-01-15", None))
    {'gte': 1768435200}
    """
    given = value
    if isinstance(value, tuple | list) and len(value) == 2:  # noqa: PLR2004 - a pair
        value = dict(zip(("gte", "lt"), value, strict=True))
    if not isinstance(value, Mapping) or not _OPERATORS.issuperset(value):
        raise FrameError(
            f"{name}={value!r} is no span of time; give (start, end), for example "
            f'{name}=("2026-01-01", "2026-02-01"), with None for an open end.'
        )
    bounds = {
        operator: moment(name, value[operator])
        for operator in value
        if value[operator] is not None
    }
    start, end = span_of(bounds)
    if start is not None and end is not None and end < start:
        raise FrameError(f"{name}={given!r} ends before it begins; swap the two.")
    return bounds


def moment(name: str, value: Any) -> int:
    """Return a time in Unix seconds.

    Raises
    ------
    FrameError
        If it is none.

    Examples
    --------
    >>> moment("created", "2026-01-15")
    1768435200
    """
    try:
        seconds = _seconds(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise FrameError(
            f"{name}={value!r} is no time; give (start, end), each None, an ISO 8601 "
            'date such as "2026-01-15", a date, a datetime or Unix seconds.'
        ) from error
    if not _FIRST <= seconds <= _LAST:
        raise FrameError(
            f"{name}={value!r} is beyond the year 9999 or before the year 1; give "
            "Unix time in seconds, not in milliseconds."
        )
    return seconds


def _seconds(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    return parse_time(value)


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
