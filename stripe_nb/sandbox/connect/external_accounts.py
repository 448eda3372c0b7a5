"""Where an account is paid out to: bank accounts and debit cards.

They are kept with the account that they pay, so that its payouts find them, and
shown inside the account object, which is the platform's.
"""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ResourceMissing
from stripe_nb.sandbox.payments import card_source
from stripe_nb.sandbox.payments.card_input import test_card
from stripe_nb.sandbox.resources import bank_account
from stripe_nb.sandbox.resources.token import Spent, spend
from stripe_nb.sandbox.wire import Json

__all__ = ["external_account", "find", "page"]

_KINDS = ("bank_account", "card")
# https://docs.stripe.com/connect/testing: the token of a bank account that pays out.
_BANK_TOKEN = "btok_us"  # noqa: S105
_SHORTEST_NUMBER = 4
_CARD_DETAILS = frozenset(
    {
        "address_city",
        "address_country",
        "address_line1",
        "address_line2",
        "address_state",
        "address_zip",
        "cvc",
        "exp_month",
        "exp_year",
        "name",
    }
)


def page(call: Call, account: str) -> Json:
    """Return the list of an account's external accounts, as the object shows it."""
    found = [obj for kind in _KINDS for obj in call.objects(kind, account=account)]
    return {
        "object": "list",
        "data": found,
        "has_more": False,
        "total_count": len(found),
        "url": f"/v1/accounts/{account}/external_accounts",
    }


def find(call: Call, account: str, object_id: str) -> Json:
    """Return one of an account's external accounts.

    Raises
    ------
    ResourceMissing
        If it has none of that id.
    """
    for kind in _KINDS:
        found = call.find(kind, object_id)
        if found and found.get("account") == account:
            return found
    raise ResourceMissing("external account", object_id, param="id")


def external_account(
    call: Call, own: Call, given: Any, account: Json
) -> tuple[Json, Json]:
    """Return a new external account, not stored, and what the sandbox alone knows.

    Parameters
    ----------
    call
        The request, whose account a token belongs to.
    own
        The same as the call of the account that is to be paid.
    given
        The parameter ``external_account``: a token, or details.
    account
        The account object.
    """
    if isinstance(given, str):
        return _of_token(call, own, given, account)
    if given["object"] == "bank_account":
        _check_number(given["account_number"])
        return _bank_account(own, account, *bank_account.make(own, given))
    if given.get("token"):
        return _of_token(call, own, given["token"], account)
    details = {name: value for name, value in given.items() if name in _CARD_DETAILS}
    spent = Spent(card=test_card(given["number"]), given=details)
    return _debit_card(own, account, spent)


def _of_token(call: Call, own: Call, value: str, account: Json) -> tuple[Json, Json]:
    if value == _BANK_TOKEN:
        made = bank_account.make(own, bank_account.TEST_DETAILS)
        return _bank_account(own, account, *made)
    spent = spend(call, value, param="external_account")
    if spent.card is None:
        return _bank_account(own, account, spent.bank_account, spent.private)
    return _debit_card(own, account, spent)


def _check_number(number: str) -> None:
    plain = number.replace(" ", "")
    if len(plain) < _SHORTEST_NUMBER or not plain.isalnum():
        raise InvalidRequest(
            "You must use a test bank account number in test mode. Try 000123456789 "
            "or see more options at https://stripe.com/docs/connect/testing"
            "#account-numbers.",
            code="account_number_invalid",
            param="external_account[account_number]",
        )


def _bank_account(
    own: Call, account: Json, shown: Json, private: Json
) -> tuple[Json, Json]:
    owed: Json = {
        "currently_due": [],
        "errors": [],
        "past_due": [],
        "pending_verification": [],
    }
    return {
        **{name: value for name, value in shown.items() if name != "customer"},
        **_of_account(account),
        "future_requirements": owed,
        "requirements": {**owed},
    }, private


def _debit_card(own: Call, account: Json, spent: Spent) -> tuple[Json, Json]:
    if spent.card is None or spent.card.funding != "debit":
        raise InvalidRequest(
            "Only debit cards can be paid out to: this card is none.",
            code="invalid_card_type",
            param="external_account",
        )
    card = card_source.make(own, spent.card, spent.given, object_id=spent.object_id)
    return {
        **{name: value for name, value in card.items() if name != "customer"},
        **_of_account(account),
        "currency": account["default_currency"],
    }, {"number": spent.card.number}


def _of_account(account: Json) -> Json:
    return {
        "account": account["id"],
        "available_payout_methods": ["standard", "instant"],
        "metadata": {},
    }
