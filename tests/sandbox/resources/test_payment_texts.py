"""Texts of a payment that a person reads, refused where nobody could read them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

WANTED: Any = {"amount": 1000, "currency": "usd"}
LONG = "A" * 23
REFUSED = [
    (
        "statement_descriptor",
        LONG,
        f"must be at most 22 characters. {LONG} is 23 characters long.",
    ),
    (
        "statement_descriptor_suffix",
        LONG,
        "The statement descriptor suffix must be at most 22 characters.",
    ),
    ("receipt_email", "nope", "Invalid email address: nope"),
]


@pytest.mark.parametrize(("name", "text", "said"), REFUSED)
def test_an_unreadable_text_is_refused(
    client: Client, name: str, text: str, said: str
) -> None:
    service = client.v1.payment_intents
    intent = service.create(WANTED)
    given: Any = {name: text}
    created: Any = {**WANTED, **given}
    charged: Any = {**created, "source": "tok_visa"}
    for ask in (
        lambda: service.create(created),
        lambda: service.update(intent.id, given),
        lambda: client.v1.charges.create(charged),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask()
        assert (refusal.value.http_status, refusal.value.param) == (400, name)
        assert said in str(refusal.value)


def test_a_capture_takes_no_descriptor_that_is_too_long(client: Client) -> None:
    held: Any = {
        **WANTED,
        "payment_method": "pm_card_visa",
        "capture_method": "manual",
        "confirm": True,
    }
    intent = client.v1.payment_intents.create(held)
    with pytest.raises(stripe.InvalidRequestError, match="at most 22"):
        client.v1.payment_intents.capture(intent.id, {"statement_descriptor": LONG})
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_capture"


def test_texts_that_just_fit_are_taken(client: Client) -> None:
    fitting = {"statement_descriptor": "A" * 22, "receipt_email": "jenny@example.com"}
    params: Any = {**WANTED, **fitting}
    intent = client.v1.payment_intents.create(params)
    assert intent.statement_descriptor == "A" * 22
    assert intent.receipt_email == "jenny@example.com"
