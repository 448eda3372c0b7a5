"""Usage: counted by meters, billed after the period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def meter(world: World, formula: str = "sum") -> Any:
    wanted: Any = {
        "display_name": "Calls",
        "event_name": f"calls_{formula}",
        "default_aggregation": {"formula": formula},
    }
    return world.v1.billing.meters.create(wanted)


def use(world: World, customer: str, value: str, formula: str = "sum") -> Any:
    return world.v1.billing.meter_events.create(
        {
            "event_name": f"calls_{formula}",
            "payload": {"stripe_customer_id": customer, "value": value},
        }
    )


@pytest.mark.parametrize(("formula", "total"), [("sum", 9), ("count", 3), ("last", 1)])
def test_meter_makes_one_number_of_events(
    world: World, formula: str, total: int
) -> None:
    made, customer = meter(world, formula), world.customer(None)
    for value in ("3", "5", "1"):
        use(world, customer, value, formula)
    (summary,) = world.v1.billing.meters.event_summaries.list(
        made.id,
        {
            "customer": customer,
            "start_time": world.start,
            "end_time": world.day(1),
        },
    ).data
    assert summary.aggregated_value == total


def test_usage_is_billed_when_the_period_is_over(world: World) -> None:
    made, customer = meter(world), world.customer()
    price = world.price(100, usage_type="metered", meter=made.id)
    subscription = world.subscribe(customer, price)
    assert subscription.status == "active"
    assert not world.invoices(customer)
    use(world, customer, "3")
    world.advance(20)
    use(world, customer, "4")
    world.advance(32)
    (invoice,) = world.invoices(customer)
    assert (invoice.total, invoice.status) == (700, "paid")
    line = invoice.lines.data[0]
    assert (line.period.start, line.period.end) == (world.start, world.day(31))
    assert line.quantity == 7
    use(world, customer, "1")
    world.v1.subscriptions.cancel(subscription.id, {"invoice_now": True})
    assert world.invoices(customer)[1].total == 100


def test_windows_split_a_summary(world: World) -> None:
    made, customer = meter(world), world.customer(None)
    use(world, customer, "2")
    world.advance(2)
    use(world, customer, "5")
    found = world.v1.billing.meters.event_summaries.list(
        made.id,
        {
            "customer": customer,
            "start_time": world.start,
            "end_time": world.day(3),
            "value_grouping_window": "day",
        },
    ).data
    assert [(each.start_time, each.aggregated_value) for each in found] == [
        (world.day(2), 5),
        (world.start, 2),
    ]


def test_second_meter_for_an_event_is_refused_while_one_counts(world: World) -> None:
    made = meter(world)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        meter(world)
    assert refused.value.param == "event_name"
    meters = world.v1.billing.meters
    assert meters.deactivate(made.id).status == "inactive"
    other = meter(world)
    with pytest.raises(stripe.InvalidRequestError):
        meters.reactivate(made.id)
    meters.deactivate(other.id)
    assert meters.reactivate(made.id).status_transitions.deactivated_at is None
    assert world.events("billing.meter")[:2] == [
        "billing.meter.created",
        "billing.meter.deactivated",
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event_name": "nope"}, "no_meter"),
        ({"payload": {"value": "1"}}, "meter_event_no_customer_defined"),
        (
            {"payload": {"stripe_customer_id": "cus_nope", "value": "1"}},
            "meter_event_customer_not_found",
        ),
        ({"timestamp": 1}, "timestamp_too_far_in_past"),
        ({"timestamp": 4_000_000_000}, "timestamp_in_future"),
    ],
)
def test_events_that_cannot_be_counted_are_refused(
    world: World, change: dict[str, Any], code: str
) -> None:
    meter(world)
    payload = {"stripe_customer_id": world.customer(None), "value": "1"}
    wanted: Any = {"event_name": "calls_sum", "payload": payload, **change}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.v1.billing.meter_events.create(wanted)
    assert refused.value.code == code


def test_event_counts_once_and_can_be_taken_back(world: World) -> None:
    meter(world)
    payload = {"stripe_customer_id": world.customer(None), "value": "1"}
    event: Any = {"event_name": "calls_sum", "payload": payload, "identifier": "one"}
    world.v1.billing.meter_events.create(event)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.v1.billing.meter_events.create(event)
    assert refused.value.param == "identifier"
    taken = world.v1.billing.meter_event_adjustments.create(
        {"event_name": "calls_sum", "type": "cancel", "cancel": {"identifier": "one"}}
    )
    assert taken.status == "complete"


def test_stream_tells_what_is_wrong_by_thin_events(world: World) -> None:
    made, customer = meter(world), world.customer(None)
    session = world.client.v2.billing.meter_event_session.create()
    stream = world.client.v2.billing.meter_event_stream
    good = {"stripe_customer_id": customer, "value": "2"}
    bad = {"stripe_customer_id": "cus_nope", "value": "2"}
    # A session's token is the only key that its requests need.
    options: Any = {"api_key": session.authentication_token}
    stream.create(
        {
            "events": [
                {"event_name": "calls_sum", "payload": good},
                {"event_name": "calls_sum", "payload": bad},
                {"event_name": "unknown", "payload": good},
            ]
        },
        options,
    )
    events = {event.type: event for event in world.client.v2.core.events.list().data}
    assert "v1.billing.meter.no_meter_found" in events
    report: Any = events["v1.billing.meter.error_report_triggered"]
    assert report.related_object.id == made.id
    assert report.data.reason.error_types[0].code == "meter_event_customer_not_found"


def test_token_of_a_session_opens_the_stream_alone(world: World) -> None:
    session = world.client.v2.billing.meter_event_session.create()
    options: Any = {"api_key": session.authentication_token}
    with pytest.raises(stripe.AuthenticationError):
        world.v1.customers.list(options=options)
