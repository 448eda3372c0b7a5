"""The test cards: the data is sound, and each is found by all its names."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from stripe_nb.paths import data_path
from stripe_nb.sandbox import cards
from stripe_nb.sandbox.card_numbers import brand_of, luhn_ok

CARDS = cards.all_cards()
BRANDS = {
    "amex",
    "diners",
    "discover",
    "jcb",
    "mastercard",
    "unionpay",
    "unknown",
    "visa",
}

# What the official CLI's triggers and the lessons pay with.
USED = (
    "pm_card_amex",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "pm_card_authenticationRequiredOnSetup",
    "pm_card_authenticationRequiredSetupForOffSession",
    "pm_card_avsZipFail",
    "pm_card_br",
    "pm_card_bypassPending",
    "pm_card_chargeCustomerFail",
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedIncorrectCvc",
    "pm_card_chargeDeclinedProcessingError",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_createDisputeProductNotReceived",
    "pm_card_createIssuerFraudRecord",
    "pm_card_createMultipleDisputes",
    "pm_card_cvcCheckFail",
    "pm_card_de",
    "pm_card_diners",
    "pm_card_discover",
    "pm_card_fr",
    "pm_card_gb",
    "pm_card_jcb",
    "pm_card_mastercard",
    "pm_card_pendingRefund",
    "pm_card_radarBlock",
    "pm_card_refundFail",
    "pm_card_riskLevelElevated",
    "pm_card_riskLevelHighest",
    "pm_card_threeDSecure2Required",
    "pm_card_threeDSecureOptional",
    "pm_card_unionpay",
    "pm_card_us",
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_card_visa_chargeDeclinedLostCard",
    "pm_card_visa_chargeDeclinedStolenCard",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
    "pm_card_visa_debit",
)


def declines() -> dict[str, Any]:
    text = data_path("declines.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number)
def test_each_card_is_sound(card: cards.Card) -> None:
    assert luhn_ok(card.number)
    assert card.brand in BRANDS
    assert brand_of(card.number) == card.brand
    assert card.funding in {"credit", "debit", "prepaid"}
    assert card.country is None or (len(card.country) == 2 and card.country.isupper())
    assert cards.by_number(card.number) is card
    assert cards.refusal(card.number) is None
    assert all(cards.by_payment_method(name) is card for name in card.payment_methods)
    assert all(cards.by_token(name) is card for name in card.tokens)


def test_no_number_and_no_name_is_listed_twice() -> None:
    listed = [card.number for card in CARDS]
    listed += [name for card in CARDS for name in card.payment_methods + card.tokens]
    assert [name for name, count in Counter(listed).items() if count > 1] == []


@pytest.mark.parametrize("name", USED)
def test_payment_methods_in_use_are_known(name: str) -> None:
    assert cards.by_payment_method(name) is not None


@pytest.mark.parametrize("name", ["tok_visa", "tok_chargeCustomerFail"])
def test_tokens_in_use_are_known(name: str) -> None:
    assert cards.by_token(name) is not None


@pytest.mark.parametrize(
    ("name", "code", "decline_code", "message"),
    [
        ("visa_chargeDeclined", "card_declined", "generic_decline", "was declined."),
        (
            "visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "has insufficient funds.",
        ),
        ("visa_chargeDeclinedLostCard", "card_declined", "lost_card", "was declined."),
        ("chargeDeclinedExpiredCard", "expired_card", None, "has expired."),
        (
            "chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            None,
            "security code is incorrect.",
        ),
        (
            "chargeDeclinedProcessingError",
            "processing_error",
            None,
            "Try again in a little bit.",
        ),
    ],
)
def test_declining_card_says_what_stripe_says(
    name: str, code: str, decline_code: str | None, message: str
) -> None:
    card = cards.by_payment_method(f"pm_card_{name}")
    assert card is not None
    assert card.decline is not None
    assert (card.decline.code, card.decline.decline_code) == (code, decline_code)
    assert card.decline.message.endswith(message)
    assert card.decline.on_attach


def test_card_that_fails_later_can_be_attached() -> None:
    card = cards.by_payment_method("pm_card_chargeCustomerFail")
    assert card is not None
    assert card.decline is not None
    assert not card.decline.on_attach


@pytest.mark.parametrize(
    ("name", "on_session", "off_session", "off_session_set_up", "asked"),
    [
        ("visa", False, False, False, False),
        ("amex", False, False, False, False),
        ("threeDSecureOptional", False, False, False, True),
        ("threeDSecure2Required", True, True, True, True),
        ("authenticationRequired", True, True, True, True),
        ("authenticationRequiredOnSetup", True, True, False, True),
        ("authenticationRequiredSetupForOffSession", True, False, False, True),
        ("threeDSecureRequiredProcessingError", False, False, False, False),
    ],
)
def test_need_of_authentication(
    name: str,
    on_session: bool,
    off_session: bool,
    off_session_set_up: bool,
    asked: bool,
) -> None:
    card = cards.by_payment_method(f"pm_card_{name}")
    assert card is not None
    assert (
        card.needs_authentication(),
        card.needs_authentication(off_session=True),
        card.needs_authentication(off_session=True, set_up=True),
        card.needs_authentication(asked=True),
    ) == (on_session, off_session, off_session_set_up, asked)


def test_numbers_may_be_typed_with_blanks_and_dashes() -> None:
    visa = cards.by_payment_method("pm_card_visa")
    assert cards.by_number("4242 4242-4242 4242") is visa


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4242424242424241", "incorrect_number", None),
        ("", "incorrect_number", None),
        ("0", "incorrect_number", None),
        ("4242", "incorrect_number", None),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "incorrect_number", None),
        ("4111111111111111", "card_declined", "test_mode_live_card"),
    ],
)
def test_refuse_number_that_is_no_test_card(
    number: str, code: str, decline_code: str | None
) -> None:
    assert cards.by_number(number) is None
    refused = cards.refusal(number)
    assert refused is not None
    assert (refused.code, refused.decline_code) == (code, decline_code)


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4111111111111111", "visa"),
        ("2720999999999996", "mastercard"),
        ("2721000000000004", "unknown"),
        ("6221260000000000", "unionpay"),
        ("30000000000004", "diners"),
        ("3589000000000003", "jcb"),
        ("6440000000000000", "discover"),
        ("9999999999999995", "unknown"),
        ("", "unknown"),
    ],
)
def test_brand_by_prefix(number: str, brand: str) -> None:
    assert brand_of(number) == brand


def test_unknown_names_give_nothing() -> None:
    assert cards.by_payment_method("pm_card_nope") is None
    assert cards.by_payment_method("tok_visa") is None
    assert cards.by_token("pm_card_visa") is None


def test_decline_codes_are_complete_and_described() -> None:
    codes = declines()["decline_codes"]
    assert len([code for code in codes.values() if code.get("listed", True)]) == 50
    assert sum(code["hard"] for code in codes.values()) == 9
    for code in codes.values():
        assert code["description"].endswith(".")
        assert code["next_step"].endswith(".")


def test_each_decline_of_a_card_is_described() -> None:
    known = declines()
    for card in CARDS:
        if card.decline is not None:
            assert card.decline.code in known["codes"]
            assert (card.decline.decline_code or card.decline.code) in known[
                "decline_codes"
            ]


def test_hard_declines_are_told_apart() -> None:
    assert cards.is_hard("stolen_card")
    assert not cards.is_hard("do_not_honor")
    assert not cards.is_hard("no_such_code")
