"""Subscriptions: billed again and again, until they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import unclocked
from stripe_nb.sandbox.errors import InvalidRequest, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour, created_between
from stripe_nb.sandbox.resources import discount
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.subscriptions import (
    changes,
    creation,
    ends,
    pauses,
    previews,
    settling,
    state,
    turns,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["Subscription"]

_ITEM_HAS = (
    "exists (select 1 from json_each(body, '$.items.data') "
    "where json_extract(value, '$.price.id') = ?)"
)
_ENDED = "json_extract(body, '$.status') in ('canceled', 'incomplete_expired')"


class Subscription(Behaviour):
    """`Subscription <https://docs.stripe.com/api/subscriptions>`_."""

    name = "subscription"
    missing_param = "id"

    def on_create(self, call: Call) -> Json:
        """Make a subscription and bill its first period."""
        return creation.create(call)

    def on_update(self, call: Call) -> Json:
        """Change it, and bill what the change costs."""
        return changes.update(call, self.target(call))

    def on_cancel(self, call: Call) -> Json:
        """End it now."""
        subscription, params = self.target(call), call.params
        if subscription["status"] in state.OVER:
            raise ResourceMissing(self.name, subscription["id"])
        details = subscription["cancellation_details"]
        given = params.get("cancellation_details") or {}
        return ends.cancel(
            call,
            subscription,
            prorate=bool(params.get("prorate")),
            bill_usage=bool(params.get("invoice_now")),
            cancellation_details={**details, **given},
        )

    def on_pause(self, call: Call) -> Json:
        """Stop it for a time."""
        return pauses.pause(call, self.target(call))

    def on_resume(self, call: Call) -> Json:
        """Let it go on."""
        return pauses.resume(call, self.target(call))

    def on_migrate(self, call: Call) -> Json:
        """Change how it is billed; of the two modes the newer one is the default."""
        subscription = self.target(call)
        mode, before = call.params["billing_mode"], subscription["billing_mode"]
        flexible = mode.get("flexible") or {"proration_discounts": "included"}
        itemized = (before["flexible"] or {}).get("proration_discounts") == "itemized"
        if itemized and flexible.get("proration_discounts") != "itemized":
            raise InvalidRequest(
                "A subscription can't be migrated from `itemized` to `included` "
                "proration discounts.",
                param="billing_mode[flexible][proration_discounts]",
            )
        return call.update(
            subscription,
            billing_mode={
                "flexible": flexible,
                "type": mode["type"],
                "updated_at": call.now(),
            },
            announce="customer.subscription.updated",
        )

    def on_subscriptions_delete_discount(self, call: Call) -> Json:
        """Take its discounts away."""
        name = call.path["subscription_exposed_id"]
        subscription = call.get(self.name, name, param=self.missing_param)
        if not subscription["discounts"]:
            raise InvalidRequest(
                f"No active discount for subscription: {name}",
                code="resource_missing",
                http_status=404,
            )
        found = [
            discount.end(call, call.get("discount", each))
            for each in subscription["discounts"]
        ]
        call.update(
            subscription, discounts=[], announce="customer.subscription.updated"
        )
        return found[-1]

    def preview(self, call: Call) -> Json:
        """Answer ``invoices.create_preview`` where it is about a subscription."""
        return previews.preview(call)

    # Lists --------------------------------------------------------------------

    def conditions(self, call: Call) -> Iterator[Condition]:
        """Hide what has ended, and what is on a test clock, unless asked for."""
        yield from super().conditions(call)
        yield from unclocked(call, beside="customer")
        if "status" not in call.params:
            # Stripe: "if no value is supplied, all subscriptions that have not
            # been canceled are returned".
            yield Condition("json_extract(body, '$.status') <> 'canceled'")

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by what only items know, and by groups of statuses."""
        if name in ("price", "plan"):
            return Condition(_ITEM_HAS, (value,))
        if name == "status" and value == "all":
            return Condition("1")
        if name == "status" and value == "ended":
            return Condition(_ENDED)
        if name in ("current_period_end", "current_period_start"):
            column = f"json_extract(body, '$.items.data[0].{name}')"
            parts = list(created_between(value, column))
            return Condition(
                " and ".join(part.sql for part in parts),
                tuple(each for part in parts for each in part.values),
            )
        if name == "automatic_tax":
            return equals("automatic_tax.enabled", value["enabled"])
        return super().condition(call, name, value)

    # What happens by itself, and what invoices tell ----------------------------

    def due_turn(self, call: Call, subscription: Json) -> None:
        """Renew, end or go on, as it was planned."""
        schedule = call.find("subscription_schedule", subscription["schedule"])
        if schedule:
            schedules: Any = call.engine.behaviour("subscription_schedule")
            schedules.due_turn(call, schedule)
            subscription = call.get(self.name, subscription["id"])
        turns.turn(call, subscription)

    def due_upcoming(self, call: Call, subscription: Json) -> None:
        """Announce the next renewal, if it is still a week away."""
        previews.announce(call, subscription)

    def due_trial_will_end(self, call: Call, subscription: Json) -> None:
        """Announce the trial's end, if it is still three days away."""
        end = subscription["trial_end"]
        if subscription["status"] == "trialing" and end and end > call.now():
            call.emit("customer.subscription.trial_will_end", subscription)

    def due_expire(self, call: Call, subscription: Json) -> None:
        """Give up on a first payment."""
        ends.expire(call, subscription)

    def invoice_settled(self, call: Call, subscription: Json, invoice: Json) -> None:
        """Go on, now that an invoice is paid."""
        settling.settled(call, subscription, invoice)

    def invoice_failed(self, call: Call, subscription: Json, invoice: Json) -> None:
        """Fall behind, or end, now that an invoice could not be collected."""
        settling.failed(call, subscription, invoice)

    def invoice_waits(self, call: Call, subscription: Json, invoice: Json) -> None:
        """Fall behind, while a payment waits for the customer's own answer."""
        settling.failed(call, subscription, invoice)

    def invoice_voided(self, call: Call, subscription: Json, invoice: Json) -> None:
        """Give up on a first payment that nobody has to make any more."""
        if subscription["latest_invoice"] == invoice["id"]:
            ends.expire(call, subscription)

    def setup_succeeded(self, call: Call, intent: Json) -> None:
        """Keep the payment method that was set up for what a trial leads to."""
        name = call.private(intent["id"])["subscription"]
        settling.set_up(call, call.find(self.name, name), intent)

    def invoice_overdue(self, call: Call, subscription: Json, invoice: Json) -> None:
        """Fall behind, now that an invoice that was sent is overdue."""
        settling.fell_behind(call, subscription)
