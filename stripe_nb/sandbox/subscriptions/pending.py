"""Pending updates: changes that wait for their invoice to be paid."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resources import invoice as invoices_api
from stripe_nb.sandbox.subscriptions import state
from stripe_nb.sandbox.subscriptions.items import of
from stripe_nb.sandbox.wire import Json

__all__ = ["apply", "check_allowed", "expire", "is_for", "keep", "waits_for"]

_EXPIRES_AFTER = 23 * 3_600
_ALLOWED = frozenset(
    {
        "add_invoice_items",
        "expand",
        "items",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
        "trial_end",
        "trial_from_plan",
    }
)
_FIELDS = ("billing_cycle_anchor", "status", "trial_end", "trial_start")


def check_allowed(call: Call) -> None:
    """Refuse what can't wait for a payment.

    Raises
    ------
    InvalidRequest
        Naming the first such parameter.
    """
    for name in call.params:
        if name not in _ALLOWED:
            raise InvalidRequest(
                f"You cannot update `{name}` when `payment_behavior` is "
                "`pending_if_incomplete`. See "
                "https://docs.stripe.com/billing/subscriptions/pending-updates-reference",
                param=name,
            )


def keep(call: Call, before: Json, items_before: list[Json]) -> None:
    """Take a change back whose invoice is not paid, and keep it for then."""
    after = state.fresh(call, before)
    changed = of(call, after)
    known = {item["id"]: item for item in items_before}
    for item in changed:
        if item["id"] not in known:
            call.delete(item)
    moved = after["billing_cycle_anchor"] != before["billing_cycle_anchor"]
    call.set_private(
        before["id"],
        waiting={
            "invoice": after["latest_invoice"],
            "items": changed,
            "removed": [
                name for name in known if name not in {item["id"] for item in changed}
            ],
            "values": {name: after[name] for name in _FIELDS},
        },
    )
    for item in items_before:
        call.engine.store.restore(call.account, item)
    state.refresh(
        call,
        before,
        **{name: before[name] for name in _FIELDS},
        pending_update={
            "billing_cycle_anchor": after["billing_cycle_anchor"] if moved else None,
            "cancel_at_period_end": None,
            "discount": None,
            "discounts": None,
            "expires_at": call.now() + _EXPIRES_AFTER,
            "metadata": None,
            "subscription_items": changed,
            "trial_end": after["trial_end"]
            if after["trial_end"] != before["trial_end"]
            else None,
            "trial_from_plan": None,
        },
    )


def waits_for(call: Call, subscription: Json, invoice: Json) -> bool:
    """Return whether a pending update applies once this invoice is paid."""
    return bool(subscription["pending_update"] and is_for(call, subscription, invoice))


def is_for(call: Call, subscription: Json, invoice: Json) -> bool:
    """Return whether an invoice is for a change that waits for its payment."""
    waiting = call.private(subscription["id"]).get("waiting") or {}
    return bool(waiting.get("invoice") == invoice["id"])


def apply(call: Call, subscription: Json) -> None:
    """Apply a pending update whose invoice is paid."""
    waiting = call.private(subscription["id"])["waiting"]
    call.set_private(subscription["id"], waiting=None)
    for item in waiting["items"]:
        call.engine.store.restore(call.account, item)
    for name in waiting["removed"]:
        call.delete(call.get("subscription_item", name))
    with state.updating(call, subscription):
        after = state.refresh(
            call, subscription, **waiting["values"], pending_update=None
        )
        call.emit("customer.subscription.pending_update_applied", after)
    state.plan(call, state.fresh(call, subscription))


def expire(call: Call, subscription: Json) -> None:
    """Drop a pending update that was not paid in time, and its invoice."""
    bill = call.find("invoice", subscription["latest_invoice"])
    call.set_private(subscription["id"], waiting=None, resumes_with=None)
    subscription = call.update(
        subscription, pending_update=None, announce="customer.subscription.updated"
    )
    call.emit("customer.subscription.pending_update_expired", subscription)
    if bill and bill["status"] == "open":
        invoices_api.void(call, bill)
