"""Previews of a subscription's bills: done in full, looked at, and undone."""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.invoicing import previewing
from stripe_nb.sandbox.subscriptions import changes, creation, state, turns
from stripe_nb.sandbox.wire import Json

__all__ = ["announce", "preview"]

_WEEK = 7 * 86_400
_BEYOND = ("schedule", "schedule_details")


def preview(call: Call) -> Json:
    """Return the bill that a subscription would get next, with changes or without.

    Raises
    ------
    InvalidRequest
        If it would get none.
    NotSimulated
        For what can't be previewed here.
    """
    params = call.params
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of previews of subscriptions")
    details = dict(params.get("subscription_details") or {})
    if details.get("pause"):
        raise NotSimulated("subscription_details[pause] of previews")
    if "discounts" in params:
        details["discounts"] = params["discounts"] or []
    if "automatic_tax" in params:
        details["automatic_tax"] = params["automatic_tax"]
    subscription = call.given("subscription", "subscription")
    with call.undoing():
        customer = _customer(call, subscription)
        _add_items(call, subscription, customer)
        bill = (
            _with_changes(call, subscription, details)
            if subscription
            else _of_new(call, customer, details)
        )
    if bill is None:
        raise InvalidRequest(
            "No upcoming invoices for this subscription.",
            code="invoice_upcoming_none",
        )
    return _shown(bill, f"upcoming_{bill['id']}")


def _customer(call: Call, subscription: Json | None) -> Json:
    """Return whose bill it is, as a request describes them for this time only."""
    params = dict(call.params)
    if subscription:
        params["customer"] = subscription["customer"]
    customer = previewing.customer_of(replace(call, params=params))
    known = call.find("customer", customer["id"])
    return call.update(customer) if known else call.insert(customer)


def _add_items(call: Call, subscription: Json | None, customer: Json) -> None:
    """Let the items that a preview adds wait for the bill like others."""
    if call.params.get("invoice_items"):
        currency = (subscription or customer)["currency"] or "usd"
        for item in previewing.items_of(call, customer, currency):
            call.insert(item)


def _with_changes(call: Call, subscription: Json, details: Json) -> Json | None:
    if subscription["status"] in state.OVER:
        return None
    given = {name: value for name, value in details.items() if value is not None}
    if details.pop("cancel_now", None):
        raise NotSimulated("subscription_details[cancel_now] of previews")
    if details.get("resume_at"):
        raise NotSimulated("subscription_details[resume_at] of previews")
    if given:
        inner = replace(call, params=given)
        after = changes.update(inner, subscription, collects=False)
        if after["latest_invoice"] != subscription["latest_invoice"]:
            return call.get("invoice", after["latest_invoice"])
        subscription = after
    if subscription["cancel_at_period_end"]:
        return None
    return turns.upcoming(call, subscription)


def _of_new(call: Call, customer: Json, details: Json) -> Json | None:
    params = {
        "customer": customer["id"],
        "payment_behavior": "default_incomplete",
        **details,
    }
    if call.params.get("currency"):
        params["currency"] = call.params["currency"]
    made = creation.create(replace(call, params=params))
    return call.find("invoice", made["latest_invoice"])


def _shown(bill: Json, name: str | None) -> Json:
    """Return a bill as it is shown before it exists."""
    lines = bill["lines"]
    data = [{**line, "invoice": name} for line in lines["data"]]
    bill = {
        **bill,
        "attempted": False,
        "auto_advance": False,
        "automatically_finalizes_at": None,
        "billing_reason": "upcoming",
        "effective_at": None,
        "hosted_invoice_url": None,
        "id": name,
        "invoice_pdf": None,
        "lines": {**lines, "data": data, "url": "/v1/invoices/upcoming/lines"},
        "number": None,
        "status": "draft",
    }
    return bill if name else {key: bill[key] for key in bill if key != "id"}


def announce(call: Call, subscription: Json) -> None:
    """Emit ``invoice.upcoming``, unless the plan has changed meanwhile."""
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    if (
        subscription["status"] not in ("active", "trialing", "past_due")
        or min(ends) - _WEEK != call.now()
        or subscription["cancel_at_period_end"]
    ):
        return
    bill = turns.upcoming(call, subscription)
    if bill:
        call.emit("invoice.upcoming", _shown(bill, None))
