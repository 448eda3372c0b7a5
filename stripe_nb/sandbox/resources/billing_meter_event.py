"""Meter events: a customer used something; checked at once, or in the stream later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from stripe_nb.sandbox import clocks
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.thin import rfc3339
from stripe_nb.sandbox.errors import (
    ApiError,
    InvalidRequest,
    ParameterInvalid,
)
from stripe_nb.sandbox.meter_sessions import LEAD, SESSION
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["NAME", "MeterEvent", "MeterEventAdjustment"]

NAME = "billing.meter_event"
_METER = "billing.meter"
_EARLIEST = 35 * 86_400
_LATEST = 5 * 60
_SAME_IDENTIFIER = 86_400
_SESSION_SECONDS = 15 * 60
_LONGEST_IDENTIFIER = 100


class MeterEvent(Behaviour):
    """`Meter event <https://docs.stripe.com/api/billing/meter-event>`_."""

    name = NAME

    def on_create(self, call: Call) -> Json:
        """Count an event, or say at once why it can't be counted."""
        return _shown(_record(call, call.params, call.params.get("timestamp")))

    def on_v2_billing_meter_events_create(self, call: Call) -> Json:
        """Do the same by the newer API, with its times."""
        params = call.params
        event = _shown(_record(call, params, _seconds(params.get("timestamp"))))
        for name in ("created", "timestamp"):
            event[name] = rfc3339(event[name])
        return {**event, "object": "v2.billing.meter_event"}

    def on_v2_billing_meter_event_session_create(self, call: Call) -> Json:
        """Open the door of the stream for a quarter of an hour."""
        now = call.now()
        session = {
            "id": call.new_id(_METER).replace("mtr_", "mes_"),
            "object": SESSION,
            "authentication_token": LEAD + call.secret(40, "meter_session"),
            "created": rfc3339(now),
            "expires_at": rfc3339(now + _SESSION_SECONDS),
            "livemode": False,
        }
        return call.insert(session)

    def on_v2_billing_meter_event_stream_create(self, call: Call) -> Json:
        """Take a stream of events; what is wrong with them is told by events."""
        wrong: dict[str | None, list[tuple[ApiError, Json]]] = {}
        for given in call.params["events"]:
            try:
                _record(call, given, _seconds(given.get("timestamp")))
            except InvalidRequest as error:
                meter = _active_meter(call, given["event_name"])
                name = meter["id"] if meter else None
                wrong.setdefault(name, []).append((error, given))
        for name, errors in wrong.items():
            _report(call, name, errors)
        return {}


class MeterEventAdjustment(Behaviour):
    """`Adjustment <https://docs.stripe.com/api/billing/meter-event-adjustment>`_."""

    name = "billing.meter_event_adjustment"

    def on_create(self, call: Call) -> Json:
        """Take back an event."""
        identifier = (call.params.get("cancel") or {}).get("identifier")
        _cancel(call, call.params["event_name"], identifier)
        return {
            "object": self.name,
            "cancel": {"identifier": identifier},
            "event_name": call.params["event_name"],
            "livemode": False,
            "status": "complete",
            "type": call.params["type"],
        }

    def on_v2_billing_meter_event_adjustments_create(self, call: Call) -> Json:
        """Do the same by the newer API."""
        adjustment = self.on_create(call)
        return {
            "id": call.new_id(_METER).replace("mtr_", "mea_"),
            **adjustment,
            "object": "v2.billing.meter_event_adjustment",
            "created": rfc3339(call.now()),
        }


def _record(call: Call, given: Json, timestamp: int | None) -> Json:
    """Store an event that can be counted.

    Raises
    ------
    InvalidRequest
        With one of the codes that Stripe's error reports use.
    """
    meter = _active_meter(call, given["event_name"])
    if meter is None:
        raise InvalidRequest(
            f"No active meter found for event name: {given['event_name']}.",
            code="no_meter",
            param="event_name",
        )
    payload = {key: str(value) for key, value in given["payload"].items()}
    customer = _customer(call, meter, payload)
    if customer["test_clock"]:
        clocks.enter(call, customer["test_clock"])
    _check_value(meter, payload)
    at = call.now() if timestamp is None else timestamp
    _check_time(call, at)
    identifier = given.get("identifier") or call.secret(32, "meter_event")
    event = call.new(
        NAME,
        id=_row_id(identifier),
        event_name=given["event_name"],
        identifier=_free(call, identifier),
        payload=payload,
        timestamp=at,
    )
    return call.insert(event, private={"customer": customer["id"]})


