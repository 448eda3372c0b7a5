"""Stripe's test bank accounts: which there are, and how a debit of each ends.

Only reads ``data/test_bank_accounts.json``; knows nothing of requests, objects
or the store. A debit is under way for a while before it ends, and the handlers
of payments decide when.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from stripe_nb.paths import data_path

__all__ = [
    "SEPA",
    "US",
    "Account",
    "all_accounts",
    "by_number",
    "by_payment_method",
    "message",
]

US = "us_bank_account"
SEPA = "sepa_debit"

_PREFIXES = {US: ("pm_usBankAccount_",), SEPA: ("pm_sepaDebit_", "pm_")}
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")

_MESSAGES = {
    "account_closed": "The customer's bank account has been closed.",
    "charge_exceeds_source_limit": (
        "This payment method has exceeded its processing limit."
    ),
    "charge_exceeds_weekly_limit": (
        "This payment method has exceeded its weekly processing limit."
    ),
    "debit_not_authorized": (
        "The customer has notified their bank that this payment was unauthorized."
    ),
    "insufficient_funds": (
        "The customer's account has insufficient funds to cover this payment."
    ),
    "invalid_currency": (
        "The bank was unable to process this payment because of its currency."
    ),
    "no_account": "The customer's bank account could not be located.",
    "payment_intent_payment_attempt_failed": "The payment failed.",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A test bank account and what comes of a debit.

    Attributes
    ----------
    kind
        ``"us_bank_account"`` or ``"sepa_debit"``.
    number
        The account number, or the IBAN.
    name
        What stands behind the prefix of its ``pm_…`` name; empty for none.
    result
        ``"succeeded"``, ``"failed"``, ``"disputed"``, ``"blocked"`` (refused at
        once) or ``"processing"`` (never ends).
    code
        Why a debit fails, in Stripe's words.
    delay
        Seconds that a debit is under way at the least.
    microdeposits
        ``"fail"`` where sending small amounts to verify it fails.
    """

    kind: str
    number: str
    name: str = ""
    result: str = "succeeded"
    code: str | None = None
    delay: int = 0
    microdeposits: str = "succeed"

    @property
    def last4(self) -> str:
        """Return the last four characters."""
        return self.number[-4:]

    @property
    def payment_methods(self) -> tuple[str, ...]:
        """Return the ``pm_…`` names that stand for it."""
        if not self.name:
            return ()
        return tuple(prefix + self.name for prefix in _PREFIXES[self.kind])


def by_payment_method(name: str) -> Account | None:
    """Find a test bank account by the name of its payment method.

    Parameters
    ----------
    name
        For example ``"pm_usBankAccount_success"`` or ``"pm_success_at"``.

    Examples
    --------
    >>> by_payment_method("pm_usBankAccount_noAccount").code
    'no_account'
    """
    return _by_payment_method().get(name)


def by_number(kind: str, number: str) -> Account | None:
    """Find the account with a number; one that is not listed pays.

    Parameters
    ----------
    kind
        ``"us_bank_account"`` or ``"sepa_debit"``.
    number
        As a person types it.

    Returns
    -------
    Account | None
        ``None`` if the number is none at all.

    Examples
    --------
    >>> by_number("sepa_debit", "AT61 1904 3002 3457 3201").result
    'succeeded'
    >>> by_number("sepa_debit", "AT00 1904 3002 3457 3201") is None
    True
    """
    number = number.replace(" ", "").upper()
    known = _by_number().get((kind, number))
    if known is not None:
        return known
    valid = _iban_ok(number) if kind == SEPA else number.isdigit()
    return Account(kind, number) if valid else None


def message(code: str) -> str:
    """Return the sentence that goes with a failed debit's code.

    Examples
    --------
    >>> message("account_closed")
    "The customer's bank account has been closed."
    """
    return _MESSAGES[code]


def _iban_ok(number: str) -> bool:
    """Check an IBAN's form and its two check digits (ISO 13616)."""
    if not _IBAN.fullmatch(number):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


@cache
def all_accounts() -> tuple[Account, ...]:
    """Return every test bank account, in the order of the data file.

    Examples
    --------
    >>> all_accounts()[0].payment_methods
    ('pm_usBankAccount_success',)
    """
    text = data_path("test_bank_accounts.json").read_text(encoding="utf-8")
    known = json.loads(text)
    return tuple(Account(kind, **row) for kind in (US, SEPA) for row in known[kind])


@cache
def _by_number() -> dict[tuple[str, str], Account]:
    return {(account.kind, account.number): account for account in all_accounts()}


@cache
def _by_payment_method() -> dict[str, Account]:
    return {
        name: account for account in all_accounts() for name in account.payment_methods
    }
