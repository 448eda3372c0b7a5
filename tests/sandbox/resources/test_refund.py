"""Refunds: what goes back, what may not, and what the charge tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client


def pay(client: Client, method: str = "pm_card_visa", **params: Any) -> Any:
    wanted: Any = {
        "amount": 3000,
        "currency": "usd",
        "payment_method": method,
        "confirm": True,
        **params,
    }
    return client.v1.payment_intents.create(wanted)


def test_refunds_add_up_until_nothing_is_left(client: Client) -> None:
    intent = pay(client)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (1000, False)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"charge": charge.id, "amount": 4000})
    assert refusal.value.param == "amount"
    assert "($40.00) is greater than unrefunded amount on charge ($20.00)" in str(
        refusal.value
    )
    client.v1.refunds.create({"charge": charge.id})
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (3000, True)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"charge": charge.id})
    assert refusal.value.code == "charge_already_refunded"


def test_events_of_a_refund_come_in_order(
    client: Client,
    wait: Callable[[int], None],
    event_types: Callable[[], list[str]],
) -> None:
    intent = pay(client)
    before = len(event_types())
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    wait(60)
    client.v1.refunds.update(refund.id, {"metadata": {"order": "1"}})
    assert event_types()[before:] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.updated",
        "charge.refund.updated",
    ]


def test_a_refund_takes_the_money_and_keeps_the_fee(client: Client) -> None:
    intent = pay(client, "pm_card_bypassPending")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    transaction = client.v1.balance_transactions.retrieve(
        str(refund.balance_transaction)
    )
    assert (transaction.amount, transaction.fee) == (-3000, 0)
    assert transaction.description == f"REFUND FOR CHARGE ({intent.latest_charge})"


def test_a_refund_that_fails_gives_the_money_back(
    client: Client, wait: Callable[[int], None]
) -> None:
    intent = pay(client, "pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    wait(60)
    refund = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, refund.failure_reason) == (
        "failed",
        "expired_or_canceled_card",
    )
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    amounts = [entry.amount for entry in client.v1.balance_transactions.list().data]
    assert sum(amounts) == 3000


def test_an_authorization_is_canceled_not_refunded(client: Client) -> None:
    intent = pay(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError, match="cancel its PaymentIntent"):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_a_charge_that_was_disputed_can_not_be_refunded(client: Client) -> None:
    intent = pay(client, "pm_card_createDispute")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refusal.value.code == "charge_disputed"
    inquiry = pay(client, "pm_card_createDisputeInquiry")
    refund = client.v1.refunds.create({"payment_intent": inquiry.id})
    assert refund.status == "succeeded"


def test_a_full_refund_ends_a_fraud_warning_and_a_review(client: Client) -> None:
    warned = pay(client, "pm_card_createIssuerFraudRecord")
    client.v1.refunds.create({"payment_intent": warned.id})
    (warning,) = client.v1.radar.early_fraud_warnings.list().data
    assert warning.actionable is False
    risky = pay(client, "pm_card_riskLevelElevated")
    assert risky.review
    client.v1.refunds.create({"payment_intent": risky.id, "reason": "fraudulent"})
    review = client.v1.reviews.retrieve(risky.review)
    assert (review.open, review.closed_reason) == (False, "refunded_as_fraud")


def test_a_review_can_be_approved_once(client: Client) -> None:
    risky = pay(client, "pm_card_riskLevelElevated")
    assert [review.id for review in client.v1.reviews.list().data] == [risky.review]
    review = client.v1.reviews.approve(risky.review)
    assert (review.open, review.reason) == (False, "approved")
    assert client.v1.reviews.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.reviews.approve(risky.review)


def test_nothing_to_refund_is_refused(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({})
    assert refusal.value.code == "parameter_missing"


def test_a_refund_says_one_thing_about_its_charge(client: Client) -> None:
    first, second = (
        client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_visa",
            }
        )
        for _ in range(2)
    )

    with pytest.raises(stripe.InvalidRequestError, match="does not belong to"):
        client.v1.refunds.create(
            {"payment_intent": first.id, "charge": str(second.latest_charge)}
        )
    with pytest.raises(stripe.InvalidRequestError, match="was made in usd"):
        client.v1.refunds.create({"payment_intent": first.id, "currency": "eur"})
