"""Who may call: the keys that the sandbox takes, and on which account."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping

from stripe_nb.sandbox.errors import Forbidden, InvalidRequest, Unauthorized

__all__ = ["authorize", "key_of", "named_account", "refuse_publishable"]

# What a publishable one opens is for `publishable` to say.
_TEST_KEY = re.compile(r"(sk|rk|pk)_test_[A-Za-z0-9]{16,}")
_KEY = re.compile(r"(?P<kind>sk|rk|pk)_(?P<mode>test|live)_")
_SHOWN = 4


def key_of(headers: Mapping[str, str]) -> str:
    """Return the API key of a request, or an empty text if it has none.

    Bearer and Basic authorization are both read, as at Stripe; with Basic the
    key is the user name.
    """
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:  # neither base64 nor UTF-8
            return ""
    return ""


def authorize(
    headers: Mapping[str, str], own_account: str, is_connected: Callable[[str], bool]
) -> str:
    """Return the account that a request acts on.

    Parameters
    ----------
    headers
        Of the request.
    own_account
        The account of every key that the sandbox takes.
    is_connected
        Tells whether an id is that of an account connected to it.

    Raises
    ------
    Unauthorized
        If there is no key, or none that the sandbox takes.
    Forbidden
        If it names an account that the key has no access to.
    """
    key = key_of(headers)
    if not key:
        raise Unauthorized(
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
            "details, or we can help at https://support.stripe.com/."
        )
    _check(key)
    account = named_account(headers)
    context = _context(headers)
    if account and context and account != context:
        raise InvalidRequest(
            "The Stripe-Account and Stripe-Context headers name two accounts: send "
            "one of them."
        )
    account = account or own_account
    if account != own_account and not is_connected(account):
        raise Forbidden(
            f"The provided key '{_masked(key)}' does not have access to account "
            f"'{account}' (or that account does not exist). Application access may "
            "have been revoked.",
            code="account_invalid",
        )
    return account


def named_account(headers: Mapping[str, str]) -> str:
    """Return the account that the headers name, or an empty text."""
    return headers.get("stripe-account", "").strip() or _context(headers)


def _context(headers: Mapping[str, str]) -> str:
    """Return the account of a context: its last part."""
    return headers.get("stripe-context", "").strip().rpartition("/")[2]


def _check(key: str) -> None:
    if _TEST_KEY.fullmatch(key):
        return
    known = _KEY.match(key)
    if known and known["kind"] == "pk":
        raise refuse_publishable()
    if known and known["mode"] == "live":
        raise Unauthorized(
            f"Invalid API Key provided: {_masked(key)}. This is a sandbox: it takes "
            "test keys (sk_test_…) only, so that no live key ever reaches it."
        )
    raise Unauthorized(f"Invalid API Key provided: {_masked(key)}")


def refuse_publishable() -> Unauthorized:
    """Return the refusal of a publishable key where a secret one is needed."""
    return Unauthorized(
        "This API call cannot be made with a publishable API key. Please use a "
        "secret API key. You can find a list of your API keys at "
        "https://dashboard.stripe.com/account/apikeys.",
        code="secret_key_required",
    )


def _masked(key: str) -> str:
    """Show a key's kind and its last characters, as Stripe's messages do."""
    known = _KEY.match(key)
    head = known.group() if known else ""
    hidden = len(key) - len(head) - _SHOWN
    return head + "*" * hidden + key[-_SHOWN:] if hidden > 0 else "*" * len(key)
