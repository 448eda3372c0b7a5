"""The pytest plugin, in projects of other people."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.testing.clock import StripeClock
from stripe_nb.testing.inbox import inbox
from stripe_nb.testing.pool import Pool
from stripe_nb.webhooks import Inbox

ROOT = Path(__file__).parents[2]
# Without the other plugins of this environment, which take seconds to load.
ALONE = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
PROJECT = """
    import pytest
    import stripe

    @pytest.mark.parametrize("number", range(6))
    def test_each_begins_anew(stripe_client, stripe_sandbox, number):
        assert not stripe_client.v1.customers.list().data
        made = stripe_client.v1.customers.create({"name": str(number)})
        assert made.id == "%s"
        assert stripe.Customer.list().data[0].name == str(number)
        assert made.created == 1_768_435_201 < stripe_sandbox.now

    def test_webhooks(stripe_client, stripe_webhooks):
        stripe_client.v1.products.create({"name": "Tea"})
        assert stripe_webhooks.wait_for("product.created").outcome == "unhandled"

    def test_time(stripe_clock):
        stripe_clock.customer(name="Ada")
        stripe_clock.advance(days=40)
        assert f"{stripe_clock.now:%%Y-%%m-%%d}" == "2026-02-24"

    def test_stopping(stripe_sandbox):
        stripe_sandbox.stop()

    def test_after_it_was_stopped(stripe_client):
        assert stripe_client.v1.balance.retrieve().object == "balance"
"""

# What other projects have: classes, fixtures of their own, clients of their own.
STYLES = """
    import asyncio
    import unittest

    import pytest
    import stripe

    from stripe_nb import Sandbox, connect

    KEY = "sk_test_0123456789abcdefghijklmn"
    stripe.api_key = KEY

    class TestInAClass(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def stripe(self, stripe_client, stripe_webhooks):
            self.client, self.inbox = stripe_client, stripe_webhooks

        def setUp(self):
            self.made = self.client.v1.customers.create({"name": "Ada"})

        def test_one(self):
            heard = self.inbox.wait_for("customer.created")
            self.assertEqual(heard.payload["data"]["object"]["id"], self.made.id)

        def test_another(self):
            self.assertEqual(len(stripe.Customer.list().data), 1)

    @pytest.mark.usefixtures("stripe_client")
    class TestAsynchronous(unittest.IsolatedAsyncioTestCase):
        async def test_many_at_once(self):
            work = (stripe.Customer.create_async(name="Ada") for _ in range(5))
            self.assertEqual(len({each.id for each in await asyncio.gather(*work)}), 5)

    @pytest.fixture(scope="session")
    def shop():
        with Sandbox(seed=1) as sandbox, connect(sandbox=sandbox) as client:
            client.v1.products.create({"name": "Tea"})
            yield client

    @pytest.fixture
    def stripe_client(stripe_client):
        stripe_client.v1.products.create({"name": "Cup"})
        return stripe_client

    def names(client):
        return [each.name for each in client.v1.products.list().data]

    @pytest.mark.parametrize("number", range(3))
    def test_a_session_s_own_beside_a_test_s(shop, stripe_client, number):
        assert (names(shop), names(stripe_client)) == (["Tea"], ["Cup"])

    def test_the_module_is_the_session_s_again(shop):
        assert stripe.Product.list().data[0].name == "Tea"

    def test_a_client_of_the_application_s_own(stripe_client, stripe_sandbox):
        own = stripe.StripeClient(KEY, base_addresses={"api": stripe_sandbox.url})
        assert names(own) == ["Cup"]

    def test_a_client_that_knows_of_no_sandbox_is_kept_from_stripe(stripe_client):
        with pytest.raises(Exception, match="belongs to a sandbox"):
            stripe.StripeClient(KEY).v1.products.list()

    def test_a_key_that_the_application_sets_meanwhile(stripe_client):
        stripe.api_key = KEY
        assert stripe.Product.list().data[0].name == "Cup"

    async def heard_in_a_loop(inbox, client):
        got = []

        @inbox.on("product.created")
        async def hear(event):
            await asyncio.sleep(0)
            got.append(event.data.object.name)

        await client.v1.products.create_async({"name": "Pot"})
        await asyncio.to_thread(inbox.wait_for, "product.created")
        return got

    def test_asynchronous_handlers(stripe_webhooks, stripe_client):
        assert "Pot" in asyncio.run(heard_in_a_loop(stripe_webhooks, stripe_client))
"""


def run(folder: Path, *words: str) -> str:
    """Run pytest in a project of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "stripe_nb.testing", "-q", *words],
        cwd=folder,
        env=ALONE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first_id() -> str:
    with Pool() as pool, connect(sandbox=pool.fresh()) as client:
        return client.v1.customers.create({"name": "0"}).id


