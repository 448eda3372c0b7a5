"""What a request says of a subscription beside its items, checked and taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stripe_nb.sandbox.billing.periods import anchor_after
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
    ResourceMissing,
)
from stripe_nb.sandbox.invoicing import automatic_tax, shares
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.resources import discount, payment_method, tax_rate
from stripe_nb.sandbox.subscriptions.items import cycle
from stripe_nb.sandbox.wire import Json

__all__ = [
    "check_supported",
    "defaults",
    "ending",
    "first_anchor",
    "start",
    "take_billing_mode",
    "take_over",
    "trial_end",
]

DAY = 86_400
# Parameters whose effect on other objects nothing here brings about.
_BEYOND = (
    "billing_schedules",
    "billing_thresholds",
    "customer_account",
    "pending_invoice_item_interval",
)
_TAKEN_OVER = (
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "collection_method",
    "days_until_due",
    "default_source",
    "description",
    "invoice_settings",
    "metadata",
    "on_behalf_of",
    "pause_collection",
    "payment_settings",
    "transfer_data",
    "trial_settings",
)
_LONGEST_TRIAL_DAYS = 730


def check_supported(params: Mapping[str, Any]) -> None:
    """Refuse parameters that would have no effect here.

    Raises
    ------
    NotSimulated
        Naming the first of them.
    """
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of subscriptions")


def defaults(call: Call) -> Json:
    """Return the fields of a new subscription about which nothing was said."""
    return {
        "automatic_tax": automatic_tax.of_subscription({}),
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": call.now(),
        },
        "billing_schedules": [],
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "feedback_option": None,
            "reason": None,
        },
        "collection_method": "charge_automatically",
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": call.now(),
        "trial_settings": {
            "end_behavior": {
                "billing_cycle_anchor": None,
                "missing_payment_method": "create_invoice",
            }
        },
    }


def take_over(call: Call, subscription: Json) -> None:
    """Set the fields that parameters of the same names speak of."""
    params = call.params
    check_metadata(params, subscription["metadata"])
    shares.check_percent(call)
    given = {name: params[name] for name in _TAKEN_OVER if name in params}
    assign(subscription, call.kind("subscription").fields, given)
    if "default_payment_method" in params:
        subscription["default_payment_method"] = _method(
            call, subscription, params["default_payment_method"]
        )
    if "default_tax_rates" in params:
        subscription["default_tax_rates"] = tax_rate.given(
            call, params["default_tax_rates"], "default_tax_rates"
        )
    if "discounts" in params:
        subscription["discounts"] = discount.take(
            call,
            params["discounts"],
            for_customer=subscription["customer"],
            currency=subscription["currency"],
            subscription=subscription["id"],
        )
    if "automatic_tax" in params:
        _take_automatic_tax(call, subscription, params["automatic_tax"])
    _check_collection(subscription)


def _take_automatic_tax(call: Call, subscription: Json, given: Json) -> None:
    if given["enabled"]:
        customer = call.get("customer", subscription["customer"])
        automatic_tax.check(call, customer, rates=subscription["default_tax_rates"])
    subscription["automatic_tax"] = automatic_tax.of_subscription(given)


def take_billing_mode(call: Call, subscription: Json) -> None:
    """Set how a new subscription is billed, where a request says."""
    given = call.params.get("billing_mode")
    if not given:
        return
    mode = subscription["billing_mode"]
    if given["type"] == "classic":
        mode["flexible"] = None
        del mode["updated_at"]
    elif given.get("flexible"):
        mode["flexible"] = given["flexible"]
    mode["type"] = given["type"]


def _method(call: Call, subscription: Json, named: str | None) -> str | None:
    """Return the id of a payment method that belongs to the customer."""
    if not named:
        return None
    method = payment_method.resolve(call, named, param="default_payment_method")
    if method["id"] != named:
        method = payment_method.attach(call, method, subscription["customer"])
    if method["customer"] != subscription["customer"]:
        raise ResourceMissing(
            "PaymentMethod",
            named,
            param="default_payment_method",
            http_status=400,
            hint="; The customer does not have a payment method with this ID. The "
            "payment method must be attached to the customer.",
        )
    return str(method["id"])


def _check_collection(subscription: Json) -> None:
    sends = subscription["collection_method"] == "send_invoice"
    days = subscription["days_until_due"]
    if sends and days is None:
        raise ParameterMissing(
            "days_until_due",
            "You must specify `days_until_due` when `collection_method` is "
            "`send_invoice`.",
        )
    if not sends and days is not None:
        raise InvalidRequest(
            "You can only set `days_until_due` if `collection_method` is "
            "`send_invoice`.",
            param="days_until_due",
        )


def trial_end(call: Call, items: Sequence[Json]) -> int | None:
    """Return when the trial that a request asks for ends, or ``None``.

    Raises
    ------
    InvalidRequest
        If it ends in the past, or later than Stripe allows.
    """
    params, now = call.params, call.now()
    days, end = params.get("trial_period_days"), params.get("trial_end")
    if days is not None and end is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: trial_end, "
            "trial_period_days.",
        )
    if end is None and days is None and params.get("trial_from_plan"):
        days = max(
            (item["price"]["recurring"]["trial_period_days"] or 0 for item in items),
            default=0,
        )
    if days is not None:
        end = now + int(days) * DAY
    if end in (None, "now") or (days is not None and int(days) == 0):
        return None
    if int(end) <= now:
        raise InvalidRequest(
            "Invalid timestamp: must be an integer Unix timestamp in the future.",
            param="trial_end",
        )
    if int(end) > now + _LONGEST_TRIAL_DAYS * DAY:
        raise InvalidRequest(
            "Invalid trial_end: it can be at most 2 years in the future.",
            param="trial_end" if days is None else "trial_period_days",
        )
    return int(end)


def start(call: Call) -> int:
    """Return when a new subscription is to have started: now, or before.

    Raises
    ------
    InvalidRequest
        If that would be in the future.
    """
    wanted = call.params.get("backdate_start_date")
    if wanted is None:
        return call.now()
    if wanted > call.now():
        raise InvalidRequest(
            "backdate_start_date must be in the past.", param="backdate_start_date"
        )
    return int(wanted)


def first_anchor(call: Call, subscription: Json, items: Sequence[Json]) -> int:
    """Return where a new subscription's billing cycle is anchored.

    Raises
    ------
    InvalidRequest
        If it is asked to be in the past, or later than a whole period from now.
    """
    now, wanted = call.now(), call.params.get("billing_cycle_anchor")
    config = call.params.get("billing_cycle_anchor_config")
    if wanted is not None and config:
        raise InvalidRequest(
            "You may only specify one of these parameters: billing_cycle_anchor, "
            "billing_cycle_anchor_config.",
        )
    start = subscription["trial_end"] or now
    if config:
        return anchor_after(start, **config)
    if wanted is None:
        return int(start)
    if wanted < now:
        raise InvalidRequest(
            "billing_cycle_anchor must be an integer Unix timestamp in the future.",
            param="billing_cycle_anchor",
        )
    natural = {**subscription, "billing_cycle_anchor": start}
    latest = max(cycle(natural, item).following(start) for item in items)
    if wanted > latest:
        raise InvalidRequest(
            "billing_cycle_anchor cannot be later than next natural billing date "
            f"({latest}) for plan.",
            param="billing_cycle_anchor",
        )
    return int(wanted)


def ending(call: Call, subscription: Json, items: Sequence[Json]) -> Json:
    """Return the fields that say whether and when the subscription will end.

    Raises
    ------
    ParameterInvalid
        If that would be in the past.
    """
    params = call.params
    if "cancel_at" not in params and "cancel_at_period_end" not in params:
        return _details(params, subscription)
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise InvalidRequest(
            "You may only specify one of these parameters: cancel_at, "
            "cancel_at_period_end.",
        )
    ends = [item["current_period_end"] for item in items]
    at = params.get("cancel_at")
    if at in ("min_period_end", "max_period_end"):
        at = min(ends) if at == "min_period_end" else max(ends)
    at_end = bool(params.get("cancel_at_period_end"))
    if at_end:
        at = max(ends)
    if at is not None and at <= call.now():
        raise ParameterInvalid(
            "Invalid timestamp: cancel_at must be in the future.", param="cancel_at"
        )
    fields = _details(params, subscription)
    details = fields.get("cancellation_details") or subscription["cancellation_details"]
    requested = call.now() if at else None
    reason = "cancellation_requested" if at else None
    return {
        "cancel_at": at,
        "cancel_at_period_end": at_end,
        "canceled_at": subscription["canceled_at"] or requested if at else None,
        "cancellation_details": {**details, "reason": reason},
    }


def _details(params: Mapping[str, Any], subscription: Json) -> Json:
    """Return what the customer says of why it leaves."""
    given = params.get("cancellation_details")
    if not given:
        return {}
    if given.get("feedback_option"):
        raise NotSimulated("cancellation_details[feedback_option] of subscriptions")
    return {
        "cancellation_details": {**subscription["cancellation_details"], **given},
    }
