"""What a pull can vouch for: which ranges it read, how, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stripe_nb.catalog import load
from stripe_nb.frames.asking import Tally
from stripe_nb.frames.chain import Span
from stripe_nb.frames.query import Query
from stripe_nb.frames.reader import Progress
from stripe_nb.frames.window import iso

__all__ = ["certificate", "merged"]


def certificate(
    query: Query,
    progress: Progress,
    tally: Tally,
    *,
    limit: int | None,
    nested: int,
    fetched_at: int | None,
) -> dict[str, Any]:
    """Return what can be said of a pull, as plain JSON.

    Parameters
    ----------
    nested
        How many nested lists were followed to their ends.
    fetched_at
        When it began, in Unix seconds; None before that.
    """
    verdict, why = _verdict(query, progress, limit)
    return {
        "verdict": verdict,
        "why": why,
        "resource": query.resource,
        "path": query.path,
        "filters": {k: v for k, v in query.params.items() if k != "expand"},
        "left_out_by_stripe": dict(query.hidden),
        "windows": [[_at(a), _at(b)] for a, b in merged(progress.covered or ())],
        "rows": progress.rows,
        "duplicates_dropped": progress.duplicates,
        "nested_lists_followed": nested,
        "created_meanwhile": progress.created_meanwhile,
        "requests": tally.requests,
        "retries": tally.retries,
        "rate_limited": tally.refusals,
        "cursors": progress.cursors,
        "cursors_recovered": progress.recoveries,
        "api_version": load().api_version,
        "fetched_at": None if fetched_at is None else iso(fetched_at),
    }


def _verdict(
    query: Query, progress: Progress, limit: int | None
) -> tuple[str, str | None]:
    if not progress.is_whole:
        why = "the pull has not come to its end"
        return "incomplete", f"limit={limit} cut it short" if limit is not None else why
    if query.operation.answer == "search":
        return "unproven", "Stripe's search index lags behind by up to a minute"
    if progress.recoveries and progress.covered is None:
        return "unproven", (
            "an object that the cursor stood on was deleted, and the list has no "
            "time to begin again from"
        )
    return "complete", None


def _at(seconds: int | None) -> str | None:
    return None if seconds is None else iso(seconds)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return half-open ranges with those that touch made one, newest first.

    Examples
    --------
    >>> merged([(None, 5), (5, 9), (20, None)])
    [(20, None), (None, 9)]
    """
    low, high = float("-inf"), float("inf")
    found: list[tuple[float, float, Span]] = []
    for start, end in spans:
        found.append(
            (
                high if end is None else end,
                low if start is None else start,
                (start, end),
            )
        )
    result: list[Span] = []
    reached = None
    for top, bottom, (start, end) in sorted(
        found, key=lambda each: each[0], reverse=True
    ):
        if result and reached is not None and top >= reached:
            if bottom < reached:
                result[-1] = (start, result[-1][1])
                reached = bottom
        else:
            result.append((start, end))
            reached = bottom
    return result
