"""How a running subscription changes, and what the change costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resources import discount, price, tax_rate
from stripe_nb.sandbox.subscriptions import (
    invoices,
    items,
    lines,
    pending,
    state,
    terms,
    turns,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["update"]

_STILL_EDITABLE = frozenset({"cancellation_details", "expand", "metadata"})
_PRICED = ("plan", "price", "price_data")


@dataclass(slots=True)
class _Change:
    """What is being changed: the items as they were and as they become."""

    before: dict[str, Json]
    after: dict[str, Json]
    removed: list[Json] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether an item's interval changes, which starts a new cycle.

        An item of another interval beside those that stay has a cycle of its own.
        """
        kept = [name for name in self.after if name in self.before]
        if kept:
            return any(
                _interval(self.after[name]) != _interval(self.before[name])
                for name in kept
            )
        intervals = {_interval(item) for item in self.before.values()}
        return any(_interval(item) not in intervals for item in self.after.values())


def _interval(item: Json) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def update(call: Call, subscription: Json, *, collects: bool = True) -> Json:
    """Change a subscription as a call's parameters say, and bill for the change.

    Parameters
    ----------
    call
        With the parameters of ``POST /v1/subscriptions/{id}``.
    subscription
        As it is stored.
    collects
        Whether a bill is finalized and charged; previews leave it a draft.
    """
    params = call.params
    terms.check_supported(params)
    _check_state(call, subscription)
    if params.get("payment_behavior") == "pending_if_incomplete":
        pending.check_allowed(call)
    with state.updating(call, subscription):
        _change(call, subscription, collects=collects)
    subscription = state.fresh(call, subscription)
    state.plan(call, subscription)
    return subscription


def _check_state(call: Call, subscription: Json) -> None:
    if subscription["status"] not in state.OVER:
        return
    for name in call.params:
        if name not in _STILL_EDITABLE:
            raise InvalidRequest(
                "A canceled subscription can only update its cancellation_details and "
                "metadata.",
                code="invalid_canceled_subscription_fields",
                param=name,
            )


def _change(call: Call, subscription: Json, *, collects: bool) -> None:
    before_items = items.of(call, subscription)
    after = dict(subscription)
    terms.take_over(call, after)
    after.update(terms.ending(call, after, before_items))
    after = call.update(after)
    change = _item_changes(call, after, before_items)
    changed = change.before != change.after or bool(change.removed)
    if changed:
        items.check_all(list(change.after.values()), after["currency"], call)
        _store(call, after, change)
        after = state.refresh(call, after)
    invoices.one_time_items(call, after)
    if _starts_anew(call, after, change):
        bill = _new_cycle(call, after, change)
    else:
        bill = _within_period(call, after, change)
    if bill and collects:
        _collect(call, subscription, before_items, bill)


def _item_changes(call: Call, subscription: Json, before: Sequence[Json]) -> _Change:
    """Work out the items that a request asks for; nothing is stored."""
    known = {item["id"]: item for item in before}
    change = _Change(known, dict(known))
    for index, given in enumerate(call.params.get("items") or ()):
        where = f"items[{index}]"
        name = given.get("id")
        if not name:
            _add(call, subscription, change, given, where)
        elif name not in known:
            raise InvalidRequest(
                f"Invalid subscription_item id: {name}", param=f"{where}[id]"
            )
        elif given.get("deleted"):
            change.removed.append(change.after.pop(name))
        else:
            change.after[name] = _revised(call, known[name], given, where)
    if not change.after:
        raise InvalidRequest(
            "A subscription must have at least one active plan. To cancel a "
            "subscription, please use the cancel API endpoint: "
            "https://docs.stripe.com/api/subscriptions/cancel",
            param="items",
        )
    return change


def _add(
    call: Call, subscription: Json, change: _Change, given: Json, where: str
) -> None:
    found = items.resolve_price(call, given, where)
    items.check(given, found, where)
    item = items.blank(call, subscription, found, given)
    item.update(_first_period(call, subscription, item, change))
    item["discounts"] = discount.take(
        call,
        given.get("discounts"),
        for_customer=subscription["customer"],
        currency=subscription["currency"],
        subscription=subscription["id"],
        subscription_item=item["id"],
    )
    change.after[item["id"]] = item


