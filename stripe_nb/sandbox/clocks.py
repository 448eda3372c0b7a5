"""Test clocks: a time of their own for the customers that are put on them.

A request that names a customer on a test clock, or something of such a
customer's, happens at that clock's time, and what it leaves for later follows
that clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["CLOCK", "enter", "follow", "unclocked"]

CLOCK = "test_helpers.test_clock"

# Parameters that name what may be on a test clock.
_NAMING = (
    "customer",
    "from_subscription",
    "invoice",
    "quote",
    "subscription",
    "test_clock",
)
# Fields that lead from an object to what it belongs to.
_OWNERS = ("customer", "subscription", "invoice", "payment_intent", "charge")


def follow(call: Call) -> None:
    """Let a request happen at the time of the test clock that it concerns, if any."""
    if call.operation.returns == CLOCK:
        return
    for object_id in _named(call):
        clock = _clock_of(call, object_id)
        if clock:
            enter(call, clock)
            return


def enter(call: Call, clock_id: str) -> None:
    """Let the rest of a call happen at a test clock's time."""
    clock = call.find(CLOCK, clock_id)
    if clock:
        call.clock = clock["id"]
        call.time = clock["frozen_time"]


def unclocked(call: Call, *, beside: str | None = None) -> Iterator[Condition]:
    """Give the condition that hides what is on a test clock, as Stripe's lists do.

    Parameters
    ----------
    call
        A list call.
    beside
        A parameter that, like ``test_clock`` itself, lifts the condition.
    """
    if call.params.get("test_clock") or call.params.get(beside or ""):
        return
    # Most accounts have no clock; looking into each object would cost more.
    if call.engine.store.has_any(call.account, CLOCK):
        yield equals("test_clock", None)


def _named(call: Call) -> Iterator[str]:
    yield from call.path.values()
    for name in _NAMING:
        value = call.params.get(name)
        if isinstance(value, str):
            yield value


def _clock_of(call: Call, object_id: str) -> str | None:
    row = call.row(object_id)
    if row is None or row.deleted:
        return None
    obj: Json = row.obj
    if row.object == CLOCK:
        return object_id
    own = obj.get("test_clock")
    if isinstance(own, str):
        return own
    for name in _OWNERS:
        owner = obj.get(name)
        found = _clock_of(call, owner) if isinstance(owner, str) else None
        if found:
            return found
    return None
