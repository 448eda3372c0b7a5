"""Direct debits: under way first, and the bank's answer later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox, bank_debits
from stripe_nb.session import Client

Wait = Callable[[int], None]
Types = Callable[[], list[str]]

OFFLINE: Any = {"customer_acceptance": {"type": "offline"}}
CURRENCIES = {bank_debits.US: "usd", bank_debits.SEPA: "eur"}


def debit(client: Client, kind: str, method: str, **params: Any) -> Any:
    wanted: Any = {
        "amount": 5000,
        "currency": CURRENCIES[kind],
        "allowed_payment_method_types": [kind],
        "payment_method": method,
        "mandate_data": OFFLINE,
        "confirm": True,
        **params,
    }
    return client.v1.payment_intents.create(wanted)


@pytest.mark.parametrize(
    "account",
    [account for account in bank_debits.all_accounts() if account.payment_methods],
    ids=lambda account: account.name,
)
def test_every_test_account_ends_as_documented(
    sandbox: Sandbox, client: Client, account: bank_debits.Account, wait: Wait
) -> None:
    name = account.payment_methods[0]
    if account.result == "blocked":
        with pytest.raises(stripe.CardError):
            debit(client, account.kind, name)
        return
    intent = debit(client, account.kind, name)
    assert intent.status == "processing"
    wait(account.delay)
    intent = client.v1.payment_intents.retrieve(intent.id)
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.id.startswith("py_")
    if account.result == "processing":
        assert (intent.status, charge.status) == ("processing", "pending")
    elif account.result == "failed":
        assert intent.status == "requires_payment_method"
        assert intent.last_payment_error is not None
        assert intent.last_payment_error.code == account.code
        assert (charge.status, charge.failure_code) == ("failed", account.code)
    else:
        assert (intent.status, charge.status) == ("succeeded", "succeeded")
        assert charge.disputed == (account.result == "disputed")


def test_events_of_a_debit_come_in_order(client: Client, event_types: Types) -> None:
    debit(client, "us_bank_account", "pm_usBankAccount_success")
    client.v1.balance.retrieve()
    assert event_types() == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "charge.succeeded",
        "payment_intent.succeeded",
        "balance.available",
    ]


def test_a_debit_that_takes_three_minutes_is_processing_until_then(
    sandbox: Sandbox, client: Client, wait: Wait
) -> None:
    intent = debit(client, "sepa_debit", "pm_successDelayed_at")
    wait(100)
    assert client.v1.payment_intents.retrieve(intent.id).status == "processing"
    wait(100)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_debit_needs_a_mandate(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="requires a mandate"):
        client.v1.payment_intents.create(
            {
                "amount": 5000,
                "currency": "eur",
                "allowed_payment_method_types": ["sepa_debit"],
                "payment_method": "pm_success_at",
                "confirm": True,
            }
        )


def test_the_mandate_holds_for_later_debits(client: Client) -> None:
    customer = client.v1.customers.create({})
    first = debit(
        client,
        "sepa_debit",
        "pm_success_at",
        customer=customer.id,
        setup_future_usage="off_session",
    )
    client.v1.balance.retrieve()
    charge = client.v1.charges.retrieve(str(first.latest_charge))
    details: Any = charge.payment_method_details
    mandate = client.v1.mandates.retrieve(details.sepa_debit.mandate)
    assert (mandate.status, mandate.type) == ("active", "multi_use")
    saved = client.v1.customers.payment_methods.list(customer.id).data[0]
    again = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "allowed_payment_method_types": ["sepa_debit"],
            "customer": customer.id,
            "payment_method": saved.id,
            "off_session": True,
            "confirm": True,
        }
    )
    assert again.status == "processing"


def test_a_debit_that_never_ends_can_be_canceled(client: Client) -> None:
    intent = debit(client, "us_bank_account", "pm_usBankAccount_processing")
    canceled = client.v1.payment_intents.cancel(intent.id)
    assert canceled.status == "canceled"
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.status == "failed"


def own_account(number: str = "000123456789") -> Any:
    return {
        "type": "us_bank_account",
        "us_bank_account": {
            "account_holder_type": "individual",
            "account_number": number,
            "routing_number": "110000000",
        },
        "billing_details": {"name": "Jenny Rosen"},
    }


@pytest.mark.parametrize("told", [{"amounts": [32, 45]}, {"descriptor_code": "SM11AA"}])
def test_an_account_that_was_typed_in_is_verified_first(
    client: Client, told: Any
) -> None:
    method = client.v1.payment_methods.create(own_account())
    intent = debit(client, "us_bank_account", method.id)
    assert intent.status == "requires_action"
    assert intent.next_action.type == "verify_with_microdeposits"
    verified = client.v1.payment_intents.verify_microdeposits(intent.id, told)
    assert verified.status == "processing"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"amounts": [10, 11]}, "verification_attempts_exceeded"),
        ({"amounts": [40, 41]}, "verification_timeout"),
        ({"amounts": [1, 2]}, "verification_amounts_mismatch"),
        ({"descriptor_code": "SM00ZZ"}, "verification_descriptor_code_mismatch"),
    ],
)
def test_wrong_microdeposits_are_refused(client: Client, told: Any, code: str) -> None:
    method = client.v1.payment_methods.create(own_account())
    intent = debit(client, "us_bank_account", method.id)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.verify_microdeposits(intent.id, told)
    assert refusal.value.code == f"payment_method_microdeposit_{code}"


def test_a_false_iban_is_refused(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="IBAN") as refusal:
        client.v1.payment_methods.create(
            {
                "type": "sepa_debit",
                "sepa_debit": {"iban": "DE00370400440532013000"},
                "billing_details": {"name": "Bob", "email": "bob@example.com"},
            }
        )
    assert refusal.value.param == "sepa_debit[iban]"


def test_a_kind_is_debited_in_its_own_currency(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="eur") as refusal:
        client.v1.payment_intents.create(
            {
                "amount": 5000,
                "currency": "usd",
                "allowed_payment_method_types": ["sepa_debit"],
            }
        )
    assert refusal.value.param == "currency"