def _first_period(call: Call, subscription: Json, item: Json, change: _Change) -> Json:
    """Return the period of a new item: the cycle's, or with those that renew now."""
    now = call.now()
    others = list(change.before.values())
    if all(other["current_period_end"] <= now for other in others):
        start = min(other["current_period_start"] for other in others)
        return {"current_period_end": now, "current_period_start": start}
    trial = subscription["status"] == "trialing" and subscription["trial_end"]
    start, end = items.cycle(subscription, item).containing(now)
    if trial:
        start, end = now, trial
    return {"current_period_end": end, "current_period_start": start}


def _revised(call: Call, item: Json, given: Json, where: str) -> Json:
    """Return an item with what a request changes of it."""
    revised = dict(item)
    if any(given.get(name) for name in _PRICED):
        found = items.resolve_price(call, given, where)
        revised.update(price=found, plan=price.as_plan(found))
        if items.is_metered(revised):
            revised.pop("quantity", None)
        else:
            revised.setdefault("quantity", 1)
    items.check(given, revised["price"], where)
    if given.get("quantity") is not None:
        revised["quantity"] = given["quantity"]
    if "metadata" in given:
        merged = {**item["metadata"], **(given["metadata"] or {})}
        kept = {key: value for key, value in merged.items() if value is not None}
        revised["metadata"] = kept if given["metadata"] is not None else {}
    if "tax_rates" in given:
        revised["tax_rates"] = tax_rate.given(call, given["tax_rates"])
    if "discounts" in given:
        revised["discounts"] = discount.take(
            call,
            given["discounts"],
            currency=item["price"]["currency"],
            subscription_item=item["id"],
        )
    return revised


def _store(call: Call, subscription: Json, change: _Change) -> None:
    for name, item in change.after.items():
        if name in change.before:
            call.update(item)
        else:
            call.insert(item)
    for item in change.removed:
        call.delete(item)


def _starts_anew(call: Call, subscription: Json, change: _Change) -> bool:
    """Return whether the change starts a new cycle now, with a trial or a bill."""
    anchor = call.params.get("billing_cycle_anchor") or {}
    wanted = anchor if isinstance(anchor, str) else anchor.get("type")
    if "trial_end" in call.params:
        ends_now = call.params["trial_end"] == "now"
        return not ends_now or subscription["status"] == "trialing"
    if subscription["status"] in ("trialing", "paused"):
        return False
    return wanted == "now" or (change.moves and wanted != "unchanged")


def _credits(call: Call, subscription: Json, change: _Change) -> list[lines.Line]:
    """Return credits for all that was billed ahead."""
    if _proration(call) == "none" or subscription["status"] != "active":
        return []
    at = call.params.get("proration_date") or call.now()
    return [
        line
        for item in change.before.values()
        if not items.is_metered(item)
        for line in lines.changed(call, subscription, item, None, at)
    ]


def _proration(call: Call) -> str:
    return call.params.get("proration_behavior") or "create_prorations"


def _new_cycle(call: Call, subscription: Json, change: _Change) -> Json | None:
    """Begin new periods now, and bill for them at once."""
    now = call.now()
    wanted = call.params.get("trial_end")
    trial = terms.trial_end(call, ()) if wanted not in (None, "now") else None
    if wanted == "now" and _ends_without_method(call, subscription):
        return None
    invoices.park(call, subscription, _credits(call, subscription, change))
    was_trial = subscription["status"] == "trialing"
    subscription = call.update(subscription, **_moved(call, subscription, trial))
    found: list[lines.Line] = []
    for item in items.of(call, subscription):
        end = trial or items.cycle(subscription, item).following(now)
        if items.is_metered(item) and not was_trial:
            used = (item["current_period_start"], now)
            found += lines.for_usage(call, subscription, item, used, so_far=True)
        moved = state.set_period(call, item, (now, end))
        if not items.is_metered(moved):
            found += _ahead(call, subscription, moved, trial=bool(trial))
    subscription = state.refresh(call, subscription)
    return invoices.open_bill(call, subscription, "subscription_update", found)


