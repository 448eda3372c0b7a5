"""What the tests of behaviours share: the passing of time, and the events so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.resources.account import onboard
from stripe_nb.session import Client


@pytest.fixture
def wait(sandbox: Sandbox) -> Callable[[int], None]:
    """Let some seconds of the sandbox's time pass."""

    def passing(seconds: int) -> None:
        clock: Any = sandbox.engine.clock
        clock.set(sandbox.now + seconds)

    return passing


@pytest.fixture
def event_types(client: Client) -> Callable[[], list[str]]:
    """Return the types of the events so far, oldest first."""

    def types() -> list[str]:
        listed = client.v1.events.list({"limit": 100}).data
        return [event.type for event in reversed(listed)]

    return types


@pytest.fixture
def account(client: Client, sandbox: Sandbox) -> str:
    """Return a connected account that has told Stripe all it asked for."""
    made = client.v1.accounts.create(
        {"type": "express", "capabilities": {"transfers": {"requested": True}}}
    )
    call = sandbox.engine.internal_call()
    with sandbox.engine.writing():
        onboard(call, call.get("account", made.id))
    return made.id
