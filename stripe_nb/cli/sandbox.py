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
    "--scenario",
    "--data",
    "scenario",
    metavar="NAME",
    help="What is in it at first: demo, or a file in the format of `stripe fixtures`.",
)
@click.option(
    "--uds",
    metavar="PATH",
    type=click.Path(dir_okay=False),
    help="Listen at this Unix socket too, for the Stripe CLI's STRIPE_CLI_UNIX_SOCKET.",
)
@click.option(
    "--faults",
    metavar="FAULTS",
    help="What goes wrong and how often, such as 'drop=0.1, latency=0.3s', or a JSON "
    "file with a list of faults.",
)
@click.option(
    "--rate-limits",
    is_flag=True,
    help="Refuse more than 25 requests a second to one endpoint.",
)
@click.option(
    "--coverage",
    is_flag=True,
    help="Print how each operation of Stripe's API is answered, and stop.",
)
def command(
    port: int,
    db: str | None,
    seed: int | None,
    clock: str | None,
    scenario: str | None,
    uds: str | None,
    faults: str | None,
    rate_limits: bool,
    coverage: bool,
) -> None:
    """Serve the sandbox on this machine until it is interrupted.

    Every well-formed test key (sk_test_ and 16 or more letters and digits) is
    let in; nothing leaves this machine.
    """
    from stripe_nb.sandbox import Sandbox

    if coverage:
        _print_coverage()
        return
    stopped = threading.Event()
    _on_signals(stopped)
    with Sandbox(
        seed=seed,
        clock=clock,
        scenario=scenario,
        db=db,
        port=port,
        uds=uds,
        faults=faults,
        rate_limits=rate_limits,
    ) as running:
        click.echo(f"Sandbox ready at {running.url} (any test key works)")
        stopped.wait()


def _print_coverage() -> None:
    from stripe_nb.sandbox import Sandbox
    from stripe_nb.sandbox.coverage import table

    sandbox = Sandbox()
    try:
        click.echo(table(sandbox.engine))
    finally:
        sandbox.stop()


def _on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
