"""Half-open ranges of ``created``: what is covered, and what is left to read.

Both ends are Unix seconds; None stands for an open end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Span", "holds", "merged", "without"]

Span = tuple[int | None, int | None]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join ranges that meet or overlap, oldest first; empty ones go.

    Examples
    --------
    >>> merged([(20, 30), (None, 5), (10, 20), (7, 7)])
    [(None, 5), (10, 30)]
    """
    found: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (_low(span), _high(span))):
        if _low((start, end)) >= _high((start, end)):
            continue
        if found and _low((start, end)) <= _high(found[-1]):
            last = found[-1]
            found[-1] = (last[0], end if _high((start, end)) > _high(last) else last[1])
        else:
            found.append((start, end))
    return found


def without(asked: Span, covered: Iterable[Span]) -> list[Span]:
    """Return what is left of a range, newest first.

    Examples
    --------
    >>> without((0, None), [(10, 20), (15, 30)])
    [(30, None), (0, 10)]
    """
    left: list[Span] = []
    start: int | None = asked[0]
    for low, high in merged(covered):
        if _low((low, high)) > _low((start, None)):
            left.append((start, low if _high(asked) > _low((low, None)) else asked[1]))
        if high is None or high >= _high(asked):
            return merged(left)[::-1]
        start = high if high > _low((start, None)) else start
    return merged([*left, (start, asked[1])])[::-1]


def holds(spans: Iterable[Span], created: pa.Array) -> pa.Array:
    """Tell for each time whether one of the ranges holds it."""
    held = pa.repeat(False, len(created))  # a value, and no switch
    for start, end in spans:
        inside = pc.is_valid(created)
        if start is not None:
            inside = pc.and_(inside, pc.greater_equal(created, start))
        if end is not None:
            inside = pc.and_(inside, pc.less(created, end))
        held = pc.or_(held, pc.fill_null(inside, False))
    return held


def _low(span: Span) -> float:
    return -math.inf if span[0] is None else span[0]


def _high(span: Span) -> float:
    return math.inf if span[1] is None else span[1]
