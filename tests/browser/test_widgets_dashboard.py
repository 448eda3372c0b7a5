"""The dashboard as a real page of Voila, served by the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

NAME = "<img src=x onerror=alert(1)>"
_START = "from stripe_nb.cli import main; main()"
_SECONDS = 60.0


@pytest.fixture
def address(sandbox: Sandbox, client: Client, tmp_path: Path) -> Iterator[str]:
    client.v1.customers.create({"name": NAME, "email": "ada@example.com"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    command = [sys.executable, "-c", _START, "dashboard", "--no-browser"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, f"--port={port}"],
            env={**os.environ, "STRIPE_NB_SANDBOX_URL": sandbox.url},
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _address(process, log)
    finally:
        # Voila and its kernels are its children.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
        _expect_no_endpoint(client)


def _expect_no_endpoint(client: Client) -> None:
    deadline = time.monotonic() + 10
    while client.v1.webhook_endpoints.list().data:
        assert time.monotonic() < deadline, "the dashboard left its endpoint behind"
        time.sleep(0.1)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        found = re.search(
            r"http://(?:127\.0\.0\.1|localhost):\S+token=\w+", log.read_text()
        )
        if found:
            return found[0]
        time.sleep(0.2)
    pytest.fail(f"The dashboard did not start:\n{log.read_text()}")


def test_the_dashboard_shows_an_account_and_takes_a_payment(
    address: str,
    page: Page,
    client: Client,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    # Without the token in its address it shows nothing.
    stranger = page.request.get(address.partition("?")[0], max_redirects=0)
    assert stranger.status in {302, 403}
    elsewhere: list[str] = []
    page.on("request", lambda asked: elsewhere.append(asked.url))
    page.set_viewport_size({"width": 1280, "height": 1100})
    page.goto(address)

    expect(page.get_by_role("tab", name="Customers")).to_be_visible(timeout=40_000)
    expect(page.get_by_text(NAME).first).to_be_visible()
    keep(page, "dashboard_customers")
    page.get_by_role("tab", name="Payments").click()
    page.get_by_role("button", name="Take a payment").click()
    form = page.get_by_role("region", name="Payment form")
    form.get_by_label("Test cards").select_option("Succeeds")
    form.get_by_role("button", name="Pay 25.00 USD").click()
    expect(form.locator(".snb-badge")).to_have_text("succeeded")
    keep(page, "dashboard_payments")
    page.get_by_role("tab", name="Webhooks").click()
    inbox = page.get_by_role("region", name="Webhook inbox")
    expect(inbox.get_by_role("button", name="payment_intent.succeeded")).to_be_visible()
    keep(page, "dashboard_webhooks")

    (payment,) = client.v1.payment_intents.list().data
    assert payment.status == "succeeded"
    assert [url for url in elsewhere if not _is_here(url)] == []
    assert violations(page, "body") == []
    assert console.errors == []


def _is_here(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))
