"""The payment form without a browser: what it says, keeps to itself, and pays."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from stripe_nb.errors import WidgetError
from stripe_nb.session import Client, connect
from stripe_nb.widgets.payment_form import PaymentForm
from stripe_nb.widgets.payment_form_cards import offered
from stripe_nb.widgets.payment_form_headless import HeadlessCustomer
from stripe_nb.widgets.payment_form_intent import IntentSecret


def payment(client: Client, **more: Any) -> Any:
    params: Any = {"amount": 2500, "currency": "usd", **more}
    return client.v1.payment_intents.create(params)


def status_of(client: Client, intent: Any) -> str:
    return client.v1.payment_intents.retrieve(intent.id).status


def test_simulate_pays(client: Client) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)

    result = form.simulate("4242 4242 4242 4242")

    assert (result.status, result.error, result.is_settled) == ("succeeded", None, True)
    assert (form.status, form.error) == ("succeeded", None)
    assert form.result == {"intent": intent.id, "status": "succeeded", "error": None}
    assert status_of(client, intent) == "succeeded"


def test_simulate_tells_a_decline_and_can_be_tried_again(client: Client) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)

    declined = form.simulate("pm_card_visa_chargeDeclinedInsufficientFunds")
    told = dict(form.error or {})
    again = form.simulate("pm_card_visa")

    assert declined.error is not None
    assert declined.error["decline_code"] == told["decline_code"]
    assert told["decline_code"] == "insufficient_funds"
    assert again.is_settled
    assert form.error is None


@pytest.mark.parametrize(
    ("passes", "status", "code"),
    [
        (True, "succeeded", None),
        (False, "requires_payment_method", "payment_intent_authentication_failure"),
    ],
)
def test_simulate_answers_3d_secure(
    client: Client, *, passes: bool, status: str, code: str | None
) -> None:
    intent = payment(client)

    result = PaymentForm(intent, client=client).simulate(
        "4000002760003184", authenticate=passes
    )

    assert (result.status, (result.error or {}).get("code")) == (status, code)
    assert status_of(client, intent) == status


def test_simulate_saves_a_card(client: Client) -> None:
    customer = client.v1.customers.create({})
    intent = client.v1.setup_intents.create({"customer": customer.id})
    form = PaymentForm(intent, client=client)

    assert form.simulate("4000002500003155").status == "succeeded"
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.card is not None
    assert (form.title, saved.card.last4) == ("Save a payment method", "3155")


def test_a_payment_that_is_settled_is_not_paid_twice(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)
    form.simulate("pm_card_visa")

    refused = form.simulate("pm_card_visa")

    assert refused.error is not None
    assert refused.error["code"] == "payment_intent_unexpected_state"


def test_only_test_cards_are_simulated(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)

    with pytest.raises(WidgetError, match="Only Stripe's test cards") as refused:
        form.simulate("4012888888881881")
    assert "4012" not in str(refused.value)
    nothing: Any = None
    with pytest.raises(WidgetError, match="Only Stripe's test cards"):
        form.simulate(nothing)
    assert form.simulate(4242424242424242).status == "succeeded"


@pytest.mark.parametrize("card", offered(), ids=lambda card: card.number)
def test_every_card_that_is_offered_ends_in_a_state(client: Client, card: Any) -> None:
    form = PaymentForm(payment(client), client=client)

    result = form.simulate(card.number)

    expected = "requires_payment_method" if "declined" in card.label else "succeeded"
    assert result.status == expected


@pytest.mark.parametrize("given", ["intent", "id", "secret"])
def test_the_secret_stays_out_of_repr_fallback_and_saved_state(
    client: Client, given: str
) -> None:
    intent = payment(client)
    secret = str(intent.client_secret)
    form = PaymentForm(
        {"intent": intent, "id": intent.id, "secret": secret}[given], client=client
    )
    form.simulate("4000000000000002")
    bundle, _ = form._repr_mimebundle_()

    tail = secret.partition("_secret_")[2]
    assert form.on_open()["secret"] == secret
    for text in (repr(form), json.dumps(bundle), json.dumps(form.get_state())):
        assert tail not in text


def test_it_says_what_it_is_the_same_each_time(client: Client) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)

    assert repr(form) == (
        f"<PaymentForm: {intent.id}, pay 25.00 usd, requires_payment_method>"
    )
    assert form.fallback_html() == (
        "<p><b>Pay 25.00 USD</b>: requires payment method</p>"
    )


@pytest.mark.parametrize("given", ["pi_1_secret", 7, None, "pm_card_visa"])
def test_what_is_no_intent_is_refused(client: Client, given: object) -> None:
    with pytest.raises(WidgetError, match="payment intent or a setup intent"):
        PaymentForm(given, client=client)


def test_a_report_from_the_page_is_looked_up(client: Client) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)

    form.call("report", error=None)
    before = form.status
    client.v1.payment_intents.confirm(
        intent.id,
        {"payment_method": "pm_card_visa", "return_url": "https://shop.example"},
    )
    form.call("report", error={"message": "It failed, the page says."})

    assert before == "requires_payment_method"
    assert (form.status, form.error) == ("succeeded", None)


def test_a_secret_of_another_intent_is_refused(client: Client) -> None:
    intent = payment(client)
    with pytest.raises(WidgetError, match="not that of pi_") as raised:
        PaymentForm(f"{intent.id}_secret_another", client=client)
    assert "another" not in str(raised.value)


def test_a_payment_canceled_meanwhile_says_why_it_can_not_be_paid(
    client: Client,
) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)
    client.v1.payment_intents.cancel(intent.id)

    form.call("report", error={"message": "It has a status of canceled."})

    assert form.status == "canceled"
    assert (form.message, form.tone) == ("It has a status of canceled.", "error")


def test_what_the_page_refused_is_told_without_the_intent(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)

    form.call(
        "report",
        error={
            "code": "incorrect_number",
            "message": "No.",
            "payment_intent": {"x": 1},
        },
    )

    assert form.error == {"code": "incorrect_number", "message": "No."}


def test_a_cell_can_wait_for_each_try(client: Client) -> None:
    intent = payment(client)
    form = PaymentForm(intent, client=client)
    page = HeadlessCustomer(client, form.on_open()["key"])
    secret = IntentSecret(str(intent.client_secret))

    async def story() -> list[tuple[str, str | None]]:
        seen = []
        for number in ("4000000000000002", "4000000000000002", "4242424242424242"):
            waiting = asyncio.ensure_future(form.wait(20))
            await asyncio.sleep(0.05)
            card = next(each for each in offered() if each.number == number)
            await asyncio.to_thread(page.pay, secret, card, authenticate=True)
            result = await waiting
            seen.append((result.status, (result.error or {}).get("code")))
        return seen

    declined = ("requires_payment_method", "card_declined")
    assert asyncio.run(story()) == [declined, declined, ("succeeded", None)]
    assert form.status == "succeeded"


def test_a_settled_form_is_awaited_at_once(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)
    form.simulate("pm_card_visa")

    async def cell() -> str:
        return (await form).status

    assert asyncio.run(cell()) == "succeeded"


def test_waiting_ends_with_a_word_of_advice(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)

    with pytest.raises(WidgetError, match="Nobody has paid within 0 seconds"):
        asyncio.run(form.wait(0))


def test_a_form_stays_with_its_client(client: Client) -> None:
    form = PaymentForm(payment(client), client=client)
    with connect(scenario=None):
        assert form.simulate("pm_card_visa").is_settled


def test_the_script_comes_from_the_sandbox_itself(client: Client) -> None:
    opening = PaymentForm(payment(client), client=client).on_open()

    assert opening["script"] == f"{client.sandbox_url}/v3/"
    assert "window.Stripe" in requests.get(opening["script"], timeout=10).text


@pytest.mark.parametrize(
    ("key", "options", "says"),
    [
        ("sk_test_" + "0123456789abcdef" * 2, {}, "STRIPE_PUBLISHABLE_KEY"),
        ("sk_live_" + "0123456789abcdef" * 2, {"allow_live": True}, "real money"),
    ],
)
def test_stripe_itself_needs_a_key_and_permission(
    tmp_path: Path, key: str, options: Any, says: str
) -> None:
    env = tmp_path / ".env"
    env.write_text(f"STRIPE_SECRET_KEY={key}")
    env.chmod(0o600)

    # Neither asks Stripe for anything.
    with (
        connect(env_file=env, **options) as client,
        pytest.raises(WidgetError, match=says),
    ):
        PaymentForm("pi_1_secret_2", client=client)
