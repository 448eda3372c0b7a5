"""Errors said in a line of text, for widgets."""

from __future__ import annotations

import stripe

from stripe_nb.errors import explain
from stripe_nb.redaction import redact_text

__all__ = ["in_words"]


def in_words(error: BaseException) -> str:
    """Say what went wrong, and what to do about it if it was at Stripe.

    Parameters
    ----------
    error
        The SDK's, or one of stripe_nb's own.

    Examples
    --------
    >>> in_words(stripe.CardError("Your card has expired.", None, "expired_card"))
    'Expired card: Your card has expired. Ask for another card, or the renewed one.'
    """
    if not isinstance(error, stripe.StripeError):
        # Elsewhere an exception's name stands before it.
        words = redact_text(str(error))
        return words[:1].upper() + words[1:]
    told = explain(error)
    return f"{told.title}: {told.message or told.what_happened} {told.what_to_do}"
