"""Prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["Price", "make"]

_RECURRING: Json = {
    "interval_count": 1,
    "meter": None,
    "trial_period_days": None,
    "usage_type": "licensed",
}
# Stripe keeps these apart from the object: they appear only when expanded.
_EXPANDED_ONLY = ("currency_options", "tiers")
_MOST_PLACES = 12
_LONGEST_YEARS = {"day": 1095, "week": 156, "month": 36, "year": 3}


class Price(Behaviour):
    """`Price <https://docs.stripe.com/api/prices>`_."""

    name = "price"
    missing_param = "price"

    def on_create(self, call: Call) -> Json:
        """Make a price, and its product if one is described."""
        params = dict(call.params)
        described = params.pop("product_data", None)
        if (described is None) == (params.get("product") is None):
            raise ParameterMissing(
                "product",
                "You must specify either `product` or `product_data` when creating "
                "a price.",
            )
        if described is not None:
            params["product"] = _make_product(call, described)["id"]
        else:
            call.given("product", "product")
        return make(call, params)

    def on_update(self, call: Call) -> Json:
        """Change what may be changed: never the amount."""
        found = self.target(call)
        _take_lookup_key(call, call.params)
        call.params.pop("transfer_lookup_key", None)
        for name in _EXPANDED_ONLY:
            if name in call.params:
                call.set_private(found["id"], **{name: call.params.pop(name)})
        return self.change(call, found)

    def on_list(self, call: Call) -> Listing:
        """Answer a page of prices."""
        return self.generic_list(call)

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by lookup keys and by recurring details as well."""
        if name == "lookup_keys":
            marks = ", ".join("?" * len(value))
            return Condition(
                f"json_extract(body, '$.lookup_key') in ({marks})", tuple(value)
            )
        if name == "recurring" and isinstance(value, dict):
            parts = [
                super(Price, self).condition(call, f"recurring.{key}", entry)
                for key, entry in value.items()
            ]
            return Condition(
                " and ".join(part.sql for part in parts) or "1",
                tuple(entry for part in parts for entry in part.values),
            )
        return super().condition(call, name, value)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return tiers and amounts in other currencies."""
        if name in _EXPANDED_ONLY:
            return call.private(obj["id"]).get(name)
        return super().expanded(call, obj, name)


def make(call: Call, params: Json) -> Json:
    """Store a new price of parameters that were checked for their types."""
    check_metadata(params)
    check_currency(params["currency"])
    recurring = params.get("recurring")
    if recurring:
        _check_interval(recurring)
    price = call.new(
        "price",
        active=True,
        billing_scheme="per_unit",
        tax_behavior="unspecified",
        type="recurring" if recurring else "one_time",
    )
    kept = {
        name: value
        for name, value in params.items()
        if name not in (*_EXPANDED_ONLY, "recurring")
    }
    assign(price, call.kind("price").fields, kept)
    price["currency"] = params["currency"].lower()
    price["recurring"] = {**_RECURRING, **recurring} if recurring else None
    price.update(_unit_amounts(params))
    _check_scheme(params, price)
    _take_lookup_key(call, params)
    private = {name: params[name] for name in _EXPANDED_ONLY if params.get(name)}
    return call.insert(price, private=private or None, announce="price.created")


def _unit_amounts(params: Json) -> Json:
    """Return the amount twice, as Stripe does: whole, and with all its digits."""
    whole, exact = params.get("unit_amount"), params.get("unit_amount_decimal")
    if whole is not None and exact is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: unit_amount, "
            "unit_amount_decimal.",
        )
    if whole is not None:
        if whole < 0:
            raise ParameterInvalid(
                "This value must be greater than or equal to 0.",
                code="parameter_invalid_integer",
                param="unit_amount",
            )
        return {"unit_amount": whole, "unit_amount_decimal": str(whole)}
    if exact is None:
        return {"unit_amount": None, "unit_amount_decimal": None}
    value = Decimal(exact)
    places = value.as_tuple().exponent
    if not isinstance(places, int) or value < 0 or -places > _MOST_PLACES:
        raise ParameterInvalid(
            f"Invalid decimal: {exact}; must contain at maximum {_MOST_PLACES} decimal "
            "places and be at least 0",
            param="unit_amount_decimal",
        )
    text = f"{value.normalize():f}"
    return {
        "unit_amount": int(value) if value == value.to_integral_value() else None,
        "unit_amount_decimal": text,
    }


def _check_scheme(params: Json, price: Json) -> None:
    """A price says what it costs in one way: an amount, tiers or a free choice."""
    tiered = params.get("billing_scheme") == "tiered"
    if tiered != bool(params.get("tiers")) or tiered != bool(params.get("tiers_mode")):
        raise InvalidRequest(
            "A tiered price needs `billing_scheme` to be `tiered`, and both `tiers` "
            "and `tiers_mode`.",
            param="tiers",
        )
    free = price.get("custom_unit_amount")
    if price["unit_amount_decimal"] is None and not tiered and not free:
        raise ParameterMissing(
            "unit_amount",
            "Missing required param: unit_amount.",
        )


def _check_interval(recurring: Json) -> None:
    count = recurring.get("interval_count", 1)
    longest = _LONGEST_YEARS[recurring["interval"]]
    if not 1 <= count <= longest:
        raise ParameterInvalid(
            "This price's recurring interval is out of range: the longest is three "
            f"years ({longest} {recurring['interval']}s).",
            param="recurring[interval_count]",
        )


def _make_product(call: Call, described: Json) -> Json:
    check_metadata(described)
    product = call.new(
        "product",
        id=described.get("id"),
        active=True,
        images=[],
        marketing_features=[],
        type="service",
        updated=call.now(),
    )
    assign(product, call.kind("product").fields, described)
    return call.insert(product, announce="product.created")


def _take_lookup_key(call: Call, params: Json) -> None:
    """Give a lookup key to this price; another price loses it only if asked to."""
    key = params.get("lookup_key")
    holders = call.objects("price", lookup_key=key) if key else []
    for holder in holders:
        if holder["id"] in call.path.values():
            continue
        if not params.get("transfer_lookup_key"):
            raise InvalidRequest(
                f"A price (`{holder['id']}`) already uses that lookup key.",
                param="lookup_key",
            )
        call.update(holder, lookup_key=None, announce="price.updated")
