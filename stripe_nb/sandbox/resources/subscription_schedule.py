"""Subscription schedules: subscriptions that begin, change and end by plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour, check_metadata, created_between
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.subscriptions import changes, creation, ends, phases
from stripe_nb.sandbox.wire import Json

__all__ = ["SubscriptionSchedule"]

_DAY = 86_400
# Stripe documents seven days; its CLI's fixture waits for the event when nine are
# left, so that it must come by then.
_NOTICE = 9 * _DAY
_RUNNING = ("active", "not_started")
_MOMENTS = ("canceled_at", "completed_at", "released_at")


class SubscriptionSchedule(Behaviour):
    """`Schedule <https://docs.stripe.com/api/subscription_schedules>`_."""

    name = "subscription_schedule"
    missing_param = "schedule"

    def on_create(self, call: Call) -> Json:
        """Plan a subscription, or what becomes of one that runs."""
        params = call.params
        _check_supported(params)
        if params.get("from_subscription"):
            return self._from_subscription(call)
        customer = call.given("customer", "customer")
        if customer is None:
            raise ParameterMissing("customer")
        start = params.get("start_date")
        start = call.now() if start in (None, "now") else int(start)
        schedule = self._new(call, customer, params)
        schedule["phases"] = phases.build(call, params.get("phases") or (), start)
        if not schedule["phases"]:
            raise ParameterMissing("phases")
        schedule = call.insert(schedule, announce=f"{self.name}.created")
        _plan(call, schedule)
        if start <= call.now():
            schedule = _begin(call, schedule)
        return schedule

    def _from_subscription(self, call: Call) -> Json:
        params = call.params
        if params.get("phases") or params.get("customer"):
            raise InvalidRequest(
                "`customer` and `phases` can't be given together with "
                "`from_subscription`; update the new schedule instead.",
                param="from_subscription",
            )
        subscription = call.given("subscription", "from_subscription")
        if subscription is None:
            raise ParameterMissing("from_subscription")
        if subscription["schedule"]:
            raise InvalidRequest(
                "You cannot migrate a subscription that is already attached to a "
                f"schedule: {subscription['schedule']}.",
                param="from_subscription",
            )
        customer = call.get("customer", subscription["customer"])
        schedule = self._new(call, customer, params)
        start = subscription["items"]["data"][0]["current_period_start"]
        phase = phases.of_subscription(subscription)
        schedule["phases"] = phases.build(call, [phase], start)
        schedule.update(status="active", subscription=subscription["id"])
        schedule["current_phase"] = _span(schedule["phases"][0])
        schedule = call.insert(schedule, announce=f"{self.name}.created")
        call.update(
            subscription,
            schedule=schedule["id"],
            announce="customer.subscription.updated",
        )
        _plan(call, schedule)
        return schedule

    def _new(self, call: Call, customer: Json, params: Json) -> Json:
        check_metadata(params)
        return call.new(
            self.name,
            billing_mode={
                "flexible": {"proration_discounts": "included"},
                "type": "flexible",
                "updated_at": call.now(),
            },
            customer=customer["id"],
            default_settings=_default_settings(None, params.get("default_settings")),
            end_behavior=params.get("end_behavior") or "release",
            metadata=dict(params.get("metadata") or {}),
            pause_schedules=[],
            phases=[],
            status="not_started",
            test_clock=customer["test_clock"],
        )

    def on_update(self, call: Call) -> Json:
        """Change the plan, and the subscription where its present phase changes."""
        schedule, params = self.target(call), dict(call.params)
        _check_supported(params)
        _check_running(schedule, "update")
        check_metadata(params, schedule["metadata"])
        before = phases.current(schedule, call.now())
        values: Json = {}
        if params.get("end_behavior"):
            values["end_behavior"] = params["end_behavior"]
        if params.get("default_settings"):
            values["default_settings"] = _default_settings(
                schedule["default_settings"], params["default_settings"]
            )
        if params.get("phases"):
            start = _first_start(call, schedule, params["phases"])
            values["phases"] = phases.build(call, params["phases"], start)
        given = {name: params[name] for name in ("metadata",) if name in params}
        changed = self.change(replace(call, params=given), schedule, **values)
        after = phases.current(changed, call.now())
        if changed["status"] == "active" and after and after != before:
            changed = _enter(call, changed, after, params.get("proration_behavior"))
        _plan(call, changed)
        return changed

    def on_cancel(self, call: Call) -> Json:
        """Call the plan off, and the subscription with it."""
        schedule = self.target(call)
        _check_running(schedule, "cancel")
        started = schedule["status"] == "active"
        invoice_now, prorate = (
            call.params.get(name) is not False for name in ("invoice_now", "prorate")
        )
        subscription = call.find("subscription", schedule["subscription"])
        schedule = call.update(
            schedule,
            canceled_at=call.now(),
            current_phase=None,
            status="canceled",
            announce=f"{self.name}.canceled",
        )
        if not started:
            # The CLI waits for this one after a schedule that had not begun.
            call.emit(f"{self.name}.aborted", schedule)
        if subscription:
            subscription = call.update(subscription, schedule=None)
            ends.cancel(call, subscription, prorate=prorate, bill_usage=invoice_now)
        return schedule

    def on_release(self, call: Call) -> Json:
        """Let the subscription go on without a plan."""
        schedule = self.target(call)
        _check_running(schedule, "release")
        subscription = call.find("subscription", schedule["subscription"])
        schedule = call.update(
            schedule,
            current_phase=None,
            released_at=call.now(),
            released_subscription=schedule["subscription"],
            status="released",
            subscription=None,
            announce=f"{self.name}.released",
        )
        if subscription:
            call.update(
                subscription, schedule=None, announce="customer.subscription.updated"
            )
        return schedule

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by moments, and by whether it has begun."""
        if name == "scheduled":
            return Condition(
                "(json_extract(body, '$.status') = 'not_started') = ?", (int(value),)
            )
        if name in _MOMENTS:
            column = f"json_extract(body, '$.{name}')"
            parts = list(created_between(value, column))
            return Condition(
                " and ".join(part.sql for part in parts),
                tuple(each for part in parts for each in part.values),
            )
        return super().condition(call, name, value)

    # What happens by itself -----------------------------------------------------

    def due_turn(self, call: Call, schedule: Json) -> None:
        """Begin, go on to the next phase, or end, as far as that is due."""
        now = call.now()
        if schedule["status"] == "not_started":
            if schedule["phases"][0]["start_date"] <= now:
                _begin(call, schedule)
            return
        span = schedule["current_phase"]
        if schedule["status"] != "active" or span is None or span["end_date"] > now:
            return
        following = phases.current(schedule, now)
        if following:
            _enter(call, schedule, following, None)
        else:
            _complete(call, schedule)

    def due_expiring(self, call: Call, schedule: Json) -> None:
        """Announce the end, if it is still as far as it was."""
        if schedule["status"] == "active" and _notice_of(schedule) == call.now():
            call.emit(f"{self.name}.expiring", schedule)

    def subscription_ended(self, call: Call, schedule: Json) -> None:
        """End a plan whose subscription was canceled."""
        if schedule["status"] in _RUNNING:
            schedule = call.update(
                schedule,
                canceled_at=call.now(),
                current_phase=None,
                status="canceled",
                announce=f"{self.name}.canceled",
            )


