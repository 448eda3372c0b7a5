"""What the user configured: keys and places, from ``.env`` and the environment.

Reads and judges; changes nothing, talks to nobody and shows no key, not even
in the variables of a traceback. The environment wins over ``.env``, so one
variable is enough to divert a run.

A secret key that is absent means "use the sandbox". One that is there but
unusable, an empty one included, is an error: whoever wrote the line meant to
reach Stripe, and a sandbox answering in its place would go unnoticed.
"""

from __future__ import annotations

import ipaddress
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

import dotenv

from stripe_nb.errors import LiveKeyError, SettingsError

__all__ = [
    "KeyMode",
    "Settings",
    "account_id",
    "is_loopback",
    "key_mode",
    "load_settings",
    "loopback_url",
    "mask",
]

KeyMode = Literal["test", "live", "unknown"]

_SECRET = "STRIPE_SECRET_KEY"  # noqa: S105 - the variable's name
_PUBLISHABLE = "STRIPE_PUBLISHABLE_KEY"
_SANDBOX_URL = "STRIPE_NB_SANDBOX_URL"
_ACCOUNT = "STRIPE_ACCOUNT"

_WHERE = "https://dashboard.stripe.com/test/apikeys"
# Stripe promises only the prefix; every key it has issued or documented goes on
# in letters and digits, at least 24 of them. Holding to that alphabet is what
# tells a key from the placeholders that people leave in ("sk_test_your_key").
_SECRET_FORM = re.compile(r"[sr]k_(test|live)_[A-Za-z0-9]{16,}")
_PUBLISHABLE_FORM = re.compile(r"pk_(test|live)_[A-Za-z0-9]{16,}")

# A secret key as the value of a variable, in the words of several shells too.
_ASSIGNED = re.compile(
    r"""\s*(?:(?:export|setx?)\s+|\$env:)?(\w+)[\s=:]+['"]?[sr]k_(?:test|live|org)_"""
)

