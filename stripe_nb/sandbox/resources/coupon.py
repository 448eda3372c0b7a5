"""Coupons: what may be taken off, how often, and until when."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Coupon", "amount_off", "check", "check_pays_in", "products", "redeem"]

# Stripe keeps these apart from the object: they appear only when expanded.
_EXPANDED_ONLY = ("applies_to", "currency_options")
_ALL = 100


class Coupon(Behaviour):
    """`Coupon <https://docs.stripe.com/api/coupons>`_."""

    name = "coupon"
    missing_param = "coupon"

    def on_create(self, call: Call) -> Json:
        """Make a coupon."""
        params = call.params
        chosen = params.get("id")
        if chosen and call.find("coupon", chosen):
            raise InvalidRequest(
                "Coupon already exists.", code="resource_already_exists", param="id"
            )
        _check_sum(params)
        _check_duration(params)
        _check_limits(call, params)
        apart = {name: params.pop(name) for name in _EXPANDED_ONLY if name in params}
        if apart.get("applies_to"):
            _check_products(call, apart["applies_to"])
        coupon = self.draft(
            call,
            id=chosen,
            duration=params.get("duration", "once"),
            times_redeemed=0,
            valid=True,
        )
        if coupon["currency"]:
            coupon["currency"] = check_currency(coupon["currency"])
        coupon = self.finish(call, coupon, private=apart or None)
        if coupon["redeem_by"]:
            call.later(coupon["redeem_by"], "expire", coupon)
        return coupon

    def on_update(self, call: Call) -> Json:
        """Change a coupon's name, metadata and sums in other currencies."""
        coupon = self.target(call)
        options = call.params.pop("currency_options", None)
        if options:
            before = call.private(coupon["id"], "coupon").get("currency_options") or {}
            call.set_private(
                coupon["id"], "coupon", currency_options={**before, **options}
            )
        return self.change(call, coupon)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return what a coupon is for, and its sums in other currencies."""
        if name not in _EXPANDED_ONLY:
            return super().expanded(call, obj, name)
        return call.private(obj["id"], "coupon")[name]

    def due_expire(self, call: Call, coupon: Json) -> None:
        """Let a coupon end on the day that it was to be redeemed by."""
        call.update(coupon, valid=False)


def _check_sum(params: Json) -> None:
    share, amount = params.get("percent_off"), params.get("amount_off")
    if (share is None) == (amount is None):
        raise InvalidRequest(
            "You must pass either percent_off or amount_off, and not both.",
            param="percent_off",
        )
    if share is not None and not 0 < share <= _ALL:
        raise ParameterInvalid(
            "percent_off must be greater than 0 and at most 100.", param="percent_off"
        )
    if amount is not None and amount < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount_off",
        )
    if amount is not None and not params.get("currency"):
        raise ParameterMissing(
            "currency", "You must pass currency when passing amount_off"
        )


def _check_duration(params: Json) -> None:
    months = params.get("duration_in_months")
    repeats = params.get("duration") == "repeating"
    if repeats and months is None:
        raise ParameterMissing(
            "duration_in_months",
            "You must pass duration_in_months when passing duration=repeating.",
        )
    if months is not None and not repeats:
        raise InvalidRequest(
            "You cannot set duration_in_months unless duration is repeating.",
            param="duration_in_months",
        )
    if months is not None and months < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="duration_in_months",
        )


def _check_limits(call: Call, params: Json) -> None:
    most = params.get("max_redemptions")
    if most is not None and most < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="max_redemptions",
        )
    last = params.get("redeem_by")
    if last is not None and last <= call.now():
        raise ParameterInvalid(
            "The redeem_by date must be in the future.", param="redeem_by"
        )


def _check_products(call: Call, applies_to: Json) -> None:
    for index, product in enumerate(applies_to.get("products") or ()):
        call.get(
            "product",
            product,
            param=f"applies_to[products][{index}]",
            http_status=400,
        )


def check(call: Call, coupon: Json, param: str) -> None:
    """Refuse a coupon that has ended.

    Raises
    ------
    InvalidRequest
        With ``coupon_expired``.
    """
    if not coupon["valid"]:
        raise InvalidRequest(
            f"Coupon expired: {coupon['id']}", code="coupon_expired", param=param
        )


def check_pays_in(call: Call, coupon: Json, currency: str, param: str) -> None:
    """Refuse a coupon whose sum is in other currencies than a bill's.

    Raises
    ------
    InvalidRequest
        If it would take nothing off.
    """
    if coupon["amount_off"] is None or amount_off(call, coupon, currency):
        return
    raise InvalidRequest(
        f"The coupon {coupon['id']} takes off an amount in {coupon['currency']}, so it "
        f"can't be applied to a bill in {currency}. Add {currency} to its "
        "`currency_options`, or use a coupon with `percent_off`.",
        param=param,
    )


def redeem(call: Call, coupon: Json) -> None:
    """Count a redemption; the last one that is allowed ends the coupon."""
    times = coupon["times_redeemed"] + 1
    most = coupon["max_redemptions"]
    call.update(
        coupon,
        times_redeemed=times,
        valid=coupon["valid"] and (most is None or times < most),
    )


def amount_off(call: Call, coupon: Json, currency: str) -> int:
    """Return a coupon's sum in a currency; in one that it lacks, nothing."""
    if coupon["currency"] == currency:
        return int(coupon["amount_off"] or 0)
    others = call.private(coupon["id"], "coupon").get("currency_options") or {}
    return int(others.get(currency, {}).get("amount_off", 0))


def products(call: Call, coupon: Json) -> frozenset[str] | None:
    """Return the products that a coupon is for, or ``None`` for all."""
    named = (call.private(coupon["id"], "coupon").get("applies_to") or {}).get(
        "products"
    )
    return frozenset(named) if named else None
