"""The HTTP client that the SDK gives to whoever brings none.

A ``stripe.StripeClient`` that somebody builds by hand takes its HTTP client
from the SDK's ``new_default_http_client``, as the module does once its own was
taken away. While a session is open that function makes guarded ones, so that
neither leads past the guard.
"""

from __future__ import annotations

import sys
from typing import Any

import stripe

from stripe_nb.errors import StripeNbError
from stripe_nb.transport import CallLog, GuardedHTTPClient, Policy

__all__ = ["Defaults"]

_NAME = "new_default_http_client"


class Defaults:
    """Puts guarded clients in the place of the SDK's own, and these back."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._calls: CallLog | None = None
        self._before: Any = None

    def check(self) -> None:
        """Raise if the SDK has no such place.

        Raises
        ------
        StripeNbError
            If it makes its HTTP clients otherwise.
        """
        # The name that StripeClient looks up when it is called.
        home = vars(sys.modules[stripe.StripeClient.__module__])
        if not callable(home.get(_NAME)) or not hasattr(stripe, _NAME):
            raise StripeNbError(
                f"The installed stripe {stripe.VERSION} makes its HTTP clients in a "
                "way that can't be guarded: install a release that stripe-nb "
                'allows, with pip install --upgrade "stripe>=16.1,<17".'
            )

    def guard(self, policy: Policy, calls: CallLog | None = None) -> None:
        """Let new clients pass only what a policy lets pass, and write it down."""
        self._policy, self._calls = policy, calls
        if self._before is None:
            self._before = getattr(stripe, _NAME)
            _replace(self._before, self._new_client)

    def restore(self) -> None:
        """Let new clients be the SDK's own."""
        if self._before is not None:
            _replace(self._new_client, self._before)
            self._before = None

    def _new_client(
        self, *, proxy: Any = None, verify_ssl_certs: bool = True, **_fallback: Any
    ) -> GuardedHTTPClient:
        options = {"proxy": proxy, "verify_ssl_certs": verify_ssl_certs}
        return GuardedHTTPClient(self._policy or Policy(), options, self._calls)


def _replace(former: Any, new: Any) -> None:
    # Modules that imported it by name hold it too.
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "stripe" and vars(module).get(_NAME) == former:
            setattr(module, _NAME, new)
