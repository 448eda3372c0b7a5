"""Bank accounts as they are typed in for a direct debit, and as Stripe shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox import bank_debits
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["account_of", "block"]

_US_DIGITS = 9
_BANK_CODE = slice(4, 9)


def account_of(data: Mapping[str, Any], prefix: str) -> bank_debits.Account:
    """Return the account of a ``us_bank_account`` or ``sepa_debit`` payment method.

    Parameters
    ----------
    data
        A payment method's parameters.
    prefix
        Where they stand in the request, for messages.

    Raises
    ------
    ParameterMissing, InvalidRequest
        If the number is missing or none.
    """
    kind = data["type"]
    details = data.get(kind) or {}
    _check_holder(data, prefix)
    if kind == bank_debits.SEPA:
        found = bank_debits.by_number(kind, details.get("iban") or "")
        if found is None:
            raise InvalidRequest(
                "The IBAN you provided is invalid.",
                code="invalid_bank_account_iban",
                param=_param(prefix, "sepa_debit[iban]"),
            )
        return found
    if details.get("financial_connections_account"):
        raise NotSimulated("bank accounts linked through Financial Connections")
    return _us_account(details, prefix)


def _us_account(details: Mapping[str, Any], prefix: str) -> bank_debits.Account:
    number, routing = details.get("account_number"), details.get("routing_number")
    for name, value in (("account_number", number), ("routing_number", routing)):
        if not value:
            raise ParameterMissing(_param(prefix, f"us_bank_account[{name}]"))
    if not (str(routing).isdigit() and len(str(routing)) == _US_DIGITS):
        raise ParameterInvalid("Invalid routing number", code="routing_number_invalid")
    found = bank_debits.by_number(bank_debits.US, str(number))
    if found is None:
        raise ParameterInvalid(
            "Invalid account number: it must contain digits only",
            code="account_number_invalid",
        )
    return found


def _check_holder(data: Mapping[str, Any], prefix: str) -> None:
    """Ask for what a mandate must name."""
    billing = data.get("billing_details") or {}
    wanted = ("name",) if data["type"] == bank_debits.US else ("name", "email")
    for name in wanted:
        if not billing.get(name):
            raise ParameterMissing(_param(prefix, f"billing_details[{name}]"))


def _param(prefix: str, name: str) -> str:
    if not prefix:
        return name
    head, bracket, rest = name.partition("[")
    return f"{prefix}[{head}]{bracket}{rest}"


def block(call: Call, account: bank_debits.Account, details: Mapping[str, Any]) -> Json:
    """Return a payment method's ``us_bank_account`` or ``sepa_debit``."""
    fingerprint = call.engine.ids.stable(
        16, of=f"fingerprint/{account.kind}/{account.number}"
    )
    if account.kind == bank_debits.SEPA:
        return {
            "bank_code": account.number[_BANK_CODE],
            "branch_code": "",
            "country": account.number[:2],
            "fingerprint": fingerprint,
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": account.last4,
        }
    return {
        "account_holder_type": details.get("account_holder_type") or "individual",
        "account_type": details.get("account_type") or "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": fingerprint,
        "last4": account.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": details.get("routing_number") or "110000000",
        "status_details": {},
    }
