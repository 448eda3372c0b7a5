"""Every trigger of the official Stripe CLI leaves the event that it is named after.

The CLI speaks over the Unix socket, as two of the triggers address another host.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

KEY = "sk_test_" + "1234567890abcdef" * 2

# Triggers that are called otherwise than the event that they leave.
ALIASES = {
    "subscription.payment_failed": "invoice.payment_failed",
    "subscription.payment_succeeded": "invoice.payment_succeeded",
}
# Those whose fixture says that a step is refused by the card.
REFUSED = {
    "charge.failed": "card_declined",
    "payment_intent.payment_failed": "card_declined",
    "setup_intent.setup_failed": "card_declined",
    "invoice.payment_action_required": "invoice_payment_intent_requires_action",
}


class Cli:
    """The Stripe CLI, told to speak to a sandbox."""

    def __init__(self, program: str, home: Path, socket: Path) -> None:
        self.program = program
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "STRIPE_API_KEY": KEY,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            "STRIPE_CLI_UNIX_SOCKET": str(socket),
        }

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [self.program, *words],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def triggers(self) -> list[str]:
        """Return the names of all triggers."""
        names = r"^  ([a-z_0-9]+(?:\.[a-z_0-9]+)+)\s*$"
        return re.findall(names, self("trigger", "--help"), re.MULTILINE)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[tuple[Cli, Sandbox, Client]]:
    program = os.environ.get("STRIPE_CLI")
    if not program:
        pytest.skip("STRIPE_CLI does not say where the Stripe CLI is installed")
    # A socket's path must be short, which a test's own folder need not be.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "s"
        with (
            Sandbox(seed=7, uds=socket) as sandbox,
            connect(sandbox=sandbox) as client,
        ):
            yield Cli(program, tmp_path, socket), sandbox, client


def count(client: Client, event_type: str) -> int:
    return len(client.v1.events.list({"type": event_type, "limit": 100}).data)


def test_every_trigger_leaves_its_event(cli: tuple[Cli, Sandbox, Client]) -> None:
    stripe_cli, sandbox, client = cli
    names = stripe_cli.triggers()
    silent, unrefused = [], []
    for name in names:
        event = ALIASES.get(name, name).removesuffix(".eu").removesuffix(".gb")
        thin = event.startswith("v1.")
        before = 0 if thin else count(client, event)
        stripe_cli("trigger", name)
        if not thin and count(client, event) == before:
            silent.append(name)
        codes = [entry.error.get("code") for entry in sandbox.requests if entry.error]
        if name in REFUSED and REFUSED[name] not in codes[-1:]:
            unrefused.append((name, codes[-1:]))

    assert len(names) > 120
    assert (silent, unrefused) == ([], [])
