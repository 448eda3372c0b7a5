"""Which kinds of payment methods an intent takes, and their options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.wire import Json

__all__ = ["AUTOMATIC", "check_type", "options", "taken"]

# What the sandbox's account has switched on.
AUTOMATIC = ("card", "link")
_KNOWN = (*AUTOMATIC, "customer_balance", "sepa_debit", "us_bank_account")

# The one currency of a kind that has only one.
_CURRENCIES = {"sepa_debit": "eur", "us_bank_account": "usd"}

# What a type of bank transfer was called once, and the Stripe CLI still says.
_OLD_TRANSFERS = {"jp_bank_account": "jp_bank_transfer"}

_SETUP_OPTIONS: dict[str, Json] = {
    "card": {
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    },
    "link": {"persistent_token": None},
    "sepa_debit": {},
    "us_bank_account": {"verification_method": "automatic"},
}
_OPTIONS: dict[str, Json] = {
    **_SETUP_OPTIONS,
    "card": {"installments": None, **_SETUP_OPTIONS["card"]},
    "customer_balance": {"funding_type": None},
}


def taken(params: Mapping[str, Any], currency: str | None = None) -> Json:
    """Return which payment methods an intent takes, named or left to the account.

    Parameters
    ----------
    params
        The request's.
    currency
        The intent's, if it has one.

    Raises
    ------
    InvalidRequest
        For types that contradict each other or the currency.
    NotSimulated
        For a type that nothing here simulates.
    """
    types = params.get("payment_method_types")
    allowed = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods")
    if types and automatic and automatic.get("enabled"):
        raise InvalidRequest(
            "You may only specify one of these parameters: automatic_payment_methods, "
            "payment_method_types."
        )
    _check_known(types or allowed or (), currency)
    if types:
        return {"automatic_payment_methods": None, "payment_method_types": types}
    excluded = params.get("excluded_payment_method_types") or ()
    kinds = [kind for kind in allowed or AUTOMATIC if kind not in excluded]
    if automatic is None:
        automatic = {"enabled": True}
    if not automatic.get("enabled"):
        return {"automatic_payment_methods": None, "payment_method_types": ["card"]}
    return {
        "automatic_payment_methods": {"allow_redirects": "always", **automatic},
        "payment_method_types": kinds,
    }


def _check_known(kinds: Iterable[str], currency: str | None) -> None:
    for kind in kinds:
        if kind not in _KNOWN:
            raise NotSimulated(f"the payment method type {kind}")
        only = _CURRENCIES.get(kind)
        if only and currency and currency != only:
            raise InvalidRequest(
                f"The currency provided ({currency}) is invalid. Payments with "
                f"{kind} support the following currencies: {only}.",
                param="currency",
            )


def check_type(method: Json, intent: Json, said: str) -> None:
    """Refuse a payment method of a kind that an intent does not take.

    Raises
    ------
    InvalidRequest
        With the kinds that it does.
    """
    if method["type"] not in intent["payment_method_types"]:
        raise InvalidRequest(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this "
            f"{said}. Please attach a PaymentMethod of one of the following "
            f"types: {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )


def options(
    kinds: Iterable[str], given: Mapping[str, Any] | None = None, *, setup: bool = False
) -> Json:
    """Return ``payment_method_options`` for some kinds, with what was asked for.

    Parameters
    ----------
    kinds
        The intent's payment method types.
    given
        The request's options.
    setup
        Whether they are a setup intent's.
    """
    known = _SETUP_OPTIONS if setup else _OPTIONS
    filled: Json = {kind: dict(known[kind]) for kind in sorted(kinds) if kind in known}
    for kind, asked in (given or {}).items():
        if asked:
            merged = {**filled.get(kind, {}), **asked}
            filled[kind] = {name: merged[name] for name in sorted(merged)}
    transfer = (filled.get("customer_balance") or {}).get("bank_transfer") or {}
    if transfer.get("type") in _OLD_TRANSFERS:
        transfer["type"] = _OLD_TRANSFERS[transfer["type"]]
    return filled
