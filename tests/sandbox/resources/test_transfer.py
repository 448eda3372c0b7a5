"""Money between a platform and its connected accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client


@pytest.fixture
def stranger(client: Client) -> str:
    """Return a connected account that has told Stripe nothing yet."""
    made = client.v1.accounts.create(
        {"type": "express", "capabilities": {"transfers": {"requested": True}}}
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


def test_no_money_moves_to_an_account_that_may_take_none(
    client: Client, stranger: str
) -> None:
    pay(client)
    before = total(client)
    with pytest.raises(stripe.InvalidRequestError) as transferred:
        client.v1.transfers.create(
            {"amount": 1000, "currency": "usd", "destination": stranger}
        )
    with pytest.raises(stripe.InvalidRequestError) as charged:
        pay(client, transfer_data={"destination": stranger})
    for refusal in (transferred.value, charged.value):
        assert refusal.http_status == 400
        assert refusal.code == "insufficient_capabilities_for_transfer"
        assert "transfers, crypto_transfers, legacy_payments" in str(refusal)
    assert (total(client), total(client, stranger)) == (before, 0)


def test_an_account_made_without_capabilities_takes_transfers_at_once(
    client: Client,
) -> None:
    pay(client)
    made = client.v1.accounts.create()
    params: Any = {"amount": 1000, "currency": "usd", "destination": made.id}
    client.v1.transfers.create(params)
    assert total(client, made.id) == 1000
    assert not made.charges_enabled
    client.v1.accounts.reject(made.id, {"reason": "fraud_other"})
    with pytest.raises(stripe.InvalidRequestError, match="at least one of"):
        client.v1.transfers.create(params)


def test_an_account_that_may_not_charge_takes_no_direct_charge(
    client: Client, stranger: str
) -> None:
    options: Any = {"stripe_account": stranger}
    wanted: Any = {"amount": 1000, "currency": "usd"}
    of_card: Any = {**wanted, "source": "tok_visa"}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.create(wanted, options)
    assert refusal.value.http_status == 400
    assert "cannot currently make live charges" in str(refusal.value)
    with pytest.raises(stripe.InvalidRequestError, match="disabled_reason"):
        client.v1.charges.create(of_card, options)
    assert client.v1.charges.list({}, options).data == []


def test_an_intent_is_not_confirmed_once_its_account_is_rejected(
    client: Client, account: str
) -> None:
    options: Any = {"stripe_account": account}
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa"}, options
    )
    client.v1.accounts.reject(account, {"reason": "fraud_other"})
    with pytest.raises(stripe.InvalidRequestError, match="cannot currently"):
        client.v1.payment_intents.confirm(intent.id, {}, options)


def test_a_fee_is_no_more_than_the_payment(client: Client, account: str) -> None:
    shared: Any = {"transfer_data": {"destination": account}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        pay(client, **shared, application_fee_amount=10_001)
    assert refusal.value.http_status == 400
    assert refusal.value.param == "application_fee_amount"
    legacy: Any = {
        **shared,
        "amount": 10_000,
        "currency": "usd",
        "source": "tok_visa",
        "application_fee_amount": 10_001,
    }
    with pytest.raises(stripe.InvalidRequestError, match="10001"):
        client.v1.charges.create(legacy)
    held = pay(client, **shared, confirm=False, application_fee_amount=9000)
    with pytest.raises(stripe.InvalidRequestError, match="9000"):
        client.v1.payment_intents.update(held.id, {"amount": 8999})
    assert pay(client, **shared, application_fee_amount=10_000).status == "succeeded"


def test_a_fee_is_no_more_than_what_is_captured(client: Client, account: str) -> None:
    intent = pay(
        client,
        capture_method="manual",
        application_fee_amount=3000,
        transfer_data={"destination": account},
    )
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(
            intent.id, {"amount_to_capture": 2000, "application_fee_amount": 2001}
        )
    assert refusal.value.param == "application_fee_amount"
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2000})
    (fee,) = client.v1.application_fees.list().data
    assert (fee.amount, total(client, account)) == (2000, 0)


def test_a_charge_s_capture_may_set_its_fee(client: Client, account: str) -> None:
    held: Any = {
        "amount": 5000,
        "currency": "usd",
        "capture": False,
        "source": "tok_visa",
    }
    direct: Any = {"stripe_account": account}
    made = client.v1.charges.create(held, direct)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.charges.capture(made.id, {"application_fee_amount": 5001}, direct)
    assert refused.value.param == "application_fee_amount"
    taken = client.v1.charges.capture(made.id, {"application_fee_amount": 300}, direct)
    (fee,) = client.v1.application_fees.list().data
    assert (taken.application_fee_amount, fee.amount, fee.charge) == (300, 300, made.id)

    own = client.v1.charges.create(held)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.charges.capture(own.id, {"application_fee_amount": 300})
    assert refused.value.param == "application_fee_amount"
