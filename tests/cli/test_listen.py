"""`stripe-nb listen`, as a shell runs it, and through Stripe's own command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import WebhookError
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.webhooks import Inbox, verify
from stripe_nb.webhooks import inbox as inboxes
from stripe_nb.webhooks.stripe_cli import StripeCli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def application() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """An application of somebody's, and what it was sent."""
    got: list[tuple[bytes, str]] = []

    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.append((self.rfile.read(length), self.headers["Stripe-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Application)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/webhook", got
    server.shutdown()
    server.server_close()
    thread.join()


def started(*words: str) -> subprocess.Popen[str]:
    command = "from stripe_nb.cli import main; main(prog_name='stripe-nb')"
    return subprocess.Popen(
        [sys.executable, "-u", "-c", command, "listen", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def line(process: subprocess.Popen[str], start: str) -> str:
    """Read to a line that begins so."""
    assert process.stdout
    for each in process.stdout:
        if each.startswith(start):
            return each.strip()
    raise AssertionError(f"no line begins with {start}")


def test_events_are_printed_and_handed_on(
    client: Client, application: tuple[str, list[tuple[bytes, str]]]
) -> None:
    url, got = application
    assert client.sandbox_url
    words = [
        "--sandbox-url",
        client.sandbox_url,
        "--events",
        "product.*, charge.failed",
    ]
    process = started(*words, "--forward-to", url, "--print-secret")
    secret = line(process, "Signing secret:").rpartition(" ")[2]
    line(process, "Listening")
    client.v1.customers.create({"name": "Ada"})
    product = client.v1.products.create({"name": "Tea"})
    assert line(process, "product.created evt_").endswith(" handled")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stdout
    assert process.stdout.read() == ""
    process.stdout.close()

    ((body, header),) = got
    assert verify(body, header, secret).data.object.id == product.id
    assert not client.v1.webhook_endpoints.list().data


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--events", "invoice.payed"), "did you mean invoice.paid"),
        (("--forward-to", "nowhere"), "with http or https"),
    ],
)
def test_what_can_t_be_is_said_in_one_line(words: tuple[str, ...], reason: str) -> None:
    process = started(*words)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.startswith("Error: ")
    assert reason in said
    assert "Traceback" not in said


def test_the_secret_is_not_printed_unless_asked_for() -> None:
    process = started()
    said = [line(process, "Sandbox ready at"), line(process, "Listening")]
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "whsec_" not in "".join([*said, rest])


@pytest.fixture
def through_the_cli(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Inbox]:
    """Open inboxes as with the real Stripe: behind its command line."""
    if not os.environ.get("STRIPE_CLI"):
        pytest.skip("STRIPE_CLI does not say where the Stripe CLI is installed")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("STRIPE_CLI_TELEMETRY_OPTOUT", "1")
    monkeypatch.setenv("STRIPE_DEVICE_NAME", "lab")
    monkeypatch.setattr(inboxes, "Registration", StripeCli)
    return lambda **how: inboxes.listen(client=client, **how)


def test_stripe_s_own_command_line_brings_webhooks(
    client: Client, through_the_cli: Callable[..., Inbox]
) -> None:
    got: list[Any] = []
    with through_the_cli(events=["product.*"]) as inbox:
        inbox.on("product.created")(got.append)
        client.v1.customers.create({"name": "Ada"})
        client.v1.products.create({"name": "Tea"})
        received = inbox.wait_for("product.created", timeout=20)
        assert received.outcome == "handled"
        assert [each.type for each in inbox.received] == ["product.created"]
        inbox.resend(received.id)
        end = threading.Event()
        inbox.observe(lambda _: end.set())
        assert len(inbox.received) == 2 or end.wait(20)
        assert inbox.received[-1].outcome == "duplicate"
        assert not client.v1.webhook_endpoints.list().data
    assert len(got) == 1


def test_a_command_line_that_is_not_there_is_named(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_CLI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WebhookError, match="which is not installed"):
        StripeCli(client, "http://127.0.0.1:1/", ["*"])


def test_a_command_line_that_fails_is_quoted_without_its_secrets(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk_test_51Abcdefghijklmnopqrstuv1a2b"
    program = tmp_path / "stripe"
    program.write_text(f"#!/bin/sh\necho You are not logged in with {key}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("STRIPE_CLI", str(program))
    with pytest.raises(WebhookError, match="did not begin: You are not") as caught:
        StripeCli(client, "http://127.0.0.1:1/", ["*"])
    assert key not in str(caught.value)


def test_a_command_line_that_is_no_program_is_named_without_the_key(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "stripe"
    program.write_bytes(b"\x7fELF and nothing else")
    program.chmod(0o755)
    monkeypatch.setenv("STRIPE_CLI", str(program))
    with pytest.raises(WebhookError, match="can't be started: Exec format") as caught:
        StripeCli(client, "http://127.0.0.1:1/", ["*"])
    told = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert client.target.key not in "".join(told.format())


def test_the_command_line_gets_the_key_where_nobody_sees_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "stripe"
    seen = tmp_path / "seen"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {seen}\necho "$STRIPE_API_KEY" >> {seen}\n'
        "echo Ready! Your webhook signing secret is whsec_0123456789abcdef\nsleep 60\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("STRIPE_CLI", str(program))
    cli = StripeCli(client, "http://127.0.0.1:1/", ["product.*"])
    cli.close()
    words, key = seen.read_text().splitlines()
    assert cli.secrets == ("whsec_0123456789abcdef",)
    assert key == client.target.key
    assert key not in words
    assert "--events product.created,product.deleted,product.updated" in words


def test_listening_to_live_events_is_refused() -> None:
    with Sandbox(seed=7) as running, connect(sandbox=running) as client:
        client.livemode = True
        with pytest.raises(WebhookError, match="is for test mode"):
            StripeCli(client, "http://127.0.0.1:1/", ["*"])
