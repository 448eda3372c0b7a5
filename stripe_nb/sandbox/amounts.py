"""Amounts as Stripe checks them: a currency that it has, and a sum in bounds."""

from __future__ import annotations

from stripe_nb import money
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid

__all__ = ["check_amount", "check_currency"]

_LARGEST = 99_999_999


def check_currency(currency: str, param: str = "currency") -> str:
    """Return a currency's code in lower case.

    Raises
    ------
    ParameterInvalid
        If Stripe has no such currency.
    """
    try:
        money.exponent(currency)
    except money.MoneyError:
        raise ParameterInvalid(
            f"Invalid currency: {currency}. Stripe's currencies are listed at "
            "https://docs.stripe.com/currencies.",
            param=param,
        ) from None
    return currency.lower()


def check_amount(amount: int, currency: str, param: str = "amount") -> int:
    """Return an amount that can be charged.

    Parameters
    ----------
    amount
        In minor units.
    currency
        Its currency, checked before.
    param
        How the request calls it.

    Raises
    ------
    ParameterInvalid
        If it is not positive, or has digits that the currency can't pay.
    InvalidRequest
        If it is more than Stripe charges at once.
    """
    if amount == 0:
        raise ParameterInvalid(
            "The amount must be greater than or equal to the minimum charge amount "
            "allowed for your account and the currency set "
            "(https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). "
            "If you want to save a customer's Payment Method for future use without "
            "an immediate payment, use a Setup Intent instead: "
            "https://docs.stripe.com/payments/save-and-reuse",
            code="parameter_invalid_integer",
            param=param,
        )
    if amount < 0:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )
    if amount > _LARGEST:
        raise InvalidRequest(
            f"Amount must be no more than {money.format_amount(_LARGEST, currency)}",
            code="amount_too_large",
            param=param,
        )
    step = money.multiple(currency)
    if amount % step:
        raise ParameterInvalid(
            f"Invalid amount: {amount} {currency} can't be paid; round it to a "
            f"multiple of {step}.",
            code="parameter_invalid_integer",
            param=param,
        )
    return amount
