"""Which requests a session lets out, judged by what is about to be sent.

The ``Authorization`` header, the method and the URL count, and not what was
configured: keys can be given per request, and addresses changed.

::

    sandbox session   only to the sandbox; never with a live key
    Stripe session    only to https://*.stripe.com
        test key      as it pleases
        live key      refused; allow_live lets reads pass;
                      allow_live_writes lets everything pass
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from stripe_nb.errors import (
    LiveKeyError,
    LiveWriteError,
    SandboxError,
    SettingsError,
)
from stripe_nb.settings import key_mode

__all__ = ["Policy"]

_READS = frozenset({"get", "head"})
# Matched on the text itself, so that no difference between two URL parsers can
# hide a host: no user part, no backslash, no port but 443.
_STRIPE = re.compile(r"(?i)https://(?:[a-z0-9-]+\.)*stripe\.com(?::443)?(?=[/?]|\Z)")
_LIVE_SECRET = re.compile(rb"(?<![a-z])[sr]k_live_[A-Za-z0-9]{8}")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which requests a session lets out.

    Attributes
    ----------
    sandbox_url
        The sandbox that the session belongs to; None for Stripe.
    allow_live
        Whether requests with a live key may read.
    allow_live_writes
        Whether they may also change data.
    """

    sandbox_url: str | None = None
    allow_live: bool = False
    allow_live_writes: bool = False

    def check(
        self, method: str, url: str, headers: Mapping[str, str], body: object = None
    ) -> None:
        """Raise if a request must not be sent.

        Raises
        ------
        SandboxError
            If a sandbox session would reach another host.
        SettingsError
            If a key would go to a host that is not Stripe's.
        LiveKeyError
            If it carries a live key that nobody asked for.
        LiveWriteError
            If it would change live data while only reading is allowed.

        Examples
        --------
        >>> headers = {"Authorization": "Bearer sk_test_0123456789abcdef"}
        >>> Policy().check("get", "https://api.stripe.com/v1/balance", headers)
        """
        self._check_host(url)
        keys = _keys_in(headers)
        # OAuth's calls carry a key in the body, for one; and what was copied with a
        # key, such as a space before it, must not hide that it is one.
        head = "\n".join((url, *map(str, headers.values()), *keys))
        secret_elsewhere = _has_live_secret(head) or _has_live_secret(body)
        if self.sandbox_url is not None:
            _check_sandbox_keys(keys, secret_elsewhere=secret_elsewhere)
        elif secret_elsewhere or any(key_mode(key) != "test" for key in keys):
            # Not known as a test key counts as live: old keys and those of
            # organizations don't tell their mode.
            self._check_live(method)

    def _check_host(self, url: str) -> None:
        if self.sandbox_url is None:
            if not _STRIPE.match(url):
                raise SettingsError(
                    "A key is sent to Stripe's own hosts (https://*.stripe.com) "
                    "only, and this request goes elsewhere: check base_addresses "
                    "and stripe.api_base."
                )
        elif not _below(self.sandbox_url)(url):
            raise SandboxError(
                "This session belongs to a sandbox, and the request goes to another "
                "host: check base_addresses and stripe.api_base, or connect with a "
                "key to reach Stripe."
            )

    def _check_live(self, method: str) -> None:
        if not self.allow_live:
            raise LiveKeyError(
                "This request carries a live key (or one that does not tell its "
                "mode), and the session is not for live mode: use a test key, or "
                "connect(allow_live=True) to read live data."
            )
        if not self.allow_live_writes and method.lower() not in _READS:
            raise LiveWriteError(
                "This request would change live data, and the session may only read "
                "it: connect(allow_live=True, allow_live_writes=True) lets it pass."
            )


@lru_cache(maxsize=16)
def _below(address: str) -> Callable[[str], object]:
    return re.compile(rf"{re.escape(address)}(?=[/?]|\Z)").match


def _keys_in(headers: Mapping[str, str]) -> list[str]:
    return [
        key
        for name, value in headers.items()
        if name.lower() == "authorization" and str(value).strip()
        for key in _keys_of(str(value))
    ]


def _keys_of(authorization: str) -> list[str]:
    scheme, *rest = authorization.split(None, 1)
    if scheme.lower() != "basic" or not rest:
        return rest or [scheme]
    try:
        parts = base64.b64decode(rest[0].strip(), validate=True).decode().split(":", 1)
    except (binascii.Error, UnicodeDecodeError):
        # What can't be read is not known as a test key, which the policy refuses.
        return rest
    return [part for part in parts if part]


def _has_live_secret(text: object) -> bool:
    # Each request is looked through; what no live key can be without is found soonest.
    if isinstance(text, str):
        return "k_live_" in text and _LIVE_SECRET.search(text.encode()) is not None
    if isinstance(text, bytes | bytearray):
        return b"k_live_" in text and _LIVE_SECRET.search(text) is not None
    return False


def _check_sandbox_keys(keys: list[str], *, secret_elsewhere: bool) -> None:
    if secret_elsewhere or any(
        key_mode(key) == "live" or key.startswith("sk_org_") for key in keys
    ):
        raise LiveKeyError(
            "This request would hand a live key to the sandbox: leave api_key out, "
            "the sandbox has a key of its own."
        )
