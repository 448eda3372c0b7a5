"""`stripe-nb sandbox`: the embedded Stripe as a server of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

__all__ = ["command"]


@click.command("sandbox")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=12111,
    show_default=True,
    help="Where to listen on this machine; 0 takes any free port.",
)
@click.option(
    "--db",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Keep everything in this SQLite file instead of memory.",
)
@click.option(
    "--seed", type=int, help="Equal seeds give equal ids; without it, random ones."
)
@click.option(
    "--clock",
    metavar="TIME",
    help="Where its time begins, such as 2026-01-15. Without it, at a fixed time "
    "under a seed or a scenario, and else now.",
)
@click.option(
    "--scenario", metavar="NAME", help="What is in it at first, such as demo."
)
def command(
    port: int,
    db: str | None,
    seed: int | None,
    clock: str | None,
    scenario: str | None,
) -> None:
    """Serve the sandbox on this machine until it is interrupted.

    Every well-formed test key (sk_test_ and 16 or more letters and digits) is
    let in; nothing leaves this machine.
    """
    from stripe_nb.sandbox import Sandbox

    stopped = threading.Event()
    _on_signals(stopped)
    with Sandbox(
        seed=seed, clock=clock, scenario=scenario, db=db, port=port
    ) as running:
        click.echo(f"Sandbox ready at {running.url} (any test key works)")
        stopped.wait()


def _on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