def _check_supported(params: Json) -> None:
    for name in ("customer_account", "pause_schedules"):
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of schedules")
    if params.get("end_behavior") in ("none", "renew"):
        raise NotSimulated(f"end_behavior {params['end_behavior']} of schedules")


def _check_running(schedule: Json, action: str) -> None:
    if schedule["status"] not in _RUNNING:
        raise InvalidRequest(
            f"You cannot {action} a subscription schedule that is currently in the "
            f"`{schedule['status']}` status. It must be in either the `not_started` or "
            "`active` status.",
        )


def _default_settings(before: Json | None, given: Json | None) -> Json:
    settings: Json = before or {
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "description": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "days_until_due": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "on_behalf_of": None,
        "transfer_data": None,
    }
    given = dict(given or {})
    beyond = ("application_fee_percent", "billing_thresholds", "on_behalf_of")
    for name in (*beyond, "transfer_data"):
        if given.get(name):
            raise NotSimulated(f"default_settings[{name}] of schedules")
    if (given.pop("automatic_tax", None) or {}).get("enabled"):
        raise NotSimulated("automatic_tax of schedules")
    invoicing = given.pop("invoice_settings", None) or {}
    return {
        **settings,
        **given,
        "invoice_settings": {**settings["invoice_settings"], **invoicing},
    }


