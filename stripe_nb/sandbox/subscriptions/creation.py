"""How a subscription begins: its terms, its first period and its first bill."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.invoicing import methods
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.resources import setup_intent
from stripe_nb.sandbox.resources.invoice import leave_draft
from stripe_nb.sandbox.subscriptions import (
    invoices,
    items,
    lines,
    past,
    state,
    terms,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["create"]

_HOUR = 3_600
_EXPIRES_AFTER = 23 * _HOUR
_TRIAL_NOTICE = 3 * terms.DAY


def create(call: Call, *, drafts: bool = False, **values: Any) -> Json:
    """Make a subscription of a call's parameters, and bill for it.

    Parameters
    ----------
    call
        With the parameters of ``POST /v1/subscriptions``.
    drafts
        Whether the first bill stays a draft for an hour, as that of a schedule.
    values
        More fields, such as the schedule that makes it.
    """
    params = call.params
    terms.check_supported(params)
    connect.check_charges_enabled(call)
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise InvalidRequest(
            "`pending_if_incomplete` is not a valid payment_behavior for creating a "
            "subscription. It can only be used to update one.",
            param="payment_behavior",
        )
    customer = call.given("customer", "customer")
    if customer is None:
        raise ParameterMissing("customer")
    subscription, built = _built(call, customer, values)
    if drafts and subscription["status"] == "incomplete":
        subscription["status"] = "active"
    name = subscription["id"]
    with call.telling_first(
        "customer.subscription.created", lambda: (call.get("subscription", name), None)
    ):
        call.insert(subscription)
        for item, given in zip(built, params["items"], strict=True):
            items.store(call, subscription, item, given)
        terms.take_over(call, subscription)
        call.update(subscription)
        subscription = state.refresh(call, subscription)
        _bill(call, subscription, drafts=drafts)
    return _begun(call, state.fresh(call, subscription))


def _built(call: Call, customer: Json, values: Json) -> tuple[Json, list[Json]]:
    """Return a new subscription and its items; not stored."""
    params = call.params
    subscription = call.new(
        "subscription",
        **terms.defaults(call),
        customer=customer["id"],
        test_clock=customer["test_clock"],
        **values,
    )
    built = []
    for index, given in enumerate(params.get("items") or ()):
        where = f"items[{index}]"
        found = items.resolve_price(call, given, where)
        items.check(given, found, where)
        built.append(items.blank(call, subscription, found, given))
    currency = _currency(call, built)
    _check_single_currency(call, customer, currency)
    items.check_all(built, currency, call)
    subscription["currency"] = currency
    terms.take_billing_mode(call, subscription)
    _set_time(call, subscription, built)
    subscription.update(terms.ending(call, subscription, built))
    subscription.update(items.summary(subscription, built))
    return subscription, built


def _currency(call: Call, built: list[Json]) -> str:
    wanted = call.params.get("currency")
    if wanted:
        return check_currency(wanted)
    return str(built[0]["price"]["currency"]) if built else "usd"


def _check_single_currency(call: Call, customer: Json, currency: str) -> None:
    for other in call.objects("subscription", customer=customer["id"]):
        if other["status"] not in state.OVER and other["currency"] != currency:
            raise InvalidRequest(
                "You cannot combine currencies on a single customer. This customer "
                "has an active subscription, subscription schedule, discount, quote, "
                f"or invoice item with currency {other['currency']}"
            )


def _set_time(call: Call, subscription: Json, built: list[Json]) -> None:
    """Set trial, anchor, status and the items' first periods."""
    now = call.now()
    end = terms.trial_end(call, built)
    subscription["start_date"] = terms.start(call)
    subscription["trial_start"], subscription["trial_end"] = (now if end else None), end
    subscription["billing_cycle_anchor_config"] = _whole_config(call)
    subscription["billing_cycle_anchor"] = terms.first_anchor(call, subscription, built)
    sends = call.params.get("collection_method") == "send_invoice"
    waiting = "active" if sends else "incomplete"
    subscription["status"] = "trialing" if end else waiting
    for item in built:
        item["current_period_start"] = _begins(call, subscription, item)
        item["current_period_end"] = end or items.cycle(subscription, item).following(
            now
        )


def _begins(call: Call, subscription: Json, item: Json) -> int:
    """Return when the running period of a new item began."""
    begun, now = int(subscription["start_date"]), call.now()
    if begun == now or subscription["trial_end"] or _is_unprorated(call):
        return now
    at_start = items.cycle(subscription, item).containing(now)[0]
    if at_start == now or subscription["billing_mode"]["type"] == "flexible":
        return max(at_start, begun)
    return begun


def _is_unprorated(call: Call) -> bool:
    return bool(call.params.get("proration_behavior") == "none")


def _whole_config(call: Call) -> Json | None:
    config = call.params.get("billing_cycle_anchor_config")
    names = ("day_of_month", "hour", "minute", "month", "second")
    return {name: config.get(name) for name in names} if config else None


def _bill(call: Call, subscription: Json, *, drafts: bool) -> None:
    """Bill for the first period, and see whether that is paid."""
    params = call.params
    invoices.one_time_items(call, subscription)
    bill = invoices.open_bill(
        call, subscription, "subscription_create", _first_lines(call, subscription)
    )
    if bill is None:
        if subscription["status"] == "incomplete":
            call.update(subscription, status="active")
        return
    if drafts:
        leave_draft(call, bill)
        return
    _ask_for_method(call, state.fresh(call, subscription))
    invoices.collect(
        call,
        state.fresh(call, subscription),
        bill,
        behavior=params.get("payment_behavior") or "allow_incomplete",
        off_session=bool(params.get("off_session")),
    )


def _ask_for_method(call: Call, subscription: Json) -> None:
    """Let the customer set up a payment method for what a trial leads to."""
    if (
        call.params.get("payment_behavior") == "default_incomplete"
        and subscription["status"] == "trialing"
        and subscription["collection_method"] == "charge_automatically"
        and methods.default_of(call, subscription) is None
    ):
        intent = setup_intent.open_(
            call,
            customer=subscription["customer"],
            usage="off_session",
            private={"subscription": subscription["id"]},
        )
        call.update(subscription, pending_setup_intent=intent["id"])


def _first_lines(call: Call, subscription: Json) -> list[lines.Line]:
    found: list[lines.Line] = []
    for item in subscription["items"]["data"]:
        period = (item["current_period_start"], item["current_period_end"])
        if items.is_metered(item):
            continue
        if not _is_unprorated(call):
            found += past.before(call, subscription, item)
        if subscription["trial_end"]:
            found.append(lines.for_trial(call, item, period))
        elif items.cycle(subscription, item).containing(period[0]) == period:
            found += lines.for_period(call, subscription, item, period)
        elif not _is_unprorated(call) and not past.covers(subscription, item):
            found += lines.for_stub(call, subscription, item, period)
    return found


def _begun(call: Call, subscription: Json) -> Json:
    """Look ahead, now that the subscription stands."""
    end = subscription["trial_end"]
    if end and end - call.now() <= _TRIAL_NOTICE:
        call.emit("customer.subscription.trial_will_end", subscription)
    if subscription["status"] == "incomplete":
        call.later(call.now() + _EXPIRES_AFTER, "expire", subscription)
    state.plan(call, subscription)
    return subscription
