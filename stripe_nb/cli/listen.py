"""`stripe-nb listen`: webhooks in a shell, and on to an application."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stripe_nb.session import Client
    from stripe_nb.webhooks import Inbox, Received

__all__ = ["command"]


@click.command("listen")
@click.option(
    "--forward-to",
    metavar="URL",
    help="Hand every event on to the application at this address.",
)
@click.option(
    "--events",
    metavar="TYPES",
    default="*",
    show_default=True,
    help="Which types, with commas between; * stands for any part of one.",
)
@click.option(
    "--sandbox-url",
    metavar="URL",
    help="The sandbox to listen to. By default Stripe, if there is a key, and else "
    "a sandbox of its own.",
)
@click.option(
    "--store",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Note in this SQLite file what is done, so that nothing is handed on twice.",
)
@click.option(
    "--print-secret",
    is_flag=True,
    help="Print the signing secret, which the application verifies with.",
)
def command(
    forward_to: str | None,
    events: str,
    sandbox_url: str | None,
    store: str | None,
    print_secret: bool,
) -> None:
    """Print webhooks as they come, until it is interrupted.

    \b
    stripe-nb listen --forward-to http://127.0.0.1:8000/webhook --print-secret
    """
    from stripe_nb.session import connect
    from stripe_nb.webhooks import listen

    stopped = threading.Event()
    _on_signals(stopped)
    types = [each.strip() for each in events.split(",") if each.strip()]
    with (
        connect(sandbox_url=sandbox_url) as client,
        listen(
            client=client, events=types, forward_to=forward_to, store=store
        ) as inbox,
    ):
        inbox.observe(_print)
        _greet(client, inbox, secret=print_secret)
        stopped.wait()


def _greet(client: Client, inbox: Inbox, *, secret: bool) -> None:
    if client.sandbox is not None:
        click.echo(f"Sandbox ready at {client.sandbox_url} (any test key works)")
    if secret:
        click.echo(f"Signing secret: {inbox.signing_secret}")
    click.echo("Listening; Ctrl-C ends it.")


def _print(received: Received) -> None:
    problem = f": {received.problem}" if received.problem else ""
    click.echo(
        f"{received.type or '(no event)'} {received.id} {received.outcome}{problem}"
    )


def _on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
