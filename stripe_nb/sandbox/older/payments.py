"""Payments, discounts and promotion codes as they were under older versions."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.wire import Json

__all__ = [
    "charge",
    "checkout_session",
    "discount",
    "intent_with_charges",
    "paying",
    "promotion_code",
]

_UI_MODES = {"elements": "custom", "embedded_page": "embedded", "hosted_page": "hosted"}


def checkout_session(call: Call, obj: Json) -> Json:
    """Call the ways to show a checkout session what they were called."""
    mode = obj.get("ui_mode")
    return {**obj, "ui_mode": _UI_MODES.get(str(mode), mode)}


def paying(call: Call, obj: Json) -> Json:
    """Give a payment intent the invoice that it pays back."""
    return {**obj, "invoice": call.private(obj["id"]).get("invoice")}


def charge(call: Call, obj: Json) -> Json:
    """Give a charge the invoice that it pays back."""
    intent = obj.get("payment_intent")
    if isinstance(intent, dict):
        intent = intent["id"]
    return {**obj, "invoice": call.private(intent).get("invoice") if intent else None}


def intent_with_charges(call: Call, obj: Json) -> Json:
    """Give a payment intent the list of its charges back."""
    charges = call.objects("charge", payment_intent=obj["id"])
    return {
        **{name: value for name, value in obj.items() if name != "latest_charge"},
        "charges": {
            "object": "list",
            "data": charges,
            "has_more": False,
            "total_count": len(charges),
            "url": f"/v1/charges?payment_intent={obj['id']}",
        },
    }


def discount(call: Call, obj: Json) -> Json:
    """Give a discount its coupon back, which was always there in full."""
    source = obj.get("source") or {}
    return {
        **{name: value for name, value in obj.items() if name != "source"},
        "coupon": _coupon(call, source.get("coupon")),
    }


def promotion_code(call: Call, obj: Json) -> Json:
    """Give a promotion code its coupon back, which was always there in full."""
    promotion = obj.get("promotion") or {}
    return {
        **{name: value for name, value in obj.items() if name != "promotion"},
        "coupon": _coupon(call, promotion.get("coupon")),
    }


def _coupon(call: Call, named: str | Json | None) -> Json | None:
    return named if isinstance(named, dict) else call.find("coupon", named)