def _moved(call: Call, subscription: Json, trial: int | None) -> Json:
    """Return the fields of a subscription whose cycle or trial begins anew."""
    now, status = call.now(), subscription["status"]
    if trial:
        start = subscription["trial_start"] if status == "trialing" else now
        return {
            "billing_cycle_anchor": trial,
            "status": "trialing",
            "trial_end": trial,
            "trial_start": start,
        }
    if status != "trialing":
        return {"billing_cycle_anchor": now}
    keeps_anchor = _anchor_unchanged(subscription)
    return {
        "billing_cycle_anchor": subscription["billing_cycle_anchor"]
        if keeps_anchor
        else now,
        "status": "active",
        "trial_end": now,
    }


def _ahead(
    call: Call, subscription: Json, item: Json, *, trial: bool
) -> list[lines.Line]:
    period = (item["current_period_start"], item["current_period_end"])
    if trial:
        return [lines.for_trial(call, item, period)]
    if items.cycle(subscription, item).containing(period[0]) == period:
        return lines.for_period(call, subscription, item, period)
    return lines.for_stub(call, subscription, item, period)


def _anchor_unchanged(subscription: Json) -> bool:
    behavior = (subscription["trial_settings"] or {}).get("end_behavior") or {}
    return bool(behavior.get("billing_cycle_anchor") == "unchanged")


def _ends_without_method(call: Call, subscription: Json) -> bool:
    """See to a trial that ends with nothing to charge; return whether that is it."""
    return turns.ended_without_method(
        call, call.update(subscription, trial_end=call.now())
    )


def _within_period(call: Call, subscription: Json, change: _Change) -> Json | None:
    """Prorate what changed in the running periods."""
    behavior = _proration(call)
    if behavior == "none" or subscription["status"] not in ("active", "past_due"):
        return None
    invoices.park(call, subscription, _prorated(call, subscription, change))
    if behavior != "always_invoice" or change.before == change.after:
        return None
    return invoices.open_bill(call, subscription, "subscription_update", ())


def _prorated(call: Call, subscription: Json, change: _Change) -> list[lines.Line]:
    at = call.params.get("proration_date") or call.now()
    _check_date(subscription, at)
    found: list[lines.Line] = []
    for name in {**change.before, **change.after}:
        before, after = change.before.get(name), change.after.get(name)
        if before and after and _same_cost(before, after):
            continue
        stays_metered = after and items.is_metered(after)
        if before and items.is_metered(before) and not stays_metered:
            # What was used until the change is billed at the old price.
            used = (before["current_period_start"], at)
            found += lines.for_usage(call, subscription, before, used, so_far=True)
        found += lines.changed(call, subscription, before, after, at)
    return found


def _check_date(subscription: Json, at: int) -> None:
    periods = subscription["items"]["data"]
    start = min(item["current_period_start"] for item in periods)
    end = max(item["current_period_end"] for item in periods)
    if not start <= at <= end:
        raise InvalidRequest(
            "Invalid timestamp: the proration date must lie within the subscription's "
            "current period.",
            param="proration_date",
        )


def _same_cost(before: Json, after: Json) -> bool:
    return bool(
        before["price"]["id"] == after["price"]["id"]
        and before.get("quantity") == after.get("quantity")
    )


def _collect(call: Call, before: Json, items_before: list[Json], bill: Json) -> None:
    """Charge for the change; take it back if it is to wait for the payment."""
    behavior = call.params.get("payment_behavior") or "allow_incomplete"
    subscription = state.fresh(call, before)
    waits = behavior == "pending_if_incomplete"
    if waits:
        call.set_private(before["id"], waiting={"invoice": bill["id"]})
    bill = call.update(bill, auto_advance=not waits)
    off_session = call.params.get("off_session")
    invoices.collect(
        call,
        subscription,
        bill,
        behavior=behavior,
        off_session=True if off_session is None else bool(off_session),
    )
    unpaid = call.get("invoice", bill["id"])["status"] == "open"
    if waits and unpaid:
        pending.keep(call, before, items_before)
    elif waits:
        call.set_private(before["id"], waiting=None)
    elif unpaid and subscription["collection_method"] == "charge_automatically":
        subscription = state.fresh(call, before)
        if subscription["status"] == "active":
            call.update(subscription, status="past_due")
