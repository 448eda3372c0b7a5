"""Subscription items: which price, how many, and for which period."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_nb.sandbox.billing.periods import Cycle
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.resources import discount, price, tax_rate
from stripe_nb.sandbox.wire import Json

__all__ = [
    "blank",
    "check",
    "cycle",
    "is_metered",
    "of",
    "resolve_price",
    "store",
    "summary",
]

_MOST_ITEMS = 20
_BEYOND = ("billing_thresholds", "current_trial")


def resolve_price(call: Call, given: Json, param: str) -> Json:
    """Return the recurring price that an item names or describes.

    Raises
    ------
    ParameterMissing
        If it does neither.
    InvalidRequest
        If the price can't be subscribed to.
    """
    named = given.get("price") or given.get("plan")
    described = given.get("price_data")
    if described:
        call.get(
            "product",
            described["product"],
            param=f"{param}[price_data][product]",
            http_status=400,
        )
        # Stripe keeps a price that was described in passing out of the catalogue.
        return price.make(call, {**described, "active": False})
    if not named:
        raise ParameterMissing(f"{param}[price]")
    name = f"{param}[{'price' if given.get('price') else 'plan'}]"
    found = call.get("price", named, param=name, http_status=400)
    # Checkout also sells prices that were described in passing to itself.
    if not given.get("inline"):
        price.check_usable(found, name)
    if found["type"] != "recurring":
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only "
            "accepts prices with `type=recurring`.",
            param=name,
        )
    return found


def is_metered(item: Json) -> bool:
    """Return whether an item is billed for its usage, after the period."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def cycle(subscription: Json, item: Json) -> Cycle:
    """Return the billing cycle that an item follows."""
    recurring = item["price"]["recurring"]
    config = subscription["billing_cycle_anchor_config"] or {}
    return Cycle(
        subscription["billing_cycle_anchor"],
        recurring["interval"],
        recurring["interval_count"],
        config.get("day_of_month"),
    )


def check(given: Json, found: Json, param: str) -> None:
    """Refuse what an item can't be given.

    Raises
    ------
    ParameterInvalid
        For a quantity that is negative, or given for metered usage.
    NotSimulated
        For what nothing here brings about.
    """
    for name in _BEYOND:
        if given.get(name):
            raise NotSimulated(f"the parameter {name} of subscription items")
    check_metadata(given)
    quantity = given.get("quantity")
    if quantity is None:
        return
    if found["recurring"]["usage_type"] == "metered":
        raise InvalidRequest(
            "Quantity should not be specified where usage_type is `metered`. Remove "
            f"quantity from `{param}`",
            param=f"{param}[quantity]",
        )
    if quantity < 0:
        raise ParameterInvalid(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param=f"{param}[quantity]",
        )


def check_all(items: Sequence[Json], currency: str, call: Call) -> None:
    """Refuse items that can't stand beside each other.

    Raises
    ------
    InvalidRequest
        For none or too many, for the same price twice, or for two currencies.
    """
    if not items:
        raise ParameterMissing("items", "A subscription needs at least one item.")
    if len(items) > _MOST_ITEMS:
        raise InvalidRequest(
            f"A subscription can have at most {_MOST_ITEMS} items.", param="items"
        )
    seen: set[str] = set()
    for item in items:
        found = item["price"]
        if found["id"] in seen:
            raise InvalidRequest(
                "Cannot add multiple subscription items with the same plan: "
                f"{found['id']}",
                param="items",
            )
        seen.add(found["id"])
        others = call.private(found["id"]).get("currency_options") or {}
        if currency != found["currency"] and currency not in others:
            raise InvalidRequest(
                f"The price specified only supports `{found['currency']}`. This "
                f"doesn't match the expected currency: `{currency}`.",
                param="currency",
            )


def blank(call: Call, subscription: Json, found: Json, given: Json) -> Json:
    """Return a new item; it has no period yet, and is not stored."""
    item = call.new(
        "subscription_item",
        discounts=[],
        metadata=_given_metadata(given.get("metadata")),
        plan=price.as_plan(found),
        price=found,
        subscription=subscription["id"],
        tax_rates=tax_rate.given(call, given.get("tax_rates")),
    )
    if found["recurring"]["usage_type"] != "metered":
        quantity = given.get("quantity")
        item["quantity"] = 1 if quantity is None else quantity
    return item


def _given_metadata(given: Json | None) -> Json:
    return {
        key: value for key, value in sorted((given or {}).items()) if value is not None
    }


def store(call: Call, subscription: Json, item: Json, given: Json) -> Json:
    """Store a new item with the discounts that it is given."""
    item["discounts"] = discount.take(
        call,
        given.get("discounts"),
        for_customer=subscription["customer"],
        currency=subscription["currency"],
        subscription=subscription["id"],
        subscription_item=item["id"],
    )
    return call.insert(item)


def of(call: Call, subscription: Json) -> list[Json]:
    """Return a subscription's items, oldest first."""
    return call.objects("subscription_item", subscription=subscription["id"])[::-1]


def summary(subscription: Json, items: Sequence[Json]) -> Json:
    """Return what a subscription shows of its items: the list, and of one the plan."""
    only = items[0] if len(items) == 1 else {}
    return {
        "items": _envelope(subscription, items),
        "plan": only.get("plan"),
        "quantity": only.get("quantity"),
    }


def _envelope(subscription: Json, items: Sequence[Json]) -> Json:
    return {
        "object": "list",
        "data": list(items),
        "has_more": False,
        "total_count": len(items),
        "url": f"/v1/subscription_items?subscription={subscription['id']}",
    }
