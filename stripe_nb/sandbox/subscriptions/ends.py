"""How a subscription ends: on request, when it was to, or unpaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resources import invoice as invoices_api
from stripe_nb.sandbox.subscriptions import invoices, items, lines, state
from stripe_nb.sandbox.wire import Json

__all__ = ["cancel", "expire"]

# While a subscription is on trial, or paused and settled, nothing accrues.
_NOTHING_BILLED = ("paused", "trialing")


def cancel(
    call: Call,
    subscription: Json,
    *,
    reason: str = "cancellation_requested",
    prorate: bool = False,
    bill_usage: bool = False,
    **values: Any,
) -> Json:
    """End a subscription now.

    Parameters
    ----------
    call
        What it happens in.
    subscription
        One that has not ended.
    reason
        As in ``cancellation_details``.
    prorate
        Whether to credit what is left of the period.
    bill_usage
        Whether to bill what was used of metered items, and what is pending.
    values
        More fields to set.
    """
    now = call.now()
    if prorate:
        invoices.park(call, subscription, _credits(call, subscription))
    if bill_usage:
        _last_bill(call, subscription)
    subscription = state.fresh(call, subscription)
    details = values.pop("cancellation_details", subscription["cancellation_details"])
    fields = {
        "canceled_at": subscription["canceled_at"] or now,
        "cancellation_details": {**details, "reason": reason},
        "ended_at": now,
        "pending_update": None,
        "status": "canceled",
        **values,
    }
    schedule = call.find("subscription_schedule", subscription["schedule"])
    subscription = call.update({**subscription, **fields, "schedule": None})
    _stop_collection(call, subscription)
    call.emit("customer.subscription.deleted", subscription)
    if schedule:
        schedules: Any = call.engine.behaviour("subscription_schedule")
        schedules.subscription_ended(call, schedule)
    return subscription


def _credits(call: Call, subscription: Json) -> Iterator[lines.Line]:
    if subscription["status"] in _NOTHING_BILLED:
        return
    for item in items.of(call, subscription):
        if not items.is_metered(item) and item["current_period_end"] > call.now():
            yield from lines.changed(call, subscription, item, None, call.now())


def _last_bill(call: Call, subscription: Json) -> None:
    """Bill usage of the running periods, and what waits for an invoice."""
    found: list[lines.Line] = []
    for item in items.of(call, subscription):
        billed = subscription["status"] not in _NOTHING_BILLED
        if items.is_metered(item) and billed:
            period = (item["current_period_start"], call.now())
            found += lines.for_usage(call, subscription, item, period, so_far=True)
    bill = invoices.open_bill(call, subscription, "subscription_cycle", found)
    if bill:
        invoices_api.leave_draft(call, bill)


def _stop_collection(call: Call, subscription: Json) -> None:
    """Stop the chase for open bills; a last one that was just made goes on."""
    for bill in call.objects("invoice", customer=subscription["customer"]):
        if (
            invoices_api.subscription_of(bill) == subscription["id"]
            and bill["status"] == "open"
            and bill["auto_advance"]
        ):
            call.update(
                bill,
                auto_advance=False,
                next_payment_attempt=None,
                announce="invoice.updated",
            )


def expire(call: Call, subscription: Json) -> None:
    """End a subscription whose first bill was not paid within 23 hours."""
    if subscription["status"] != "incomplete":
        return
    subscription = call.update(
        subscription,
        ended_at=call.now(),
        status="incomplete_expired",
        announce="customer.subscription.updated",
    )
    bill = call.find("invoice", subscription["latest_invoice"])
    if bill and bill["status"] == "open":
        invoices_api.void(call, bill)
