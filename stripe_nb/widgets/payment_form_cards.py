"""Stripe's test cards as a form offers them: a number, and what it does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from stripe_nb.errors import WidgetError
from stripe_nb.paths import data_path

__all__ = ["TestCard", "offered", "test_card"]

_AUTHENTICATION = {
    "always": "asks for 3D Secure",
    "unless_set_up": "asks for 3D Secure unless it was set up",
    "already_set_up": "asks for 3D Secure on session",
    "lookup_fails": "can't authenticate",
    "frictionless": "authenticates without a question",
}


@dataclass(frozen=True, slots=True)
class TestCard:
    """One of Stripe's test cards.

    Attributes
    ----------
    number
        As it is typed in.
    label
        What it does, in words.
    names
        Its ``pm_card_...`` names.
    """

    # Its name would make pytest take it for a class of tests.
    __test__ = False

    number: str
    label: str
    names: tuple[str, ...] = ()


@cache
def _cards() -> dict[str, TestCard]:
    entries = json.loads(data_path("test_cards.json").read_text(encoding="utf-8"))
    return {entry["number"]: _card(entry) for entry in entries["cards"]}


def _card(entry: dict[str, Any]) -> TestCard:
    names = (*entry.get("names", ()), *entry.get("pm_only", ()))
    payable = tuple(f"pm_card_{name}" for name in names)
    return TestCard(entry["number"], _label(entry), payable)


def _label(entry: dict[str, Any]) -> str:
    said = [_AUTHENTICATION.get(entry.get("three_d_secure", ""), "")]
    decline = entry.get("decline", {})
    if decline:
        reason = decline.get("decline_code") or decline["code"]
        said.append(f"is declined: {reason.replace('_', ' ')}")
    if "dispute" in entry:
        said.append("is disputed afterwards")
    if "early_fraud_warning" in entry:
        said.append("brings an early fraud warning")
    words = ", ".join(filter(None, said)) or f"succeeds ({entry['brand']})"
    return words[0].upper() + words[1:]


def offered() -> tuple[TestCard, ...]:
    """Return one card for each thing that a test card does, plain ones first.

    Examples
    --------
    >>> [card.label for card in offered()][:2]
    ['Succeeds (visa)', 'Succeeds (mastercard)']
    """
    by_label: dict[str, TestCard] = {}
    for card in _cards().values():
        by_label.setdefault(card.label, card)
    return tuple(by_label.values())


def test_card(number: str | int) -> TestCard:
    """Return a test card by its number, or by a ``pm_card_...`` name of it.

    Raises
    ------
    WidgetError
        If Stripe documents no such card.

    Examples
    --------
    >>> test_card("4000 0027 6000 3184").label
    'Asks for 3D Secure'
    >>> test_card("pm_card_visa").number
    '4242424242424242'
    """
    given = str(number)
    compact = given.replace(" ", "").replace("-", "")
    for card in _cards().values():
        if compact == card.number or given in card.names:
            return card
    # The number isn't repeated: it may be a real one.
    raise WidgetError(
        "Only Stripe's test cards can be simulated, by number (4242424242424242) or "
        "by name (pm_card_visa): see https://docs.stripe.com/testing."
    )


# pytest would take it for a test where it is imported.
test_card.__test__ = False  # type: ignore[attr-defined]
