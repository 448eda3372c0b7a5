"""Paused subscriptions: nothing is billed until they are resumed."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resources import invoice as invoices_api
from stripe_nb.sandbox.subscriptions import invoices, items, lines, state
from stripe_nb.sandbox.wire import Json

__all__ = ["begin", "end", "pause", "resume", "waits_for"]

_EXPIRES_AFTER = 23 * 3_600
_PAUSABLE = ("active", "past_due", "trialing")


def begin(call: Call, subscription: Json, why: str) -> Json:
    """Pause a subscription.

    Parameters
    ----------
    call
        What it happens in.
    subscription
        One that is running.
    why
        As in ``status_details``: ``"pause_requested"`` and so on.
    """
    details = {
        "paused": {
            "subscription": {"type": why},
            "transitioned_at": call.now(),
            "type": "subscription",
        }
    }
    subscription = call.update(
        state.fresh(call, subscription),
        status="paused",
        status_details=details,
        announce="customer.subscription.updated",
    )
    call.emit("customer.subscription.paused", subscription)
    return subscription


def pause(call: Call, subscription: Json) -> Json:
    """Pause on request, and settle what the running period is worth."""
    if subscription["status"] not in _PAUSABLE:
        raise InvalidRequest(
            f"This subscription cannot be paused because its status is "
            f"`{subscription['status']}`. Only subscriptions that are "
            f"{', '.join(f'`{status}`' for status in _PAUSABLE)} can be paused.",
        )
    found = _settled(call, subscription)
    at_once = call.params.get("invoicing_behavior") == "invoice"
    with state.updating(call, subscription):
        invoices.park(call, subscription, found)
        bill = (
            invoices.open_bill(call, subscription, "subscription_update", ())
            if at_once
            else None
        )
        if bill:
            invoices_api.finalize(call, bill, auto_pay=True)
        begin(call, subscription, "pause_requested")
    return state.fresh(call, subscription)


def _settled(call: Call, subscription: Json) -> list[lines.Line]:
    """Return credits for unused time and charges for usage, as the request asks."""
    asked = call.params.get("bill_for") or {}
    unused = (asked.get("unused_time_from") or {}).get("type", "now")
    used = (asked.get("outstanding_usage_through") or {}).get("type", "now")
    if subscription["status"] == "trialing":
        return []
    found: list[lines.Line] = []
    for item in items.of(call, subscription):
        start = item["current_period_start"]
        if items.is_metered(item):
            if used == "now":
                period = (start, call.now())
                found += lines.for_usage(call, subscription, item, period, so_far=True)
        elif unused != "none":
            at = call.now() if unused == "now" else start
            found += lines.changed(call, subscription, item, None, at)
    return found


def resume(call: Call, subscription: Json) -> Json:
    """Resume a paused subscription, once it is paid for if that is asked."""
    if subscription["status"] != "paused":
        raise InvalidRequest(
            "This subscription cannot be resumed because its status is "
            f"`{subscription['status']}`. Only subscriptions with status `paused` can "
            "be resumed.",
        )
    params = call.params
    wanted = params.get("billing_cycle_anchor") or "now"
    anchor = wanted if isinstance(wanted, str) else wanted["type"]
    if params.get("proration_date"):
        raise NotSimulated("the parameter proration_date of resuming subscriptions")
    waits = params.get("payment_behavior") == "resume_on_payment_success"
    with state.updating(call, subscription):
        bill = _resumption_bill(call, subscription, anchor)
        if not waits or bill is None:
            end(call, state.fresh(call, subscription))
        else:
            call.set_private(subscription["id"], resumes_with=bill["id"])
            call.update(
                state.fresh(call, subscription), pending_update=_pending(call, anchor)
            )
        if bill:
            _charge(call, subscription, bill)
    subscription = state.fresh(call, subscription)
    state.plan(call, subscription)
    return subscription


def _charge(call: Call, subscription: Json, bill: Json) -> None:
    bill = call.update(bill, auto_advance=True)
    bill = invoices_api.finalize(call, bill, auto_pay=False)
    automatic = bill["collection_method"] == "charge_automatically"
    if bill["status"] == "open" and automatic:
        invoices_api.pay(call, bill, off_session=True, automatic=True)


def _resumption_bill(call: Call, subscription: Json, anchor: str) -> Json | None:
    """Start the periods anew and bill for them."""
    now = call.now()
    found: list[lines.Line] = []
    behavior = call.params.get("proration_behavior") or "create_prorations"
    moved = subscription
    if anchor == "now":
        moved = call.update(subscription, billing_cycle_anchor=now)
    for item in items.of(call, moved):
        period = items.cycle(moved, item).containing(now)
        begun = state.set_period(call, item, period)
        if items.is_metered(begun):
            continue
        if anchor == "now":
            found += lines.for_period(call, moved, begun, period)
        elif behavior != "none":
            found += lines.changed(call, moved, None, begun, now)
    moved = state.refresh(call, moved)
    if anchor == "unchanged" and behavior == "create_prorations":
        invoices.park(call, moved, found)
        return None
    return invoices.open_bill(call, moved, "subscription_update", found)


def _pending(call: Call, anchor: str) -> Json:
    return {
        "billing_cycle_anchor": call.now() if anchor == "now" else None,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": call.now() + _EXPIRES_AFTER,
        "metadata": None,
        "subscription_items": None,
        "trial_end": None,
        "trial_from_plan": None,
    }


def waits_for(call: Call, subscription: Json, invoice: Json) -> bool:
    """Return whether a paused subscription resumes once this invoice is paid."""
    return bool(
        subscription["status"] == "paused"
        and call.private(subscription["id"]).get("resumes_with") == invoice["id"]
    )


def end(call: Call, subscription: Json) -> Json:
    """Let a paused subscription run again."""
    kept = {
        name: value for name, value in subscription.items() if name != "status_details"
    }
    call.set_private(subscription["id"], resumes_with=None)
    subscription = call.update(
        {**kept, "pending_update": None, "status": "active"},
        announce="customer.subscription.updated",
    )
    call.emit("customer.subscription.resumed", subscription)
    return subscription
