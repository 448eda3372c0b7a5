"""Discounts of a checkout session: seen while it is open, used when it is paid."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resources import discount
from stripe_nb.sandbox.wire import Json

__all__ = ["by_code", "check_minimum", "shown", "unsaved"]


def unsaved(
    call: Call, given: Sequence[Json], customer: str | None, currency: str
) -> list[Json]:
    """Return discounts of what a session was given; they are not used up yet.

    Raises
    ------
    InvalidRequest
        If a coupon or a promotion code can't be used now, or not in this currency.
    """
    return [
        discount.build(
            call,
            {name: value for name, value in each.items() if value},
            param=f"discounts[{index}]",
            for_customer=customer,
            currency=currency,
        )
        for index, each in enumerate(given)
    ]


def shown(built: Sequence[Json]) -> list[Json]:
    """Return discounts as a session shows them."""
    return [
        {
            "coupon": None if each["promotion_code"] else each["source"]["coupon"],
            "promotion_code": each["promotion_code"],
        }
        for each in built
    ]


def check_minimum(
    call: Call, built: Sequence[Json], amount: int, currency: str
) -> None:
    """Refuse a promotion code that asks for a larger purchase.

    Raises
    ------
    InvalidRequest
        If the purchase is too small, or in another currency.
    """
    for each in built:
        code = call.find("promotion_code", each["promotion_code"])
        restrictions = code["restrictions"] if code else {}
        least = restrictions.get("minimum_amount")
        if least is None:
            continue
        if restrictions["minimum_amount_currency"] != currency or amount < least:
            raise InvalidRequest(
                "This promotion code cannot be redeemed because the amount is below "
                "the minimum that it asks for.",
                param="discounts[0][promotion_code]",
            )


def by_code(call: Call, text: str) -> Json:
    """Return the discount of a code that a customer typed in.

    Raises
    ------
    InvalidRequest
        If there is no active promotion code of that name.
    """
    wanted = text.strip().lower()
    for code in call.objects("promotion_code", active=True):
        if code["code"].lower() == wanted:
            return {"promotion_code": code["id"]}
    raise InvalidRequest("This code is invalid.")
