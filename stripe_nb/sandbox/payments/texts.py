"""The texts of a payment that a person reads: on a statement, in a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.errors import ParameterInvalid

__all__ = ["check_email", "check_texts"]

# What a cardholder's statement has room for.
_DESCRIPTORS = ("statement_descriptor", "statement_descriptor_suffix")
_LONGEST_DESCRIPTOR = 22


def check_texts(params: Mapping[str, Any], *, within: str = "") -> None:
    """Refuse texts that no statement has room for, and no address of a receipt.

    `within` is the parameter that they are parts of, if any.

    Raises
    ------
    ParameterInvalid
        With the parameter.
    """
    for name in _DESCRIPTORS:
        text = params.get(name) or ""
        if len(text) > _LONGEST_DESCRIPTOR:
            raise ParameterInvalid(
                f"The {name.replace('_', ' ')} must be at most {_LONGEST_DESCRIPTOR} "
                f"characters. {text} is {len(text)} characters long.",
                param=_named(name, within),
            )
    check_email(params.get("receipt_email"), param=_named("receipt_email", within))


def _named(name: str, within: str) -> str:
    return f"{within}[{name}]" if within else name


def check_email(email: str | None, *, param: str = "email") -> None:
    """Refuse what is no address of an email.

    Parameters
    ----------
    email
        Nothing is fine too.
    param
        How the request calls it.

    Raises
    ------
    ParameterInvalid
        In Stripe's words.
    """
    if email and ("@" not in email or email != email.strip()):
        raise ParameterInvalid(
            f"Invalid email address: {email}", code="email_invalid", param=param
        )