def _first_start(call: Call, schedule: Json, given: Sequence[Json]) -> int:
    """Return when the first of a request's phases starts."""
    start = given[0].get("start_date")
    if start == "now":
        return call.now()
    if start is not None:
        return int(start)
    span = schedule["current_phase"] or schedule["phases"][0]
    return int(span["start_date"])


def _span(phase: Json) -> Json:
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]}


def _notice_of(schedule: Json) -> int:
    return int(schedule["phases"][-1]["end_date"]) - _NOTICE


def _plan(call: Call, schedule: Json) -> None:
    """Leave for later what the plan says."""
    moments = {
        moment
        for phase in schedule["phases"]
        for moment in (phase["start_date"], phase["end_date"])
    }
    for at in sorted(moments):
        if at > call.now():
            call.later(at, "turn", schedule)
    if _notice_of(schedule) > call.now():
        call.later(_notice_of(schedule), "expiring", schedule)


def _begin(call: Call, schedule: Json) -> Json:
    """Make the subscription; its first bill stays a draft for an hour."""
    phase = schedule["phases"][0]
    params = phases.parameters(schedule, phase, new=True)
    params["customer"] = schedule["customer"]
    inner = replace(call, params=params)
    subscription = creation.create(inner, drafts=True, schedule=schedule["id"])
    return call.update(
        schedule,
        current_phase=_span(phase),
        status="active",
        subscription=subscription["id"],
        announce="subscription_schedule.updated",
    )


def _enter(call: Call, schedule: Json, phase: Json, proration: str | None) -> Json:
    """Make the subscription what a phase says."""
    subscription = call.get("subscription", schedule["subscription"])
    params = phases.parameters(schedule, phase, new=False)
    params["items"] = _item_changes(subscription, params["items"])
    if proration:
        params["proration_behavior"] = proration
    params = {name: value for name, value in params.items() if value not in (None, [])}
    changes.update(replace(call, params=params), subscription)
    return call.update(
        schedule,
        current_phase=_span(phase),
        announce="subscription_schedule.updated",
    )


def _item_changes(subscription: Json, wanted: Sequence[Json]) -> list[Json]:
    """Say a phase's items as changes of those that a subscription has."""
    left = {item["price"]["id"]: item["id"] for item in subscription["items"]["data"]}
    entries = []
    for item in wanted:
        name = left.pop(item["price"], None)
        if name:
            kept = {"id": name, "metadata": item["metadata"]}
            if "quantity" in item:
                kept["quantity"] = item["quantity"]
            entries.append(kept)
        else:
            entries.append(item)
    return [*({"deleted": True, "id": name} for name in left.values()), *entries]


def _complete(call: Call, schedule: Json) -> Json:
    """End a plan whose last phase is over, as its end behaviour says."""
    subscription = call.get("subscription", schedule["subscription"])
    cancels = schedule["end_behavior"] == "cancel"
    schedule = call.update(
        schedule,
        completed_at=call.now(),
        current_phase=None,
        released_subscription=None if cancels else subscription["id"],
        status="completed",
        subscription=subscription["id"] if cancels else None,
        announce="subscription_schedule.completed",
    )
    subscription = call.update(
        subscription,
        schedule=None,
        announce=None if cancels else "customer.subscription.updated",
    )
    if cancels:
        ends.cancel(call, subscription, prorate=True, bill_usage=True)
    return schedule
