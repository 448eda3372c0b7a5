"""What a checkout session sells: its sums, and how it becomes a subscription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.amounts import check_amount
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import discounting, items
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.invoicing import payments
from stripe_nb.sandbox.resources import shipping_rate, tax_rate
from stripe_nb.sandbox.subscriptions import ends
from stripe_nb.sandbox.wire import Json

__all__ = [
    "as_sold",
    "check_items",
    "choose",
    "give_up",
    "has_trial",
    "intent_of",
    "needs_method",
    "recalculated",
]


def check_items(mode: str, found: list[Json]) -> None:
    """Refuse prices that don't fit the mode or each other.

    Raises
    ------
    InvalidRequest
        In Stripe's words.
    """
    recurring = [item for item in found if items.is_recurring(item)]
    if mode == "payment" and recurring:
        raise InvalidRequest(
            "You specified `payment` mode but passed a recurring price. Either switch "
            "to `subscription` mode or use only one-time prices.",
            param="line_items",
        )
    if mode == "subscription" and not recurring:
        raise InvalidRequest(
            "You must provide at least one recurring price in `subscription` mode "
            "when using prices.",
            param="line_items",
        )
    _check_intervals(recurring)


def _check_intervals(recurring: list[Json]) -> None:
    named = [item["price"]["id"] for item in recurring]
    if len(named) != len(set(named)):
        raise InvalidRequest(
            "Checkout Sessions in `subscription` mode can't have the same recurring "
            "price twice: raise its quantity instead.",
            param="line_items",
        )


def has_trial(private: Mapping[str, Any]) -> bool:
    """Return whether what recurs is free at first."""
    data = private.get("subscription_data") or {}
    return bool(data.get("trial_period_days") or data.get("trial_end"))


def recalculated(call: Call, session: Json) -> Json:
    """Return a session with its sums as its items now are; the items are stored."""
    if session["mode"] == "setup":
        return session
    private = call.private(session["id"])
    currency = session["currency"]
    built = discounting.unsaved(
        call, private.get("discounts") or (), session["customer"], currency
    )
    data = private.get("subscription_data") or {}
    shipping = _shipping(call, private, currency)
    sums = items.sums(
        call,
        items.of(call, session["id"]),
        currency=currency,
        discounts=built,
        default_rates=tax_rate.given(call, data.get("default_tax_rates")),
        trial=has_trial(private),
        shipping=shipping["amount_total"] if shipping else 0,
    )
    discounting.check_minimum(call, built, sums["amount_subtotal"], currency)
    if sums["amount_total"] > 0:
        check_amount(sums["amount_total"], currency, "line_items")
    return {
        **session,
        **sums,
        "discounts": discounting.shown(built),
        "shipping_cost": shipping,
    }


def _shipping(call: Call, private: Mapping[str, Any], currency: str) -> Json | None:
    chosen = private.get("shipping_rate")
    if not chosen:
        return None
    return shipping_rate.cost(call, {"shipping_rate": chosen}, currency)


def choose(
    call: Call,
    session: Json,
    *,
    quantities: Mapping[str, int] | None = None,
    code: str | None = None,
    rate: str | None = None,
) -> Json:
    """Take over what a customer chose on the page.

    Parameters
    ----------
    call
        What it happens in.
    session
        An open session.
    quantities
        How many of an item, by its id.
    code
        A promotion code as it was typed in; an empty one takes it off.
    rate
        Which way of shipping.

    Raises
    ------
    InvalidRequest
        If the session does not leave that to the customer.
    """
    if call.private(session["id"]).get("subscription"):
        raise InvalidRequest("This order is being paid and can't be changed any more.")
    for item in items.of(call, session["id"]):
        if quantities and item["id"] in quantities:
            items.adjust(call, item, quantities[item["id"]])
    if code is not None:
        if not session["allow_promotion_codes"]:
            raise InvalidRequest("This Checkout Session takes no promotion codes.")
        given = [discounting.by_code(call, code)] if code.strip() else []
        call.set_private(session["id"], discounts=given)
    if rate is not None:
        offered = [each["shipping_rate"] for each in session["shipping_options"]]
        if rate not in offered:
            raise InvalidRequest("This way of shipping is not offered.")
        call.set_private(session["id"], shipping_rate=rate)
    return call.update(recalculated(call, session))


def needs_method(call: Call, session: Json) -> bool:
    """Return whether a session can be completed only with a payment method."""
    if session["mode"] == "setup":
        return True
    if session["mode"] == "subscription":
        always = session["payment_method_collection"] == "always"
        return bool(always or session["amount_total"])
    return bool(session["amount_total"])


def as_sold(call: Call, item: Json) -> Json:
    """Return an item as a subscription's parameters have it."""
    private = call.private(item["id"])
    sold: Json = {"quantity": item["quantity"]}
    if item["quantity"] is None:
        sold = {}
    if private["tax_rates"]:
        sold["tax_rates"] = [rate["id"] for rate in private["tax_rates"]]
    if item["metadata"] and items.is_recurring(item):
        sold["metadata"] = item["metadata"]
    price = item["price"]
    if not private["inline"]:
        return {**sold, "price": price["id"]}
    if not items.is_recurring(item):
        return {**sold, "price_data": _described(price)}
    # A price that was described in passing is in no catalogue, and yet sold here.
    return {**sold, "price": price["id"], "inline": True}


def _described(price: Json) -> Json:
    return {
        "currency": price["currency"],
        "product": price["product"],
        "tax_behavior": price["tax_behavior"],
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def intent_of(call: Call, subscription: Json) -> Json | None:
    """Return the payment intent of a subscription's first invoice, if it is open."""
    bill = call.find("invoice", subscription["latest_invoice"])
    if bill is None or bill["status"] != "open":
        return None
    return payments.default_payment(call, bill)


def give_up(call: Call, session: Json) -> None:
    """End a subscription that nobody paid for."""
    name = call.private(session["id"]).get("subscription")
    subscription = call.find("subscription", name)
    if subscription:
        ends.expire(call, subscription)
