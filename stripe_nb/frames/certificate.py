"""What a pull can vouch for: which ranges it read, how, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stripe_nb.catalog import load
from stripe_nb.frames.asking import Tally
from stripe_nb.frames.query import Query
from stripe_nb.frames.reader import Progress
from stripe_nb.frames.spans import Span, merged
from stripe_nb.frames.window import iso

__all__ = ["certificate", "windows"]


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
        "windows": windows(progress.covered or ()),
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


def windows(spans: Iterable[Span]) -> list[list[str | None]]:
    """Return ranges as they are told: those that meet made one, newest first.

    Examples
    --------
    >>> windows([(None, 5), (5, 9), (60, None)])
    [['1970-01-01T00:01:00Z', None], [None, '1970-01-01T00:00:09Z']]
    """
    return [[_at(start), _at(end)] for start, end in reversed(merged(spans))]


def _at(seconds: int | None) -> str | None:
    return None if seconds is None else iso(seconds)
