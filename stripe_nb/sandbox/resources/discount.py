"""Discounts: a coupon at work on a customer, a subscription, an invoice or a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from stripe_nb.sandbox.billing import periods
from stripe_nb.sandbox.billing.discounts import Reduction
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import coupon, promotion_code
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Discount",
    "build",
    "count",
    "coupon_of",
    "end",
    "inherited",
    "reduction",
    "reductions",
    "store",
    "take",
]

_WAYS = ("coupon", "discount", "promotion_code")


class Discount(Behaviour):
    """`Discount <https://docs.stripe.com/api/discounts>`_."""

    name = "discount"

    def on_customers_delete_discount(self, call: Call) -> Json:
        """Take the discount off a customer."""
        customer = call.get("customer", call.path["customer"], param="customer")
        discount = customer["discount"]
        if not discount:
            raise InvalidRequest(
                "No active discount for customer: " + customer["id"],
                code="resource_missing",
                http_status=404,
            )
        call.update(customer, discount=None)
        deleted = end(call, discount)
        call.emit("customer.discount.deleted", discount)
        return deleted

    def on_subscriptions_delete_discount(self, call: Call) -> Json:
        """Take the discounts off a subscription."""
        subscriptions: Any = call.engine.behaviour("subscription")
        deleted: Json = subscriptions.on_subscriptions_delete_discount(call)
        return deleted


def build(
    call: Call,
    given: Json,
    *,
    param: str = "discounts[0]",
    for_customer: str | None = None,
    currency: str | None = None,
    **owner: str | None,
) -> Json:
    """Return a discount of what a request names; a new one is not stored.

    Parameters
    ----------
    call
        What it happens in.
    given
        With one of ``coupon``, ``promotion_code``, ``discount``.
    param
        Where that stands in the request.
    for_customer
        Whose it will be, for a promotion code's restrictions.
    currency
        What it has to be able to take something off in.
    owner
        ``customer``, ``subscription``, ``invoice`` and so on, as in the discount.
    """
    ways = [name for name in _WAYS if given.get(name)]
    if len(ways) != 1:
        raise ParameterMissing(
            param,
            "You must specify exactly one of `coupon`, `discount` and "
            f"`promotion_code` in {param}.",
        )
    way = ways[0]
    where = f"{param}[{way}]" if param else way
    if way == "discount":
        known = call.get("discount", given[way], param=where, http_status=400)
        if currency:
            coupon.check_pays_in(call, coupon_of(call, known), currency, where)
        return known
    code = None
    if way == "promotion_code":
        code = call.get("promotion_code", given[way], param=where, http_status=400)
        promotion_code.check(call, code, for_customer, where)
        given = {"coupon": code["promotion"]["coupon"]}
    found = call.get("coupon", given["coupon"], param=where, http_status=400)
    coupon.check(call, found, where)
    if currency:
        coupon.check_pays_in(call, found, currency, where)
    return call.new(
        "discount",
        end=_end(call, found),
        promotion_code=code and code["id"],
        source={"coupon": found["id"], "type": "coupon"},
        start=call.now(),
        **{"customer": for_customer, **owner},
    )


def _end(call: Call, found: Json) -> int | None:
    """Return when a coupon that is used now ends; once and forever have no time."""
    if found["duration"] != "repeating":
        return None
    return periods.later(call.now(), "month", found["duration_in_months"])


def take(
    call: Call,
    given: Sequence[Json] | None,
    *,
    param: str = "discounts",
    for_customer: str | None = None,
    currency: str | None = None,
    **owner: str | None,
) -> list[str]:
    """Store the discounts that a request names, and count them as redeemed.

    See `build`. An existing discount is taken over as it is.
    """
    names = []
    for index, each in enumerate(given or ()):
        built = build(
            call,
            each,
            param=f"{param}[{index}]",
            for_customer=for_customer,
            currency=currency,
            **owner,
        )
        if call.row(built["id"]) is None:
            store(call, built)
        names.append(built["id"])
    return names


def store(call: Call, discount: Json) -> Json:
    """Store a new discount and count its coupon and promotion code as redeemed."""
    found = call.get("coupon", discount["source"]["coupon"])
    stored = call.insert(discount, private={"coupon": found})
    coupon.redeem(call, found)
    code = call.find("promotion_code", discount["promotion_code"])
    if code:
        promotion_code.redeem(call, code)
    return stored


def end(call: Call, discount: Json) -> Json:
    """End a discount now; return it as Stripe answers a deletion."""
    call.set_private(discount["id"], over=True)
    return {
        **{name: value for name, value in discount.items() if name != "end"},
        "deleted": True,
    }


def coupon_of(call: Call, discount: Json) -> Json:
    """Return the coupon of a discount, a deleted one's too."""
    kept = call.private(discount["id"]).get("coupon")
    return dict(kept) if kept else call.get("coupon", discount["source"]["coupon"])


def reduction(call: Call, discount: Json, currency: str) -> Reduction:
    """Return what a discount takes off a bill in a currency."""
    found = coupon_of(call, discount)
    return Reduction(
        discount["id"],
        None if found["percent_off"] is None else Decimal(str(found["percent_off"])),
        coupon.amount_off(call, found, currency),
        coupon.products(call, found),
    )


def reductions(
    call: Call,
    discounts: Iterable[str],
    currency: str,
    unsaved: Iterable[Json] = (),
) -> dict[str, Reduction]:
    """Return what each of several discounts takes off, by its id."""
    built = {discount["id"]: discount for discount in unsaved}
    return {
        name: reduction(call, built.get(name) or call.get("discount", name), currency)
        for name in discounts
    }


def inherited(call: Call, customer: Json, subscription: Json | None) -> list[str]:
    """Return the discounts that a new invoice takes over.

    The subscription's, or else the customer's; not those that have ended.
    """
    names = list(subscription["discounts"] if subscription else ())
    if not names and customer.get("discount"):
        names = [customer["discount"]["id"]]
    return [name for name in names if _holds(call, call.get("discount", name))]


def _holds(call: Call, discount: Json) -> bool:
    over = call.private(discount["id"]).get("over")
    return not over and (discount["end"] is None or discount["end"] > call.now())


def count(call: Call, invoice: Json) -> None:
    """End what was for one invoice only, now that this one is final."""
    for name in invoice["discounts"]:
        found = call.get("discount", name)
        if coupon_of(call, found)["duration"] == "once":
            # Stripe leaves `end` null: only repeating discounts have a last day.
            call.set_private(found["id"], over=True)
            _take_off_owner(call, found)


def _take_off_owner(call: Call, discount: Json) -> None:
    """Take a discount that is used up off the customer that it was given to."""
    owner = call.find("customer", discount["customer"])
    if owner and (owner["discount"] or {}).get("id") == discount["id"]:
        call.update(owner, discount=None)
