"""`stripe listen`, `stripe logs tail` and `stripe events resend`, with the real CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_nb.clock import monotonic
from stripe_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Receiver

PATIENCE = 20.0


@pytest.fixture
def program() -> str:
    found = os.environ.get("STRIPE_CLI")
    if not found:
        pytest.skip("STRIPE_CLI does not say where the Stripe CLI is installed")
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15", uds=tmp_path / "s.sock") as running:
        yield running


@pytest.fixture(params=["port", "unix socket"])
def words(
    request: pytest.FixtureRequest,
    served: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """How the CLI is told where the sandbox is."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("STRIPE_CLI_TELEMETRY_OPTOUT", "1")
    monkeypatch.setenv("STRIPE_DEVICE_NAME", "lab")
    if request.param == "port":
        return ["--api-base", served.url, "--api-key", served.key]
    monkeypatch.setenv("STRIPE_CLI_UNIX_SOCKET", str(tmp_path / "s.sock"))
    monkeypatch.setenv("STRIPE_API_KEY", served.key)
    return []


@contextmanager
def running(command: list[str], log: Path) -> Iterator[Callable[[], str]]:
    with log.open("w") as output:
        # From npm, the program starts another one: both must end.
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield log.read_text
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)


def wait_for(condition: Callable[[], Any]) -> Any:
    end = monotonic() + PATIENCE
    while monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


def client_of(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=0
    )


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_listen_forwards_signed_events_and_resend_repeats_them(
    program: str, served: Sandbox, words: list[str], tmp_path: Path, receiver: Receiver
) -> None:
    client = client_of(served)
    secret = run(program, "listen", "--print-secret", *words).strip()
    target = receiver.url.removeprefix("http://")
    command = [program, "listen", "--all-snapshot", "--forward-to", target, *words]
    with running(command, tmp_path / "listen.log") as said:
        wait_for(lambda: "Ready!" in said())
        assert secret in said()
        wait_for(lambda: served.engine.listeners.count(served.engine.account, EVENT))
        client.v1.customers.create({"name": "A"})
        (event,) = client.v1.events.list().data
        wait_for(lambda: receiver.got)
        run(program, "events", "resend", event.id, *words)
        wait_for(lambda: len(receiver.got) == 2)
        wait_for(lambda: client.v1.events.retrieve(event.id).pending_webhooks == 0)

    assert {each.id for each in receiver.events(secret)} == {event.id}
    wait_for(lambda: not served.engine.listeners.count(served.engine.account, EVENT))


EVENT = {"object": "event", "type": "customer.created"}


def test_thin_events_are_forwarded_too(
    program: str, served: Sandbox, words: list[str], tmp_path: Path, receiver: Receiver
) -> None:
    client = client_of(served)
    secret = run(program, "listen", "--print-secret", *words).strip()
    target = receiver.url.removeprefix("http://")
    thin = ["--all-thin", "--forward-thin-to", target]
    with running([program, "listen", *thin, *words], tmp_path / "listen.log"):
        event = {"object": "v2.core.event", "type": "v1.customer.created"}
        wait_for(lambda: served.engine.listeners.count(served.engine.account, event))
        customer = client.v1.customers.create({"name": "A"})
        headers, body = wait_for(lambda: receiver.got)[0]

    told: Any = client.parse_event_notification(
        body, headers["Stripe-Signature"], secret
    )
    assert (told.type, told.related_object.id) == ("v1.customer.created", customer.id)


def test_logs_tail_shows_each_request(
    program: str, served: Sandbox, words: list[str], tmp_path: Path
) -> None:
    client = client_of(served)
    command = [program, "logs", "tail", "--format", "JSON", *words]
    with running(command, tmp_path / "tail.log") as said:
        wait_for(lambda: "Ready!" in said())
        time.sleep(0.2)
        client.v1.customers.create({"name": "A"})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.retrieve("cus_none")
        wait_for(lambda: said().count('"request_id"') == 2)

    lines = [json.loads(line) for line in said().splitlines() if line.startswith("{")]
    # The CLI prints what it gets from threads of its own, in any order.
    lines.sort(key=lambda line: line["status"])
    assert [(line["method"], line["status"], line["url"]) for line in lines] == [
        ("POST", 200, "/v1/customers"),
        ("GET", 404, "/v1/customers/cus_none"),
    ]
    assert lines[1]["error"]["code"] == "resource_missing"


def test_logs_tail_filters(
    program: str, served: Sandbox, words: list[str], tmp_path: Path
) -> None:
    client = client_of(served)
    command = [program, "logs", "tail", "--format", "JSON"]
    command += ["--filter-http-method", "GET", *words]
    with running(command, tmp_path / "tail.log") as said:
        wait_for(lambda: "Ready!" in said())
        time.sleep(0.2)
        client.v1.customers.create({"name": "A"})
        client.v1.customers.list()
        wait_for(lambda: '"GET"' in said())

    assert '"POST"' not in said()
