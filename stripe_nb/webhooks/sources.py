"""Where an inbox's webhooks come from: the sandbox itself, or Stripe's CLI."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import stripe

from stripe_nb import catalog
from stripe_nb.errors import StripeNbError, WebhookError
from stripe_nb.session import Client
from stripe_nb.webhooks.router import check_pattern, fits

__all__ = ["Registration", "Source", "exact_types"]

_logger = logging.getLogger("stripe_nb")

_EVERYTHING = "*"
_NAME = "stripe_nb inbox"
_SECRET = "webhook_endpoint.signing_secret"  # noqa: S105 - a path, not a secret
_ONCE: Any = {"max_network_retries": 0}


class Source(Protocol):
    """What brings webhooks to an inbox."""

    secrets: tuple[str, ...]

    def resend(self, event_id: str) -> None:
        """Ask for another delivery of an event."""

    def close(self) -> None:
        """Bring no more."""


def exact_types(patterns: Sequence[str]) -> list[str]:
    """Return the event types that patterns mean, as Stripe takes them.

    Examples
    --------
    >>> exact_types(["invoice.pa*"])[:2]
    ['invoice.paid', 'invoice.payment_action_required']
    """
    if _EVERYTHING in patterns:
        return [_EVERYTHING]
    known = catalog.load().event_types
    return sorted(
        {each for each in known for pattern in patterns if fits(pattern, each)}
    )


class Registration:
    """Webhook endpoints on a sandbox, for as long as an inbox is open.

    Parameters
    ----------
    client
        A client of the sandbox.
    url
        Where to send to.
    patterns
        Which events; those that begin with ``v1.`` or ``v2.`` come as thin ones.
    """

    def __init__(self, client: Client, url: str, patterns: Sequence[str]) -> None:
        thin = [each for each in patterns if each.startswith(("v1.", "v2."))]
        snapshot = [each for each in patterns if each not in thin]
        for pattern in patterns:
            check_pattern(pattern)
        self._client = client
        self._endpoint: str | None = None
        self._destination: str | None = None
        self.secrets: tuple[str, ...] = ()
        if snapshot:
            self._register(url, exact_types(snapshot))
        if thin:
            self._register_thin(url, thin)

    def resend(self, event_id: str) -> None:
        """Ask for another delivery of an event."""
        if self._endpoint is None:
            raise WebhookError("Only snapshot events can be sent again: replay this.")
        self._client.raw_request(
            "post", f"/v1/events/{event_id}/retry", webhook_endpoint=self._endpoint
        )

    def close(self) -> None:
        """Take the endpoints away."""
        try:
            if self._endpoint:
                self._client.v1.webhook_endpoints.delete(self._endpoint, options=_ONCE)
            if self._destination:
                self._client.v2.core.event_destinations.delete(
                    self._destination, options=_ONCE
                )
        except (stripe.StripeError, StripeNbError) as error:
            # With the sandbox, its endpoints are gone anyhow.
            _logger.info("The inbox's endpoint was not removed: %s", error)

    def _register(self, url: str, types: list[Any]) -> None:
        self._endpoint, secret = self._create(
            url=url, enabled_events=types, description=_NAME
        )
        self.secrets += (secret,)

    def _create(self, **wish: Any) -> tuple[str, str]:
        """Make an endpoint; return its id and its secret."""
        made = self._client.v1.webhook_endpoints.create(wish)  # type: ignore[arg-type]
        return made.id, str(made.secret)

    def _register_thin(self, url: str, types: list[str]) -> None:
        made = self._client.v2.core.event_destinations.create(
            {
                "name": _NAME,
                "type": "webhook_endpoint",
                "event_payload": "thin",
                "enabled_events": types,
                "webhook_endpoint": {"url": url},
                "include": [_SECRET],
            }
        )
        self._destination = made.id
        found = made.webhook_endpoint
        self.secrets += (str(found and found.signing_secret),)
