"""Setup intents: a card saved for later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client


def set_up(client: Client, method: str, **params: Any) -> stripe.SetupIntent:
    wanted: Any = {"payment_method": method, "confirm": True, **params}
    return client.v1.setup_intents.create(wanted)


def test_a_setup_saves_the_card_with_its_customer(
    client: Client, event_types: Callable[[], list[str]]
) -> None:
    customer = client.v1.customers.create({})
    intent = client.v1.setup_intents.create({"customer": customer.id})
    assert (intent.status, intent.usage) == ("requires_payment_method", "off_session")
    intent = client.v1.setup_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa"}
    )
    assert intent.status == "succeeded"
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.id == intent.payment_method
    assert event_types() == [
        "customer.created",
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
    ]


def test_a_setup_makes_later_payments_off_session_pass(
    sandbox: Sandbox, client: Client
) -> None:
    customer = client.v1.customers.create({})
    intent = set_up(
        client,
        "pm_card_authenticationRequiredOnSetup",
        customer=customer.id,
        return_url="https://example.com/back",
    )
    assert intent.status == "requires_action"
    sandbox.authenticate(intent.id)
    intent = client.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "succeeded"
    paid = client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": str(intent.payment_method),
            "off_session": True,
            "confirm": True,
        }
    )
    assert paid.status == "succeeded"


def test_a_failed_challenge_fails_the_setup(sandbox: Sandbox, client: Client) -> None:
    intent = set_up(client, "pm_card_authenticationRequired")
    sandbox.authenticate(intent.id, succeed=False)
    intent = client.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    error = intent.last_setup_error
    assert error is not None
    assert error.code == "setup_intent_authentication_failure"


def test_a_card_that_declines_fails_the_setup(client: Client) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        set_up(client, "pm_card_chargeDeclinedExpiredCard")
    assert (refusal.value.code, refusal.value.http_status) == ("expired_card", 402)
    body: Any = refusal.value.json_body
    intent = body["error"]["setup_intent"]
    assert intent["status"] == "requires_payment_method"
    stored = client.v1.setup_intents.retrieve(intent["id"])
    assert stored.last_setup_error is not None
    assert stored.last_setup_error.code == "expired_card"


def test_every_confirmation_is_an_attempt(client: Client) -> None:
    intent = client.v1.setup_intents.create({})
    with pytest.raises(stripe.CardError):
        client.v1.setup_intents.confirm(
            intent.id, {"payment_method": "pm_card_chargeDeclined"}
        )
    client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    attempts = client.v1.setup_attempts.list({"setup_intent": intent.id}).data
    assert [attempt.status for attempt in attempts] == ["succeeded", "failed"]
    intent = client.v1.setup_intents.retrieve(intent.id)
    assert intent.latest_attempt == attempts[0].id


def test_a_charge_only_decline_does_not_hinder_a_setup(client: Client) -> None:
    assert set_up(client, "pm_card_chargeCustomerFail").status == "succeeded"


def test_a_canceled_setup_is_over(client: Client) -> None:
    intent = client.v1.setup_intents.create({})
    intent = client.v1.setup_intents.cancel(
        intent.id, {"cancellation_reason": "abandoned"}
    )
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.setup_intents.confirm(intent.id)
    assert refusal.value.code == "setup_intent_unexpected_state"


def test_a_setup_without_a_method_can_not_be_confirmed(client: Client) -> None:
    intent = client.v1.setup_intents.create({})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.setup_intents.confirm(intent.id)


def test_an_unknown_intent_is_named_as_stripe_names_it(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.setup_intents.retrieve("seti_none")
    assert "No such setupintent: 'seti_none'" in str(refusal.value)
    assert refusal.value.param == "intent"


def test_a_bank_account_is_set_up_with_a_mandate(client: Client) -> None:
    customer = client.v1.customers.create({})
    intent = set_up(
        client,
        "pm_usBankAccount_success",
        customer=customer.id,
        allowed_payment_method_types=["us_bank_account"],
        mandate_data={"customer_acceptance": {"type": "offline"}},
    )
    assert intent.status == "succeeded"
    mandate = client.v1.mandates.retrieve(str(intent.mandate))
    assert mandate.payment_method == intent.payment_method
    paid = client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "allowed_payment_method_types": ["us_bank_account"],
            "customer": customer.id,
            "payment_method": str(intent.payment_method),
            "confirm": True,
        }
    )
    assert paid.status == "processing"
