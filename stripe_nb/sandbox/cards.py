"""Stripe's test cards: which numbers and tokens there are, and what each does.

Only reads ``data/test_cards.json`` and ``data/declines.json``; knows nothing of
requests, objects or the store. A card says how it behaves, the handlers of
payments decide when to ask it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from stripe_nb.paths import data_path
from stripe_nb.sandbox.card_numbers import digits_of, luhn_ok

__all__ = [
    "Card",
    "Decline",
    "Dispute",
    "all_cards",
    "by_number",
    "by_payment_method",
    "by_token",
    "decline",
    "is_hard",
    "refusal",
]

_PAYMENT_METHOD = "pm_card_"
_TOKEN = "tok_"  # noqa: S105 (the prefix of Stripe's public test tokens)


@dataclass(frozen=True, slots=True)
class Decline:
    """How a card, or Stripe itself, says no.

    Attributes
    ----------
    code, decline_code, param, message, type
        As in Stripe's error object.
    on_attach
        Whether saving the card to a customer is refused as well.
    """

    code: str
    decline_code: str | None
    param: str | None
    message: str
    type: str = "card_error"
    on_attach: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """The dispute that a charge with the card brings with it.

    Attributes
    ----------
    kind
        ``"chargeback"``, ``"inquiry"``, or one of the special kinds that
        ``data/README.md`` lists.
    status, reason, network_reason_code
        As in Stripe's dispute object; ``None`` where Stripe's page is silent.
    """

    kind: str
    status: str
    reason: str | None = None
    network_reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A test card and what it does.

    Attributes
    ----------
    number
        All its digits.
    brand, funding, country, networks
        As in a payment method's ``card``.
    payment_methods, tokens
        Its ``pm_card_…`` and ``tok_…`` names.
    decline
        How charging it fails; ``None`` if it succeeds.
    three_d_secure
        ``"unenrolled"``, ``"not_supported"``, ``"optional"``, ``"always"``,
        ``"unless_set_up"``, ``"already_set_up"``, ``"frictionless"``,
        ``"lookup_fails"`` or ``"optional_lookup_fails"``.
    risk_level, blocked
        What Radar says of its charges, and whether Radar stops them.
    cvc_check, address_line1_check, address_postal_code_check
        The results where the checked value was given.
    dispute, early_fraud_warning
        What follows a charge that succeeded.
    refund
        ``"succeeded"``, ``"pending_then_succeeded"`` or
        ``"succeeded_then_failed"``.
    bypass_pending
        Whether the money is available at once.
    """

    number: str
    brand: str
    funding: str
    country: str | None
    networks: tuple[str, ...]
    payment_methods: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    decline: Decline | None = None
    three_d_secure: str = "unenrolled"
    risk_level: str = "normal"
    blocked: bool = False
    cvc_check: str = "pass"
    address_line1_check: str = "pass"
    address_postal_code_check: str = "pass"
    dispute: Dispute | None = None
    early_fraud_warning: bool = False
    refund: str = "succeeded"
    bypass_pending: bool = False

    @property
    def last4(self) -> str:
        """Return the last four digits."""
        return self.number[-4:]

    def needs_authentication(
        self, *, off_session: bool = False, set_up: bool = False, asked: bool = False
    ) -> bool:
        """Tell whether the cardholder must authenticate for a payment.

        Parameters
        ----------
        off_session
            The cardholder is not there.
        set_up
            The card was set up for payments off session before.
        asked
            The request itself asks for 3D Secure
            (``request_three_d_secure`` is ``"any"`` or ``"challenge"``).

        Examples
        --------
        >>> by_payment_method("pm_card_authenticationRequired").needs_authentication()
        True
        >>> by_payment_method("pm_card_visa").needs_authentication(asked=True)
        False
        """
        match self.three_d_secure:
            case "always":
                return True
            case "unless_set_up":
                return not (off_session and set_up)
            case "already_set_up":
                return not off_session
            case "optional":
                return asked
            case _:
                return False


def by_number(number: str) -> Card | None:
    """Find a test card by its number.

    Parameters
    ----------
    number
        The digits, with or without blanks or dashes between them.

    Returns
    -------
    Card | None
        ``None`` for a number that is no test card; `refusal` says why.

    Examples
    --------
    >>> by_number("4242 4242 4242 4242").brand
    'visa'
    """
    return _by_number().get(digits_of(number))


