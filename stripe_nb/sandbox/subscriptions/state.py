"""Small steps that all changes of a subscription share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.events import changes
from stripe_nb.sandbox.subscriptions import items
from stripe_nb.sandbox.wire import Json

__all__ = ["OVER", "fresh", "plan", "refresh", "set_period", "updating"]

OVER = ("canceled", "incomplete_expired")
DAY = 86_400
_UPCOMING = 7 * DAY
_TRIAL_NOTICE = 3 * DAY


def fresh(call: Call, subscription: Json) -> Json:
    """Return a subscription as it is stored by now."""
    return call.get("subscription", subscription["id"])


@contextmanager
def updating(call: Call, before: Json) -> Iterator[None]:
    """Announce all changes of a subscription inside as one, before what follows."""

    def tell() -> tuple[Json, Json | None] | None:
        after = fresh(call, before)
        previous = changes(before, after)
        return (after, previous) if previous else None

    with call.telling_first("customer.subscription.updated", tell):
        yield


def refresh(call: Call, subscription: Json, **values: object) -> Json:
    """Store a subscription with its items as they are by now, and values."""
    kept = fresh(call, subscription)
    shown = items.summary(kept, items.of(call, kept))
    return call.update({**kept, **shown, **values})


def set_period(call: Call, item: Json, period: tuple[int, int]) -> Json:
    """Store an item with another period."""
    start, end = period
    return call.update(item, current_period_end=end, current_period_start=start)


def plan(call: Call, subscription: Json) -> None:
    """Leave for later what time alone will bring to a subscription."""
    if subscription["status"] in OVER:
        return
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    paused = subscription["pause_collection"] or {}
    pending = subscription["pending_update"] or {}
    moments = {
        *ends,
        subscription["trial_end"],
        subscription["cancel_at"],
        paused.get("resumes_at"),
        pending.get("expires_at"),
    }
    wanted = [("turn", at) for at in sorted(filter(None, moments))]
    wanted.append(("upcoming", min(ends) - _UPCOMING))
    if subscription["trial_end"]:
        wanted.append(("trial_will_end", subscription["trial_end"] - _TRIAL_NOTICE))
    _schedule(call, subscription, wanted)


def _schedule(
    call: Call, subscription: Json, wanted: Sequence[tuple[str, int]]
) -> None:
    """Schedule what lies ahead and is not scheduled yet."""
    known = call.private(subscription["id"]).get("planned", [])
    known = [entry for entry in known if entry[1] > call.now()]
    for action, at in wanted:
        if at > call.now() and [action, at] not in known:
            call.later(at, action, subscription)
            known.append([action, at])
    call.set_private(subscription["id"], planned=known)
