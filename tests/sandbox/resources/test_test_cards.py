"""Every ``pm_card_…`` name does what Stripe's page on testing says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox, cards
from stripe_nb.session import Client

Wait = Callable[[int], None]
Types = Callable[[], list[str]]

NAMED = [(name, card) for card in cards.all_cards() for name in card.payment_methods]
# Stripe's page tells only that these disputes exist.
UNTOLD = (
    "compelling_evidence_3_block",
    "ethoca_alert",
    "rapid_dispute_resolution",
    "smart_disputes",
)
ASKING = ("always", "already_set_up", "unless_set_up")


def charge_with(client: Client, name: str) -> Any:
    return client.v1.payment_intents.create(
        {
            "amount": 1234,
            "currency": "usd",
            "payment_method": name,
            "confirm": True,
            "expand": ["latest_charge"],
        }
    )


@pytest.fixture(scope="module")
def shared() -> Any:
    with Sandbox(seed=11, clock="2026-01-15") as running:
        yield running


@pytest.fixture(scope="module")
def payer(shared: Sandbox) -> Any:
    return stripe.StripeClient(
        shared.key,
        base_addresses={"api": shared.url},
        max_network_retries=0,
    )


@pytest.mark.parametrize(("name", "card"), NAMED, ids=[name for name, _ in NAMED])
def test_each_card_has_its_documented_outcome(
    shared: Sandbox, payer: Client, name: str, card: cards.Card
) -> None:
    if card.dispute and card.dispute.kind in UNTOLD:
        with pytest.raises(stripe.APIError, match="Not simulated"):
            charge_with(payer, name)
        return
    if card.three_d_secure in ASKING:
        intent = charge_with(payer, name)
        assert intent.status == "requires_action"
        shared.authenticate(intent.id)
        answered: Any = payer.v1.payment_intents.retrieve(
            intent.id, {"expand": ["latest_charge"]}
        )
        intent = answered
        if card.decline:
            assert intent.last_payment_error.code == card.decline.code
            return
        assert intent.status == "succeeded"
    elif card.decline:
        with pytest.raises(stripe.CardError) as refusal:
            charge_with(payer, name)
        body: Any = refusal.value.json_body
        error = body["error"]
        assert error["code"] == card.decline.code
        assert error.get("decline_code") == card.decline.decline_code
        failed = payer.v1.charges.retrieve(error["charge"])
        blocked = "blocked" if card.blocked else "issuer_declined"
        assert failed.outcome is not None
        assert failed.outcome.type == blocked
        return
    else:
        intent = charge_with(payer, name)
        assert intent.status == "succeeded"
    check_charge(payer, intent.latest_charge, card)


def check_charge(payer: Client, charge: Any, card: cards.Card) -> None:
    shown = charge.payment_method_details.card
    assert (shown.brand, shown.country) == (card.brand, card.country)
    assert (shown.last4, shown.funding) == (card.last4, card.funding)
    assert shown.checks.cvc_check == card.cvc_check
    assert charge.outcome.risk_level == card.risk_level
    assert bool(charge.review) == (card.risk_level == "elevated")
    transaction = payer.v1.balance_transactions.retrieve(charge.balance_transaction)
    expected = "available" if card.bypass_pending else "pending"
    assert transaction.status == expected
    disputes = payer.v1.disputes.list({"charge": charge.id}).data
    assert bool(disputes) == charge.disputed == bool(card.dispute)
    for dispute in disputes:
        assert card.dispute is not None
        assert dispute.status == card.dispute.status
        assert dispute.reason == card.dispute.reason
    warnings = payer.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert bool(warnings) == card.early_fraud_warning


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("pm_card_visa", "succeeded", "succeeded"),
        ("pm_card_pendingRefund", "pending", "succeeded"),
        ("pm_card_refundFail", "succeeded", "failed"),
    ],
)
def test_refunds_fare_as_the_card_says(
    sandbox: Sandbox, client: Client, name: str, first: str, last: str, wait: Wait
) -> None:
    intent = charge_with(client, name)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == first
    wait(60)
    assert client.v1.refunds.retrieve(refund.id).status == last


@pytest.mark.parametrize(
    ("name", "card"),
    [pair for pair in NAMED if pair[1].decline],
    ids=[name for name, card in NAMED if card.decline],
)
def test_cards_that_decline_being_saved_can_not_be_attached(
    payer: Client, name: str, card: cards.Card
) -> None:
    customer = payer.v1.customers.create({})
    assert card.decline is not None
    if card.decline.on_attach:
        with pytest.raises(stripe.CardError) as refusal:
            payer.v1.payment_methods.attach(name, {"customer": customer.id})
        assert refusal.value.code == card.decline.code
    else:
        method = payer.v1.payment_methods.attach(name, {"customer": customer.id})
        assert method.customer == customer.id


def test_avs_checks_show_where_an_address_was_given(client: Client) -> None:
    data: Any = {
        "type": "card",
        "card": {"token": "tok_avsFail"},
        "billing_details": {"address": {"line1": "1 Main St", "postal_code": "94103"}},
    }
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method_data": data,
            "expand": ["latest_charge"],
        }
    )
    charge: Any = intent.latest_charge
    checks = charge.payment_method_details.card.checks
    assert checks.address_line1_check == "fail"
    assert checks.address_postal_code_check == "fail"
