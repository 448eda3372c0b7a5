"""Bank transfers to a cash balance: where a customer sends the money to."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.wire import Json

__all__ = ["TYPES", "addresses", "country_of", "kind_for", "reference"]

# currency: its type of bank transfer
TYPES = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}
# type of transfer: the country of the account, the kind of its address, networks
_ACCOUNTS = {
    "eu_bank_transfer": ("IE", "iban", ["sepa"]),
    "gb_bank_transfer": ("GB", "sort_code", ["bacs", "fps"]),
    "jp_bank_transfer": ("JP", "zengin", ["zengin"]),
    "mx_bank_transfer": ("MX", "spei", ["spei"]),
    "us_bank_transfer": ("US", "aba", ["ach", "domestic_wire_us"]),
}
_HOLDER = "stripe_nb sandbox"
_BANK = "STRIPE TEST BANK"


def kind_for(currency: str, asked: str | None = None) -> str | None:
    """Return the type of transfer for a currency, or the one that was asked for.

    Examples
    --------
    >>> kind_for("eur")
    'eu_bank_transfer'
    """
    return asked if asked in _ACCOUNTS else TYPES.get(currency)


def country_of(kind: str) -> str:
    """Return the country of the account that receives a type of transfer."""
    return _ACCOUNTS[kind][0]


def addresses(call: Call, customer: str, kind: str) -> list[Json]:
    """Return the account that a customer sends money to, always the same one."""
    country, form, networks = _ACCOUNTS[kind]
    digits = _digits(call, f"{customer}/{kind}", 16)
    told = {
        "account_holder_address": _address(country),
        "account_holder_name": _HOLDER,
        "bank_address": _address(country),
        **_numbers(form, digits),
    }
    return [{"supported_networks": networks, "type": form, form: told}]


def _numbers(form: str, digits: str) -> dict[str, Any]:
    by_form: dict[str, dict[str, Any]] = {
        "aba": {
            "account_number": digits[:12],
            "account_type": "checking",
            "bank_name": _BANK,
            "routing_number": "110000000",
        },
        "iban": {
            "bic": "TESTIE00",
            "country": "IE",
            "iban": f"IE00TEST{digits[:14]}",
        },
        "sort_code": {"account_number": digits[:8], "sort_code": "108800"},
        "spei": {"bank_code": "002", "bank_name": _BANK, "clabe": f"002{digits[:15]}"},
        "zengin": {
            "account_number": digits[:7],
            "account_type": "futsu",
            "bank_code": "1100",
            "bank_name": _BANK,
            "branch_code": "000",
            "branch_name": "TEST BRANCH",
        },
    }
    return by_form[form]


def _address(country: str) -> Json:
    return {
        "city": "Testville",
        "country": country,
        "line1": "1 Test Street",
        "line2": None,
        "postal_code": "00000",
        "state": None,
    }


def reference(call: Call, customer: str) -> str:
    """Return what a customer writes on a transfer."""
    return call.engine.ids.stable(8, of=f"reference/{customer}").upper()


def _digits(call: Call, of: str, length: int) -> str:
    letters = call.engine.ids.stable(length, of=f"account/{of}")
    return "".join(str(ord(letter) % 10) for letter in letters)