@pytest.fixture
def project(tmp_path: Path, first_id: str) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_shop.py").write_text(textwrap.dedent(PROJECT % first_id))
    return tmp_path


@pytest.mark.parametrize("words", [(), ("-p", "xdist", "-n", "2")], ids=str)
def test_each_test_has_a_stripe_of_its_own(
    project: Path, words: tuple[str, ...]
) -> None:
    assert "10 passed" in run(project, *words)


@pytest.mark.parametrize("words", [(), ("-p", "xdist", "-n", "2")], ids=str)
def test_projects_of_other_styles_use_the_fixtures(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_shop.py").write_text(textwrap.dedent(STYLES))
    assert "11 passed" in run(tmp_path, *words)


def test_nothing_is_loaded_where_nothing_is_used(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_other.py").write_text(
        textwrap.dedent("""
            import sys

            def test_other():
                heavy = {"stripe", "pandas", "starlette", "uvicorn", "requests"}
                assert not heavy & set(sys.modules)
                parts = {name.split(".")[1] for name in sys.modules
                         if name.startswith("stripe_nb.")}
                assert not {"sandbox", "session", "transport", "webhooks"} & parts
        """)
    )
    assert "1 passed" in run(tmp_path)


def test_the_fixtures_tell_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text("")
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "stripe_nb.testing", "--fixtures"],
        cwd=tmp_path,
        env=ALONE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for name in ("sandbox", "client", "clock", "webhooks"):
        assert re.search(rf"^stripe_{name} .*\n +Give ", shown, re.MULTILINE), name


def test_a_test_starts_no_server_and_asks_once_after_the_first() -> None:
    # That keeps it within milliseconds, which the benchmark of the plugin tells.
    with Pool() as pool:
        url = pool.fresh().url
        for _ in range(3):
            sandbox = pool.fresh()
            assert sandbox.url == url
            with connect(sandbox=sandbox) as client, inbox(client, sandbox) as opened:
                (asked,) = sandbox.requests
                assert asked.path == "/v1/webhook_endpoints"
                client.v1.products.create({"name": "Tea"})
                opened.wait_for("product.created")


def test_the_fixtures_serve_our_own_tests(
    stripe_client: Client, stripe_webhooks: Inbox, stripe_sandbox: Sandbox
) -> None:
    assert stripe_client.sandbox is stripe_sandbox
    stripe_client.v1.customers.create({"name": "Ada"})
    assert stripe_webhooks.wait_for("customer.created").created <= stripe_sandbox.now


def test_an_inbox_asks_for_another_delivery(
    stripe_client: Client, stripe_webhooks: Inbox
) -> None:
    stripe_client.v1.customers.create({"name": "Ada"})
    first = stripe_webhooks.wait_for("customer.created")
    stripe_webhooks.resend(first.id)
    stripe_client.v1.products.create({"name": "Tea"})
    stripe_webhooks.wait_for("product.created")
    (again,) = (each for each in stripe_webhooks.received if each.id == first.id)
    assert again.attempts == 2


def test_an_inbox_that_gets_no_endpoint_says_so(stripe_client: Client) -> None:
    wish: Any = {"url": "http://127.0.0.1:1/hook", "enabled_events": ["*"]}
    for _ in range(16):
        stripe_client.v1.webhook_endpoints.create(wish)
    sandbox: Any = stripe_client.sandbox
    with pytest.raises(SandboxError, match="no endpoint"):
        inbox(stripe_client, sandbox)


def test_a_subscription_renews_as_the_clock_moves_on(
    stripe_client: Client, stripe_clock: StripeClock
) -> None:
    customer = stripe_clock.customer(
        email="ada@example.com",
        payment_method="pm_card_visa",
        invoice_settings={"default_payment_method": "pm_card_visa"},
    )
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Tea"},
        }
    )
    stripe_client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    # Farther than Stripe lets a clock go at once.
    stripe_clock.advance(days=150)
    invoices = stripe_client.v1.invoices.list({"customer": customer.id}).data
    assert [invoice.status for invoice in invoices[1:]] == ["paid"] * 4


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({}, "where to, or how far"),
        ({"to": "2027-01-01", "days": 1}, "where to, or how far"),
        ({"to": "2020-01-01"}, "only moves on"),
        ({"days": -1}, "only moves on"),
        ({"fortnights": 1}, "takes days="),
    ],
)
def test_a_clock_refuses_in_words(
    stripe_clock: StripeClock, wish: dict[str, object], reason: str
) -> None:
    with pytest.raises(SandboxError, match=reason):
        stripe_clock.advance(**wish)  # type: ignore[arg-type]
