"""Confirming a payment intent: what the card, the bank or the balance answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.payments import card_details
from stripe_nb.sandbox.payments.basis import Aftermath, Basis
from stripe_nb.sandbox.resources import charge, payment_method
from stripe_nb.sandbox.return_urls import check_url
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Attempt",
    "Outcome",
    "ask_card",
    "challenge",
    "paid",
    "refused",
    "tell_owner",
    "waiting",
]

# The intent as it then is, and the no if there was one.
Outcome = tuple[Json, ApiError | None]

# What an intent may belong to: a key of its private facts, the object's name.
# An invoice of a checkout session hears of it first.
_OWNERS = {
    "invoice": "invoice",
    "checkout_session": "checkout.session",
    "subscription": "subscription",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a confirmation says beside the intent itself.

    Attributes
    ----------
    method
        The payment method.
    off_session
        Whether the customer is not there.
    return_url
        Where the customer comes back to.
    authenticated
        Whether the cardholder passed 3D Secure just now.
    error_on_action
        Whether to fail rather than to ask the customer anything.
    for_owner
        Whether an invoice or a checkout page pays: it then waits for the
        cardholder also off session, and has had a mandate accepted.
    mandate
        The id of a mandate, or the data to make one of.
    """

    method: Json
    off_session: bool = False
    return_url: str | None = None
    authenticated: bool = False
    error_on_action: bool = False
    for_owner: bool = False
    mandate: Any | None = None

    def __post_init__(self) -> None:
        """Refuse to send the customer where no browser goes."""
        if self.return_url:
            check_url(self.return_url, "return_url")


def tell_owner(call: Call, intent: Json, outcome: str) -> None:
    """Let what an intent was made for know how its payment goes.

    Parameters
    ----------
    call
        What it happens in.
    intent
        The payment intent.
    outcome
        The owner's method: ``"payment_succeeded"``, ``"payment_failed"``,
        ``"payment_requires_action"``, ``"payment_processing"``,
        ``"payment_held"``, ``"setup_succeeded"``.
    """
    private = call.private(intent["id"])
    for key, name in _OWNERS.items():
        if private.get(key):
            owner = call.engine.behaviour(name)
            heard: Callable[[Call, Json], None] | None = getattr(owner, outcome, None)
            if heard:
                heard(call, intent)


def ask_card(call: Call, intent: Json, attempt: Attempt) -> Outcome:
    """Ask the card, which pays, refuses or wants its holder."""
    card = payment_method.card_of(call, attempt.method)
    asked = _asks_for_3ds(intent)
    if not attempt.authenticated and card.needs_authentication(
        off_session=attempt.off_session,
        set_up=bool(call.private(attempt.method["id"]).get("set_up")),
        asked=asked,
    ):
        declines = attempt.off_session and not attempt.for_owner
        if declines or attempt.error_on_action:
            refusal = cards.decline(
                "authentication_required", "authentication_required"
            )
            return _charged(call, intent, attempt, card, refusal)
        return _ask_cardholder(call, intent, attempt), None
    refusal_of_card = card.decline
    if asked and card.three_d_secure == "optional_lookup_fails":
        refusal_of_card = cards.decline("card_declined", "generic_decline")
    return _charged(call, intent, attempt, card, refusal_of_card)


def _asks_for_3ds(intent: Json) -> bool:
    options = (intent["payment_method_options"] or {}).get("card") or {}
    return options.get("request_three_d_secure") in ("any", "challenge")


def _charged(
    call: Call,
    intent: Json,
    attempt: Attempt,
    card: cards.Card,
    refusal: cards.Decline | None,
) -> Outcome:
    basis = Basis.of_intent(intent)
    silent = card.three_d_secure == "frictionless"
    made = charge.record(
        call,
        basis,
        attempt.method,
        details=card_details.details(
            call,
            basis,
            attempt.method,
            card,
            authenticated=attempt.authenticated or silent,
        ),
        outcome=card_details.outcome(card, refusal),
        refusal=refusal,
        aftermath=Aftermath.of_card(card),
    )
    if refusal:
        return refused(call, intent, attempt.method, made, refusal)
    return paid(call, intent, attempt.method, made), None


