"""Invoices, their lines and subscriptions as they were before 2025-03-31.basil.

Each function takes an object in today's shape and returns the older one.
https://docs.stripe.com/changelog/basil lists what moved where.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.wire import Json

__all__ = ["credit_note", "invoice", "invoiceitem", "item", "line_item", "subscription"]

_NEW_INVOICE = (
    "amount_overpaid",
    "confirmation_secret",
    "parent",
    "payments",
    "status_details",
    "total_taxes",
)
_NEW_LINE = ("parent", "pricing", "quantity_decimal", "subtotal", "taxes")
_NEW_ITEM = (
    "frozen_fields",
    "invoicing_rules",
    "net_amount",
    "parent",
    "pricing",
    "proration_details",
    "quantity_decimal",
)


def invoice(call: Call, obj: Json) -> Json:
    """Give an invoice its payment, its subscription and its tax back."""
    parent = obj.get("parent") or {}
    of_subscription = parent.get("subscription_details") or {}
    intent = _intent(call, obj["id"]) if obj.get("id") else None
    intents = call.find("payment_intent", intent) or {}
    paid = obj["status"] == "paid"
    taxes = _taxes(obj.get("total_taxes"))
    return {
        **_without(obj, _NEW_INVOICE),
        "application_fee_amount": None,
        "charge": intents.get("latest_charge"),
        "discount": _first_discount(call, obj["discounts"]),
        "paid": paid,
        "paid_out_of_band": paid
        and obj["amount_due"] > 0
        and intents.get("status") != "succeeded",
        "payment_intent": intent,
        "quote": (parent.get("quote_details") or {}).get("quote"),
        "subscription": of_subscription.get("subscription"),
        "subscription_details": {"metadata": of_subscription.get("metadata")},
        "subscription_proration_date": of_subscription.get(
            "subscription_proration_date"
        ),
        "tax": sum(tax["amount"] for tax in taxes) if taxes else None,
        "total_tax_amounts": taxes,
        "transfer_data": None,
    }


def _intent(call: Call, invoice_id: str) -> str | None:
    payments = call.objects("invoice_payment", invoice=invoice_id)
    for payment in payments:
        if payment["is_default"] and payment["payment"].get("payment_intent"):
            name: str = payment["payment"]["payment_intent"]
            return name
    return None


def _taxes(taxes: Iterable[Json] | None) -> list[Json]:
    return [
        {
            "amount": tax["amount"],
            "inclusive": tax["tax_behavior"] == "inclusive",
            "tax_rate": (tax["tax_rate_details"] or {}).get("tax_rate"),
            "taxability_reason": tax["taxability_reason"],
            "taxable_amount": tax["taxable_amount"],
        }
        for tax in taxes or ()
    ]


def _first_discount(call: Call, discounts: Iterable[Any]) -> Json | None:
    for discount in discounts:
        if isinstance(discount, dict):
            return discount
        return call.find("discount", discount)
    return None


def line_item(call: Call, obj: Json) -> Json:
    """Give a line of an invoice its price and what it stands for back."""
    parent = obj.get("parent") or {}
    kind = parent.get("type")
    details = parent.get(kind) or {} if kind else {}
    taxes = _taxes(obj.get("taxes"))
    exclusive = sum(tax["amount"] for tax in taxes if tax["inclusive"])
    of_subscription = kind == "subscription_item_details"
    return {
        **_without(obj, _NEW_LINE),
        **_priced(call, obj),
        "amount_excluding_tax": obj["amount"] - exclusive,
        "invoice_item": details.get("invoice_item"),
        "proration": details.get("proration", False),
        "proration_details": details.get("proration_details")
        or {"credited_items": None},
        "subscription": details.get("subscription"),
        "subscription_item": details.get("subscription_item"),
        "tax_amounts": taxes,
        "tax_rates": _tax_rates(call, taxes),
        "type": "subscription" if of_subscription else "invoiceitem",
        "unit_amount_excluding_tax": (obj.get("pricing") or {}).get(
            "unit_amount_decimal"
        ),
    }


def invoiceitem(call: Call, obj: Json) -> Json:
    """Give an invoice item its price and its subscription back."""
    details = (obj.get("parent") or {}).get("subscription_details") or {}
    unit = (obj.get("pricing") or {}).get("unit_amount_decimal")
    return {
        **_without(obj, _NEW_ITEM),
        **_priced(call, obj),
        "subscription": details.get("subscription"),
        "unit_amount": int(unit) if unit is not None and unit.isdecimal() else None,
        "unit_amount_decimal": unit,
    }


def _priced(call: Call, obj: Json) -> Json:
    """Return the price and the plan that a line's pricing names."""
    details = (obj.get("pricing") or {}).get("price_details") or {}
    price = call.find("price", details.get("price"))
    plan = call.find("plan", details.get("price")) if price else None
    if price and price["recurring"] and plan is None:
        plan = _plan(price)
    return {"plan": plan, "price": price}


def _plan(price: Json) -> Json:
    """Return the plan that a recurring price is under its older name."""
    same = ("id", "active", "billing_scheme", "created", "currency", "livemode")
    recurring = price["recurring"]
    return {
        **{name: price[name] for name in same},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "metadata": price["metadata"],
        "meter": recurring.get("meter"),
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring["usage_type"],
    }


def _tax_rates(call: Call, taxes: Iterable[Json]) -> list[Json]:
    found = [call.find("tax_rate", tax["tax_rate"]) for tax in taxes]
    return [rate for rate in found if rate is not None]


def subscription(call: Call, obj: Json) -> Json:
    """Give a subscription the one period and the one discount back."""
    items = obj["items"]["data"]
    starts = [item["current_period_start"] for item in items if _has_period(item)]
    ends = [item["current_period_end"] for item in items if _has_period(item)]
    return {
        **_without(obj, ("billing_mode", "status_details")),
        "current_period_end": min(ends, default=obj["start_date"]),
        "current_period_start": max(starts, default=obj["start_date"]),
        "discount": _first_discount(call, obj["discounts"]),
    }


def _has_period(item: Json) -> bool:
    return item.get("current_period_start") is not None


def item(call: Call, obj: Json) -> Json:
    """Take its own period from an item of a subscription."""
    return _without(obj, ("current_period_end", "current_period_start"))


def credit_note(call: Call, obj: Json) -> Json:
    """Give a credit note its tax amounts back."""
    return {
        **_without(obj, ("total_taxes",)),
        "tax_amounts": _taxes(obj.get("total_taxes")),
    }


def _without(obj: Json, names: Iterable[str]) -> Json:
    gone = frozenset(names)
    return {name: value for name, value in obj.items() if name not in gone}
