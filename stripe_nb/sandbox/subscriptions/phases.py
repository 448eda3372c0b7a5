"""The phases of a schedule: what a subscription is to be, from when and until when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stripe_nb.sandbox.billing.periods import later
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resources import payment_method, tax_rate
from stripe_nb.sandbox.subscriptions import items
from stripe_nb.sandbox.wire import Json

__all__ = ["build", "current", "of_subscription", "parameters"]

_BEYOND = (
    "application_fee_percent",
    "billing_thresholds",
    "on_behalf_of",
    "transfer_data",
)
_REDEEMABLE = ("coupon", "discount", "promotion_code")


def build(call: Call, given: Sequence[Json], start: int) -> list[Json]:
    """Return the phases that a request describes, one after the other.

    Parameters
    ----------
    call
        What asks for them.
    given
        As in the request.
    start
        When the first one starts, in Unix seconds.

    Raises
    ------
    InvalidRequest
        If one ends before it starts.
    """
    built = []
    for index, each in enumerate(given):
        phase = _phase(call, each, start, f"phases[{index}]")
        built.append(phase)
        start = phase["end_date"]
    return built


def _phase(call: Call, given: Json, start: int, where: str) -> Json:
    _check_supported(given, where)
    prices = [
        items.resolve_price(call, each, f"{where}[items][{index}]")
        for index, each in enumerate(given["items"])
    ]
    if not prices:
        raise ParameterMissing(f"{where}[items]")
    for index, (each, found) in enumerate(zip(given["items"], prices, strict=True)):
        items.check(each, found, f"{where}[items][{index}]")
    end = _end(given, prices[0], start, where)
    trial = given.get("trial_end")
    return {
        "add_invoice_items": [
            _added(each) for each in given.get("add_invoice_items") or ()
        ],
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": given.get("billing_cycle_anchor"),
        "billing_thresholds": None,
        "collection_method": given.get("collection_method"),
        "currency": (given.get("currency") or prices[0]["currency"]).lower(),
        "default_payment_method": _method(call, given, where),
        "default_tax_rates": tax_rate.given(call, given.get("default_tax_rates")),
        "description": given.get("description"),
        "discounts": _discounts(given),
        "end_date": end,
        "invoice_settings": _invoice_settings(given.get("invoice_settings")),
        "items": [
            _item(call, each, found)
            for each, found in zip(given["items"], prices, strict=True)
        ],
        "metadata": dict(given.get("metadata") or {}),
        "on_behalf_of": None,
        "proration_behavior": given.get("proration_behavior") or "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": end if given.get("trial") else trial,
    }


def _check_supported(given: Json, where: str) -> None:
    for name in _BEYOND:
        if given.get(name):
            raise NotSimulated(f"the parameter {where}[{name}] of schedules")
    if (given.get("automatic_tax") or {}).get("enabled"):
        raise NotSimulated("automatic_tax of schedules")
    for added in given.get("add_invoice_items") or ():
        if added.get("price_data") or added.get("period"):
            raise NotSimulated(
                f"price_data and period of {where}[add_invoice_items] of schedules"
            )


def _end(given: Json, price: Json, start: int, where: str) -> int:
    """Return when a phase ends: as said, or after some intervals of its price."""
    ways = ("duration", "end_date", "iterations")
    if sum(given.get(way) is not None for way in ways) > 1:
        raise InvalidRequest(
            f"You may only specify one of these parameters: {', '.join(ways)}.",
            param=where,
        )
    if given.get("end_date") is not None:
        end = given["end_date"]
        if end == "now" or end <= start:
            raise InvalidRequest(
                "The end date of a phase must be after its start date.",
                param=f"{where}[end_date]",
            )
        return int(end)
    duration = given.get("duration")
    if duration:
        return later(start, duration["interval"], duration.get("interval_count") or 1)
    recurring = price["recurring"]
    times = given.get("iterations") or 1
    return later(start, recurring["interval"], recurring["interval_count"] * times)


def _method(call: Call, given: Json, where: str) -> str | None:
    named = given.get("default_payment_method")
    if not named:
        return None
    param = f"{where}[default_payment_method]"
    return str(payment_method.resolve(call, named, param=param)["id"])


def _discounts(given: Json) -> list[Json]:
    return [
        {name: each.get(name) for name in _REDEEMABLE}
        for each in given.get("discounts") or ()
    ]


def _invoice_settings(given: Json | None) -> Json | None:
    if given is None:
        return None
    names = ("account_tax_ids", "custom_fields", "days_until_due", "description")
    return {
        **{name: given.get(name) for name in (*names, "footer")},
        "issuer": given.get("issuer"),
    }


def _added(given: Json) -> Json:
    return {
        "discountable": given.get("discountable"),
        "discounts": _discounts(given),
        "metadata": dict(given.get("metadata") or {}),
        "period": {
            "end": {"type": "min_item_period_end"},
            "start": {"type": "max_item_period_start"},
        },
        "price": given["price"],
        "quantity": given.get("quantity") or 1,
        "tax_rates": [],
    }


def _item(call: Call, given: Json, price: Json) -> Json:
    item = {
        "billing_thresholds": None,
        "discounts": _discounts(given),
        "metadata": dict(given.get("metadata") or {}),
        "plan": price["id"],
        "price": price["id"],
        "tax_rates": tax_rate.given(call, given.get("tax_rates")),
    }
    if price["recurring"]["usage_type"] != "metered":
        quantity = given.get("quantity")
        item["quantity"] = 1 if quantity is None else quantity
    return item


def of_subscription(subscription: Json) -> Json:
    """Return the phase that a running subscription is in, for its schedule."""
    running = subscription["items"]["data"]
    return {
        "collection_method": None,
        "currency": subscription["currency"],
        "discounts": [{"discount": name} for name in subscription["discounts"]],
        "end_date": min(item["current_period_end"] for item in running),
        "items": [
            {
                "metadata": item["metadata"],
                "price": item["price"]["id"],
                "tax_rates": [rate["id"] for rate in item["tax_rates"] or ()],
                **({"quantity": item["quantity"]} if "quantity" in item else {}),
            }
            for item in running
        ],
        "proration_behavior": "create_prorations",
        "trial_end": subscription["trial_end"],
    }


def current(schedule: Json, now: int) -> Json | None:
    """Return the phase that a moment lies in."""
    for phase in schedule["phases"]:
        if phase["start_date"] <= now < phase["end_date"]:
            return dict(phase)
    return None


def parameters(schedule: Json, phase: Json, *, new: bool) -> Json:
    """Return a phase as the parameters of a subscription."""
    settings = schedule["default_settings"]
    method = phase["collection_method"] or settings["collection_method"]
    invoice_settings = phase["invoice_settings"] or settings["invoice_settings"]
    params: Json = {
        "add_invoice_items": [
            {"price": each["price"], "quantity": each["quantity"]}
            for each in phase["add_invoice_items"]
        ],
        "collection_method": method or "charge_automatically",
        "default_tax_rates": [rate["id"] for rate in phase["default_tax_rates"]],
        "description": phase["description"] or settings["description"],
        "discounts": _named(phase["discounts"]),
        "items": [_as_parameter(item) for item in phase["items"]],
        "metadata": phase["metadata"],
        "proration_behavior": phase["proration_behavior"],
    }
    if method == "send_invoice":
        params["days_until_due"] = invoice_settings["days_until_due"]
    default = phase["default_payment_method"] or settings["default_payment_method"]
    if default:
        params["default_payment_method"] = default
    if phase["trial_end"] and phase["trial_end"] > phase["start_date"]:
        params["trial_end"] = phase["trial_end"]
    if not new and _anchor(schedule, phase) == "phase_start":
        params["billing_cycle_anchor"] = {"type": "now"}
    if new:
        params["currency"] = phase["currency"]
    return params


def _anchor(schedule: Json, phase: Json) -> Any:
    return (
        phase["billing_cycle_anchor"]
        or schedule["default_settings"]["billing_cycle_anchor"]
    )


def _named(discounts: Sequence[Json]) -> list[Json]:
    return [
        {name: value for name, value in each.items() if value} for each in discounts
    ]


def _as_parameter(item: Json) -> Json:
    given: Json = {
        "discounts": _named(item["discounts"]),
        "metadata": item["metadata"],
        "price": item["price"],
        "tax_rates": [rate["id"] for rate in item["tax_rates"]],
    }
    if "quantity" in item:
        given["quantity"] = item["quantity"]
    return given