def _ask_cardholder(call: Call, intent: Json, attempt: Attempt) -> Json:
    action = challenge(
        call, intent, attempt.return_url, off_session=attempt.off_session
    )
    if "use_stripe_sdk" in action:
        source = call.new_id("payment_intent").replace("pi_", "payatt_")
        action["use_stripe_sdk"] = {"source": source, **action["use_stripe_sdk"]}
    return waiting(call, intent, action)


def challenge(call: Call, intent: Json, return_url: str | None, **kept: Any) -> Json:
    """Begin a 3D Secure challenge; return the next action that leads to it.

    Parameters
    ----------
    call
        The request that caused it.
    intent
        The payment intent or setup intent that waits for its cardholder.
    return_url
        Where the customer comes back to, or ``None`` if a script asks.
    kept
        What the sandbox alone must know once the cardholder has answered.
    """
    secret = call.secret(24, "challenge")
    call.set_private(intent["id"], challenge=secret, **kept)
    url = f"{call.base_url}/_sandbox/3d_secure/{intent['id']}/{secret}"
    if return_url:
        return {
            "redirect_to_url": {"return_url": return_url, "url": url},
            "type": "redirect_to_url",
        }
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"stripe_js": url, "type": "three_d_secure_redirect"},
    }


def waiting(call: Call, intent: Json, action: Json) -> Json:
    """Leave an intent waiting for its customer."""
    left = call.update(
        {**intent, "next_action": action, "status": "requires_action"},
        announce="payment_intent.requires_action",
    )
    tell_owner(call, left, "payment_requires_action")
    return left


def paid(call: Call, intent: Json, method: Json, made: Json) -> Json:
    """Settle an intent whose charge went through."""
    held = not made["captured"]
    _keep(call, intent, method)
    settled = call.update(
        {
            **intent,
            "amount_capturable": made["amount"] if held else 0,
            "amount_received": 0 if held else made["amount"],
            "last_payment_error": None,
            "latest_charge": made["id"],
            "next_action": None,
            "processing": None,
            "review": made["review"],
            "status": "requires_capture" if held else "succeeded",
        },
        announce="payment_intent.amount_capturable_updated"
        if held
        else "payment_intent.succeeded",
    )
    charge.announce_transaction(call, made)
    if held:
        lapses = made["payment_method_details"]["card"]["capture_before"]
        call.later(lapses, "expire", settled)
    tell_owner(call, settled, "payment_held" if held else "payment_succeeded")
    return settled


def _keep(call: Call, intent: Json, method: Json) -> None:
    """Save a payment method that is to be used again; another is used up."""
    usage = intent["setup_future_usage"]
    owned = method["customer"]
    if usage and intent["customer"] and not owned:
        payment_method.attach(call, method, intent["customer"])
        owned = intent["customer"]
    if usage:
        call.set_private(method["id"], set_up=usage == "off_session")
    if not owned:
        call.set_private(method["id"], detached=True)


def refused(
    call: Call, intent: Json, method: Json, made: Json | None, refusal: cards.Decline
) -> Outcome:
    """Settle an intent whose card or bank said no; it waits for another one."""
    told = payment_method.declined(
        refusal, charge=made and made["id"], payment_method=method
    )
    wanted = told.to_body()["error"]
    intent = call.update(
        {
            **intent,
            "last_payment_error": in_order(wanted),
            "latest_charge": made["id"] if made else intent["latest_charge"],
            "next_action": None,
            "payment_method": None,
            "processing": None,
            "status": "requires_payment_method",
        },
        announce="payment_intent.payment_failed",
    )
    told.extra["payment_intent"] = intent
    tell_owner(call, intent, "payment_failed")
    return intent, told
