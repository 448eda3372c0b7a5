"""Promotion codes: what customers type to get a coupon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import coupon
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["PromotionCode", "check", "redeem"]

_CODE_LENGTH = 8


class PromotionCode(Behaviour):
    """`Promotion code <https://docs.stripe.com/api/promotion_codes>`_."""

    name = "promotion_code"
    missing_param = "promotion_code"
    filters: ClassVar[Mapping[str, str]] = {"coupon": "promotion.coupon"}

    def on_create(self, call: Call) -> Json:
        """Make a code for a coupon."""
        params = call.params
        found = _coupon(call)
        coupon.check(call, found, "promotion[coupon]")
        call.given("customer", "customer")
        code = params.get("code") or call.secret(_CODE_LENGTH, "promotion").upper()
        _check_free(call, code)
        _check_limits(call, found)
        _check_minimum(params.get("restrictions") or {})
        options = (params.get("restrictions") or {}).pop("currency_options", None)
        made = self.draft(
            call,
            active=True,
            promotion={"coupon": found["id"], "type": "coupon"},
            times_redeemed=0,
        )
        made["code"] = code
        made["promotion"] = {"coupon": found["id"], "type": "coupon"}
        private = {"currency_options": options} if options else None
        made = self.finish(call, made, private=private)
        if made["expires_at"]:
            call.later(made["expires_at"], "expire", made)
        return made

    def on_update(self, call: Call) -> Json:
        """Switch a code on or off, or change its metadata or minimum amounts."""
        code = self.target(call)
        restrictions = call.params.pop("restrictions", None) or {}
        options = restrictions.get("currency_options")
        if options:
            before = call.private(code["id"]).get("currency_options") or {}
            call.set_private(code["id"], currency_options={**before, **options})
        if call.params.get("active"):
            _check_usable_again(call, code)
        return self.change(call, code)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the minimum amounts in other currencies."""
        if name != "restrictions.currency_options":
            return super().expanded(call, obj, name)
        return call.private(obj["id"])["currency_options"]

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by a code without regard to case."""
        if name == "code" and value is not None:
            return Condition(
                "lower(json_extract(body, '$.code')) = ?", (value.lower(),)
            )
        return super().condition(call, name, value)

    def due_expire(self, call: Call, code: Json) -> None:
        """Let a code end on its last day."""
        call.update(code, active=False)


def _coupon(call: Call) -> Json:
    """Return the coupon that a request names, today's way or the older one."""
    params = call.params
    older = params.pop("coupon", None)
    promotion = params.pop("promotion", None) or {}
    name = promotion.get("coupon") or older
    if not name:
        raise ParameterMissing("promotion[coupon]")
    param = "coupon" if older else "promotion[coupon]"
    return call.get("coupon", name, param=param, http_status=400)


def _check_free(call: Call, code: str) -> None:
    for other in call.objects("promotion_code", active=True):
        if other["code"].lower() == code.lower():
            raise InvalidRequest(
                f"An active promotion code with `code: {code}` already exists.",
                param="code",
            )


def _check_limits(call: Call, found: Json) -> None:
    most, last = call.params.get("max_redemptions"), call.params.get("expires_at")
    if most and found["max_redemptions"] and most > found["max_redemptions"]:
        raise InvalidRequest(
            "The promotion code's `max_redemptions` can't be greater than its "
            f"coupon's ({found['max_redemptions']}).",
            param="max_redemptions",
        )
    if last is not None and last <= call.now():
        raise InvalidRequest("`expires_at` must be in the future.", param="expires_at")
    if last and found["redeem_by"] and last > found["redeem_by"]:
        raise InvalidRequest(
            "The promotion code's `expires_at` can't be later than its coupon's "
            "`redeem_by`.",
            param="expires_at",
        )


def _check_minimum(restrictions: Json) -> None:
    amount = restrictions.get("minimum_amount")
    currency = restrictions.get("minimum_amount_currency")
    if (amount is None) != (currency is None):
        raise ParameterMissing(
            "restrictions[minimum_amount_currency]",
            "`minimum_amount` and `minimum_amount_currency` must be given together.",
        )


def _check_usable_again(call: Call, code: Json) -> None:
    found = call.find("coupon", code["promotion"]["coupon"])
    ended = code["expires_at"] and code["expires_at"] <= call.now()
    if found is None or not found["valid"] or ended or _used_up(code):
        raise InvalidRequest(
            "This promotion code cannot be activated: it has expired, was redeemed as "
            "often as allowed, or its coupon is no longer valid.",
            param="active",
        )


def _used_up(code: Json) -> bool:
    most = code["max_redemptions"]
    return most is not None and code["times_redeemed"] >= most


def check(call: Call, code: Json, customer: str | None, param: str) -> None:
    """Refuse a code that this customer can't redeem now.

    Raises
    ------
    InvalidRequest
        If it has ended, is another customer's, or is for first purchases only.
    """
    if not code["active"]:
        raise InvalidRequest(
            "This promotion code is expired or inactive.",
            code="promotion_code_inactive",
            param=param,
        )
    if code["customer"] and code["customer"] != customer:
        raise InvalidRequest(
            "This promotion code cannot be redeemed because it is limited to another "
            "customer.",
            param=param,
        )
    if code["restrictions"]["first_time_transaction"] and customer:
        _check_first(call, customer, param)


def _check_first(call: Call, customer: str, param: str) -> None:
    paid = call.objects("charge", customer=customer, status="succeeded")
    billed = [
        invoice
        for invoice in call.objects("invoice", customer=customer)
        if invoice["status"] not in ("draft", "void")
    ]
    if paid or billed:
        raise InvalidRequest(
            "This promotion code cannot be redeemed because the associated customer "
            "has prior transactions.",
            code="customer_has_prior_transactions",
            param=param,
        )


def redeem(call: Call, code: Json) -> None:
    """Count a redemption; the last one that is allowed switches the code off."""
    counted = {**code, "times_redeemed": code["times_redeemed"] + 1}
    call.update({**counted, "active": code["active"] and not _used_up(counted)})
