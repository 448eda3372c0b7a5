"""An endpoint that brings itself to Stripe's notice, for notebooks and shells."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from stripe_nb.errors import WebhookError
from stripe_nb.session import Client, current
from stripe_nb.webhooks.endpoint import Endpoint
from stripe_nb.webhooks.forwarding import Forwarding
from stripe_nb.webhooks.received import Received
from stripe_nb.webhooks.server import Server
from stripe_nb.webhooks.sources import Registration, Source
from stripe_nb.webhooks.store import EventStore
from stripe_nb.webhooks.stripe_cli import StripeCli
from stripe_nb.webhooks.verification import TOLERANCE, Secrets

__all__ = ["Inbox", "listen"]


class Inbox(Endpoint):
    """A webhook endpoint of this process; `listen` makes it.

    Parameters
    ----------
    client, events, forward_to, store, tolerance
        See `listen`.
    port
        Where to listen; 0 takes any free port.
    source
        What brings the webhooks; by default what fits the client.

    Attributes
    ----------
    url
        Where it listens, on this machine.
    """

    def __init__(
        self,
        client: Client,
        *,
        events: Sequence[str],
        forward_to: str | None,
        store: EventStore | str | os.PathLike[str] | None,
        tolerance: int,
        port: int = 0,
        source: Callable[[Client, str, Sequence[str]], Source] | None = None,
    ) -> None:
        super().__init__(client=client, store=store, tolerance=tolerance)
        self._is_open = False
        self._bring = source or (Registration if client.is_sandbox else StripeCli)
        try:
            self._server = Server(self.receive, port)
        except OSError as error:
            super().close()
            raise WebhookError(
                f"Port {port} can't be listened on ({error.strerror}): take another, "
                "or 0 for any that is free."
            ) from error
        self.url = self._server.url
        try:
            if forward_to is not None:
                self._forward(Forwarding(forward_to))
            self._source = self._opened(client, events)
        except BaseException:
            self._server.stop()
            super().close()
            raise
        self._is_open = True

    @property
    def signing_secret(self) -> str:
        """What an application that is forwarded to verifies with; keep it secret."""
        return self._secrets[0]

    def resend(self, event_id: str) -> None:
        """Ask Stripe to deliver an event again.

        Parameters
        ----------
        event_id
            Its id.

        Raises
        ------
        WebhookError
            If the inbox is closed.
        """
        self._check_open()
        self._source.resend(event_id)

    def replay(self, event_id: str) -> Received:
        """See `Endpoint.replay`; a closed inbox hands on no more."""
        self._check_open()
        return super().replay(event_id)

    def _check_open(self) -> None:
        if not self._is_open:
            raise WebhookError(
                "This inbox is closed, and what came in can only be read: listen again."
            )

    def close(self) -> None:
        """Take the endpoint away again; what came in stays readable."""
        if not self._is_open:
            return
        self._is_open = False
        self._source.close()
        self._server.stop()
        super().close()

    def __repr__(self) -> str:
        state = "open" if self._is_open else "closed"
        return f"<stripe_nb webhook inbox: {state}, {len(self.received)} received>"

    def _opened(self, client: Client, events: Sequence[str]) -> Source:
        # Events may come before the secrets are known here, so the server begins
        # after: what comes meanwhile waits at its socket.
        source = self._bring(client, self.url, events)
        self._secrets = Secrets.of(source.secrets)
        self._server.start()
        return source

    def _forward(self, forwarding: Forwarding) -> None:
        def forward(event: Any) -> None:
            body = self.store.body(event.id)
            forwarding.send(body or b"", self.signing_secret)

        self.on("*")(forward)


def listen(
    *,
    client: Client | None = None,
    events: Sequence[str] = ("*",),
    forward_to: str | None = None,
    store: EventStore | str | os.PathLike[str] | None = None,
    tolerance: int = TOLERANCE,
) -> Inbox:
    """Receive webhooks here, until the inbox is closed.

    A server on a free port of this machine takes them. The sandbox is told of
    it and sends by itself; from the real Stripe they come through its command
    line (``stripe listen``), which must be installed.

    Parameters
    ----------
    client
        Whose events; by default the client connected last.
    events
        Which types; ``*`` stands for any part of one. Those that begin with
        ``v1.`` or ``v2.`` come as thin events.
    forward_to
        An application to hand every event on to.
    store
        Where to note what is handled: the path of a SQLite file, or an
        `EventStore`. None forgets it all with the inbox.
    tolerance
        How many seconds old a signature may be.

    Returns
    -------
    Inbox
        Close it in the end, or use it in a ``with`` block.

    Raises
    ------
    WebhookError
        If it can't listen so; the message says why.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7) as client, listen(client=client) as inbox:
    ...     customer = client.v1.customers.create({"name": "Ada"})
    ...     inbox.wait_for("customer.created")
    <Received customer.created: unhandled>
    """
    if isinstance(events, str) or not events:
        raise WebhookError('events is a list of types, such as ["invoice.*"].')
    return Inbox(
        client or current(),
        events=tuple(events),
        forward_to=forward_to,
        store=store,
        tolerance=tolerance,
    )
