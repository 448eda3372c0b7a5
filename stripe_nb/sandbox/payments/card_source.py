"""Cards in the form that sources and tokens show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.payments.card_input import card_block
from stripe_nb.sandbox.wire import Json

__all__ = ["as_method", "make"]

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
# What only the cards of connected accounts have.
_OF_ACCOUNTS = (
    "account",
    "available_payout_methods",
    "currency",
    "default_for_currency",
    "status",
)


def make(
    call: Call,
    card: cards.Card,
    given: Mapping[str, Any],
    *,
    object_id: str | None = None,
) -> Json:
    """Return a card object for a test card; not stored.

    Parameters
    ----------
    call
        The request.
    card
        The test card.
    given
        Its details as a token has them: expiry, holder, address.
    object_id
        Its id, if it has one already.
    """
    block = card_block(call, card, given)
    made = call.new(
        "card",
        id=object_id,
        allow_redisplay="unspecified",
        brand=_BRANDS.get(card.brand, "Unknown"),
        country=card.country,
        cvc_check="unchecked" if given.get("cvc") else None,
        exp_month=block["exp_month"],
        exp_year=block["exp_year"],
        fingerprint=block["fingerprint"],
        funding=card.funding,
        last4=card.last4,
        regulated_status="unregulated",
    )
    for name, value in given.items():
        if name.startswith("address_") or name == "name":
            made[name] = value
    made["wallet"] = None
    for checked in ("address_line1", "address_zip"):
        made[f"{checked}_check"] = "unchecked" if made[checked] else None
    kept = call.kind("card").fields
    return in_order(
        {
            name: value
            for name, value in made.items()
            if name not in _OF_ACCOUNTS and (name in kept or name == "object")
        }
    )


def as_method(call: Call, source: Json, card: cards.Card) -> Json:
    """Show a source in the form of a payment method, which it can stand for.

    Parameters
    ----------
    call
        The request.
    source, card
        The card object, and the test card behind it.
    """
    method = call.new(
        "payment_method",
        id=source["id"],
        allow_redisplay="unspecified",
        customer=source.get("customer"),
        metadata=source["metadata"] or {},
        type="card",
    )
    details = {
        "exp_month": source["exp_month"],
        "exp_year": source["exp_year"],
        "cvc": source["cvc_check"],
    }
    method["card"] = card_block(call, card, details)
    row = call.row(source["id"])
    method["created"] = row.created if row else call.now()
    method["billing_details"] = {
        "address": {
            "city": source["address_city"],
            "country": source["address_country"],
            "line1": source["address_line1"],
            "line2": source["address_line2"],
            "postal_code": source["address_zip"],
            "state": source["address_state"],
        },
        "email": None,
        "name": source["name"],
        "phone": None,
        "tax_id": None,
    }
    return in_order(method)