def _active_meter(call: Call, event_name: str) -> Json | None:
    found = call.objects(_METER, event_name=event_name, status="active")
    return found[0] if found else None


def _customer(call: Call, meter: Json, payload: Json) -> Json:
    key = meter["customer_mapping"]["event_payload_key"]
    name = payload.get(key)
    if not name:
        raise InvalidRequest(
            f"The payload must contain the customer mapping key `{key}`.",
            code="meter_event_no_customer_defined",
            param=f"payload[{key}]",
        )
    customer = call.find("customer", name)
    if customer is None:
        raise InvalidRequest(
            f"No such customer: '{name}'",
            code="meter_event_customer_not_found",
            param=f"payload[{key}]",
        )
    return customer


def _check_value(meter: Json, payload: Json) -> None:
    key = meter["value_settings"]["event_payload_key"]
    if meter["default_aggregation"]["formula"] == "count" and key not in payload:
        return
    try:
        value = Decimal(payload.get(key, ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise InvalidRequest(
            f"The payload's value for `{key}` must be a number that is not negative.",
            code="meter_event_invalid_value",
            param=f"payload[{key}]",
        )


def _check_time(call: Call, at: int) -> None:
    if at < call.now() - _EARLIEST:
        raise InvalidRequest(
            "The timestamp must be within the past 35 calendar days.",
            code="timestamp_too_far_in_past",
            param="timestamp",
        )
    if at > call.now() + _LATEST:
        raise InvalidRequest(
            "The timestamp must not be more than 5 minutes in the future.",
            code="timestamp_in_future",
            param="timestamp",
        )


def _row_id(identifier: str) -> str:
    return f"{NAME}/{identifier}"


def _free(call: Call, identifier: str) -> str:
    """Return an identifier that no event of the last day has."""
    if len(identifier) > _LONGEST_IDENTIFIER:
        raise ParameterInvalid(
            f"Invalid string: must be at most {_LONGEST_IDENTIFIER} characters",
            param="identifier",
        )
    row = call.row(_row_id(identifier))
    if row is not None:
        raise InvalidRequest(
            f"An event already exists with identifier {identifier}.",
            param="identifier",
        )
    return identifier


def _shown(event: Json) -> Json:
    """Return an event as Stripe answers it: it has no id."""
    return {name: value for name, value in event.items() if name != "id"}


def _cancel(call: Call, event_name: str, identifier: str | None) -> None:
    event = call.find(NAME, _row_id(identifier or ""))
    if event is None or event["event_name"] != event_name:
        raise InvalidRequest(
            f"No meter event found with identifier {identifier} for the event name "
            f"{event_name}.",
            param="cancel[identifier]",
        )
    customer = call.find("customer", call.private(event["id"])["customer"])
    if customer and customer["test_clock"]:
        clocks.enter(call, customer["test_clock"])
    if event["created"] < call.now() - _SAME_IDENTIFIER:
        raise InvalidRequest(
            "A meter event can only be canceled within 24 hours of its creation.",
            param="cancel[identifier]",
        )
    call.delete(event)


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise ParameterInvalid(
            f"Invalid timestamp: {text}", param="timestamp"
        ) from None


def _report(
    call: Call, meter: str | None, errors: Sequence[tuple[ApiError, Json]]
) -> None:
    """Tell what was wrong with events of a stream, by meter."""
    by_code: dict[str, list[Json]] = {}
    for error, given in errors:
        sample = {
            "error_message": error.message,
            "request": {"identifier": given.get("identifier") or ""},
        }
        by_code.setdefault(error.code or "meter_event_invalid_value", []).append(sample)
    now = call.now()
    data = {
        "developer_message_summary": f"There were {len(errors)} invalid meter events.",
        "reason": {
            "error_count": len(errors),
            "error_types": [
                {"code": code, "error_count": len(samples), "sample_errors": samples}
                for code, samples in by_code.items()
            ],
        },
        "validation_end": rfc3339(now),
        "validation_start": rfc3339(now - now % 60),
    }
    if meter is None:
        call.emit_thin("v1.billing.meter.no_meter_found", data=data)
        return
    call.emit_thin(
        "v1.billing.meter.error_report_triggered",
        related={
            "id": meter,
            "type": _METER,
            "url": f"/v1/billing/meters/{meter}",
        },
        data=data,
    )
