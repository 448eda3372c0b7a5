"""Issued cards: given to their holders, used, limited, refunded."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

_BILLING: Any = {
    "address": {
        "line1": "1234 Main Street",
        "city": "San Francisco",
        "state": "CA",
        "postal_code": "94111",
        "country": "US",
    }
}


def card(client: Client, **params: Any) -> stripe.issuing.Card:
    holder = client.v1.issuing.cardholders.create(
        {"name": "Ada Lovelace", "type": "individual", "billing": _BILLING}
    )
    given: Any = {
        "cardholder": holder.id,
        "currency": "usd",
        "type": "virtual",
        "status": "active",
        **params,
    }
    return client.v1.issuing.cards.create(given)


def use(client: Client, card_id: str, amount: int = 1000, **more: Any) -> Any:
    params: Any = {"card": card_id, "amount": amount, **more}
    return client.v1.test_helpers.issuing.authorizations.create(params)


def test_card_shows_its_holder(client: Client) -> None:
    issued = card(client)
    assert issued.cardholder.name == "Ada Lovelace"
    assert len(issued.last4) == 4
    client.v1.issuing.cardholders.update(
        issued.cardholder.id, {"email": "ada@example.com"}
    )
    again = client.v1.issuing.cards.retrieve(issued.id)
    assert again.cardholder.email == "ada@example.com"
    types = [event.type for event in client.v1.events.list().data]
    assert types == [
        "issuing_cardholder.updated",
        "issuing_card.created",
        "issuing_cardholder.created",
    ]


def test_use_is_authorized_and_captured(client: Client) -> None:
    issued = card(client)
    held = use(client, issued.id)
    assert (held.approved, held.status, held.amount) == (True, "pending", 1000)
    helpers = client.v1.test_helpers.issuing
    done = helpers.authorizations.capture(held.id)
    assert done.status == "closed"
    (taken,) = done.transactions
    assert (taken.type, taken.amount, taken.authorization) == (
        "capture",
        -1000,
        held.id,
    )
    helpers.transactions.refund(taken.id, {"refund_amount": 400})
    with pytest.raises(stripe.InvalidRequestError, match="can't exceed"):
        helpers.transactions.refund(taken.id, {"refund_amount": 601})
    found = client.v1.issuing.transactions.list({"card": issued.id}).data
    assert sorted(one.amount for one in found) == [-1000, 400]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"status": "inactive"}, "card_inactive"),
        (
            {
                "spending_controls": {
                    "spending_limits": [{"amount": 500, "interval": "daily"}]
                }
            },
            "spending_controls",
        ),
        (
            {"spending_controls": {"blocked_categories": ["computer_software_stores"]}},
            "spending_controls",
        ),
    ],
)
def test_use_beyond_the_rules_is_declined(
    client: Client, params: Any, reason: str
) -> None:
    held = use(client, card(client, **params).id)
    assert (held.approved, held.status, held.amount) == (False, "closed", 0)
    assert held.request_history[0].reason == reason


def test_limit_counts_what_was_spent_before(client: Client) -> None:
    limits = {"spending_limits": [{"amount": 1500, "interval": "monthly"}]}
    issued = card(client, spending_controls=limits)
    assert use(client, issued.id).approved
    assert not use(client, issued.id).approved
    assert use(client, issued.id, 500).approved


def test_hold_grows_shrinks_and_lapses(client: Client) -> None:
    issued = card(client)
    helpers = client.v1.test_helpers.issuing.authorizations
    held = use(client, issued.id)
    assert helpers.increment(held.id, {"increment_amount": 500}).amount == 1500
    assert helpers.reverse(held.id, {"reverse_amount": 1000}).amount == 500
    assert helpers.reverse(held.id).status == "reversed"
    assert helpers.expire(use(client, issued.id).id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="is reversed"):
        helpers.capture(held.id)


def test_forced_capture_tells_of_its_receipt(client: Client) -> None:
    params: Any = {
        "card": card(client).id,
        "amount": 100,
        "merchant_data": {"category": "taxicabs_limousines", "name": "Rocket Rides"},
        "purchase_details": {"receipt": [{"description": "Ride", "quantity": 1}]},
    }
    taken = client.v1.test_helpers.issuing.transactions.create_force_capture(params)
    assert taken.amount == -100
    assert taken.merchant_data.category_code == "4121"
    assert client.v1.events.list().data[0].type == (
        "issuing_transaction.purchase_details_receipt_updated"
    )


def test_physical_card_is_shipped(client: Client) -> None:
    shipping = {"name": "Ada", "address": _BILLING["address"]}
    issued = card(client, type="physical", shipping=shipping)
    assert issued.shipping is not None
    assert issued.shipping.status == "pending"
    helpers = client.v1.test_helpers.issuing.cards
    helpers.ship_card(issued.id)
    arrived = helpers.deliver_card(issued.id)
    assert arrived.shipping is not None
    assert arrived.shipping.status == "delivered"
    with pytest.raises(stripe.InvalidRequestError, match="can't be shipped"):
        helpers.ship_card(issued.id)


def test_canceled_card_stays_so(client: Client) -> None:
    issued = card(client)
    client.v1.issuing.cards.update(issued.id, {"status": "canceled"})
    with pytest.raises(stripe.InvalidRequestError, match="canceled card"):
        client.v1.issuing.cards.update(issued.id, {"status": "active"})
