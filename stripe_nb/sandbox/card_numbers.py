"""Card numbers as such: their digits, their check digit and their brand.

Knows no card in particular; `cards` does.
"""

from __future__ import annotations

__all__ = ["brand_of", "digits_of", "luhn_ok"]

_LENGTHS = range(12, 20)

# brand, first and last prefix; the first hit wins
_PREFIXES = (
    ("amex", 34, 34),
    ("amex", 37, 37),
    ("diners", 300, 305),
    ("diners", 36, 36),
    ("diners", 38, 39),
    ("jcb", 3528, 3589),
    ("discover", 6011, 6011),
    ("discover", 644, 649),
    ("discover", 65, 65),
    ("unionpay", 62, 62),
    ("unionpay", 81, 81),
    ("mastercard", 2221, 2720),
    ("mastercard", 51, 55),
    ("visa", 4, 4),
)


def digits_of(number: str) -> str:
    """Return a card number without its blanks and dashes.

    Parameters
    ----------
    number
        As a person types it.

    Examples
    --------
    >>> digits_of("4242-4242 4242 4242")
    '4242424242424242'
    """
    return number.replace(" ", "").replace("-", "")


def luhn_ok(number: str) -> bool:
    """Tell whether a number has a card's length and check digit.

    Parameters
    ----------
    number
        The digits, with or without blanks or dashes between them.

    Examples
    --------
    >>> luhn_ok("4242424242424242"), luhn_ok("4242424242424241")
    (True, False)
    """
    digits = digits_of(number)
    if not (digits.isascii() and digits.isdigit() and len(digits) in _LENGTHS):
        return False
    odd = sum(int(digit) for digit in digits[-1::-2])
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


def brand_of(number: str) -> str:
    """Tell a card's brand by how its number begins.

    Parameters
    ----------
    number
        The digits, with or without blanks or dashes between them.

    Returns
    -------
    str
        Stripe's word for the brand, ``"unknown"`` if no prefix fits.

    Examples
    --------
    >>> brand_of("3782 822463 10005")
    'amex'
    """
    digits = digits_of(number)
    for brand, first, last in _PREFIXES:
        prefix = digits[: len(str(first))]
        if prefix.isdigit() and first <= int(prefix) <= last:
            return brand
    return "unknown"
