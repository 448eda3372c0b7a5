"""Payouts, top-ups and the balance between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

DAY = 24 * 60 * 60
Types = Callable[[], list[str]]
Wait = Callable[[int], None]


def fund(client: Client, amount: int = 10_000) -> None:
    client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "payment_method": "pm_card_bypassPending",
            "confirm": True,
        }
    )


def available(client: Client) -> int:
    return client.v1.balance.retrieve().available[0].amount


def test_a_payout_is_on_its_way_before_it_is_paid(
    client: Client, wait: Wait, event_types: Types
) -> None:
    fund(client)
    before = available(client)
    payout = client.v1.payouts.create({"amount": 4000, "currency": "usd"})
    assert (payout.status, payout.automatic) == ("pending", False)
    assert available(client) == before - 4000
    wait(DAY)
    assert client.v1.payouts.retrieve(payout.id).status == "in_transit"
    wait(4 * DAY)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"
    assert [name for name in event_types() if name.startswith("payout")] == [
        "payout.created",
        "payout.updated",
        "payout.paid",
    ]


def test_more_than_is_available_can_not_be_paid_out(client: Client) -> None:
    fund(client, 1000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payouts.create({"amount": 1000, "currency": "usd"})
    assert refusal.value.code == "balance_insufficient"


def test_money_is_pending_before_it_is_available(client: Client, wait: Wait) -> None:
    client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 941)
    wait(4 * DAY)
    balance = client.v1.balance.retrieve()
    assert balance.available[0].amount == 941
    assert client.v1.events.list({"type": "balance.available"}).data


def test_a_pending_payout_can_be_canceled(client: Client, wait: Wait) -> None:
    fund(client)
    before = available(client)
    payout = client.v1.payouts.create({"amount": 4000, "currency": "usd"})
    assert client.v1.payouts.cancel(payout.id).status == "canceled"
    assert available(client) == before
    wait(5 * DAY)
    assert client.v1.payouts.retrieve(payout.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="only be canceled"):
        client.v1.payouts.cancel(payout.id)


def test_a_paid_payout_can_be_reversed_once(client: Client, wait: Wait) -> None:
    fund(client)
    before = available(client)
    payout = client.v1.payouts.create({"amount": 4000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="only a payout that is paid"):
        client.v1.payouts.reverse(payout.id)
    wait(5 * DAY)
    reversal = client.v1.payouts.reverse(payout.id)
    assert (reversal.amount, reversal.original_payout) == (-4000, payout.id)
    assert client.v1.payouts.retrieve(payout.id).reversed_by == reversal.id
    assert available(client) == before


def test_a_payout_to_a_closed_account_fails(
    client: Client, sandbox: Any, wait: Wait
) -> None:
    fund(client)
    before = available(client)
    payout = client.v1.payouts.create({"amount": 4000, "currency": "usd"})
    call = sandbox.engine.internal_call()
    with sandbox.engine.writing():
        call.set_private(payout.destination, number="000111111113")
    wait(5 * DAY)
    payout = client.v1.payouts.retrieve(payout.id)
    assert (payout.status, payout.failure_code) == ("failed", "account_closed")
    assert available(client) == before


def test_an_unknown_destination_is_refused(client: Client) -> None:
    fund(client)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payouts.create(
            {"amount": 100, "currency": "usd", "destination": "ba_none"}
        )
    assert (refusal.value.code, refusal.value.param) == (
        "resource_missing",
        "destination",
    )


def test_a_topup_arrives_after_some_days(
    client: Client, wait: Wait, event_types: Types
) -> None:
    topup = client.v1.topups.create({"amount": 2000, "currency": "usd"})
    assert topup.status == "pending"
    assert available(client) == 0
    wait(8 * DAY)
    assert client.v1.topups.retrieve(topup.id).status == "succeeded"
    assert available(client) == 2000
    assert "topup.succeeded" in event_types()


def test_a_canceled_topup_never_arrives(client: Client, wait: Wait) -> None:
    topup = client.v1.topups.create({"amount": 2000, "currency": "usd"})
    assert client.v1.topups.cancel(topup.id).status == "canceled"
    wait(8 * DAY)
    assert available(client) == 0
    with pytest.raises(stripe.InvalidRequestError, match="only a pending top-up"):
        client.v1.topups.cancel(topup.id)


def test_a_connected_account_is_paid_out_to_its_own_bank(
    client: Client, account: str, wait: Wait
) -> None:
    options: Any = {"stripe_account": account}
    fund(client)
    client.v1.transfers.create(
        {"amount": 5000, "currency": "usd", "destination": account}
    )
    before = available(client)
    payout = client.v1.payouts.create({"amount": 4000, "currency": "usd"}, options)
    (bank,) = client.v1.accounts.external_accounts.list(account).data
    assert payout.destination == bank.id
    balance = client.v1.balance.retrieve({}, options)
    assert (balance.available[0].amount, available(client)) == (1000, before)
    wait(5 * DAY)
    assert client.v1.payouts.retrieve(payout.id, {}, options).status == "paid"
    named: Any = {"amount": 100, "currency": "usd", "destination": bank.id}
    assert client.v1.payouts.create(named, options).destination == bank.id
    with pytest.raises(stripe.InvalidRequestError, match="any external accounts"):
        client.v1.payouts.create({"amount": 100, "currency": "eur"}, options)


def test_an_account_whose_payouts_are_not_enabled_is_not_paid_out(
    client: Client,
) -> None:
    made = client.v1.accounts.create({"type": "express"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payouts.create(
            {"amount": 100, "currency": "usd"}, {"stripe_account": made.id}
        )
    assert (refusal.value.http_status, refusal.value.code) == (
        400,
        "payouts_not_allowed",
    )
