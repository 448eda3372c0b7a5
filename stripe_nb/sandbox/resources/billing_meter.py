"""Meters: what customers use, counted for the prices that bill by usage."""

from __future__ import annotations

from decimal import Decimal

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import billing_meter_event
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["Meter", "MeterEventSummary", "aggregate", "usage"]

_SECONDS = {None: 60, "hour": 3_600, "day": 86_400}


class Meter(Behaviour):
    """`Meter <https://docs.stripe.com/api/billing/meter>`_."""

    name = "billing.meter"
    said = "billing meter"

    def on_create(self, call: Call) -> Json:
        """Make a meter for an event name that no other active meter counts."""
        _check_free(call, call.params["event_name"])
        meter = self.draft(
            call,
            customer_mapping={
                "event_payload_key": "stripe_customer_id",
                "type": "by_id",
            },
            status="active",
            status_transitions={"deactivated_at": None},
            updated=call.now(),
            value_settings={"event_payload_key": "value"},
        )
        return self.finish(call, meter)

    def on_update(self, call: Call) -> Json:
        """Change the name that people read."""
        return self.change(call, self.target(call), updated=call.now())

    def on_deactivate(self, call: Call) -> Json:
        """Stop counting."""
        meter = self.target(call)
        if meter["status"] != "active":
            raise InvalidRequest("The meter is already inactive.", param="id")
        return call.update(
            meter,
            status="inactive",
            status_transitions={"deactivated_at": call.now()},
            updated=call.now(),
            announce="billing.meter.deactivated",
        )

    def on_reactivate(self, call: Call) -> Json:
        """Count again."""
        meter = self.target(call)
        if meter["status"] == "active":
            raise InvalidRequest("The meter is already active.", param="id")
        _check_free(call, meter["event_name"])
        return call.update(
            meter,
            status="active",
            status_transitions={"deactivated_at": None},
            updated=call.now(),
            announce="billing.meter.reactivated",
        )


class MeterEventSummary(Behaviour):
    """`Summary <https://docs.stripe.com/api/billing/meter-event-summary>`_."""

    name = "billing.meter_event_summary"

    def on_billing_meters_event_summaries_list(self, call: Call) -> Json:
        """Answer what a customer used, by the hour, the day or at all."""
        meter = call.get("billing.meter", call.path["id"])
        params = call.params
        call.given("customer", "customer")
        start, end = params["start_time"], params["end_time"]
        window = params.get("value_grouping_window")
        step = _SECONDS[window]
        if start % step or end % step or end <= start:
            raise InvalidRequest(
                "`start_time` and `end_time` must align with "
                f"{window or 'minute'} boundaries, and the end must be after the "
                "start.",
                param="start_time" if start % step else "end_time",
            )
        spans = (
            [(at, at + step) for at in range(start, end, step)][::-1]
            if window
            else [(start, end)]
        )
        found = [self._summary(call, meter, span) for span in spans]
        return {
            "object": "list",
            "data": [each for each in found if each["aggregated_value"] or not window],
            "has_more": False,
            "url": f"/v1/billing/meters/{meter['id']}/event_summaries",
        }

    def _summary(self, call: Call, meter: Json, span: tuple[int, int]) -> Json:
        value = aggregate(call, meter, call.params["customer"], span)
        whole = value == value.to_integral_value()
        unique = f"{meter['id']}/{call.params['customer']}/{span}"
        return {
            "id": f"mtrusg_test_{call.engine.ids.stable(14, of=unique)}",
            "object": self.name,
            "aggregated_value": int(value) if whole else float(value),
            "end_time": span[1],
            "livemode": False,
            "meter": meter["id"],
            "start_time": span[0],
        }


def aggregate(call: Call, meter: Json, customer: str, span: tuple[int, int]) -> Decimal:
    """Return what a meter makes of a customer's events from a start to an end.

    Parameters
    ----------
    call, meter, customer
        What asks, the meter, and the customer's id.
    span
        Start and end in Unix seconds; the end does not belong to it.
    """
    events = call.objects(
        billing_meter_event.NAME,
        [
            Condition(
                "json_extract(body, '$.timestamp') >= ? "
                "and json_extract(body, '$.timestamp') < ?",
                span,
            )
        ],
        event_name=meter["event_name"],
    )
    key = meter["value_settings"]["event_payload_key"]
    whose = meter["customer_mapping"]["event_payload_key"]
    values = [
        (event["timestamp"], Decimal(event["payload"].get(key, "1")))
        for event in reversed(events)
        if event["payload"].get(whose) == customer
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    if formula == "last":
        # Of several at the same time, the one that came in last.
        in_order = sorted(values, key=lambda each: each[0])
        return in_order[-1][1] if in_order else Decimal(0)
    return sum((value for _, value in values), Decimal(0))


def usage(call: Call, price: Json, customer: str, period: tuple[int, int]) -> int:
    """Return how many units of a metered price a customer used; whole ones count."""
    meter = call.find("billing.meter", price["recurring"]["meter"])
    return int(aggregate(call, meter, customer, period)) if meter else 0


def _check_free(call: Call, event_name: str) -> None:
    """Refuse a second active meter for an event name."""
    holders = call.objects("billing.meter", event_name=event_name, status="active")
    if holders:
        raise InvalidRequest(
            f"There is already an active meter ({holders[0]['id']}) for the event name "
            f"`{event_name}`. Deactivate it first, or choose another event name.",
            param="event_name",
        )
