"""The one function that takes secrets out of what is shown, logged or kept.

Two rules, because either alone lets something through: values under a name
that stands for a secret are masked whatever they look like, and text that looks
like a secret is masked wherever it stands. What is left tells one value from
another: the prefix that Stripe gives it, and its last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

__all__ = ["redact", "redact_password", "redact_text", "redact_tokens"]

_LAST = 4
# Stripe nests nothing so deep; whoever does means to exhaust the stack.
_DEEPEST = 60
_HIDDEN = "…"
# Of so many characters a password is no word's part by chance.
_LONG_PASSWORD = 8

# Names of parameters and fields whose value is nobody else's business.
_SECRET_NAMES = frozenset(
    {
        "account_number",
        "access_token",
        "api_key",
        "client_secret",
        "code_verifier",
        "cryptogram",
        "cvc",
        "encrypted_number",
        "encrypted_pin",
        "iban",
        "id_number",
        "id_number_secondary",
        "password",
        "personal_id_number",
        "pin",
        "refresh_token",
        "secret",
        "ssn_last_4",
    }
)
# A number is secret where it is a card's; an invoice's is none.
_NUMBER_OWNERS = frozenset({"card", "source", "external_account"})
# Of these even the last characters would tell too much.
_WHOLLY_SECRET = frozenset(
    {
        "cryptogram",
        "cvc",
        "encrypted_number",
        "encrypted_pin",
        "password",
        "pin",
        "ssn_last_4",
    }
)

# Where a word begins, also behind an encoded character ("%3D") or an escaped one
# ("\\n"), whose last letter is none of the word's.
_START = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
_KEY = r"(?:[sre]k_(?:test|live)_|sk_org_(?:test_|live_)?|whsec_(?:test_)?)"
_TOKENS = re.compile(rf"({_START}{_KEY}|_secret_)([A-Za-z0-9+/=_%]{{6,}})")
# What else a header may carry; with a digit, as "Basic authentication" has none.
_CREDENTIALS = re.compile(
    r"\b(Bearer|Basic)(\s+)(?![a-z]{2}_(?:test|live|org)_)"
    r"(?=[\w.~+/=-]*[0-9])([\w.~+/=-]{8,})"
)
# A value under a secret's name in text: in a form, in JSON, in Python's repr of it.
_NAMED = re.compile(
    r"(?i)(?P<before>(?:(?<![a-z0-9_])|(?<=%[0-9a-f]{2}))"
    rf"(?P<name>{'|'.join(sorted(_SECRET_NAMES, reverse=True))})"
    r"(?:(?:\]|%5D)?(?:=|%3D)|[\"']\s*:\s*[\"']?))(?P<value>[^\s&\"',}\]]+)"
)
_NOTHING = frozenset({"None", "null"})
# What stands before is asked after the first digit: few places have to be asked.
_DIGITS = re.compile(
    r"\d(?:(?<!\w\d)|(?<=%[0-9A-Fa-f]{2}\d))(?<!\d\.\d)"
    r"(?:(?:[ +-]|%20)?\d){12,18}(?!\w|\.\d)"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_IBAN_MODULUS = 97


def redact(value: Any, name: str = "") -> Any:
    """Return a copy of a value without the secrets in it.

    Masks keys, client secrets, webhook secrets, ephemeral keys, card numbers,
    security codes, bank account numbers and identity numbers.

    Parameters
    ----------
    value
        What JSON can hold, or text.
    name
        The name that it stands under, if any.

    Examples
    --------
    >>> redact({"card": {"number": "4242424242424242", "cvc": "123"}, "amount": 5})
    {'card': {'number': '…4242', 'cvc': '…'}, 'amount': 5}
    """
    return _redacted(value, name, _DEEPEST)


def _redacted(value: Any, name: str, left: int) -> Any:
    if not left:
        return _HIDDEN
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): _redacted(each, _said(str(key), name), left - 1)
            for key, each in value.items()
        }
    if isinstance(value, str):
        return _mask(value, name) if _is_secret(name) else redact_text(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_redacted(each, name, left - 1) for each in value]
    if value is None or isinstance(value, bool):
        return value
    return _mask(str(value), name) if _is_secret(name) else value


def redact_text(text: str) -> str:
    """Return a text without what looks like a secret in it.

    Examples
    --------
    >>> redact_text("pi_1_secret_abcdefgh12345678 of sk_test_0123456789abcdefa1b2")
    'pi_1_secret_…5678 of sk_test_…a1b2'
    >>> redact_text("card 4242 4242 4242 4242, order 1234567890123")
    'card …4242, order 1234567890123'
    """
    text = redact_tokens(text)
    if "Bearer" in text or "Basic" in text:
        text = _CREDENTIALS.sub(
            lambda found: found[1] + found[2] + _ending(found[3]), text
        )
    if _may_name_a_secret(text):
        text = _NAMED.sub(_hidden_value, text)
    text = _IBAN.sub(
        lambda found: _ending(found[0]) if _is_iban(found[0]) else found[0], text
    )
    return _DIGITS.sub(
        lambda found: _ending(found[0]) if _passes_luhn(found[0]) else found[0], text
    )


def redact_tokens(text: str) -> str:
    """Return a text without the keys and secrets that Stripe issued.

    Other numbers stay, as this is for data and not for display.

    Examples
    --------
    >>> redact_tokens("pi_1_secret_abcdefgh12345678, card 4242 4242 4242 4242")
    'pi_1_secret_…5678, card 4242 4242 4242 4242'
    """
    if "k_" not in text and "whsec_" not in text and "_secret_" not in text:
        return text
    return _TOKENS.sub(lambda found: found[1] + _ending(found[2]), text)


def redact_password(text: str, password: str | None) -> str:
    """Return a text without an address's password, encoded or not.

    A short one is masked only where an address or a setting has it: anywhere else
    the same letters are part of a word, or a word.

    Examples
    --------
    >>> redact_password("can't reach me:s3cret-word@db", "s3cret-word")
    "can't reach me:***@db"
    >>> redact_password("a bad host in me:a@db, password=a", "a")
    'a bad host in me:***@db, password=***'
    """
    if not password:
        return text
    plain = unquote(password)
    for form in sorted({password, plain, quote(plain, safe="")}, key=len, reverse=True):
        literal = re.escape(form)
        if len(form) < _LONG_PASSWORD:
            literal = rf"(?<=[:='\"]){literal}(?!\w)|(?<!\w){literal}(?=@)"
        text = re.sub(literal, "***", text)
    return text


def _may_name_a_secret(text: str) -> bool:
    """Tell whether to look closer, which takes time and which few texts need."""
    if "=" not in text and ":" not in text and "%3D" not in text:
        return False
    plain = text.lower()
    return any(name in plain for name in _SECRET_NAMES)


def _hidden_value(found: re.Match[str]) -> str:
    value = found["value"]
    if value in _NOTHING or _HIDDEN in value:
        return found[0]
    is_wholly = found["name"].lower() in _WHOLLY_SECRET
    return found["before"] + (_HIDDEN if is_wholly else _ending(value))


def _said(key: str, owner: str) -> str:
    """Name a value by its key, and a number by its owner too."""
    if key == "number" and owner in _NUMBER_OWNERS:
        return "account_number"
    # Stripe's own names count below a list or a hash of no name of its own.
    return key


def _is_secret(name: str) -> bool:
    return name.lower().replace("-", "_") in _SECRET_NAMES


def _mask(text: str, name: str) -> str:
    if not text:
        return text
    shown = redact_text(text)
    # Keys and client secrets keep the prefix that tells what they are.
    is_wholly = name.lower() in _WHOLLY_SECRET
    if shown != text and not is_wholly and _HIDDEN in shown:
        return shown
    return _HIDDEN if is_wholly else _ending(text)


def _ending(text: str) -> str:
    return _HIDDEN + (text[-_LAST:] if len(text) >= 2 * _LAST else "")


def _passes_luhn(text: str) -> bool:
    plain = text.replace("%20", "")
    digits = [int(each) for each in reversed(plain) if each.isdigit()]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    number = "".join(str(int(each, 36)) for each in plain[4:] + plain[:4])
    return int(number) % _IBAN_MODULUS == 1
