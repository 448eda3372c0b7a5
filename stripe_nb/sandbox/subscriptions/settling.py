"""What a paid or a failed invoice means for its subscription."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import methods
from stripe_nb.sandbox.invoicing.draft import subscription_of
from stripe_nb.sandbox.subscriptions import ends, pauses, pending
from stripe_nb.sandbox.wire import Json

__all__ = ["failed", "fell_behind", "set_up", "settled"]

_IN_ARREARS = ("past_due", "unpaid")


def settled(call: Call, subscription: Json, invoice: Json) -> None:
    """Go on with a subscription whose invoice is paid."""
    if pending.waits_for(call, subscription, invoice):
        pending.apply(call, subscription)
        return
    if pauses.waits_for(call, subscription, invoice):
        pauses.end(call, subscription)
        return
    if _is_made_good(call, subscription, invoice):
        call.update(
            subscription,
            status="active",
            **_saved_method(call, subscription, invoice),
            announce="customer.subscription.updated",
        )


def _is_made_good(call: Call, subscription: Json, invoice: Json) -> bool:
    """Return whether the paid invoice is what a subscription waited for.

    It is the latest one; or the last that is overdue, beside a newer one that is not.
    """
    status = subscription["status"]
    if subscription["latest_invoice"] == invoice["id"]:
        return status == "incomplete" or status in _IN_ARREARS
    return status == "past_due" and not any(
        _is_behind(call, bill)
        for bill in call.objects("invoice", customer=subscription["customer"])
        if subscription_of(bill) == subscription["id"]
    )


def _is_behind(call: Call, bill: Json) -> bool:
    """Return whether a bill should have been paid by now."""
    if bill["status"] != "open":
        return False
    if bill["collection_method"] == "send_invoice":
        return bool(bill["due_date"] and bill["due_date"] <= call.now())
    return bool(bill["attempted"])


def set_up(call: Call, subscription: Json | None, intent: Json) -> None:
    """Charge from now on what was set up, where the subscription still asks for it."""
    if subscription and subscription["pending_setup_intent"] == intent["id"]:
        call.update(
            subscription,
            default_payment_method=intent["payment_method"],
            pending_setup_intent=None,
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
    """Go on with a subscription whose invoice could not be collected.

    Once a newer invoice is paid, Stripe leaves the subscription as it is.
    """
    if pending.is_for(call, subscription, invoice):
        return
    if subscription["status"] == "past_due" and _is_last_try(call, invoice):
        # What Stripe does after the last retry unless the account says otherwise.
        ends.cancel(call, subscription, reason="payment_failed")
    elif subscription["latest_invoice"] == invoice["id"]:
        fell_behind(call, subscription)


def _is_last_try(call: Call, invoice: Json) -> bool:
    return bool(
        invoice["auto_advance"]
        and invoice["attempt_count"] > 1
        and invoice["next_payment_attempt"] is None
        # Without anything to charge there was no attempt that could count.
        and methods.named_for(call, invoice)
    )


def fell_behind(call: Call, subscription: Json) -> Json:
    """Note that a running subscription has a bill that should have been paid."""
    if subscription["status"] != "active":
        return subscription
    return call.update(
        subscription, status="past_due", announce="customer.subscription.updated"
    )
