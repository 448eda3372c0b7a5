"""What a paid or a failed invoice means for its subscription."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.subscriptions import ends, invoices, pauses, pending
from stripe_nb.sandbox.wire import Json

__all__ = ["failed", "fell_behind", "settled", "waits"]

_IN_ARREARS = ("past_due", "unpaid")


def settled(call: Call, subscription: Json, invoice: Json) -> None:
    """Go on with a subscription whose invoice is paid."""
    if pending.waits_for(call, subscription, invoice):
        pending.apply(call, subscription)
        return
    if pauses.waits_for(call, subscription, invoice):
        pauses.end(call, subscription)
        return
    latest = subscription["latest_invoice"] == invoice["id"]
    status = subscription["status"]
    if latest and (status == "incomplete" or status in _IN_ARREARS):
        call.update(
            subscription,
            status="active",
            **_saved_method(call, subscription, invoice),
            announce="customer.subscription.updated",
        )


def _saved_method(call: Call, subscription: Json, invoice: Json) -> Json:
    """Keep what the invoice was paid with, if the subscription is to."""
    if subscription["payment_settings"]["save_default_payment_method"] == "off":
        return {}
    for payment in call.objects("invoice_payment", invoice=invoice["id"]):
        name = payment["payment"].get("payment_intent")
        intent = call.find("payment_intent", name)
        if intent and intent["payment_method"]:
            return {"default_payment_method": intent["payment_method"]}
    return {}


def failed(call: Call, subscription: Json, invoice: Json) -> None:
    """Go on with a subscription whose invoice could not be collected."""
    status = subscription["status"]
    if status == "active" and not pending.is_for(call, subscription, invoice):
        subscription = fell_behind(call, subscription)
    gives_up = (
        invoice["auto_advance"]
        and invoice["attempt_count"] > 1
        and invoice["next_payment_attempt"] is None
        # Without anything to charge there was no attempt that could count.
        and invoices.default_method(call, subscription)
    )
    if gives_up and status == "past_due":
        # What Stripe does after the last retry unless the account says otherwise.
        ends.cancel(call, subscription, reason="payment_failed")


def waits(call: Call, subscription: Json, invoice: Json) -> None:
    """Go on with a subscription whose payment waits for its customer."""
    if not pending.is_for(call, subscription, invoice):
        fell_behind(call, subscription)


def fell_behind(call: Call, subscription: Json) -> Json:
    """Note that a running subscription has a bill that should have been paid."""
    if subscription["status"] != "active":
        return subscription
    return call.update(
        subscription, status="past_due", announce="customer.subscription.updated"
    )
