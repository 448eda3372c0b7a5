"""A form that takes a card or a bank account: what it shows, and what it brings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, InvalidRequest
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.resources import payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["SHORTCUTS", "Problem", "address_of", "method_of", "problem_of"]

# What a button says, and the card that it fills in.
SHORTCUTS = (
    ("4242424242424242", "Succeeds"),
    ("4000000000000002", "Is declined"),
    ("4000000000009995", "Has insufficient funds"),
    ("4000002760003184", "Asks for 3D Secure"),
)
EXPIRY, CVC, IBAN = "12 / 34", "123", "AT611904300234573201"

_EXPIRY = re.compile(r"(\d{1,2})\s*/?\s*(\d{2}|\d{4})")
# Which field a parameter of an error is about.
_FIELDS = {
    "cvc": "cvc",
    "email": "email",
    "exp_month": "expiry",
    "exp_year": "expiry",
    "number": "number",
    "iban": "iban",
    "sepa_debit[iban]": "iban",
}
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with what was typed in.

    Attributes
    ----------
    message
        In a sentence.
    field
        Which field it is about, if one.
    """

    message: str
    field: str = ""


def problem_of(error: ApiError) -> Problem:
    """Return a refusal as the form shows it."""
    return Problem(error.message, _FIELDS.get(error.param or "", ""))


def method_of(call: Call, visit: Visit, kind: str) -> Json:
    """Store a payment method of what was typed in.

    Raises
    ------
    ApiError
        If it can't be one.
    """
    holder = {
        "email": visit.told("email") or None,
        "name": visit.told("name") or None,
        "phone": visit.told("phone") or None,
        "address": address_of(visit, "billing"),
    }
    details = {name: value for name, value in holder.items() if value}
    data: Json = {"type": kind, "billing_details": details}
    data[kind] = _debit(visit) if kind == "sepa_debit" else _card(visit)
    return payment_method.from_data(call, data, "")


def _card(visit: Visit) -> Json:
    number, expiry = visit.told("number"), _EXPIRY.fullmatch(visit.told("expiry"))
    if not number:
        raise InvalidRequest("Your card number is incomplete.", param="number")
    if not expiry:
        raise InvalidRequest(
            "Your card's expiration date is incomplete.", param="exp_month"
        )
    if not visit.told("cvc"):
        raise InvalidRequest("Your card's security code is incomplete.", param="cvc")
    return {
        "number": number,
        "exp_month": int(expiry[1]),
        "exp_year": int(expiry[2]),
        "cvc": visit.told("cvc"),
    }


def _debit(visit: Visit) -> Json:
    iban = visit.told("iban").replace(" ", "")
    if not iban:
        raise InvalidRequest("Your IBAN is incomplete.", param="iban")
    return {"iban": iban}


def address_of(visit: Visit, prefix: str) -> Json | None:
    """Return an address that was typed in, or ``None``."""
    told = {name: visit.told(f"{prefix}_{name}") or None for name in _ADDRESS}
    return told if any(told.values()) else None
