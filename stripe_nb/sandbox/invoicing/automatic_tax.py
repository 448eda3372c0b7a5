"""Automatic tax: whether Stripe could tell it, and what an invoice says of that.

The sandbox has no tax registrations, and without one Stripe collects nothing: what
remains to simulate is that the customer's location has to be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.wire import Json

__all__ = [
    "before_finalizing",
    "check",
    "is_located",
    "is_wanted",
    "locate",
    "of_invoice",
    "of_subscription",
]

_PROVIDER = "stripe"
_SELF: Json = {"type": "self"}


def is_wanted(params: Mapping[str, Any]) -> bool:
    """Return whether a request asks for automatic tax."""
    return bool((params.get("automatic_tax") or {}).get("enabled"))


def check(call: Call, customer: Json, *, rates: object = None) -> None:
    """Refuse automatic tax for a customer of nowhere, or beside rates of one's own.

    Raises
    ------
    InvalidRequest
        With ``customer_tax_location_invalid`` for the former.
    """
    if rates:
        raise InvalidRequest(
            "You cannot use `default_tax_rates` with automatic tax: pass one or the "
            "other.",
            param="automatic_tax",
        )
    if not is_located(call, customer):
        raise InvalidRequest(
            "The customer's location isn't recognized. Set a valid customer address "
            "in order to automatically calculate tax.",
            code="customer_tax_location_invalid",
            param="automatic_tax",
        )


def is_located(call: Call, customer: Json) -> bool:
    """Return whether a customer's address is good enough to calculate tax.

    Stripe takes the first that is there: where goods are sent to, the customer's
    own, that of the payment method; a visitor of Checkout it finds by the network.
    """
    if call.private(customer["id"]).get("located"):
        return True
    settings = customer.get("invoice_settings") or {}
    method = call.find("payment_method", settings.get("default_payment_method"))
    billing = (method or {}).get("billing_details")
    for owner in (customer.get("shipping"), customer, billing):
        address = (owner or {}).get("address") or {}
        if any(address.values()):
            return _is_precise(address)
    return False


def locate(call: Call, customer: str) -> None:
    """Note that Checkout found a visitor by the network, whatever address it told."""
    call.set_private(customer, located=True)


def before_finalizing(call: Call, invoice: Json) -> Json:
    """Return an invoice with what its tax comes to know at the end.

    Stripe does not let a subscription's bill wait for an address: it ends automatic
    tax for both.

    Raises
    ------
    InvalidRequest
        If another invoice's customer has no location.
    """
    told = invoice["automatic_tax"]
    if not told["enabled"]:
        return invoice
    customer = call.get("customer", invoice["customer"])
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    name = details.get("subscription")
    if is_located(call, customer) or name is None:
        check(call, customer)
        return {**invoice, "automatic_tax": {**told, "status": "complete"}}
    subscription = call.get("subscription", name)
    off = {**subscription["automatic_tax"], "enabled": False}
    off["disabled_reason"] = "requires_location_inputs"
    call.update(
        subscription, automatic_tax=off, announce="customer.subscription.updated"
    )
    return {
        **invoice,
        "automatic_tax": {
            **told,
            "disabled_reason": "finalization_requires_location_inputs",
            "enabled": False,
            "status": None,
        },
    }


def _is_precise(address: Json) -> bool:
    country = address.get("country")
    if country == "US":
        return bool(address.get("postal_code"))
    if country == "CA":
        return bool(address.get("postal_code") or address.get("state"))
    return bool(country)


def of_invoice(call: Call, customer: Json | None, given: Mapping[str, Any]) -> Json:
    """Return what an invoice that is taxed automatically says of it."""
    located = customer is not None and is_located(call, customer)
    return {
        "disabled_reason": None,
        "enabled": True,
        "liability": given.get("liability") or _SELF,
        "provider": _PROVIDER,
        "status": "complete" if located else "requires_location_inputs",
    }


def of_subscription(given: Mapping[str, Any]) -> Json:
    """Return what a subscription says of automatic tax, as it was asked for."""
    enabled = bool(given.get("enabled"))
    liability = (given.get("liability") or _SELF) if enabled else None
    return {"disabled_reason": None, "enabled": enabled, "liability": liability}
