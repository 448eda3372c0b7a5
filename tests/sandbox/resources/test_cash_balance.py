"""Cash balances: money that customers send ahead, and what it pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

OPTIONS: Any = {
    "customer_balance": {
        "funding_type": "bank_transfer",
        "bank_transfer": {"type": "us_bank_transfer"},
    }
}


def owe(client: Client, customer: str, amount: int = 2000) -> Any:
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "customer": customer,
            "allowed_payment_method_types": ["customer_balance"],
            "payment_method_data": {"type": "customer_balance"},
            "payment_method_options": OPTIONS,
            "confirm": True,
        }
    )


def fund(client: Client, customer: str, amount: int) -> Any:
    return client.v1.test_helpers.customers.fund_cash_balance(
        customer, {"amount": amount, "currency": "usd"}
    )


def test_a_transfer_pays_what_waits_for_it(
    client: Client, event_types: Callable[[], list[str]]
) -> None:
    customer = client.v1.customers.create({}).id
    intent = owe(client, customer)
    assert intent.status == "requires_action"
    told = intent.next_action.display_bank_transfer_instructions
    assert (told.amount_remaining, told.type) == (2000, "us_bank_transfer")
    fund(client, customer, 500)
    waiting: Any = client.v1.payment_intents.retrieve(intent.id)
    told = waiting.next_action.display_bank_transfer_instructions
    assert told.amount_remaining == 1500
    fund(client, customer, 1600)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "succeeded"
    balance = client.v1.customers.cash_balance.retrieve(customer)
    assert balance.available is not None
    assert balance.available["usd"] == 100
    told_of = [name for name in event_types() if name != "balance.available"]
    assert told_of[-9:] == [
        "customer_cash_balance_transaction.created",
        "customer_cash_balance_transaction.created",
        "payment_intent.partially_funded",
        "customer_cash_balance_transaction.created",
        "customer_cash_balance_transaction.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "cash_balance.funds_available",
    ]


def test_money_that_is_there_pays_at_once(client: Client) -> None:
    customer = client.v1.customers.create({}).id
    fund(client, customer, 2000)
    assert owe(client, customer).status == "succeeded"
    assert client.v1.customers.cash_balance.retrieve(customer).available is None


def test_manual_reconciliation_leaves_it_to_requests(client: Client) -> None:
    customer = client.v1.customers.create({}).id
    client.v1.customers.cash_balance.update(
        customer, {"settings": {"reconciliation_mode": "manual"}}
    )
    intent = owe(client, customer)
    fund(client, customer, 3000)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.apply_customer_balance(intent.id, {"amount": 2001})
    assert refusal.value.param == "amount"
    paid = client.v1.payment_intents.apply_customer_balance(intent.id)
    assert paid.status == "succeeded"


def test_a_canceled_intent_gives_back_what_was_applied(client: Client) -> None:
    customer = client.v1.customers.create({}).id
    intent = owe(client, customer)
    fund(client, customer, 500)
    client.v1.payment_intents.cancel(intent.id)
    balance = client.v1.customers.cash_balance.retrieve(customer)
    assert balance.available is not None
    assert balance.available["usd"] == 500


def test_a_refund_goes_back_to_the_balance(client: Client) -> None:
    customer = client.v1.customers.create({}).id
    fund(client, customer, 2000)
    intent = owe(client, customer)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 700})
    entries = client.v1.customers.cash_balance_transactions.list(customer).data
    assert [(entry.type, entry.net_amount) for entry in entries] == [
        ("refunded_from_payment", 700),
        ("applied_to_payment", -2000),
        ("funded", 2000),
    ]
    assert entries[0].ending_balance == 700


def test_instructions_name_the_same_account_each_time(client: Client) -> None:
    customer = client.v1.customers.create({}).id
    params: Any = {
        "currency": "eur",
        "funding_type": "bank_transfer",
        "bank_transfer": {
            "type": "eu_bank_transfer",
            "eu_bank_transfer": {"country": "DE"},
        },
    }
    told = [
        client.v1.customers.funding_instructions.create(customer, params)
        for _ in range(2)
    ]
    assert told[0].to_dict() == told[1].to_dict()
    assert told[0].bank_transfer.financial_addresses[0].type == "iban"
