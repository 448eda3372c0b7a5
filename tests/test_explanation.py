"""What is said of each error that Stripe has."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe import oauth_error

from stripe_nb import errors, explanation
from stripe_nb.errors import LiveKeyError, explain
from stripe_nb.explanation import Explanation
from stripe_nb.paths import data_path
from stripe_nb.session import Client

DATA: dict[str, Any] = json.loads(data_path("errors.json").read_text("utf-8"))
DECLINES: dict[str, Any] = json.loads(data_path("declines.json").read_text("utf-8"))
# What tells a thief, or the person behind a stolen card, more than "declined".
REVEALING = ("lost", "stolen", "fraud", "block", "risk", "pick")


def error_classes() -> list[type[stripe.StripeError]]:
    found = {
        kind
        for module in (stripe, oauth_error)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, stripe.StripeError)
    }
    internal = {"StripeErrorWithParamCode"}
    return sorted(
        (kind for kind in found if kind.__name__ not in internal),
        key=lambda kind: f"{kind.__name__}{kind.__module__}",
    )


def code_literals() -> set[str]:
    """Each code that the SDK lists for an error in one of its objects."""
    folder = Path(inspect.getfile(stripe)).parent
    files = (
        "_payment_intent.py",
        "_setup_intent.py",
        "_setup_attempt.py",
        "_invoice.py",
    )
    return {
        code
        for name in files
        for code in _codes_in(ast.parse((folder / name).read_text("utf-8")))
    }


def _codes_in(tree: ast.Module) -> Iterator[str]:
    for kind in ast.walk(tree):
        if not isinstance(kind, ast.ClassDef) or "Error" not in kind.name:
            continue
        for node in kind.body:
            target = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(target, ast.Name) and target.id == "code":
                found = ast.walk(node)
                texts = (each.value for each in found if isinstance(each, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))


def made(kind: Any) -> Any:
    parameters = inspect.signature(kind).parameters.values()
    needed = [each for each in parameters if each.default is inspect.Parameter.empty]
    return kind(*("some words" for _ in needed))


def card_error(code: str, decline_code: str | None = None, **more: str) -> Any:
    said = {"code": code, "message": "No.", "decline_code": decline_code, **more}
    # The SDK leaves its errors' constructors untyped.
    kind: Any = stripe.CardError
    return kind("No.", None, code, json_body={"error": said})


def invalid_request(code: str) -> Any:
    kind: Any = stripe.InvalidRequestError
    return kind("No.", None, code)


def is_a_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z].{10,}[.]", text)) and "  " not in text


def check(told: Explanation) -> None:
    assert told.title
    assert told.title[0].isupper()
    assert is_a_sentence(told.what_happened), told.what_happened
    assert is_a_sentence(told.what_to_do), told.what_to_do
    assert is_a_sentence(told.show_customer), told.show_customer
    assert is_a_sentence(told.retry_how), told.retry_how
    assert told.who_must_act in ("customer", "developer", "Stripe")
    assert told.doc_url.startswith("https://docs.stripe.com/")


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_class_of_the_sdk_is_explained(kind: type[stripe.StripeError]) -> None:
    told = explain(made(kind))
    check(told)
    assert kind.__name__ in DATA["classes"], "it is explained as its base only"
    assert told.what_happened == DATA["classes"][kind.__name__]["what"]


def test_every_code_that_the_sdk_lists_is_explained() -> None:
    assert len(code_literals()) > 200
    assert code_literals() == set(DATA["codes"])


@pytest.mark.parametrize("code", DATA["codes"])
def test_every_code_has_words_of_its_own(code: str) -> None:
    told = explain(invalid_request(code))
    check(told)
    assert told.code == code
    assert told.what_happened == DATA["codes"][code]["what"]


def test_every_decline_code_is_explained() -> None:
    assert set(DATA["decline_codes"]) == set(DECLINES["decline_codes"])
    assert len(DECLINES["decline_codes"]) > 45


@pytest.mark.parametrize("decline", DECLINES["decline_codes"])
def test_every_decline_code_has_words_and_gives_nothing_away(decline: str) -> None:
    told = explain(card_error("card_declined", decline))
    check(told)
    assert told.decline_code == decline
    assert told.title.startswith("Card declined: ")
    assert told.what_happened == DECLINES["decline_codes"][decline]["description"]
    assert not any(word in told.show_customer.lower() for word in REVEALING)


def test_a_hard_decline_is_never_to_be_tried_again() -> None:
    for decline, facts in DECLINES["decline_codes"].items():
        if facts["hard"]:
            assert not explain(card_error("card_declined", decline)).retry_is_safe


def test_each_text_and_each_retry_is_used() -> None:
    entries = [
        entry
        for part in ("codes", "decline_codes", "classes")
        for entry in DATA[part].values()
    ]
    assert {entry["show"] for entry in entries} == set(DATA["customer_texts"])
    retries = {entry["retry"] for entry in entries}
    retries |= {*DATA["should_retry"].values(), *DATA["advice_codes"].values()}
    assert retries == set(DATA["retries"])


def test_a_real_refusal_is_explained_with_what_stripe_said(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.raw_request("post", "/v1/customers", emial="ada@example.com")
    told = explain(caught.value)
    assert (told.code, told.param) == ("parameter_unknown", "emial")
    assert told.request_id == caught.value.request_id
    assert "emial" in str(told.message)
    assert told.doc_url.endswith("/error-codes/parameter-unknown")
    assert not told.retry_is_safe


def test_a_real_decline_and_its_trace_on_the_intent_are_explained_alike(
    client: Client,
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
                "allowed_payment_method_types": ["card"],
                "confirm": True,
            }
        )
    told = explain(caught.value)
    assert told.decline_code == "insufficient_funds"
    assert (told.who_must_act, told.retry_is_safe) == ("customer", True)
    intent = client.v1.payment_intents.list({"limit": 1}).data[0]
    assert explain(intent.last_payment_error).title == told.title


def test_the_most_exact_word_of_stripe_s_decides() -> None:
    assert explain(card_error("card_declined", "stolen_card")).title.endswith(
        "stolen card"
    )
    assert explain(card_error("expired_card", "of_tomorrow")).title == "Expired card"
    assert explain(card_error("of_tomorrow")).title == "Card error"


def test_a_code_that_is_only_in_the_body_counts() -> None:
    body = {"error": {"code": "api_key_expired", "message": "Expired API Key"}}
    told = explain(stripe.AuthenticationError("Expired", json_body=body))
    assert told.title == "API key expired"


def test_what_the_sandbox_does_not_simulate_is_no_fault_of_stripe_s() -> None:
    body = {"error": {"code": "not_simulated", "message": "Not simulated: x"}}
    told = explain(stripe.APIError("Not simulated: x", json_body=body))
    check(told)
    assert (told.title, told.who_must_act) == ("Not simulated", "developer")
    assert not told.retry_is_safe


def test_a_code_of_tomorrow_still_leads_to_its_page() -> None:
    told = explain(invalid_request("of_tomorrow"))
    assert told.doc_url == "https://docs.stripe.com/error-codes#of-tomorrow"
    assert told.what_happened == DATA["classes"]["InvalidRequestError"]["what"]


def test_our_own_errors_tell_themselves() -> None:
    told = explain(LiveKeyError("It is a live key: use a test key."))
    assert told.title == "Live key error"
    assert told.what_happened == "It is a live key: use a test key."
    assert (
        explain(ZeroDivisionError("by 0")).what_to_do == "This is no error of Stripe's."
    )


@pytest.mark.parametrize("nothing", [None, 5, {}, "text"])
def test_what_is_no_error_is_refused(nothing: object) -> None:
    with pytest.raises(TypeError, match="takes an exception"):
        explain(nothing)


def test_secrets_and_markup_in_an_error_are_harmless() -> None:
    key = "sk_test_51Abcdefghijklmnopqrstuv1a2b"
    told = explain(stripe.AuthenticationError(f"No such key <b>{key}</b>"))
    for shown in (str(told), repr(told), told._repr_html_()):
        assert key not in shown
        assert "sk_test_…1a2b" in shown
    assert "<b>" not in told._repr_html_()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://evil.example/x", 'https://stripe.com/"x']
)
def test_a_link_leads_to_stripe_only(url: str) -> None:
    told = explain(card_error("card_declined", doc_url=url))
    assert told.doc_url == "https://docs.stripe.com/error-codes#card-declined"


def test_the_short_way_is_the_same_function(client: Client) -> None:
    error = card_error("expired_card")
    assert errors.explain(error) == explanation.explain(error)
