"""What time brings to a subscription: renewals, ends of trials, and its own end."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import closing, methods
from stripe_nb.sandbox.resources import invoice as invoices_api
from stripe_nb.sandbox.subscriptions import (
    ends,
    invoices,
    items,
    lines,
    pauses,
    pending,
    state,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["ended_without_method", "renewal_lines", "turn", "upcoming"]

_RENEWING = ("active", "past_due", "trialing", "unpaid")


def turn(call: Call, subscription: Json) -> None:
    """Do what a moment brings that was planned for; a stale plan finds nothing."""
    if subscription["status"] in state.OVER:
        return
    for step in (_end, _expire_pending, _collect_again, _renew):
        subscription = step(call, subscription)
        if subscription["status"] in state.OVER:
            return
    state.plan(call, subscription)


def _due(call: Call, moment: int | None) -> bool:
    return moment is not None and moment <= call.now()


def _end(call: Call, subscription: Json) -> Json:
    """Cancel a subscription that was to end now."""
    if not _due(call, subscription["cancel_at"]):
        return subscription
    return ends.cancel(call, subscription, prorate=True, bill_usage=True)


def _expire_pending(call: Call, subscription: Json) -> Json:
    waiting = subscription["pending_update"]
    if waiting and _due(call, waiting["expires_at"]):
        pending.expire(call, subscription)
        return state.fresh(call, subscription)
    return subscription


def _collect_again(call: Call, subscription: Json) -> Json:
    """End a pause of collection whose time is over."""
    paused = subscription["pause_collection"]
    if paused and _due(call, paused["resumes_at"]):
        return call.update(
            subscription,
            pause_collection=None,
            announce="customer.subscription.updated",
        )
    return subscription


def _renew(call: Call, subscription: Json) -> Json:
    """Begin the next period of each item whose period is over."""
    due = [
        item
        for item in items.of(call, subscription)
        if _due(call, item["current_period_end"])
    ]
    if not due or subscription["status"] not in _RENEWING:
        return subscription
    if subscription["status"] == "trialing" and ended_without_method(
        call, subscription
    ):
        return state.fresh(call, subscription)
    with state.updating(call, subscription):
        first = due[0]
        span = (first["current_period_start"], first["current_period_end"])
        found = renewal_lines(call, subscription, due)
        status = subscription["status"]
        subscription = state.refresh(
            call,
            subscription,
            discounts=_lasting(call, subscription),
            status="active" if status == "trialing" else status,
        )
        bill = invoices.open_bill(
            call, subscription, "subscription_cycle", found, period=span
        )
        if bill:
            _leave(call, subscription, bill)
    return state.fresh(call, subscription)


def _lasting(call: Call, subscription: Json) -> list[str]:
    """Return the discounts that have not ended."""
    return [
        name
        for name in subscription["discounts"]
        if (call.get("discount", name)["end"] or call.now() + 1) > call.now()
    ]


def renewal_lines(call: Call, subscription: Json, due: list[Json]) -> list[lines.Line]:
    """Move items on to their next periods; return what those come to."""
    found: list[lines.Line] = []
    trial = subscription["status"] == "trialing"
    for item in due:
        start, end = item["current_period_start"], item["current_period_end"]
        cycle = items.cycle(subscription, item)
        following = (end, cycle.following(end))
        moved = state.set_period(call, item, following)
        if items.is_metered(moved):
            if not trial:
                found += lines.for_usage(call, subscription, moved, (start, end))
        elif cycle.containing(end) == following:
            found += lines.for_period(call, subscription, moved, following)
        else:
            found += lines.for_stub(call, subscription, moved, following)
    return found


def _leave(call: Call, subscription: Json, bill: Json) -> None:
    """Leave a renewal's bill to be finalized, or as a pause of collection says."""
    paused = (subscription["pause_collection"] or {}).get("behavior")
    if paused == "keep_as_draft" or subscription["status"] == "unpaid":
        invoices_api.announce(call, bill)
    elif paused:
        bill = invoices_api.finalize(call, bill, auto_pay=False)
        if bill["status"] == "open":
            give_up = closing.void if paused == "void" else closing.mark_uncollectible
            give_up(call, bill)
    else:
        invoices_api.leave_draft(call, bill)


def ended_without_method(call: Call, subscription: Json) -> bool:
    """Pause or cancel after a trial with nothing to charge, if that is its terms.

    Returns whether it was.
    """
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    automatic = subscription["collection_method"] == "charge_automatically"
    if (
        behavior == "create_invoice"
        or not automatic
        or methods.default_of(call, subscription)
    ):
        return False
    if behavior == "cancel":
        ends.cancel(call, subscription, reason="payment_failed")
    else:
        pauses.begin(call, subscription, "trial_end_without_payment_method")
    return True


def upcoming(call: Call, subscription: Json) -> Json | None:
    """Return the bill of the next renewal, with nothing of it stored."""
    first = min(item["current_period_end"] for item in subscription["items"]["data"])
    now = call.time
    with call.undoing():
        call.time = max(first, call.now())
        due = [
            item
            for item in items.of(call, subscription)
            if item["current_period_end"] <= first
        ]
        span = (due[0]["current_period_start"], first)
        bill = invoices.open_bill(
            call,
            subscription,
            "upcoming",
            renewal_lines(call, subscription, due),
            period=span,
        )
    call.time = now
    return bill
