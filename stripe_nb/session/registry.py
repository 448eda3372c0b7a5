"""The open clients, and what the ``stripe`` module was before the first.

The module's settings are the process's own, so they belong to the client
connected last; when it closes they go to the one before, and in the end back
to what they were.
"""

from __future__ import annotations

import threading
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import stripe

from stripe_nb.session.client import Client
from stripe_nb.transport.defaults import Defaults
from stripe_nb.transport.sdk_log import SdkLog

__all__ = ["Registry"]

_MODULE_SETTINGS = (
    "api_base",
    "api_key",
    "app_info",
    "connect_api_base",
    "default_http_client",
    "enable_telemetry",
    "max_network_retries",
    "meter_events_api_base",
    "upload_api_base",
)


class Registry:
    """Keeps the open clients in the order in which they were connected.

    Attributes
    ----------
    lock
        Held by who opens or closes a client.
    defaults
        The HTTP clients that the SDK makes by itself meanwhile.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.defaults = Defaults()
        self._sdk_log = SdkLog()
        self._before: dict[str, Any] = {}
        self._open: list[Client] = []

    def last(self) -> Client | None:
        """Return the client connected last, if one is open."""
        return self._open[-1] if self._open else None

    def add(self, client: Client) -> None:
        """Set the module up for a client, and close those that it replaces."""
        with self.lock:
            if not self._open:
                self._before = {
                    name: getattr(stripe, name) for name in _MODULE_SETTINGS
                }
            former = [one for one in self._open if client.target.replaces(one.target)]
            self._open.append(client)
            self._configure_module(client)
            for one in former:
                one.close()

    def remove(self, client: Client) -> None:
        """Give the module up for a client that closes."""
        with self.lock:
            was_last = self.last() is client
            self._open.remove(client)
            if not self._open:
                self.defaults.restore()
                self._sdk_log.restore()
                for name, value in self._before.items():
                    setattr(stripe, name, value)
            elif was_last:
                self._configure_module(self._open[-1])

    def close_all(self) -> None:
        """Close every client."""
        while client := self.last():
            client.close()

    def _configure_module(self, client: Client) -> None:
        self.defaults.guard(client.target.policy, client.calls)
        self._sdk_log.guard()
        addresses = client.target.addresses
        stripe.api_key = client.target.key
        stripe.api_base = addresses["api"]
        stripe.connect_api_base = addresses["connect"]
        stripe.upload_api_base = addresses["files"]
        stripe.meter_events_api_base = addresses["meter_events"]
        stripe.default_http_client = client.http_client
        stripe.max_network_retries = client.max_network_retries
        stripe.set_app_info("stripe_nb", version=_own_version())
        # Timings of calls to a sandbox are nobody's business but the user's.
        telemetry = self._before["enable_telemetry"]
        stripe.enable_telemetry = telemetry and not client.is_sandbox


def _own_version() -> str | None:
    try:
        return version("stripe-nb")
    except PackageNotFoundError:
        # A checkout that was put on the path without being installed.
        return None
