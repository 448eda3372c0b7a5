"""Tokens, saved cards and charges as they were before payment intents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

DAY = 24 * 60 * 60


def card_token(client: Client, **card: Any) -> stripe.Token:
    details: Any = {
        "number": "4242424242424242",
        "exp_month": "5",
        "exp_year": "2031",
        "cvc": "123",
        **card,
    }
    return client.v1.tokens.create({"card": details})


def test_a_token_is_charged_once(client: Client) -> None:
    token = card_token(client, name="Jenny Rosen")
    assert token.card is not None
    assert (token.card.brand, token.card.name) == ("Visa", "Jenny Rosen")
    charge = client.v1.charges.create(
        {"amount": 500, "currency": "usd", "source": token.id}
    )
    assert (charge.status, charge.payment_method) == ("succeeded", token.card.id)
    assert charge.source is not None
    assert charge.source.id == token.card.id
    assert client.v1.tokens.retrieve(token.id).used
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.create({"amount": 500, "currency": "usd", "source": token.id})
    assert refusal.value.code == "token_already_used"


def test_a_charge_can_be_captured_later(client: Client) -> None:
    charge = client.v1.charges.create(
        {"amount": 500, "currency": "usd", "source": "tok_visa", "capture": False}
    )
    assert not charge.captured
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.capture(charge.id, {"amount": 501})
    assert refusal.value.code == "amount_too_large"
    charge = client.v1.charges.capture(charge.id, {"amount": 300})
    assert (charge.captured, charge.amount_captured) == (True, 300)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.capture(charge.id)
    assert refusal.value.code == "charge_already_captured"
    refund = client.v1.refunds.create({"charge": charge.id})
    assert refund.amount == 300


def test_an_uncaptured_charge_lapses(
    client: Client, wait: Callable[[int], None], event_types: Callable[[], list[str]]
) -> None:
    charge = client.v1.charges.create(
        {"amount": 500, "currency": "usd", "source": "tok_visa", "capture": False}
    )
    wait(7 * DAY)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.charges.capture(charge.id)
    assert refusal.value.code == "charge_expired_for_capture"
    assert event_types()[-1] == "charge.expired"


def test_a_declined_charge_is_kept(client: Client) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.charges.create(
            {"amount": 500, "currency": "usd", "source": "tok_chargeDeclined"}
        )
    body: Any = refusal.value.json_body
    charge = body["error"]["charge"]
    assert client.v1.charges.retrieve(charge).status == "failed"


@pytest.mark.parametrize("with_customer", [True, False])
def test_something_must_be_charged(client: Client, with_customer: bool) -> None:
    params: Any = {"amount": 500, "currency": "usd"}
    if with_customer:
        params["customer"] = client.v1.customers.create({}).id
    with pytest.raises(stripe.StripeError) as refusal:
        client.v1.charges.create(params)
    expected = ("missing", 402) if with_customer else ("parameter_missing", 400)
    assert (refusal.value.code, refusal.value.http_status) == expected


def test_a_customers_first_card_is_its_default(client: Client) -> None:
    customer = client.v1.customers.create({"source": "tok_mastercard"})
    default = str(customer.default_source)
    added = client.v1.customers.payment_sources.create(
        customer.id, {"source": "tok_visa"}
    )
    charge = client.v1.charges.create(
        {"amount": 500, "currency": "usd", "customer": customer.id}
    )
    assert charge.payment_method == default
    listed = client.v1.customers.payment_sources.list(customer.id).data
    assert [source.id for source in listed] == [added.id, default]
    client.v1.customers.payment_sources.delete(customer.id, default)
    customer = client.v1.customers.retrieve(customer.id)
    assert customer.default_source == added.id


def test_a_saved_card_can_be_changed(
    client: Client, event_types: Callable[[], list[str]]
) -> None:
    customer = client.v1.customers.create({"source": "tok_visa"})
    changed: Any = client.v1.customers.payment_sources.update(
        customer.id,
        str(customer.default_source),
        {"exp_year": "2033", "metadata": {"a": "1"}},
    )
    assert (changed.exp_year, changed.metadata["a"]) == (2033, "1")
    assert event_types()[-1] == "customer.source.updated"


def test_a_bank_account_is_verified_by_two_amounts(client: Client) -> None:
    token = client.v1.tokens.create(
        {
            "bank_account": {
                "country": "US",
                "currency": "usd",
                "account_holder_name": "Jenny Rosen",
                "account_number": "000123456789",
                "routing_number": "110000000",
            }
        }
    )
    assert token.id.startswith("btok_")
    customer = client.v1.customers.create({"source": token.id})
    source = str(customer.default_source)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.payment_sources.verify(
            customer.id, source, {"amounts": [1, 2]}
        )
    assert refusal.value.code == "bank_account_verification_failed"
    verified = client.v1.customers.payment_sources.verify(
        customer.id, source, {"amounts": [32, 45]}
    )
    assert verified.status == "verified"


def test_a_declining_card_can_not_be_saved(client: Client) -> None:
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.customers.payment_sources.create(
            customer.id, {"source": "tok_chargeDeclined"}
        )
    assert refusal.value.code == "card_declined"


def test_false_card_details_make_no_token(client: Client) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        card_token(client, exp_year="2020")
    assert refusal.value.code == "invalid_expiry_year"
    with pytest.raises(stripe.CardError) as refusal:
        card_token(client, number="4242424242424241")
    assert refusal.value.code == "incorrect_number"


def test_a_saved_card_stands_for_a_payment_method(client: Client) -> None:
    customer = client.v1.customers.create({"source": "tok_visa"})
    source = str(customer.default_source)
    method = client.v1.payment_methods.retrieve(source)
    assert (method.id, method.type, method.customer) == (source, "card", customer.id)
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": source,
            "confirm": True,
        }
    )
    assert (intent.status, intent.payment_method) == ("succeeded", source)
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "payment_method": source}
        )


def test_cards_and_bank_accounts_are_listed_together(client: Client) -> None:
    customer = client.v1.customers.create({"source": "tok_visa"})
    sources = client.v1.customers.payment_sources
    account = sources.create(customer.id, {"source": "btok_us_verified"})
    added = sources.create(customer.id, {"source": "tok_amex"})
    ids = [added.id, account.id, customer.default_source]
    assert [source.id for source in sources.list(customer.id).data] == ids
    page = sources.list(customer.id, {"limit": 1, "starting_after": added.id})
    assert ([source.id for source in page.data], page.has_more) == ([ids[1]], True)
    cards = sources.list(customer.id, {"object": "card"}).data
    assert [source.id for source in cards] == [ids[0], ids[2]]
