"""Tokens: a card or a bank account, to be used once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.payments import card_source
from stripe_nb.sandbox.payments.card_input import check_details, test_card
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import bank_account
from stripe_nb.sandbox.wire import Json

__all__ = ["Spent", "Token", "spend"]

_BEYOND = ("account", "cvc_update", "person", "pii")
_BANK_ACCOUNT = "btok_us_verified"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a token stood for.

    Attributes
    ----------
    card
        The test card, if it was one.
    given
        What was told with it: expiry, holder, address.
    object_id
        The id of the card or bank account.
    bank_account, private
        The bank account, if it was one, and what the sandbox alone knows of it.
    """

    card: cards.Card | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    object_id: str | None = None
    bank_account: Json = field(default_factory=dict)
    private: Json = field(default_factory=dict)


class Token(Behaviour):
    """`Token <https://docs.stripe.com/api/tokens>`_."""

    name = "token"
    missing_param = "token"

    def on_create(self, call: Call) -> Json:
        """Make a token of a card's or a bank account's details."""
        params = call.params
        for name in _BEYOND:
            if params.get(name):
                raise NotSimulated(f"tokens of a {name}")
        if params.get("customer"):
            raise NotSimulated("the parameter customer of tokens")
        if isinstance(params.get("card"), dict):
            return self._card_token(call, params["card"])
        if params.get("bank_account"):
            return self._bank_token(call, params["bank_account"])
        raise ParameterMissing(
            "card",
            "You must supply either a card, customer, PII data, bank account, or "
            "account to create a token.",
        )

    def _card_token(self, call: Call, details: Json) -> Json:
        card = test_card(details["number"])
        given = {
            **details,
            "exp_month": int(details["exp_month"]),
            "exp_year": int(details["exp_year"]),
        }
        check_details(call, given)
        given.pop("number")
        shown = card_source.make(call, card, given)
        kept = {**given, "cvc": "given" if given.get("cvc") else None}
        private = {"number": card.number, "given": kept}
        return self._stored(call, "card", shown, private)

    def _bank_token(self, call: Call, details: Json) -> Json:
        shown, private = bank_account.make(call, details)
        return self._stored(call, "bank_account", shown, private)

    def _stored(self, call: Call, kind: str, shown: Json, private: Json) -> Json:
        made = call.new("token", type=kind, used=False, **{kind: shown})
        if kind == "bank_account":
            made["id"] = made["id"].replace("tok_", "btok_", 1)
        return call.insert(made, private=private)


def spend(call: Call, value: str, *, param: str) -> Spent:
    """Use a token, one of Stripe's test tokens or one that was made.

    Raises
    ------
    InvalidRequest
        If there is none of that id, or it was used before.
    """
    card = cards.by_token(value)
    if card is not None:
        return Spent(card=card)
    if value == _BANK_ACCOUNT:
        shown, private = bank_account.make(call, bank_account.TEST_DETAILS)
        return Spent(bank_account={**shown, "status": "verified"}, private=private)
    token = call.find("token", value)
    if token is None:
        raise InvalidRequest(
            f"No such token: '{value}'", code="resource_missing", param=param
        )
    if token["used"]:
        raise InvalidRequest(
            f"You cannot use a Stripe token more than once: {value}.",
            code="token_already_used",
            param=param,
        )
    call.update(token, used=True)
    private = call.private(value)
    if token["type"] == "bank_account":
        return Spent(bank_account=token["bank_account"], private=private)
    return Spent(
        card=test_card(private["number"]),
        given={
            name: entry for name, entry in private["given"].items() if entry is not None
        },
        object_id=token["card"]["id"],
    )
