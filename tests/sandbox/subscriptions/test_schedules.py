"""Schedules: phases that begin, follow one another and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def plan(world: World, customer: str, *phases: Any, **params: Any) -> Any:
    """Schedule phases for a customer, beginning now unless said otherwise."""
    wanted: Any = {
        "customer": customer,
        "start_date": "now",
        "phases": list(phases),
        **params,
    }
    return world.v1.subscription_schedules.create(wanted)


def phase(price: str, months: int = 1, quantity: int = 1) -> Any:
    return {
        "items": [{"price": price, "quantity": quantity}],
        "duration": {"interval": "month", "interval_count": months},
    }


def test_schedule_begins_its_subscription_with_a_draft(world: World) -> None:
    customer = world.customer()
    schedule = plan(world, customer, phase(world.price(2000)))
    assert schedule.status == "active"
    assert schedule.current_phase.end_date == world.day(31)
    subscription = world.subscription(schedule.subscription)
    assert (subscription.status, subscription.schedule) == ("active", schedule.id)
    assert world.invoices(customer)[0].status == "draft"
    world.advance(1)
    assert world.invoices(customer)[0].status == "paid"


def test_phases_follow_one_another(world: World) -> None:
    customer, price = world.customer(), world.price(2000)
    schedule = plan(world, customer, phase(price, 2), phase(price, 1, quantity=3))
    for day in (40, 60, 95):
        world.advance(day)
    # Two periods of one, from 1 March three, and then on without a plan.
    totals = [each.total for each in world.invoices(customer)]
    assert totals == [2000, 2000, 6000, 6000]
    done = world.v1.subscription_schedules.retrieve(schedule.id)
    assert (done.status, done.completed_at) == ("completed", world.day(90))
    assert (done.subscription, done.released_subscription) == (
        None,
        schedule.subscription,
    )
    subscription = world.subscription(schedule.subscription)
    assert (subscription.status, subscription.schedule) == ("active", None)
    assert world.events("subscription_schedule") == [
        "subscription_schedule.created",
        "subscription_schedule.updated",
        "subscription_schedule.updated",
        "subscription_schedule.expiring",
        "subscription_schedule.completed",
    ]


def test_other_price_begins_with_its_phase_and_without_proration(world: World) -> None:
    customer = world.customer()
    plan(world, customer, phase(world.price(2000)), phase(world.price(5000)))
    world.advance(32)
    assert [each.total for each in world.invoices(customer)] == [2000, 5000]


def test_schedule_can_end_its_subscription(world: World) -> None:
    customer = world.customer()
    schedule = plan(world, customer, phase(world.price(2000)), end_behavior="cancel")
    world.advance(40)
    assert world.subscription(schedule.subscription).ended_at == world.day(31)
    assert len(world.invoices(customer)) == 1


def test_schedule_can_begin_later(world: World) -> None:
    customer = world.customer()
    schedule = plan(world, customer, phase(world.price(2000)), start_date=world.day(10))
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    world.advance(11)
    begun = world.v1.subscription_schedules.retrieve(schedule.id)
    assert begun.status == "active"
    assert world.item(begun.subscription).current_period_start == world.day(10)  # type: ignore[arg-type]


def test_released_schedule_leaves_its_subscription_alone(world: World) -> None:
    schedule = plan(world, world.customer(), phase(world.price(2000)))
    released = world.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.subscription) == ("released", None)
    assert released.released_subscription == schedule.subscription
    assert world.subscription(schedule.subscription).schedule is None
    with pytest.raises(stripe.InvalidRequestError, match="`released` status"):
        world.v1.subscription_schedules.cancel(schedule.id)


def test_canceled_schedule_takes_its_subscription_along(world: World) -> None:
    schedule = plan(world, world.customer(), phase(world.price(2000)))
    canceled = world.v1.subscription_schedules.cancel(schedule.id)
    assert canceled.status == "canceled"
    assert world.subscription(schedule.subscription).status == "canceled"
    assert world.events("subscription_schedule")[-1].endswith("canceled")


def test_subscription_takes_its_schedule_along(world: World) -> None:
    schedule = plan(world, world.customer(), phase(world.price(2000)))
    world.v1.subscriptions.cancel(schedule.subscription)
    found = world.v1.subscription_schedules.retrieve(schedule.id)
    assert found.status == "canceled"


def test_running_subscription_gets_a_schedule(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    schedules = world.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    assert schedule.status == "active"
    assert schedule.phases[0].start_date == world.start
    wanted: Any = {
        "phases": [{**phase(world.price(3100)), "start_date": world.start}],
        "metadata": {"why": "test"},
    }
    updated = schedules.update(schedule.id, wanted)
    assert updated.metadata is not None
    assert updated.metadata["why"] == "test"
    assert world.item(subscription.id).price.unit_amount == 3100
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        schedules.create({"from_subscription": subscription.id})


@pytest.mark.parametrize("params", [{"phases": []}, {"customer": "cus_nope"}])
def test_impossible_plans_are_refused(world: World, params: Any) -> None:
    wanted = {"customer": world.customer(), **params}
    customer, price = wanted.pop("customer"), world.price(2000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        plan(world, customer, phase(price), **wanted)
    assert refused.value.param == next(iter(params))


def test_schedules_are_listed_by_customer_and_state(world: World) -> None:
    customer = world.customer()
    now = plan(world, customer, phase(world.price(2000)))
    then = plan(world, customer, phase(world.price(3)), start_date=world.day(9))
    listed = world.v1.subscription_schedules.list
    assert {each.id for each in listed({"customer": customer}).data} == {
        now.id,
        then.id,
    }
    assert [each.id for each in listed({"scheduled": True}).data] == [then.id]
