"""The upcoming invoice, which is a preview today and was a GET before basil."""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import previewing
from stripe_nb.sandbox.params import coerce
from stripe_nb.sandbox.unlisted import unlisted
from stripe_nb.sandbox.wire import Json

__all__ = ["OPERATIONS", "lines", "upcoming"]

_UNTIL = "2025-03-31.basil"
_TODAY = "invoices.create_preview"
_SAME = (
    "automatic_tax",
    "currency",
    "customer",
    "customer_details",
    "discounts",
    "invoice_items",
    "issuer",
    "on_behalf_of",
    "preview_mode",
    "schedule",
    "schedule_details",
    "subscription",
    "subscription_details",
)
# Today they are fields of subscription_details.
_OF_SUBSCRIPTION = (
    "billing_cycle_anchor",
    "cancel_at",
    "cancel_at_period_end",
    "cancel_now",
    "default_tax_rates",
    "items",
    "proration_behavior",
    "proration_date",
    "resume_at",
    "start_date",
    "trial_end",
)
_PREFIX = "subscription_"
# Their types are those of today's operation, to which they are handed on.
_FIELDS = tuple(
    Field(name, Type(Kind.ANY))
    for name in (*_SAME, "coupon", *(_PREFIX + name for name in _OF_SUBSCRIPTION))
)

OPERATIONS = (
    unlisted(
        "invoices.upcoming",
        "get",
        "/v1/invoices/upcoming",
        "invoice",
        *_FIELDS,
        until=_UNTIL,
    ),
    unlisted(
        "invoices.upcoming_lines",
        "get",
        "/v1/invoices/upcoming/lines",
        "line_item",
        *_FIELDS,
        Field("limit", Type(Kind.INTEGER)),
        answer="list",
        until=_UNTIL,
    ),
)


def upcoming(call: Call) -> Json:
    """Return the invoice that comes next, not stored and without an id."""
    operation = call.engine.catalog.operation(_TODAY)
    params = coerce(operation.parameters, _todays(call.params))
    invoice = previewing.create(
        replace(call, operation=operation, path={}, params=params)
    )
    return {name: value for name, value in invoice.items() if name != "id"}


def lines(call: Call) -> Json:
    """Return the first page of the lines of the invoice that comes next."""
    limit = call.params.pop("limit", 10)
    page = upcoming(call)["lines"]
    return {
        **page,
        "data": page["data"][:limit],
        "has_more": len(page["data"]) > limit,
        "url": "/v1/invoices/upcoming/lines",
    }


def _todays(given: Json) -> Json:
    """Say the older parameters in the words of today's operation."""
    params = {name: given[name] for name in _SAME if name in given}
    details = {
        name: given[_PREFIX + name]
        for name in _OF_SUBSCRIPTION
        if _PREFIX + name in given
    }
    if details:
        params["subscription_details"] = {
            **params.get("subscription_details", {}),
            **details,
        }
    if given.get("coupon"):
        params["discounts"] = [{"coupon": given["coupon"]}]
    return params
