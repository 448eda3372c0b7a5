"""Test clocks: advanced by request, everything on them happens in its order."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

from stripe_nb.sandbox.billing.periods import later
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import CLOCK
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["TestClock", "admit"]

_logger = logging.getLogger(__name__)

_DAY = 86_400
# Stripe's own example of a clock is deleted a week after it was made.
_KEPT = 7 * _DAY
_MOST_CUSTOMERS = 3
_INTERVALS_AHEAD = 2
_YEARS_AHEAD = 2
_OVER = ("canceled", "incomplete_expired")


class TestClock(Behaviour):
    """`TestClock <https://docs.stripe.com/api/test_clocks>`_."""

    # Its name would make pytest take it for a class of tests.
    __test__ = False

    name = CLOCK
    said = "testclock"
    missing_param = "test_clock"

    def on_create(self, call: Call) -> Json:
        """Make a clock that stands at a time."""
        customer = call.given("customer", "customer")
        clock = self.draft(
            call,
            deletes_after=call.now() + _KEPT,
            status="ready",
            status_details={},
        )
        clock = self.finish(call, clock)
        if customer:
            _take_over(call, customer, clock)
        call.later(clock["deletes_after"], "delete", clock)
        return clock

    def on_advance(self, call: Call) -> Json:
        """Begin to advance; the next request finds the clock arrived."""
        clock, target = self.target(call), call.params["frozen_time"]
        if clock["status"] != "ready":
            raise InvalidRequest(
                "The test clock cannot be advanced while its status is "
                f"`{clock['status']}`. Wait until it is `ready`.",
                code="test_clock_advancing",
            )
        _check_target(call, clock, target)
        clock = call.update(
            clock,
            status="advancing",
            status_details={"advancing": {"target_frozen_time": target}},
            announce=f"{CLOCK}.advancing",
        )
        call.later(call.engine.clock.now(), "advance", clock)
        return clock

    def due_advance(self, call: Call, clock: Json) -> None:
        """Do the next thing that is due on the clock; be ready when none is left.

        One at a time, so that each is written by itself.
        """
        engine, name = call.engine, clock["id"]
        target = clock["status_details"]["advancing"]["target_frozen_time"]
        due = engine.store.agenda.next(target, name)
        if due is None:
            call.update(
                clock,
                frozen_time=target,
                status="ready",
                status_details={},
                announce=f"{CLOCK}.ready",
            )
            return
        seq, at, account, action, object_id = due
        engine.store.agenda.strike(seq)
        # What was left for a time before the clock's own happens now.
        time = max(at, clock["frozen_time"])
        call.update(clock, frozen_time=time)
        try:
            with engine.store.trying():
                engine.let_happen(account, action, object_id, time=time, clock=name)
        except Exception:
            # One thing that can't happen must not stop the clock for ever. Nothing
            # was announced before it in this transaction.
            _logger.exception("%s, due to %s, failed", action, object_id)
            engine.outbox.forget()
        call.later(engine.clock.now(), "advance", clock)

    def on_delete(self, call: Call) -> Json:
        """Delete a clock with its customers and what is theirs."""
        return _delete(call, self.target(call))

    def due_delete(self, call: Call, clock: Json) -> None:
        """Delete a clock whose days are over."""
        _delete(call, clock)


def admit(call: Call, clock_id: str) -> Json:
    """Check that a new customer may be put on a clock.

    Raises
    ------
    InvalidRequest
        If there is no such clock, or if it has all the customers that it can.
    """
    clock = call.get(CLOCK, clock_id, param="test_clock", http_status=400)
    if len(call.objects("customer", test_clock=clock_id)) >= _MOST_CUSTOMERS:
        raise InvalidRequest(
            f"A test clock can have at most {_MOST_CUSTOMERS} customers.",
            code="customer_max_on_test_clock",
            param="test_clock",
        )
    return clock


def _take_over(call: Call, customer: Json, clock: Json) -> None:
    """Put a customer that has no subscription yet on a new clock."""
    if customer.get("test_clock") or call.objects(
        "subscription", customer=customer["id"]
    ):
        raise ParameterInvalid(
            f"The customer {customer['id']} can't be put on this test clock: it has "
            "a test clock or subscriptions already.",
            param="customer",
        )
    call.update(customer, test_clock=clock["id"], announce="customer.updated")


def _check_target(call: Call, clock: Json, target: int) -> None:
    """Hold Stripe's bounds: forward, and not beyond what it simulates at once."""
    if target <= clock["frozen_time"]:
        raise InvalidRequest(
            "The `frozen_time` must be after the test clock's current frozen time "
            f"({_said(clock['frozen_time'])}).",
            param="frozen_time",
        )
    limit = min(
        (
            later(
                clock["frozen_time"],
                recurring["interval"],
                recurring["interval_count"] * _INTERVALS_AHEAD,
            )
            for recurring in _intervals(call, clock)
        ),
        default=None,
    )
    if limit is None:
        limit = later(clock["frozen_time"], "year", _YEARS_AHEAD)
        why = "two years from its current frozen time, as it has no subscriptions"
    else:
        why = "two intervals of its shortest subscription"
    if target > limit:
        raise InvalidRequest(
            f"Cannot advance this test clock by more than {why}: the latest possible "
            f"`frozen_time` is {limit} ({_said(limit)}).",
            param="frozen_time",
        )


def _intervals(call: Call, clock: Json) -> list[Json]:
    return [
        item["price"]["recurring"]
        for subscription in call.objects("subscription", test_clock=clock["id"])
        if subscription["status"] not in _OVER
        for item in subscription["items"]["data"]
    ]


def _said(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _delete(call: Call, clock: Json) -> Json:
    call.engine.store.agenda.forget_clock(clock["id"])
    operation = call.engine.catalog.operation("customers.delete")
    handler = call.engine.behaviour("customer").handler(operation)
    for customer in call.objects("customer", test_clock=clock["id"]):
        path = {"customer": customer["id"]}
        handler(replace(call, operation=operation, path=path, params={}))
    return call.delete(clock, announce=f"{CLOCK}.deleted")
