"""Money between a platform and its connected accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client


@pytest.fixture
def account(client: Client) -> str:
    made = client.v1.accounts.create(
        {"country": "US", "capabilities": {"transfers": {"requested": True}}}
    )
    return made.id


def pay(client: Client, method: str = "pm_card_bypassPending", **params: Any) -> Any:
    wanted: Any = {
        "amount": 10_000,
        "currency": "usd",
        "payment_method": method,
        "confirm": True,
        **params,
    }
    return client.v1.payment_intents.create(wanted)


def total(client: Client, account: str | None = None) -> int:
    options: Any = {"stripe_account": account} if account else {}
    listed = client.v1.balance_transactions.list({"limit": 100}, options).data
    return sum(entry.net for entry in listed)


def test_a_transfer_moves_money_to_the_account(
    client: Client, account: str, event_types: Callable[[], list[str]]
) -> None:
    pay(client)
    before = total(client)
    transfer = client.v1.transfers.create(
        {"amount": 7000, "currency": "usd", "destination": account}
    )
    assert (total(client), total(client, account)) == (before - 7000, 7000)
    payment = client.v1.charges.retrieve(
        str(transfer.destination_payment), options={"stripe_account": account}
    )
    assert (payment.id[:3], payment.source_transfer) == ("py_", transfer.id)
    assert "transfer.created" in event_types()


def test_a_reversal_brings_money_back(
    client: Client, account: str, event_types: Callable[[], list[str]]
) -> None:
    pay(client)
    transfer = client.v1.transfers.create(
        {"amount": 7000, "currency": "usd", "destination": account}
    )
    reversal = client.v1.transfers.reversals.create(transfer.id, {"amount": 2000})
    transfer = client.v1.transfers.retrieve(transfer.id)
    assert (transfer.amount_reversed, transfer.reversed) == (2000, False)
    assert [entry.id for entry in transfer.reversals.data] == [reversal.id]
    assert total(client, account) == 5000
    client.v1.transfers.reversals.create(transfer.id)
    assert client.v1.transfers.retrieve(transfer.id).reversed
    with pytest.raises(stripe.InvalidRequestError, match="already reversed"):
        client.v1.transfers.reversals.create(transfer.id)
    assert event_types().count("transfer.reversed") == 2


def test_more_than_is_available_can_not_be_transferred(
    client: Client, account: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create(
            {"amount": 1, "currency": "usd", "destination": account}
        )
    assert refusal.value.code == "balance_insufficient"


def test_a_charge_can_be_passed_on_before_it_is_available(
    client: Client, account: str
) -> None:
    intent = pay(client, "pm_card_visa")
    transfer = client.v1.transfers.create(
        {
            "amount": 4000,
            "currency": "usd",
            "destination": account,
            "source_transaction": intent.latest_charge,
        }
    )
    assert transfer.source_transaction == intent.latest_charge
    with pytest.raises(stripe.InvalidRequestError, match="greater than the amount"):
        client.v1.transfers.create(
            {
                "amount": 10_001,
                "currency": "usd",
                "destination": account,
                "source_transaction": intent.latest_charge,
            }
        )


def test_an_unknown_destination_is_refused(client: Client) -> None:
    pay(client)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create(
            {"amount": 100, "currency": "usd", "destination": "acct_none"}
        )
    assert "No such destination: 'acct_none'" in str(refusal.value)


def test_a_destination_charge_shares_with_a_fee(client: Client, account: str) -> None:
    intent = pay(
        client,
        transfer_data={"destination": account},
        application_fee_amount=1200,
    )
    charge: Any = client.v1.charges.retrieve(intent.latest_charge)
    fee = client.v1.application_fees.retrieve(charge.application_fee)
    assert (fee.amount, fee.account) == (1200, account)
    assert fee.originating_transaction == charge.id
    assert total(client, account) == 10_000 - 1200
    assert total(client) == 10_000 - 320 - 10_000 + 1200
    refund = client.v1.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 5000,
            "reverse_transfer": True,
            "refund_application_fee": True,
        }
    )
    assert refund.transfer_reversal
    assert client.v1.application_fees.retrieve(fee.id).amount_refunded == 600
    assert total(client, account) == (10_000 - 1200) // 2


def test_a_direct_charge_pays_the_platform_a_fee(client: Client, account: str) -> None:
    options: Any = {"stripe_account": account}
    intent = client.v1.payment_intents.create(
        {
            "amount": 10_000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "application_fee_amount": 500,
        },
        options,
    )
    assert intent.status == "succeeded"
    assert total(client, account) == 10_000 - 320 - 500
    assert total(client) == 500
    (fee,) = client.v1.application_fees.list().data
    assert (fee.amount, fee.charge) == (500, intent.latest_charge)


def test_a_fee_needs_another_account(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        pay(client, application_fee_amount=5)
    assert refusal.value.param == "application_fee_amount"
