"""Disputes: how they begin with a card, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

DAY = 24 * 60 * 60
Types = Callable[[], list[str]]
Wait = Callable[[int], None]


def disputed(client: Client, method: str = "pm_card_createDispute") -> stripe.Dispute:
    intent = client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "payment_method": method,
            "confirm": True,
            "capture_method": "automatic",
        }
    )
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    return dispute


def answer(client: Client, dispute: stripe.Dispute, text: str) -> stripe.Dispute:
    sent = client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": text}}
    )
    assert sent.evidence_details.submission_count == 1
    return sent


def total(client: Client) -> int:
    return sum(entry.net for entry in client.v1.balance_transactions.list().data)


def test_a_dispute_begins_inside_the_charge(client: Client, event_types: Types) -> None:
    dispute = disputed(client)
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert dispute.network_reason_code == "10.4"
    (withdrawal,) = dispute.balance_transactions
    assert (withdrawal.amount, withdrawal.fee) == (-5000, 1500)
    assert withdrawal.reporting_category == "dispute"
    assert withdrawal.description == f"Chargeback withdrawal for {dispute.charge}"
    assert event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]


def test_evidence_that_wins_brings_the_money_back_without_the_fee(
    client: Client, event_types: Types
) -> None:
    dispute = disputed(client)
    before = total(client)
    sent = answer(client, dispute, "winning_evidence")
    assert sent.status == "under_review"
    won = client.v1.disputes.retrieve(dispute.id)
    assert won.status == "won"
    assert [entry.amount for entry in won.balance_transactions] == [-5000, 5000]
    assert total(client) == before + 5000
    assert event_types()[-3:] == [
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_evidence_that_loses_changes_no_money(client: Client) -> None:
    dispute = disputed(client)
    before = total(client)
    answer(client, dispute, "losing_evidence")
    assert client.v1.disputes.retrieve(dispute.id).status == "lost"
    assert total(client) == before


def test_other_evidence_is_under_review(client: Client) -> None:
    dispute = disputed(client)
    answer(client, dispute, "They liked it.")
    assert client.v1.disputes.retrieve(dispute.id).status == "under_review"
    with pytest.raises(stripe.InvalidRequestError, match="already submitted"):
        client.v1.disputes.update(
            dispute.id, {"evidence": {"uncategorized_text": "More"}}
        )


def test_staged_evidence_is_not_sent(client: Client) -> None:
    dispute = disputed(client)
    staged = client.v1.disputes.update(
        dispute.id,
        {"evidence": {"product_description": "A bowl"}, "submit": False},
    )
    assert staged.status == "needs_response"
    assert staged.evidence_details.has_evidence
    assert staged.evidence_details.submission_count == 0


def test_closing_loses_at_once(client: Client) -> None:
    dispute = disputed(client)
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute.id)


def test_a_dispute_that_nobody_answers_is_lost(client: Client, wait: Wait) -> None:
    dispute = disputed(client)
    wait(9 * DAY)
    lost = client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_an_inquiry_moves_no_money(client: Client) -> None:
    inquiry = disputed(client, "pm_card_createDisputeInquiry")
    assert inquiry.status == "warning_needs_response"
    assert inquiry.balance_transactions == []
    assert inquiry.is_charge_refundable
    assert client.v1.disputes.close(inquiry.id).status == "warning_closed"
    assert client.v1.charges.retrieve(str(inquiry.charge)).disputed is False


def test_an_inquiry_can_become_a_chargeback(client: Client) -> None:
    inquiry = disputed(client, "pm_card_createDisputeInquiry")
    sent = answer(client, inquiry, "escalate_inquiry_evidence")
    assert sent.status == "warning_under_review"
    escalated = client.v1.disputes.retrieve(inquiry.id)
    assert escalated.status == "needs_response"
    assert [entry.amount for entry in escalated.balance_transactions] == [-5000]


def test_several_disputes_share_the_charge(client: Client) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 5001,
            "currency": "usd",
            "payment_method": "pm_card_createMultipleDisputes",
            "confirm": True,
        }
    )
    listed = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert sorted(dispute.amount for dispute in listed) == [2500, 2501]


@pytest.mark.parametrize(
    "name", ["createCe3EligibleDispute", "createComplianceDispute"]
)
def test_special_disputes_say_what_more_they_take(client: Client, name: str) -> None:
    dispute = disputed(client, f"pm_card_{name}")
    (kind,) = dispute.enhanced_eligibility_types
    details: Any = dispute.evidence_details.enhanced_eligibility
    assert kind in details.to_dict()
