"""Shipping rates: what sending the goods costs."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["ShippingRate", "amount_for", "cost", "make"]


class ShippingRate(Behaviour):
    """`Shipping rate <https://docs.stripe.com/api/shipping_rates>`_."""

    name = "shipping_rate"
    missing_param = "shipping_rate_token"

    def on_create(self, call: Call) -> Json:
        """Make a shipping rate."""
        return make(call, call.params)

    def on_update(self, call: Call) -> Json:
        """Archive it, or change its metadata or amounts in other currencies."""
        rate = self.target(call)
        options = (call.params.pop("fixed_amount", None) or {}).get("currency_options")
        if options:
            before = call.private(rate["id"]).get("currency_options") or {}
            call.set_private(rate["id"], currency_options=_merged(before, options))
        return self.change(call, rate)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the amounts in other currencies."""
        if name != "fixed_amount.currency_options":
            return super().expanded(call, obj, name)
        return call.private(obj["id"])["currency_options"]

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by the currency of the amount as well."""
        if name == "currency":
            return equals("fixed_amount.currency", value)
        return super().condition(call, name, value)


def _merged(before: Json, options: Json) -> Json:
    return {
        **before,
        **{
            currency.lower(): {
                "tax_behavior": "unspecified",
                **before.get(currency.lower(), {}),
                **option,
            }
            for currency, option in options.items()
        },
    }


def make(call: Call, params: Json) -> Json:
    """Store a new shipping rate of parameters that were checked for their types."""
    check_metadata(params)
    fixed = dict(params.get("fixed_amount") or {})
    if not fixed:
        raise ParameterMissing("fixed_amount")
    if fixed["amount"] < 0:
        raise ParameterInvalid(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param="fixed_amount[amount]",
        )
    options = fixed.pop("currency_options", None)
    rate = call.new(
        "shipping_rate", active=True, tax_behavior="unspecified", type="fixed_amount"
    )
    kept = {name: value for name, value in params.items() if name != "fixed_amount"}
    assign(rate, call.kind("shipping_rate").fields, kept)
    rate["fixed_amount"] = {
        "amount": fixed["amount"],
        "currency": check_currency(fixed["currency"], "fixed_amount[currency]"),
    }
    private = {"currency_options": _merged({}, options)} if options else None
    return call.insert(rate, private=private)


def amount_for(call: Call, rate: Json, currency: str) -> int:
    """Return what a shipping rate costs in a currency.

    Raises
    ------
    InvalidRequest
        If it has no amount in that currency.
    """
    fixed = rate["fixed_amount"]
    if fixed["currency"] == currency:
        return int(fixed["amount"])
    options = call.private(rate["id"]).get("currency_options") or {}
    if currency not in options:
        raise InvalidRequest(
            f"The shipping rate {rate['id']} has no amount in `{currency}`.",
            param="shipping_cost[shipping_rate]",
        )
    return int(options[currency]["amount"])


def cost(call: Call, given: Json | None, currency: str) -> Json | None:
    """Return an invoice's shipping cost of the parameter of that name."""
    if not given:
        return None
    described, named = given.get("shipping_rate_data"), given.get("shipping_rate")
    if (described is None) == (named is None):
        raise ParameterMissing(
            "shipping_cost[shipping_rate]",
            "You must specify exactly one of `shipping_rate` and `shipping_rate_data`.",
        )
    if described is not None:
        rate = make(call, described)
    else:
        rate = call.get(
            "shipping_rate",
            str(named),
            param="shipping_cost[shipping_rate]",
            http_status=400,
        )
    if not rate["active"]:
        raise InvalidRequest(
            f"The shipping rate {rate['id']} is archived.",
            param="shipping_cost[shipping_rate]",
        )
    amount = amount_for(call, rate, currency)
    return {
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "shipping_rate": rate["id"],
    }
