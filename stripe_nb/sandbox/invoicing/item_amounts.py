"""What an invoice item comes to, from one of the ways to say it."""

from __future__ import annotations

from decimal import Decimal

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.billing.rounding import half_up
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.resources import line_item, price
from stripe_nb.sandbox.wire import Json

__all__ = ["WAYS", "named", "of"]

WAYS = ("amount", "price_data", "unit_amount_decimal")


def of(call: Call, params: Json, currency: str | None) -> Json:
    """Return amount, currency, quantity and pricing, from one of the ways to say.

    Parameters
    ----------
    call
        The request.
    params
        As the API takes them for an invoice item.
    currency
        What is meant where nothing is said.

    Raises
    ------
    InvalidRequest
        If they say it in several ways, or a price can't be billed once.
    """
    named = (params.get("pricing") or {}).get("price")
    ways = [named, *(params.get(way) for way in WAYS)]
    if sum(way is not None for way in ways) > 1:
        raise InvalidRequest(
            "You may only specify one of these parameters: amount, price_data, "
            "pricing[price], unit_amount_decimal.",
        )
    quantity = _quantity(params)
    if named or params.get("price_data"):
        found = _price(call, named, params.get("price_data"))
        currency = check_currency(params.get("currency") or found["currency"])
        amount = price.amount_for(call, found, quantity, currency)
        pricing = line_item.pricing(found, amount)
    else:
        currency = check_currency(params.get("currency") or currency or "usd")
        amount, unit = _plain_amount(params, quantity)
        pricing = {"type": "price_details", "unit_amount_decimal": unit}
    return {
        "amount": amount,
        "currency": currency,
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
    }


def _plain_amount(params: Json, quantity: int) -> tuple[int, str]:
    """Return an amount that no price stands behind, and that of one unit."""
    exact, amount = params.get("unit_amount_decimal"), params.get("amount")
    if exact is not None:
        unit = Decimal(exact)
        return half_up(unit * quantity), f"{unit.normalize():f}"
    if amount is None:
        raise ParameterMissing(
            "amount",
            "You must pass either `amount`, `pricing`, `price_data` or "
            "`unit_amount_decimal`.",
        )
    return amount, f"{Decimal(amount) / (quantity or 1):.12g}"


def _quantity(params: Json) -> int:
    decimal = params.get("quantity_decimal")
    if decimal is not None and Decimal(decimal) != int(Decimal(decimal)):
        raise NotSimulated("a fraction as quantity_decimal of invoice items")
    quantity = params.get("quantity")
    quantity = int(Decimal(decimal)) if decimal is not None else quantity
    quantity = 1 if quantity is None else quantity
    if quantity < 0:
        raise ParameterInvalid(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param="quantity",
        )
    return int(quantity)


def _price(call: Call, named: str | None, described: Json | None) -> Json:
    if described is not None:
        call.get(
            "product",
            described["product"],
            param="price_data[product]",
            http_status=400,
        )
        return price.make(call, {**described, "active": False})
    found = call.get("price", str(named), param="pricing[price]", http_status=400)
    price.check_usable(found, "pricing[price]")
    if found["type"] == "recurring":
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only "
            "accepts prices with `type=one_time`.",
            param="pricing[price]",
        )
    return found


def named(call: Call, charge: Json) -> str | None:
    """Return the name of the product, which stands where nothing else was said."""
    details = charge["pricing"].get("price_details")
    found = call.find("product", details["product"]) if details else None
    return str(found["name"]) if found else None
