"""Errors said in a line of text, for widgets."""

from __future__ import annotations

import stripe

from stripe_nb.errors import explain
from stripe_nb.redaction import redact_text

__all__ = ["in_words", "on_one_line", "printable"]

# What moves a terminal's cursor or colours it, and what turns a line's direction.
_UNSEEN = [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F)]
_UNSEEN += range(0x2066, 0x206A)
_SPACES = {ord("\n"): " ", ord("\t"): " "}
_NAMED = {code: repr(chr(code))[1:-1] for code in _UNSEEN if code not in _SPACES}


def printable(text: str) -> str:
    r"""Return text in which what acts instead of being seen is named.

    Parameters
    ----------
    text
        Of any number of lines.

    Examples
    --------
    >>> print(printable("Ada \x1b[31m, in red"))
    Ada \x1b[31m, in red
    """
    return text.translate(_NAMED)


def on_one_line(text: str) -> str:
    r"""See `printable`; what begins a new line is a space.

    Parameters
    ----------
    text
        Of any number of lines.

    Examples
    --------
    >>> on_one_line("1 High Street\nLondon")
    '1 High Street London'
    """
    return printable(text).translate(_SPACES)


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
