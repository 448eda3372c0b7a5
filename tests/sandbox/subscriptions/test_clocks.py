"""Test clocks: forward, within bounds, and everything on them in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resources.subscription import Subscription
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def test_clock_stands_where_it_was_set(world: World, sandbox: Sandbox) -> None:
    clock = world.v1.test_helpers.test_clocks.retrieve(world.clock)
    assert clock.frozen_time == world.start
    assert clock.status == "ready"
    assert clock.deletes_after - clock.created == 7 * 86_400
    assert abs(clock.created - sandbox.now) < 60


def test_what_belongs_to_a_clock_happens_at_its_time(world: World) -> None:
    customer = world.customer()
    assert world.v1.customers.retrieve(customer).created == world.start
    subscription = world.subscribe(customer, world.price(2000))
    assert subscription.created == world.start
    assert subscription.test_clock == world.clock
    assert world.invoices(customer)[0].status_transitions.paid_at == world.start


def test_advancing_is_over_with_the_next_request(world: World) -> None:
    clocks = world.v1.test_helpers.test_clocks
    advancing = clocks.advance(world.clock, {"frozen_time": world.day(1)})
    assert advancing.status == "advancing"
    assert advancing.status_details.advancing is not None
    assert advancing.status_details.advancing.target_frozen_time == world.day(1)
    ready = clocks.retrieve(world.clock)
    assert (ready.status, ready.frozen_time) == ("ready", world.day(1))
    assert world.events("test_helpers") == [
        "test_helpers.test_clock.created",
        "test_helpers.test_clock.advancing",
        "test_helpers.test_clock.ready",
    ]


@pytest.mark.parametrize("day", [0, -1, 800])
def test_clock_refuses_to_go_back_or_too_far(world: World, day: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.advance(day)
    assert refused.value.param == "frozen_time"


def test_clock_goes_two_intervals_of_its_shortest_subscription(world: World) -> None:
    customer = world.customer()
    world.subscribe(customer, world.price(100, "week"))
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        world.advance(15)
    world.advance(14)


def test_clock_has_three_customers_at_most(world: World) -> None:
    for _ in range(3):
        world.customer(None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.customer(None)
    assert refused.value.param == "test_clock"


def test_customers_on_clocks_are_listed_only_when_asked_for(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    assert not world.v1.subscriptions.list().data
    assert world.v1.subscriptions.list({"customer": customer}).data
    listed = world.v1.subscriptions.list({"test_clock": world.clock}).data
    assert [each.id for each in listed] == [subscription.id]


def test_deleting_a_clock_takes_all_that_is_on_it(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    deleted = world.v1.test_helpers.test_clocks.delete(world.clock)
    assert deleted.deleted
    assert world.v1.customers.retrieve(customer).deleted
    assert world.subscription(subscription.id).status == "canceled"
    types = world.events()
    for expected in (
        "customer.subscription.deleted",
        "customer.deleted",
        "test_helpers.test_clock.deleted",
    ):
        assert expected in types


def test_two_clocks_do_not_move_each_other(world: World) -> None:
    here = world.subscribe(world.customer(), world.price(2000))
    other = type(world)(world.client)
    there = other.subscribe(other.customer(), other.price(2000))
    world.advance(40)
    assert world.item(here.id).current_period_start == world.day(31)
    assert other.item(there.id).current_period_start == other.start


def test_one_thing_that_fails_leaves_nothing_and_stops_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    price = world.price(2000)
    broken, sound = world.customer(), world.customer()
    failing = world.subscribe(broken, price)
    going_on = world.subscribe(sound, price)
    turn = Subscription.due_turn

    def breaks(self: Subscription, call: Call, subscription: Json) -> None:
        turn(self, call, subscription)
        if subscription["id"] == failing.id:
            raise ArithmeticError("no such turn")

    monkeypatch.setattr(Subscription, "due_turn", breaks)
    world.advance(32)
    assert f"turn, due to {failing.id}, failed" in caplog.text
    assert world.item(failing.id).current_period_start == world.start
    assert len(world.invoices(broken)) == 1
    assert world.item(going_on.id).current_period_start == world.day(31)
    assert [bill.status for bill in world.invoices(sound)] == ["paid", "paid"]
    renewals = world.v1.events.list({"type": "customer.subscription.updated"}).data
    assert [event.data.object["id"] for event in renewals] == [going_on.id]