# Start of what was given, what it is, what to do.
_MISTAKES = (
    (
        "pk_",
        "is a publishable key, which can't read or write data",
        f"copy the secret key (sk_test_...) beside it from {_WHERE}",
    ),
    (
        "whsec_",
        "is the signing secret of a webhook endpoint, not an API key",
        f"copy the secret key (sk_test_...) from {_WHERE}",
    ),
    (
        "sk_org_",
        "is an organization's key, which needs an account named on each request",
        f"use the secret key (sk_test_...) of one account, from {_WHERE}",
    ),
    (
        "acct_",
        "is an account's id, not a key",
        f"move it to {_ACCOUNT} and copy the secret key from {_WHERE}",
    ),
    (
        "Bearer ",
        'starts with "Bearer ", which belongs to the HTTP header',
        "keep only what follows it",
    ),
)


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What the user configured; its repr shows at most a key's last four.

    Attributes
    ----------
    secret_key
        Stripe's secret or restricted key; None means the sandbox.
    publishable_key
        The key that Stripe.js uses in a browser.
    sandbox_url
        A running sandbox to join.
    account
        The connected account that requests are made for.
    """

    secret_key: str | None = None
    publishable_key: str | None = None
    sandbox_url: str | None = None
    account: str | None = None

    def __repr__(self) -> str:
        secret, publishable = mask(self.secret_key), mask(self.publishable_key)
        return (
            f"Settings(secret_key={secret}, publishable_key={publishable}, "
            f"sandbox_url={self.sandbox_url!r}, account={self.account!r})"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("Settings hold a key and are not pickled: load them anew.")


def load_settings(
    env_file: str | os.PathLike[str] | None = None, *, allow_live: bool = False
) -> Settings:
    """Read the settings from the environment and from ``.env``.

    With a sandbox's URL the keys are put aside unread: they are of no use
    there, and must not reach it. Warns of a secret key under another name, of
    which nothing comes.

    Parameters
    ----------
    env_file
        The ``.env`` file; by default the first one found from the working
        directory upwards, if any.
    allow_live
        Whether a live key is welcome.

    Raises
    ------
    SettingsError
        If a setting is malformed or of the wrong kind.
    LiveKeyError
        If the key is a live one and `allow_live` is not set.

    Examples
    --------
    >>> load_settings()
    Settings(secret_key=None, publishable_key=None, sandbox_url=None, account=None)
    """
    problem: Exception
    try:
        return _load(_find(env_file), allow_live=allow_live)
    except (SettingsError, UserWarning) as error:
        problem = error
    # Raised anew, from here: a traceback may show the variables of its frames,
    # and those of the functions below hold keys.
    problem.__cause__ = problem.__context__ = None
    raise problem.with_traceback(None)


def _load(path: Path | None, *, allow_live: bool) -> Settings:
    text = _text(path) if path else ""
    in_file = _values(path, text) if path else {}
    values = {**in_file, **os.environ}
    if path and (in_file.get(_SECRET) or "").strip():
        _warn_if_others_can_read(path)
    account = _account(values)
    if url := (values.get(_SANDBOX_URL) or "").strip():
        return Settings(sandbox_url=loopback_url(url), account=account)
    if _SECRET not in values:
        _warn_of_other_names(text, path)
    place = "the environment" if _SECRET in os.environ else str(path)
    secret = _secret_key(values, place, allow_live=allow_live)
    return Settings(
        secret_key=secret,
        publishable_key=_publishable_key(values, secret),
        account=account,
    )


def key_mode(key: str) -> KeyMode:
    """Tell by its prefix whether a key is of test or of live mode.

    Examples
    --------
    >>> key_mode("sk_org_1234")
    'unknown'
    """
    match = re.match(r"[a-z]{2}_(test|live)_", key)
    if match is None:
        return "unknown"
    return "live" if match[1] == "live" else "test"


def mask(key: str | None) -> str:
    """Return a key's prefix and last four characters, as Stripe's dashboard does.

    Examples
    --------
    >>> mask("sk_test_0123456789abcdefa1b2")
    'sk_test_…a1b2'
    """
    if key is None:
        return "None"
    match = re.fullmatch(r"([a-z]{2}_(?:test|live)_).{12,}(.{4})", key)
    return f"{match[1]}…{match[2]}" if match else "…"


def loopback_url(text: str) -> str:
    """Return a running sandbox's address without a trailing slash.

    Raises
    ------
    SettingsError
        If it is no plain HTTP address of this machine.

    Examples
    --------
    >>> loopback_url("http://127.0.0.1:8420/")
    'http://127.0.0.1:8420'
    """
    cause = f"{_SANDBOX_URL} must be like http://127.0.0.1:8420"
    parts = _split(text)
    if parts is None:
        # Not from the parser's error, which tells the text: it may be a key.
        raise SettingsError(f"{cause}; its host or port is malformed.")
    if parts.scheme != "http" or parts.path not in ("", "/"):
        raise SettingsError(f"{cause}: http, a host and a port, nothing else.")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(f"{cause}: http, a host and a port, nothing else.")
    host = parts.hostname or ""
    if not is_loopback(host):
        raise SettingsError(
            f"{cause}: a sandbox is joined on this machine only, so that no key "
            "and no data go elsewhere."
        )
    return f"http://{f'[{host}]' if ':' in host else host}:{parts.port or 80}"


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's alone.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("10.0.0.1")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def account_id(text: object, name: str) -> str:
    """Return an account's id, once it is clear that it is one.

    Parameters
    ----------
    text
        What was given.
    name
        Where it was given, for the error.

    Raises
    ------
    SettingsError
        If it is none.

    Examples
    --------
    >>> account_id("acct_1Abc", "account")
    'acct_1Abc'
    """
    if not isinstance(text, str) or not re.fullmatch(r"acct_[A-Za-z0-9]+", text):
        raise SettingsError(
            f"{name} must be an account's id (acct_...), or be left out."
        )
    return text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        # Parsed only when it is read.
        _ = parts.port
    except ValueError:
        return None
    return parts


def _find(env_file: str | os.PathLike[str] | None) -> Path | None:
    if env_file is None:
        found = dotenv.find_dotenv(usecwd=True)
        return Path(found) if found else None
    path = Path(env_file)
    if not path.is_file():
        raise SettingsError(f"There is no file {path}: give the path of your .env.")
    return path


def _text(path: Path) -> str:
    try:
        # utf-8-sig, since Windows' Notepad starts a file with a byte order mark,
        # which would make the first variable's name another one.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from error


def _values(path: Path, text: str) -> dict[str, str]:
    # No interpolation: it would mix the environment in.
    values = dotenv.dotenv_values(
        stream=StringIO(text), interpolate=False, verbose=False
    )
    if _SECRET not in values and re.search(rf"(?m)^\s*(export\s+)?{_SECRET}\b", text):
        raise SettingsError(
            f"{path} has a line on {_SECRET} that can't be read: write "
            f"{_SECRET}=sk_test_... without spaces, or delete the line."
        )
    return {name: value or "" for name, value in values.items()}


def _warn_if_others_can_read(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        warnings.warn(
            f"Other users of this machine can get at {path}, which holds a secret "
            f"key: run chmod 600 {path}",
            UserWarning,
            stacklevel=5,
        )


def _warn_of_other_names(text: str, path: Path | None) -> None:
    in_environment = [f"{name}={value}" for name, value in os.environ.items()]
    places = ((text.splitlines(), path), (in_environment, "the environment"))
    for lines, place in places:
        names = {found[1] for line in lines if (found := _ASSIGNED.match(line))}
        for name in sorted(names - {_PUBLISHABLE, _ACCOUNT, _SANDBOX_URL}):
            warnings.warn(
                f"{name} in {place} looks like a secret key of Stripe's and is not "
                f"read, so the sandbox answers: to reach Stripe, write it as "
                f"{_SECRET}=sk_test_... with nothing before it.",
                UserWarning,
                stacklevel=5,
            )


def _secret_key(
    values: Mapping[str, str], place: str, *, allow_live: bool
) -> str | None:
    key = values.get(_SECRET)
    if key is None:
        return None
    if not key.strip():
        raise SettingsError(
            f"{_SECRET} in {place} is empty: put your key from {_WHERE} there, or "
            "remove the variable altogether to use the sandbox."
        )
    _check_form(key, place)
    if key_mode(key) == "live" and not allow_live:
        raise LiveKeyError(
            f"{_SECRET} in {place} is a live key, which works on real money: use a "
            f"test key (sk_test_...) from {_WHERE}, or ask for live mode with "
            "connect(allow_live=True), which only reads."
        )
    return key


def _check_form(key: str, place: str) -> None:
    if _SECRET_FORM.fullmatch(key):
        return
    cause, mend = _mistake(key)
    raise SettingsError(f"{_SECRET} in {place} {cause}: {mend}.")


def _mistake(key: str) -> tuple[str, str]:
    for start, cause, mend in _MISTAKES:
        if key.strip(" \t\r\n'\"").startswith(start):
            return cause, mend
    if re.search(r"\s", key):
        return "has a space or a line break in it", "keep the bare key on one line"
    if re.search(r"['\"`‘’“”]", key):  # noqa: RUF001 - what word processors write
        return "has quotation marks in it", "keep the bare key"
    if re.match(r"[sr]k_(test|live)_", key):
        return (
            "is no whole key (a prefix, then at least 16 letters and digits)",
            f"copy it again from {_WHERE}",
        )
    return (
        "does not look like one of Stripe's secret keys",
        f"it starts with sk_test_ or rk_test_; copy it from {_WHERE}",
    )


def _publishable_key(values: Mapping[str, str], secret: str | None) -> str | None:
    key = (values.get(_PUBLISHABLE) or "").strip()
    if not key:
        return None
    if re.match(r"[sr]k_", key):
        raise SettingsError(
            f"{_PUBLISHABLE} holds a secret key, which every visitor of a page "
            f"would see: put the publishable key (pk_test_...) from {_WHERE} there."
        )
    if not _PUBLISHABLE_FORM.fullmatch(key):
        raise SettingsError(
            f"{_PUBLISHABLE} does not look like a publishable key (pk_test_...): "
            f"copy it from {_WHERE}, or delete the line."
        )
    if secret is not None and key_mode(key) != key_mode(secret):
        raise SettingsError(
            f"{_PUBLISHABLE} and {_SECRET} are of different modes, one test and one "
            f"live: take both from {_WHERE}."
        )
    return key


def _account(values: Mapping[str, str]) -> str | None:
    account = (values.get(_ACCOUNT) or "").strip()
    return account_id(account, _ACCOUNT) if account else None
