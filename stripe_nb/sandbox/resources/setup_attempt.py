"""Setup attempts: each confirmation of a setup intent, and how it went."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.payments import card_details
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["SetupAttempt", "begin", "end"]


class SetupAttempt(Behaviour):
    """`SetupAttempt <https://docs.stripe.com/api/setup_attempts>`_."""

    name = "setup_attempt"


def begin(call: Call, intent: Json, method: Json, status: str) -> str:
    """Store an attempt; return its id."""
    kind = method["type"]
    attempt = call.new(
        "setup_attempt",
        customer=intent["customer"],
        on_behalf_of=intent["on_behalf_of"],
        payment_method=method["id"],
        payment_method_details={
            kind: _card(method) if kind == "card" else {},
            "type": kind,
        },
        setup_intent=intent["id"],
        status=status,
        usage=intent["usage"],
    )
    return str(call.insert(attempt)["id"])


def end(
    call: Call,
    attempt_id: str,
    status: str,
    *,
    error: Json | None = None,
    authenticated: bool = False,
) -> None:
    """Store how an attempt went."""
    attempt = call.get("setup_attempt", attempt_id)
    details = dict(attempt["payment_method_details"])
    if authenticated:
        method = payment_method.get(call, attempt["payment_method"])
        card = payment_method.card_of(call, method)
        told = card_details.three_d_secure(call, card)
        told.pop("exemption_indicator")
        details["card"] = {**details["card"], "three_d_secure": told}
    call.update(
        {
            **attempt,
            "payment_method_details": details,
            "setup_error": error,
            "status": status,
        }
    )


def _card(method: Json) -> Json:
    shown = method["card"]
    copied = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint")
    return {
        **{name: shown[name] for name in copied},
        "funding": shown["funding"],
        "last4": shown["last4"],
        "network": shown["brand"],
        "three_d_secure": None,
        "wallet": None,
    }
