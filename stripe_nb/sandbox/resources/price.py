"""Prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from stripe_nb.sandbox import pricing
from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.billing.tiers import Scheme, Tier, cost
from stripe_nb.sandbox.blank import assign, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid, ParameterMissing
from stripe_nb.sandbox.events import changes
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Price",
    "amount_for",
    "as_plan",
    "assign_to",
    "change",
    "check_usable",
    "make",
    "make_product",
    "scheme",
]

_RECURRING: Json = {
    "interval_count": 1,
    "meter": None,
    "trial_period_days": None,
    "usage_type": "licensed",
}
# Stripe keeps these apart from the object: they appear only when expanded.
_EXPANDED_ONLY = ("currency_options", "tiers")
# Parameters that are more than a field of the same name.
_COMPUTED = (*_EXPANDED_ONLY, "custom_unit_amount", "id", "recurring")
# Stripe's changelog: since this version usage is counted by meters alone.
_METERS_NEEDED = "2025-03-31.basil"
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
            params["product"] = make_product(call, described)["id"]
        else:
            call.given("product", "product")
        return make(call, params)

    def on_update(self, call: Call) -> Json:
        """Change what may be changed: never the amount."""
        found = self.target(call)
        params = call.params
        check_metadata(params, found["metadata"])
        _check_tax_behavior(found, params)
        _take_lookup_key(call, params)
        params.pop("transfer_lookup_key", None)
        options = params.pop("currency_options", None)
        if options is not None:
            self._set_options(call, found, options)
        changed = dict(found)
        assign(changed, self.resource.fields, params)
        return change(call, found, changed)

    def _set_options(self, call: Call, found: Json, options: Json) -> None:
        before = call.private(found["id"], "price").get("currency_options") or {}
        made = pricing.currency_options(options, found["currency"], {})
        own = {found["currency"]: before.get(found["currency"]) or _own_option(found)}
        call.set_private(
            found["id"], "price", currency_options={**before, **made, **own}
        )

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
            return call.private(obj["id"], "price")[name]
        return super().expanded(call, obj, name)


def make(call: Call, params: Json) -> Json:
    """Store a new price of parameters that were checked for their types."""
    check_metadata(params)
    currency = check_currency(params["currency"])
    recurring = params.get("recurring")
    if recurring:
        _check_recurring(call, recurring)
    price = call.new(
        "price",
        active=True,
        billing_scheme="per_unit",
        tax_behavior="unspecified",
        type="recurring" if recurring else "one_time",
        **({"id": params["id"]} if params.get("id") else {}),
    )
    kept = {name: value for name, value in params.items() if name not in _COMPUTED}
    assign(price, call.kind("price").fields, kept)
    price["currency"] = currency
    price["recurring"] = {**_RECURRING, **recurring} if recurring else None
    price["custom_unit_amount"] = pricing.custom_amount(
        params.get("custom_unit_amount")
    )
    price.update(pricing.unit_amounts(params))
    _check_scheme(params, price)
    _take_lookup_key(call, params)
    price = call.insert(price, private=_private(params, currency) or None)
    if recurring:
        call.emit("plan.created", as_plan(price))
    call.emit("price.created", price)
    return price


def _private(params: Json, currency: str) -> Json:
    """Return what a price keeps apart: its tiers, its terms in other currencies."""
    apart: Json = {}
    if params.get("tiers"):
        apart["tiers"] = pricing.tiers(params["tiers"])
    if params.get("currency_options"):
        apart["currency_options"] = pricing.currency_options(
            params["currency_options"], currency, params
        )
    return apart


def as_plan(price: Json) -> Json:
    """Return a recurring price as the plan that older integrations know it as."""
    recurring = price["recurring"]
    return in_order(
        {
            "id": price["id"],
            "object": "plan",
            "active": price["active"],
            "amount": price["unit_amount"],
            "amount_decimal": price["unit_amount_decimal"],
            "billing_scheme": price["billing_scheme"],
            "created": price["created"],
            "currency": price["currency"],
            "interval": recurring["interval"],
            "interval_count": recurring["interval_count"],
            "livemode": False,
            "metadata": price["metadata"],
            "meter": recurring["meter"],
            "nickname": price["nickname"],
            "product": price["product"],
            "tiers_mode": price["tiers_mode"],
            "transform_usage": price["transform_quantity"],
            "trial_period_days": recurring["trial_period_days"],
            "usage_type": recurring["usage_type"],
        }
    )


def assign_to(call: Call, price: Json, params: Json) -> None:
    """Set parameters on a price that is not stored with them yet."""
    assign(price, call.kind("price").fields, params)


def change(call: Call, before: Json, after: Json) -> Json:
    """Store a changed price, and announce it and the plan that it mirrors."""
    changed = call.update(after)
    previous = changes(before, changed)
    if previous and changed["recurring"]:
        old, new = as_plan(before), as_plan(changed)
        plan_changes = changes(old, new)
        if plan_changes:
            call.emit("plan.updated", new, plan_changes)
    if previous:
        call.emit("price.updated", changed, previous)
    return changed


def _own_option(price: Json) -> Json:
    return {
        "custom_unit_amount": price["custom_unit_amount"],
        "tax_behavior": price["tax_behavior"],
        "unit_amount": price["unit_amount"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def _check_tax_behavior(found: Json, params: Json) -> None:
    wanted = params.get("tax_behavior")
    if wanted and found["tax_behavior"] not in ("unspecified", wanted):
        raise InvalidRequest(
            "You cannot change `tax_behavior` once it is exclusive or inclusive.",
            param="tax_behavior",
        )


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


def _check_recurring(call: Call, recurring: Json) -> None:
    count = recurring.get("interval_count", 1)
    longest = _LONGEST_YEARS[recurring["interval"]]
    if not 1 <= count <= longest:
        raise ParameterInvalid(
            "This price's recurring interval is out of range: the longest is three "
            f"years ({longest} {recurring['interval']}s).",
            param="recurring[interval_count]",
        )
    metered = recurring.get("usage_type") == "metered"
    meter = recurring.get("meter")
    if meter and not metered:
        raise InvalidRequest(
            "`recurring[meter]` needs `recurring[usage_type]` to be `metered`.",
            param="recurring[meter]",
        )
    if meter:
        call.get("billing.meter", meter, param="recurring[meter]", http_status=400)
    elif metered and call.version >= _METERS_NEEDED:
        raise ParameterMissing(
            "recurring[meter]",
            "Prices with `usage_type=metered` must be backed by a meter: set "
            "`recurring[meter]`.",
        )


def make_product(call: Call, described: Json) -> Json:
    """Store a product that a price describes in passing."""
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
        change(call, holder, {**holder, "lookup_key": None})


def scheme(call: Call, price: Json, currency: str | None = None) -> Scheme:
    """Return how a price turns a quantity into a sum, in one of its currencies.

    Raises
    ------
    InvalidRequest
        If it has no amount in that currency.
    """
    terms = _terms(call, price, currency or price["currency"])
    pack = price["transform_quantity"] or {}
    return Scheme(
        unit_amount=Decimal(terms.get("unit_amount_decimal") or 0),
        tiers=[_tier(tier) for tier in terms.get("tiers") or ()],
        mode=price["tiers_mode"],
        divide_by=pack.get("divide_by", 1),
        round_up=pack.get("round", "up") == "up",
    )


def _terms(call: Call, price: Json, currency: str) -> Json:
    private = call.private(price["id"], "price")
    if currency == price["currency"]:
        return {**price, "tiers": private.get("tiers")}
    options = private.get("currency_options") or {}
    if currency not in options:
        raise InvalidRequest(
            f"The price specified only supports `{price['currency']}`. This doesn't "
            f"match the expected currency: `{currency}`.",
        )
    return dict(options[currency])


def _tier(tier: Mapping[str, Any]) -> Tier:
    return Tier(
        tier["up_to"],
        Decimal(tier["unit_amount_decimal"] or 0),
        Decimal(tier["flat_amount_decimal"] or 0),
    )


def amount_for(
    call: Call, price: Json, quantity: int, currency: str | None = None
) -> int:
    """Return what a quantity of a price costs, in one of the price's currencies."""
    return cost(quantity, scheme(call, price, currency))


def check_usable(price: Json, param: str) -> None:
    """Refuse a price that is switched off.

    Raises
    ------
    InvalidRequest
        As Stripe does for new purchases.
    """
    if not price["active"]:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.",
            param=param,
        )
