"""What an invoice is charged to."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.invoicing.draft import subscription_of
from stripe_nb.sandbox.resources import payment_method
from stripe_nb.sandbox.wire import Json

__all__ = [
    "chargeable",
    "chosen",
    "default_of",
    "method_for",
    "named_for",
]


def method_for(call: Call, invoice: Json) -> Json | None:
    """Return what an invoice is charged to, in Stripe's order of preference."""
    name = named_for(call, invoice)
    return chargeable(call, name) if name else None


def named_for(call: Call, invoice: Json) -> str | None:
    """Return the name of what an invoice is charged to, whether it still works."""
    subscription = call.find("subscription", subscription_of(invoice)) or {}
    customer = call.get("customer", invoice["customer"])
    return _first(
        call,
        invoice["default_payment_method"],
        invoice["default_source"],
        subscription.get("default_payment_method"),
        subscription.get("default_source"),
        customer["invoice_settings"]["default_payment_method"],
        customer["default_source"],
    )


def default_of(call: Call, subscription: Json) -> Json | None:
    """Return what a subscription would be charged to, or ``None``."""
    customer = call.get("customer", subscription["customer"])
    name = _first(
        call,
        subscription["default_payment_method"],
        subscription["default_source"],
        customer["invoice_settings"]["default_payment_method"],
        customer["default_source"],
    )
    return chargeable(call, name) if name else None


def _first(call: Call, *names: str | None) -> str | None:
    return next((name for name in names if name and not _is_detached(call, name)), None)


def _is_detached(call: Call, name: str) -> bool:
    """Return whether a payment method was taken off its customer, for good."""
    return bool(call.private(name).get("detached"))


def chargeable(call: Call, name: str) -> Json:
    """Return the payment method that an id or token names.

    A card that was saved as a source is charged through a payment method that is
    made of it once.
    """
    source = call.find("card", name)
    if source is None:
        return payment_method.resolve(call, name)
    private = call.private(source["id"])
    made = call.find("payment_method", private.get("method"))
    if made is None:
        details = {
            "exp_month": source["exp_month"],
            "exp_year": source["exp_year"],
            "number": private["number"],
        }
        data = {"type": "card", "card": details}
        made = payment_method.from_data(call, data, "source")
        made = call.update(made, customer=source["customer"])
        call.set_private(source["id"], method=made["id"])
    return made


def chosen(call: Call, invoice: Json) -> Json | None:
    """Return the payment method that a request wants an invoice charged to.

    Raises
    ------
    InvalidRequest
        If it is another customer's.
    """
    name = call.params.get("payment_method") or call.params.get("source")
    if not name:
        return None
    method = chargeable(call, name)
    if method["customer"] not in (None, invoice["customer"]):
        raise InvalidRequest(
            f"The payment method {method['id']} belongs to another customer.",
            param="payment_method",
        )
    return method
