"""Which state of a payment intent allows what, and Stripe's words where none does."""

from __future__ import annotations

from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.wire import Json

__all__ = ["check_state", "unexpected"]

# action: its participle, and the states in which it is allowed, in Stripe's order
_ALLOWED = {
    "confirm": (
        "confirmed",
        ("requires_payment_method", "requires_confirmation", "requires_action"),
    ),
    "capture": ("captured", ("requires_capture",)),
    "increment": ("incremented", ("requires_capture",)),
    "cancel": (
        "canceled",
        (
            "requires_payment_method",
            "requires_capture",
            "requires_reauthorization",
            "requires_confirmation",
            "requires_action",
            "processing",
        ),
    ),
    "update": (
        "updated",
        ("requires_payment_method", "requires_confirmation", "requires_action"),
    ),
    "apply the customer balance to": ("funded", ("requires_action",)),
    "verify": ("verified", ("requires_action",)),
}


def check_state(intent: Json, action: str) -> None:
    """Refuse an action that the intent's state does not allow.

    Raises
    ------
    InvalidRequest
        With the states that would.
    """
    status = intent["status"]
    past, allowed = _ALLOWED[action]
    if status in allowed:
        return
    if action == "confirm" and status == "succeeded":
        why = "it has already succeeded after being previously confirmed"
        raise unexpected(
            f"You cannot confirm this PaymentIntent because {why}.", intent
        )
    raise unexpected(
        f"This PaymentIntent could not be {past} because it has a status of "
        f"{status}. Only a PaymentIntent with one of the following statuses may be "
        f"{past}: {', '.join(allowed)}.",
        intent,
    )


def unexpected(message: str, intent: Json) -> InvalidRequest:
    """Return the error for an intent that is in the wrong state."""
    return InvalidRequest(
        message, code="payment_intent_unexpected_state", payment_intent=intent
    )
