"""What lessons need: checks of answers, the customer's part, and waiting."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_nb import lessons
from stripe_nb.errors import NotebookError
from stripe_nb.lessons import approve, check, complete_checkout, story, wait_until
from stripe_nb.session import Client

CLAIMS: Any = {"it is even": lambda it: it % 2 == 0, "it is big": lambda it: it > 9}
QUESTION: Any = {
    "amount": 2500,
    "currency": "usd",
    "payment_method": "pm_card_threeDSecure2Required",
    "return_url": "https://example.com/done",
    "confirm": True,
}


def test_check_without_an_answer_is_not_solved() -> None:
    checked = check(None, CLAIMS)
    assert not checked.is_solved
    assert "Not tried yet" in repr(checked)


def test_check_of_a_right_answer_is_solved() -> None:
    checked = check(12, CLAIMS)
    assert checked.is_solved
    assert repr(checked).endswith("Solved.")


@pytest.mark.parametrize(
    ("answer", "missed"), [(3, 2), (11, 1), (4, 1), ("no number", 2)]
)
def test_check_of_a_wrong_answer_counts_what_is_missed(
    answer: Any, missed: int
) -> None:
    checked = check(answer, CLAIMS)
    assert not checked.is_solved
    assert repr(checked).splitlines()[-1].startswith(f"{missed} to go")


def test_check_tells_what_an_answer_breaks() -> None:
    told = repr(check({}, {"it has a name": lambda it: it["name"]}))
    assert "no   it has a name (KeyError: 'name')" in told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (12, "no   it is ten (it is 12, not 10)"),
        ("ten", "(ValueError: invalid literal for int()"),
    ],
)
def test_check_tells_what_was_found_and_what_should_be(answer: Any, told: str) -> None:
    assert told in repr(check(answer, {"it is ten": (int, 10)}))
    assert repr(check(10, {"it is ten": (int, 10)})).endswith("Solved.")


def test_check_tells_an_answer_of_another_kind_in_a_sentence(client: Client) -> None:
    status: Any = {"it succeeded": (lambda it: it.status, "succeeded")}
    assert "of the type int, which has no 'status'" in repr(check(5, status))
    customer = client.v1.customers.create({})
    assert "of the type Customer, which has no 'status'" in repr(
        check(customer, status)
    )
    called: Any = {"it greets": (lambda it: it(), "hello")}
    assert "of the type str, and no function" in repr(check("hello", called))
    there: Any = {"it is there": client.v1.customers.retrieve}
    assert "Stripe says: No such customer: 'cus_no'" in repr(check("cus_no", there))


@pytest.mark.parametrize("succeed", [True, False])
def test_approve_answers_as_the_cardholder(client: Client, *, succeed: bool) -> None:
    intent = approve(
        client, client.v1.payment_intents.create(QUESTION), succeed=succeed
    )
    assert (intent.status == "succeeded") is succeed


def test_approve_of_what_asks_nothing_is_an_error(client: Client) -> None:
    paid: Any = {**QUESTION, "payment_method": "pm_card_visa"}
    with pytest.raises(NotebookError, match="confirm it with a return_url"):
        approve(client, client.v1.payment_intents.create(paid))


def test_complete_checkout_with_a_declined_card_leaves_the_session_open(
    client: Client,
) -> None:
    price: Any = {
        "currency": "usd",
        "unit_amount": 900,
        "product_data": {"name": "Mug"},
    }
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "https://example.com/thanks",
        }
    )
    with pytest.raises(stripe.CardError):
        complete_checkout(client, session, "tok_chargeDeclined", email="a@example.com")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_story_is_of_the_named_objects_alone_and_oldest_first(client: Client) -> None:
    ada, grace = (client.v1.customers.create({"name": name}) for name in ("A", "G"))
    client.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    client.v1.customers.delete(ada.id)
    told = story(client, ada.id)
    assert told["event"].tolist()[:2] == ["customer.created", "payment_method.attached"]
    assert told["event"].iloc[-1] == "customer.deleted"
    assert grace.id not in set(told["object"])
    assert story(client, grace.id)["object"].tolist() == [grace.id]


def test_story_of_nothing_has_its_columns(client: Client) -> None:
    told = story(client, "cus_nobody")
    assert told.columns.tolist() == ["event", "object"]
    assert told.empty


def test_wait_until_lets_time_pass_on_a_sandbox(client: Client) -> None:
    paid: Any = {**QUESTION, "payment_method": "pm_card_refundFail"}
    intent = client.v1.payment_intents.create(paid)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    failed = wait_until(
        client,
        lambda: client.v1.refunds.retrieve(refund.id),
        lambda it: it.status == "failed",
    )
    assert failed.id == refund.id


def test_wait_until_gives_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "_SECONDS", 0.0)
    with pytest.raises(NotebookError, match="Nothing happened"):
        wait_until(client, lambda: 1, lambda it: it > 1)
