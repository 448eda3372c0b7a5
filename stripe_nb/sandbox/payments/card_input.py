"""Cards as they are typed in: checked, and shown as Stripe shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, CardDeclined, ParameterMissing
from stripe_nb.sandbox.wire import Json

__all__ = [
    "card_behind",
    "card_block",
    "check_details",
    "check_expiry",
    "declined",
    "full_year",
    "test_card",
]

_MONTHS = range(1, 13)
_CENTURY = 2000
_YEARS_AHEAD = 50
_CVC_LENGTHS = (3, 4)


def test_card(number: str) -> cards.Card:
    """Return a test card by its number.

    Raises
    ------
    CardDeclined
        If it is none: misspelt, or a real card's.
    """
    card = cards.by_number(number)
    if card is None:
        raise declined(cards.refusal(number) or cards.decline("incorrect_number"))
    return card


def card_behind(call: Call, charge: Json) -> cards.Card | None:
    """Return the test card that a charge was made with, ``None`` for no card.

    A charge of a saved card or a token knows its card itself.
    """
    for holder in (charge["payment_method"], charge["id"]):
        number = call.private(holder).get("number") if holder else None
        if number:
            return cards.by_number(number)
    return None


def check_details(call: Call, details: Mapping[str, Any]) -> None:
    """Refuse an expiry that is past or no month, and a CVC that is none."""
    check_expiry(call, details)
    cvc = details.get("cvc")
    if cvc and not (cvc.isdigit() and len(cvc) in _CVC_LENGTHS):
        raise declined(cards.decline("invalid_cvc", on_attach=True))


def check_expiry(call: Call, details: Mapping[str, Any]) -> None:
    """Refuse an expiry that is past or no month."""
    month, year = details.get("exp_month"), details.get("exp_year")
    now = datetime.fromtimestamp(call.now(), UTC)
    if month is None:
        raise ParameterMissing("card[exp_month]")
    if year is None:
        raise ParameterMissing("card[exp_year]")
    full = full_year(year)
    if month not in _MONTHS:
        raise declined(cards.decline("invalid_expiry_month", on_attach=True))
    if not now.year <= full <= now.year + _YEARS_AHEAD:
        raise declined(cards.decline("invalid_expiry_year", on_attach=True))
    if (full, month) < (now.year, now.month):
        raise declined(cards.decline("invalid_expiry_month", on_attach=True))


def full_year(year: int) -> int:
    """Return a year of four digits.

    Examples
    --------
    >>> full_year(34)
    2034
    """
    return year + _CENTURY if year < _CENTURY // 10 else year


def card_block(call: Call, card: cards.Card, details: Mapping[str, Any]) -> Json:
    """Return a payment method's ``card``.

    Parameters
    ----------
    call
        The request.
    card
        The test card.
    details
        What was typed in: expiry and CVC, where it was.
    """
    now = datetime.fromtimestamp(call.now(), UTC)
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if details.get("cvc") else None,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": details.get("exp_month", now.month),
        "exp_year": full_year(details.get("exp_year", now.year + 1)),
        # The same number always has the same fingerprint within an account.
        "fingerprint": call.engine.ids.stable(16, of=f"fingerprint/{card.number}"),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": list(card.networks), "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure != "not_supported"},
        "wallet": None,
    }


def declined(refusal: cards.Decline, **extra: Any) -> ApiError:
    """Return a card's no as an error."""
    param = extra.pop("param", refusal.param)
    error = CardDeclined(
        refusal.message,
        code=refusal.code,
        param=param,
        decline_code=refusal.decline_code,
        **extra,
    )
    error.type = refusal.type
    return error
