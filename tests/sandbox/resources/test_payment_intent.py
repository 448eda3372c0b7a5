"""Payment intents: each state, each refusal, and the events in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

Wait = Callable[[int], None]
Types = Callable[[], list[str]]

DAY = 24 * 60 * 60
CARD: Any = {"amount": 2000, "currency": "usd", "payment_method": "pm_card_visa"}


def pay(client: Client, **params: Any) -> stripe.PaymentIntent:
    wanted: Any = {**CARD, "confirm": True, **params}
    return client.v1.payment_intents.create(wanted)


def test_an_intent_goes_from_no_method_to_succeeded(
    client: Client, event_types: Types
) -> None:
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    assert intent.status == "requires_payment_method"
    assert str(intent.client_secret).startswith(f"{intent.id}_secret_")
    update: Any = {"payment_method": "pm_card_visa"}
    intent = client.v1.payment_intents.update(intent.id, update)
    assert intent.status == "requires_confirmation"
    intent = client.v1.payment_intents.confirm(intent.id)
    assert intent.status == "succeeded"
    assert intent.amount_received == 2000
    assert event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]


def test_the_balance_transaction_comes_a_moment_after_the_charge(
    client: Client,
) -> None:
    pay(client)
    updated, _, succeeded, _ = client.v1.events.list({"limit": 4}).data
    assert succeeded.data.object["balance_transaction"] is None
    assert updated.type == "charge.updated"
    assert updated.data.object["balance_transaction"].startswith("txn_3")
    previous: Any = updated.data.previous_attributes
    assert previous.to_dict() == {"balance_transaction": None}


def test_events_of_payments_have_ids_of_their_own(client: Client) -> None:
    client.v1.customers.create({})
    pay(client)
    leads = {
        event.type: event.id[:5] for event in client.v1.events.list({"limit": 9}).data
    }
    assert leads["customer.created"] == "evt_1"
    assert leads["payment_intent.succeeded"] == leads["charge.succeeded"] == "evt_3"


def test_capture_takes_a_part_and_releases_the_rest(
    client: Client, event_types: Types
) -> None:
    intent = pay(client, capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    intent = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (intent.status, intent.amount_received) == ("succeeded", 1500)
    assert intent.amount_capturable == 0
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.captured, charge.amount_captured) == (True, 1500)
    assert event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]


def test_capturing_too_much_is_refused(client: Client) -> None:
    intent = pay(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2001})
    assert refusal.value.code == "amount_too_large"
    assert refusal.value.param == "amount_to_capture"


def test_several_captures_need_to_be_asked_for(client: Client) -> None:
    intent = pay(client, capture_method="manual")
    part: Any = {"amount_to_capture": 500, "final_capture": False}
    with pytest.raises(stripe.InvalidRequestError, match="multicapture"):
        client.v1.payment_intents.capture(intent.id, part)
    options: Any = {"card": {"request_multicapture": "if_available"}}
    intent = pay(client, capture_method="manual", payment_method_options=options)
    intent = client.v1.payment_intents.capture(intent.id, part)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1500)
    intent = client.v1.payment_intents.capture(intent.id)
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    entries = client.v1.balance_transactions.list({"type": "charge"}).data
    assert [entry.amount for entry in entries] == [1500, 500]


def test_an_authorization_can_be_raised_where_it_was_asked_for(client: Client) -> None:
    options: Any = {"card": {"request_incremental_authorization": "if_available"}}
    intent = pay(client, capture_method="manual", payment_method_options=options)
    raised = client.v1.payment_intents.increment_authorization(
        intent.id, {"amount": 3000}
    )
    assert (raised.amount, raised.amount_capturable) == (3000, 3000)
    captured = client.v1.payment_intents.capture(intent.id)
    assert captured.amount_received == 3000
    plain = pay(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError, match="not eligible"):
        client.v1.payment_intents.increment_authorization(plain.id, {"amount": 3000})


def test_an_uncaptured_intent_expires_after_seven_days(
    sandbox: Sandbox, client: Client, wait: Wait, event_types: Types
) -> None:
    intent = pay(client, capture_method="manual")
    wait(7 * DAY)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "expired")
    assert event_types()[-3:] == [
        "charge.updated",
        "charge.expired",
        "payment_intent.canceled",
    ]


def test_a_captured_intent_does_not_expire(
    sandbox: Sandbox, client: Client, wait: Wait, event_types: Types
) -> None:
    intent = pay(client, capture_method="manual")
    client.v1.payment_intents.capture(intent.id)
    wait(8 * DAY)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert "charge.expired" not in event_types()


@pytest.mark.parametrize("manual", [True, False])
def test_canceling_gives_everything_back(client: Client, manual: bool) -> None:
    intent = (
        pay(client, capture_method="manual")
        if manual
        else client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    )
    intent = client.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "abandoned"}
    )
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
    assert intent.amount_capturable == 0
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.cancel(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


def test_a_decline_leaves_the_intent_waiting_for_another_card(
    client: Client, event_types: Types
) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        pay(client, payment_method="pm_card_chargeDeclinedInsufficientFunds")
    error = refusal.value
    assert (error.code, error.http_status) == ("card_declined", 402)
    body: Any = error.json_body
    assert body["error"]["decline_code"] == "insufficient_funds"
    intent = body["error"]["payment_intent"]
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["decline_code"] == "insufficient_funds"
    again = client.v1.payment_intents.confirm(
        intent["id"], {"payment_method": "pm_card_visa"}
    )
    assert (again.status, again.last_payment_error) == ("succeeded", None)
    assert event_types()[:3] == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]


def test_three_d_secure_waits_for_the_cardholder(
    sandbox: Sandbox, client: Client
) -> None:
    intent = pay(
        client,
        payment_method="pm_card_authenticationRequired",
        return_url="https://example.com/back",
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert str(intent.next_action.redirect_to_url.url).startswith(sandbox.url)
    sandbox.authenticate(intent.id)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.next_action) == ("succeeded", None)
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    details: Any = charge.payment_method_details
    assert details.card.three_d_secure.result == "authenticated"


def test_a_failed_challenge_asks_for_another_card(
    sandbox: Sandbox, client: Client
) -> None:
    intent = pay(client, payment_method="pm_card_threeDSecure2Required")
    sandbox.authenticate(intent.id, succeed=False)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"


def test_manual_confirmation_is_confirmed_again_by_the_server(
    sandbox: Sandbox, client: Client
) -> None:
    intent = pay(
        client,
        payment_method="pm_card_authenticationRequired",
        confirmation_method="manual",
    )
    sandbox.authenticate(intent.id)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_confirmation"
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"


def test_off_session_a_challenge_is_a_decline(client: Client) -> None:
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.CardError) as refusal:
        pay(
            client,
            customer=customer.id,
            payment_method="pm_card_authenticationRequired",
            off_session=True,
        )
    assert refusal.value.code == "authentication_required"


def test_setup_for_future_usage_saves_the_card(
    sandbox: Sandbox, client: Client
) -> None:
    customer = client.v1.customers.create({})
    intent = pay(
        client,
        customer=customer.id,
        payment_method="pm_card_authenticationRequiredOnSetup",
        setup_future_usage="off_session",
    )
    sandbox.authenticate(intent.id)
    saved = client.v1.customers.payment_methods.list(customer.id).data[0]
    later = pay(client, customer=customer.id, payment_method=saved.id, off_session=True)
    assert later.status == "succeeded"


def test_a_card_that_was_not_saved_is_used_up(client: Client) -> None:
    intent = pay(client)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        pay(client, payment_method=str(intent.payment_method))


def test_confirming_without_a_method_is_refused(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.confirm(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"
    assert "missing a payment method" in str(refusal.value)


def test_confirming_twice_is_refused(client: Client) -> None:
    intent = pay(client)
    with pytest.raises(
        stripe.InvalidRequestError, match="already succeeded"
    ) as refusal:
        client.v1.payment_intents.confirm(intent.id)
    assert refusal.value.code == "payment_intent_unexpected_state"


def test_an_amount_is_fixed_once_it_is_paid(client: Client) -> None:
    intent = pay(client)
    changed = client.v1.payment_intents.update(intent.id, {"description": "Bowl"})
    assert changed.description == "Bowl"
    with pytest.raises(stripe.InvalidRequestError, match="could not be updated"):
        client.v1.payment_intents.update(intent.id, {"amount": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [("off_session", True), ("return_url", "https://example.com")],
)
def test_what_belongs_to_a_confirmation_needs_one(
    client: Client, name: str, value: Any
) -> None:
    params: Any = {"amount": 2000, "currency": "usd", name: value}
    with pytest.raises(stripe.InvalidRequestError, match="unless you are also") as no:
        client.v1.payment_intents.create(params)
    assert no.value.param == name


def test_card_data_may_come_with_the_confirmation(client: Client) -> None:
    data: Any = {
        "type": "card",
        "card": {"number": "4242 4242 4242 4242", "exp_month": 5, "exp_year": 2031},
        "billing_details": {"name": "Jenny Rosen"},
    }
    intent = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method_data": data,
        }
    )
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.billing_details.name == "Jenny Rosen"


def test_a_confirmation_token_carries_the_card_once(client: Client) -> None:
    token = client.v1.test_helpers.confirmation_tokens.create(
        {"payment_method": "pm_card_mastercard", "return_url": "https://example.com"}
    )
    preview: Any = token.payment_method_preview
    assert preview.card.brand == "mastercard"
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    paid = client.v1.payment_intents.confirm(
        intent.id, {"confirmation_token": token.id}
    )
    assert paid.status == "succeeded"
    used = client.v1.confirmation_tokens.retrieve(token.id)
    assert used.payment_intent == intent.id
    with pytest.raises(stripe.InvalidRequestError, match="has been used"):
        client.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "usd",
                "confirm": True,
                "confirmation_token": token.id,
            }
        )


def test_what_nothing_simulates_is_said(client: Client) -> None:
    types: Any = ["klarna"]
    with pytest.raises(stripe.APIError, match="klarna") as refusal:
        client.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "usd",
                "allowed_payment_method_types": types,
            }
        )
    assert refusal.value.http_status == 501


def test_a_capture_of_nothing_is_refused(client: Client) -> None:
    held = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "capture_method": "manual",
            "confirm": True,
            "payment_method": "pm_card_visa",
        }
    )

    with pytest.raises(stripe.InvalidRequestError, match="greater than or equal to 1"):
        client.v1.payment_intents.capture(held.id, {"amount_to_capture": 0})


def test_a_payment_method_can_be_taken_off_again(client: Client) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"}
    )

    changed = client.v1.payment_intents.update(intent.id, {"payment_method": ""})

    assert (changed.status, changed.payment_method) == ("requires_payment_method", None)


def test_another_currency_must_be_able_to_pay_the_amount(client: Client) -> None:
    intent = client.v1.payment_intents.create({"amount": 1005, "currency": "usd"})

    with pytest.raises(stripe.InvalidRequestError, match="multiple of 10"):
        client.v1.payment_intents.update(intent.id, {"currency": "kwd"})