def by_payment_method(name: str) -> Card | None:
    """Find a test card by the name of its payment method.

    Parameters
    ----------
    name
        For example ``"pm_card_visa"``.

    Returns
    -------
    Card | None
        ``None`` if Stripe has no such payment method.

    Examples
    --------
    >>> by_payment_method("pm_card_jp").country
    'JP'
    """
    return _by_payment_method().get(name)


def by_token(name: str) -> Card | None:
    """Find a test card by the name of its token.

    Parameters
    ----------
    name
        For example ``"tok_visa"``.

    Returns
    -------
    Card | None
        ``None`` if Stripe has no such token.

    Examples
    --------
    >>> by_token("tok_chargeCustomerFail").last4
    '0341'
    """
    return _by_token().get(name)


def refusal(number: str) -> Decline | None:
    """Say why a number can't be used in test mode.

    Parameters
    ----------
    number
        The digits, with or without blanks or dashes between them.

    Returns
    -------
    Decline | None
        ``None`` for a test card; else that the number is wrong, or that it is
        a real card's and Stripe takes only test cards with a test key.

    Examples
    --------
    >>> refusal("4242424242424241").code
    'incorrect_number'
    """
    if by_number(number) is not None:
        return None
    if not luhn_ok(number):
        return decline("incorrect_number", on_attach=True)
    return decline("card_declined", "test_mode_live_card", on_attach=True)


def decline(
    code: str, decline_code: str | None = None, *, on_attach: bool = False
) -> Decline:
    """Build a decline with the sentence that Stripe sends for it.

    Parameters
    ----------
    code
        Stripe's error code, for example ``"expired_card"``.
    decline_code
        The issuer's reason, for example ``"insufficient_funds"``.
    on_attach
        Whether saving the card to a customer is refused as well.

    Returns
    -------
    Decline
        Code, parameter and message as in Stripe's error object.

    Examples
    --------
    >>> decline("card_declined", "insufficient_funds").message
    'Your card has insufficient funds.'
    """
    known = _declines()
    entry = known["codes"][code]
    return Decline(
        code=code,
        decline_code=decline_code,
        param=entry.get("param"),
        message=known["decline_messages"].get(decline_code, entry["message"]),
        type=entry.get("type", "card_error"),
        on_attach=on_attach,
    )


def is_hard(decline_code: str) -> bool:
    """Tell whether Stripe stops trying a card after this decline.

    Parameters
    ----------
    decline_code
        For example ``"lost_card"``; an unknown one is not hard.

    Examples
    --------
    >>> is_hard("lost_card"), is_hard("insufficient_funds")
    (True, False)
    """
    entry = _declines()["decline_codes"].get(decline_code)
    return bool(entry and entry["hard"])


@cache
def all_cards() -> tuple[Card, ...]:
    """Return every test card, in the order of the data file.

    Examples
    --------
    >>> all_cards()[0].payment_methods
    ('pm_card_visa', 'pm_card_us')
    """
    text = data_path("test_cards.json").read_text(encoding="utf-8")
    return tuple(_card(row) for row in json.loads(text)["cards"])


def _card(row: dict[str, Any]) -> Card:
    names = row.pop("names", [])
    checks = row.pop("checks", {})
    declined = row.pop("decline", None)
    disputed = row.pop("dispute", None)
    return Card(
        networks=tuple(row.pop("networks", [row["brand"]])),
        payment_methods=_prefixed(_PAYMENT_METHOD, names, row.pop("pm_only", [])),
        tokens=_prefixed(_TOKEN, names, row.pop("tok_only", [])),
        decline=declined and _decline(declined),
        dispute=disputed and Dispute(**disputed),
        **checks,
        **row,
    )


def _prefixed(prefix: str, names: list[str], more: list[str]) -> tuple[str, ...]:
    return tuple(prefix + name for name in (*names, *more))


def _decline(row: dict[str, str]) -> Decline:
    return decline(
        row["code"], row.get("decline_code"), on_attach=row["on"] == "attach"
    )


@cache
def _declines() -> dict[str, Any]:
    text = data_path("declines.json").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(text)
    return known


@cache
def _by_number() -> dict[str, Card]:
    return {card.number: card for card in all_cards()}


@cache
def _by_payment_method() -> dict[str, Card]:
    return {name: card for card in all_cards() for name in card.payment_methods}


@cache
def _by_token() -> dict[str, Card]:
    return {name: card for card in all_cards() for name in card.tokens}
