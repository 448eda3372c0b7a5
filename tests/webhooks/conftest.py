"""What the tests of webhooks share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from stripe_nb.clock import wall_time
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.webhooks import Endpoint, Inbox, listen

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"

Signed = tuple[bytes, str]
Sign = Callable[..., Signed]


def event_body(event_id: str = "evt_1", event_type: str = "invoice.paid") -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "api_version": "2026-10-28.endive",
        "created": 1_767_225_600,
        "data": {"object": {"id": "in_1", "object": "invoice"}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": None,
    }
    return json.dumps(event, indent=2).encode()


@pytest.fixture
def sign() -> Sign:
    """Sign a body as Stripe does, with the SDK's own function."""

    def signed(
        body: bytes | None = None, *, secret: str = SECRET, age: float = 0, **event: str
    ) -> Signed:
        text = body if body is not None else event_body(**event)
        at = int(wall_time()) - int(age)
        header = stripe.WebhookSignature.generate_signature_header(
            text.decode("utf-8", "surrogateescape"), secret, at
        )
        return text, header

    return signed


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(SECRET) as made:
        yield made


@pytest.fixture
def hasty() -> Iterator[Client]:
    """A client of a sandbox that sends failed webhooks again at once."""
    with (
        Sandbox(seed=7, clock="2026-01-15", webhook_delays=(0.02, 0.05)) as running,
        connect(sandbox=running) as client,
    ):
        yield client


@pytest.fixture
def inbox(hasty: Client) -> Iterator[Inbox]:
    with listen(client=hasty) as opened:
        yield opened


@pytest.fixture
def settle(hasty: Client) -> Callable[[], Any]:
    """Wait until every webhook is delivered, or has failed for good."""
    sandbox: Any = hasty.sandbox
    return sandbox.deliver  # type: ignore[no-any-return]
