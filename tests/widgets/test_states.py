"""The state machines against what the SDK says of each status."""

from __future__ import annotations

import re

import pytest

from stripe_nb.catalog import load
from stripe_nb.errors import UnknownResourceError, WidgetError
from stripe_nb.widgets.states import _WAYS, states_of

RESOURCES = sorted(_WAYS)


def documented(resource: str) -> set[str]:
    """Return the states as the SDK has them: an enum, or words in its text."""
    field = load().resource(resource).fields["status"]
    in_text = re.findall(r"`([a-z_]+)`", field.doc.partition(" A payout is")[0])
    return set(field.type.values or in_text)


@pytest.mark.parametrize("resource", RESOURCES)
def test_states_are_those_of_the_sdk(resource: str) -> None:
    assert set(states_of(resource).states) == documented(resource)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_state_is_reached_from_the_beginning(resource: str) -> None:
    machine = states_of(resource)
    reached, new = set[str](), {""}
    while new:
        reached |= new
        new = {way.target for state in new for way in machine.from_state(state)}
        new -= reached
    assert reached - {""} == set(machine.states)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_call_is_an_operation_that_writes(resource: str) -> None:
    operations = load().operations
    for way in states_of(resource).transitions:
        if way.operation:
            assert operations[way.operation].method in {"post", "delete"}


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_way_is_told_twice(resource: str) -> None:
    ways = states_of(resource).transitions
    assert len(set(ways)) == len(ways)


def test_calls_of_a_payment_that_waits_for_capture() -> None:
    calls = states_of("payment_intents").calls("requires_capture")
    assert calls == ("payment_intents.capture", "payment_intents.cancel")


def test_an_ended_state_has_no_calls() -> None:
    assert states_of("subscription").calls("canceled") == ()


def test_a_resource_without_a_diagram_says_which_have_one() -> None:
    with pytest.raises(WidgetError, match="payment_intent"):
        states_of("customers")


def test_an_unknown_resource_gets_the_near_name() -> None:
    with pytest.raises(UnknownResourceError, match="payment_intent"):
        states_of("payment_intnt")
