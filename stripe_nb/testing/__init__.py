"""The pytest plugin: a sandbox, a client, a clock and webhooks for each test.

Install stripe-nb, and the four fixtures are there; nothing else is loaded, or
happens, until a test asks for one::

    def test_a_customer_pays(stripe_client, stripe_webhooks):
        checkout.pay(stripe_client, amount=500)
        paid = stripe_webhooks.wait_for("payment_intent.succeeded")
        assert paid.payload["data"]["object"]["amount"] == 500

Each test begins with an empty account, the same ids and the same time. One
sandbox serves all tests of a process, so that a test costs a reset and no
start; under pytest-xdist each worker has its own.

Both styles of the SDK work: while a test has `stripe_client`, the ``stripe``
module is set up for it too. Other programs reach the sandbox at
``stripe_sandbox.url``, with any test key. So does a ``stripe.StripeClient`` that
an application makes itself, once it is given the address; one that it makes
while it is imported knows of no sandbox and asks Stripe::

    stripe.StripeClient(key, base_addresses={"api": stripe_sandbox.url})

In a class of ``unittest``, ask for the fixtures in an autouse fixture. What is to
last for a class, a module or a session is a sandbox of its own; the fixtures may
be used beside it::

    @pytest.fixture(scope="session")
    def shop():
        with Sandbox(seed=7) as sandbox, connect(sandbox=sandbox) as client:
            yield client
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stripe_nb.sandbox import Sandbox
    from stripe_nb.session import Client
    from stripe_nb.testing.clock import StripeClock
    from stripe_nb.testing.pool import Pool
    from stripe_nb.webhooks import Inbox

__all__ = ["stripe_client", "stripe_clock", "stripe_sandbox", "stripe_webhooks"]


@pytest.fixture(scope="session")
def _stripe_sandboxes() -> Iterator[Pool]:
    from stripe_nb.testing.pool import Pool

    with Pool() as pool:
        yield pool


@pytest.fixture
def stripe_sandbox(_stripe_sandboxes: Pool) -> Sandbox:
    """Give an empty Stripe of the test's own, at its beginning."""
    return _stripe_sandboxes.fresh()


@pytest.fixture
def stripe_client(stripe_sandbox: Sandbox) -> Iterator[Client]:
    """Give a client of the test's sandbox; the ``stripe`` module reaches it too."""
    from stripe_nb.session import connect

    with connect(sandbox=stripe_sandbox) as client:
        yield client


@pytest.fixture
def stripe_clock(stripe_client: Client) -> StripeClock:
    """Give a test clock: customers made on it live through whole years at once."""
    from stripe_nb.testing.clock import StripeClock

    return StripeClock(stripe_client)


@pytest.fixture
def stripe_webhooks(stripe_client: Client, stripe_sandbox: Sandbox) -> Iterator[Inbox]:
    """Give an inbox to which the test's sandbox sends every event."""
    from stripe_nb.testing.inbox import inbox

    with inbox(stripe_client, stripe_sandbox) as opened:
        yield opened
