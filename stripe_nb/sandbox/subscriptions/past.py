"""Backdated subscriptions: what the time before their creation is billed for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stripe_nb.sandbox.billing.periods import Cycle
from stripe_nb.sandbox.billing.proration import remaining
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.subscriptions import lines
from stripe_nb.sandbox.subscriptions.items import cycle
from stripe_nb.sandbox.wire import Json

__all__ = ["before", "covers"]

_MOST_LINES = 250


def before(call: Call, subscription: Json, item: Json) -> list[lines.Line]:
    """Return the lines for the time from the start date to an item's own period.

    Flexible billing has a line for each period that lies there, classic billing a
    single one, reckoned by intervals that begin with the start date.

    Raises
    ------
    InvalidRequest
        If that were more lines than an invoice can have.
    """
    begun = subscription["start_date"]
    if covers(subscription, item):
        span = (begun, item["current_period_end"])
    elif subscription["trial_end"]:
        span = (begun, call.now())
    else:
        span = (begun, item["current_period_start"])
    if span[0] >= span[1]:
        return []
    if subscription["billing_mode"]["type"] == "flexible":
        return list(_in(call, subscription, item, cycle(subscription, item), span))
    own = {**subscription, "billing_cycle_anchor": begun}
    own["billing_cycle_anchor_config"] = None
    parts = list(_in(call, subscription, item, cycle(own, item), span))
    amount = sum(part.amount for part in parts)
    return [replace(parts[0], amount=amount, period=span, is_proration=True)]


def covers(subscription: Json, item: Json) -> bool:
    """Return whether an item's own period began with a start date in the past.

    Classic billing stretches it up to the anchor, and bills it in one line.
    """
    return bool(
        subscription["billing_mode"]["type"] == "classic"
        and item["current_period_start"] == subscription["start_date"]
        and item["current_period_start"] < subscription["created"]
    )


def _in(
    call: Call, subscription: Json, item: Json, by: Cycle, span: tuple[int, int]
) -> Iterator[lines.Line]:
    """Give the lines of all periods of a cycle, cut to a span of time."""
    at, end = span
    for _ in range(_MOST_LINES):
        whole = by.containing(at)
        part = (at, min(whole[1], end))
        for line in lines.for_period(call, subscription, item, part):
            # What is left at its beginning, less what is left at its end.
            amount = remaining(line.amount, at, whole)
            yield replace(line, amount=amount - remaining(line.amount, part[1], whole))
        at = part[1]
        if at >= end:
            return
    raise InvalidRequest(
        f"Backdating isn't supported for more than {_MOST_LINES} periods.",
        param="backdate_start_date",
    )
