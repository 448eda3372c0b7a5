"""Sentences about a value of the wrong kind are good English whatever the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import StripeNbError, kind_of
from stripe_nb.export import export
from stripe_nb.frames import to_frame
from stripe_nb.frames.selection import Selection
from stripe_nb.money import to_decimal
from stripe_nb.widgets.subscription_timeline import SubscriptionTimeline
from stripe_nb.widgets.webhook_inbox import WebhookInbox

NONE: Any = None
NUMBER: Any = 5


@pytest.mark.parametrize(
    ("value", "said"),
    [(5, "an int"), (None, "None"), ({}, "a dict"), (OSError(), "an OSError")],
)
def test_a_value_is_called_by_its_type(value: object, said: str) -> None:
    assert kind_of(value) == said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: to_frame(NUMBER), "an int holds no Stripe objects"),
        (lambda: to_frame([NONE], "coupon"), "None is no Stripe object"),
        (lambda: export(5, Path("a.csv")), "export can't write an int"),
        (lambda: Selection(resource=NONE), "the name of a resource, .* not None"),
        (lambda: Selection(resource="x", client=NUMBER), r"not an int\.$"),
        (lambda: to_decimal(NONE, "usd"), "amount is None; give an int"),
        (lambda: WebhookInbox(NONE), r"not None\.$"),
        (lambda: SubscriptionTimeline(NUMBER), r"not an int\.$"),
    ],
)
def test_what_it_should_not_be_is_told(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(StripeNbError, match=said):
        call()
