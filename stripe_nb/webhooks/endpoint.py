"""What a webhook endpoint does with a request, whichever server hands it over.

::

    body, header -> verify -> note in the store -> handlers -> answer
                      400          409 busy           500        200

Stripe sends again whatever is not answered 2xx; `store` says what that means
for the handlers' effects.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import traceback
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, NamedTuple, Self, TypeVar

from stripe_nb.clock import wall_time
from stripe_nb.errors import WebhookError
from stripe_nb.redaction import redact_text
from stripe_nb.session import Client
from stripe_nb.webhooks import objects, web
from stripe_nb.webhooks.journal import Journal
from stripe_nb.webhooks.received import Outcome, Received
from stripe_nb.webhooks.router import Handler, Router
from stripe_nb.webhooks.store import Begun, EventStore
from stripe_nb.webhooks.verification import (
    TOLERANCE,
    Secrets,
    check_tolerance,
    typed,
    verified,
)

__all__ = ["Answer", "Endpoint"]

_logger = logging.getLogger("stripe_nb")

Function = TypeVar("Function", bound=Callable[..., Any])
_Scope = MutableMapping[str, Any]


class Answer(NamedTuple):
    """What to answer Stripe; Flask takes it as a view's return value.

    Attributes
    ----------
    text
        The body, for who reads it in Stripe's Dashboard.
    status
        The HTTP status.
    """

    text: str
    status: int


class Endpoint:
    """A webhook endpoint for an application of yours.

    It is an ASGI application, has a WSGI application in `wsgi`, and takes
    requests of any other server in `receive`.

    Parameters
    ----------
    secret
        The endpoint's signing secret; several while one replaces the other.
    client
        The client that handlers' objects ask Stripe with.
    store
        Where it notes what is handled: a path of a SQLite file, or an
        `EventStore`. None forgets it all with the process.
    tolerance
        How many seconds old a signature may be.

    Raises
    ------
    WebhookError
        If the store or the tolerance is none.

    Examples
    --------
    >>> endpoint = Endpoint("whsec_0123456789")
    >>> @endpoint.on("invoice.paid")
    ... def ship(event):
    ...     print("Ship it.")
    >>> endpoint.receive(b"{}", None).status
    400
    >>> endpoint.close()
    """

    def __init__(
        self,
        secret: str | Sequence[str] = (),
        *,
        client: Client | None = None,
        store: EventStore | str | os.PathLike[str] | None = None,
        tolerance: int = TOLERANCE,
    ) -> None:
        # In its own name's place: verbose tracebacks show the variables of this frame.
        self._secrets = secret = Secrets.of(secret)
        check_tolerance(tolerance)
        self._client = client
        self._tolerance = tolerance
        self._router = Router()
        self._journal = Journal()
        self._owns_store = not isinstance(store, EventStore)
        self.store = store if isinstance(store, EventStore) else EventStore(store)

    @property
    def received(self) -> tuple[Received, ...]:
        """What came in, oldest first."""
        return self._journal.all

    def on(self, pattern: str) -> Callable[[Function], Function]:
        """Let a function handle the events of a type; a decorator.

        The function takes the event as the SDK's object. With a second
        parameter it takes the transaction of the store, a ``sqlite3``
        connection, too: what it writes there happens exactly once. It may be
        asynchronous. If it raises, Stripe sends the event again.

        Parameters
        ----------
        pattern
            A type such as ``"invoice.paid"``; ``*`` stands for any part of one.

        Raises
        ------
        WebhookError
            If Stripe has no such event.
        """
        return self._router.on(pattern)

    def observe(self, callback: Callable[[Received], None]) -> Callable[[], None]:
        """Tell all that comes in to a function; return what ends that.

        Parameters
        ----------
        callback
            Called for everything new or changed, in the server's thread.
        """
        return self._journal.observe(callback)

    def wait_for(self, pattern: str, *, timeout: float = 10.0) -> Received:
        """Wait for an event, and return it once it went through its handlers.

        What is already there counts; each call with the same pattern returns
        another event.

        Parameters
        ----------
        pattern
            Its type; ``*`` stands for any part of one.
        timeout
            Seconds to wait at the most.

        Raises
        ------
        WebhookError
            If none comes in time.
        """
        return self._journal.wait_for(pattern, timeout)

    def receive(
        self,
        body: bytes | bytearray | str,
        header: str | None,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Answer:
        """Take a request, and return what to answer.

        Parameters
        ----------
        body
            Its raw body.
        header
            Its ``Stripe-Signature`` header.
        loop
            Where asynchronous handlers run; by default, and if it is the one of
            the caller's thread, which waits for them here, in a loop of their own.
            In a loop, `receive_async` is the better choice.
        """
        try:
            event = verified(body, header, self._secrets, self._tolerance)
        except WebhookError as error:
            refused = Received.refused(body, str(error), at=wall_time())
            self._journal.write(refused)
            return Answer(str(error), 400)
        try:
            raw = body.encode() if isinstance(body, str) else bytes(body)
            return self._take(event, raw, loop=loop)[0]
        except sqlite3.Error:
            _logger.exception("The store of events failed")
            return Answer("Nothing can be noted here now: send this event again.", 500)

    async def receive_async(
        self, body: bytes | bytearray | str, header: str | None
    ) -> Answer:
        """Take a request in an event loop, and return what to answer.

        Asynchronous handlers run in this loop, and the others beside it. See
        `receive`.

        Examples
        --------
        >>> with Endpoint("whsec_0123456789") as endpoint:
        ...     asyncio.run(endpoint.receive_async(b"{}", None)).status
        400
        """
        return Answer(*await web.in_thread(self.receive, body, header))

    def replay(self, event_id: str) -> Received:
        """Hand an event to its handlers again, whatever came of it before.

        The body that was kept is used; if there is none, the event is read from
        Stripe, which keeps it for 30 days.

        Parameters
        ----------
        event_id
            Its id.

        Raises
        ------
        WebhookError
            If another thread or process is just handling it.
        """
        body = self.store.body(event_id)
        if body is None:
            body = objects.event_body(self._client, event_id)
        return self._take_by_hand(body, again=True)

    def catch_up(self, since: int, pattern: str = "*") -> tuple[Received, ...]:
        """Take the events that never came, from Stripe's list of them.

        Those that are handled already are left alone.

        Parameters
        ----------
        since
            From when on, in Unix seconds; Stripe keeps events for 30 days.
        pattern
            Which types.

        Returns
        -------
        tuple of Received
            One for each event that was handed to handlers, oldest first.
        """
        found = objects.event_bodies(self._client, since, pattern)
        return tuple(
            taken
            for body in found
            if (taken := self._take_by_hand(body)).outcome != "duplicate"
        )

    def current_object(self, event: Any) -> Any:
        """Return the object that an event is about, as it is now.

        Events may come late and in any order; what is decided on the object's
        present state is right in spite of it.

        Parameters
        ----------
        event
            A snapshot event or a thin one.

        Raises
        ------
        WebhookError
            If objects of its kind can't be read by their id.
        """
        return objects.current(self._client, event)

    def close(self) -> None:
        """Close the store, unless it was handed over open."""
        if self._owns_store:
            self.store.close()

    async def __call__(
        self,
        scope: _Scope,
        receive: Callable[[], Awaitable[_Scope]],
        send: Callable[[_Scope], Awaitable[None]],
    ) -> None:
        """Answer a request as an ASGI application."""
        await web.asgi(self.receive, scope, receive, send)

    def wsgi(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request as a WSGI application."""
        return web.wsgi(self.receive, environ, start_response)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # No secret, no path, no port: the same in each run.
        return f"<stripe_nb webhook {type(self).__name__.lower()}>"

    def _take_by_hand(self, body: bytes, *, again: bool = False) -> Received:
        event = json.loads(body)
        _, taken = self._take(event, body, again=again)
        if taken is None:
            raise WebhookError(f"{event['id']} is just being handled: wait for that.")
        return taken

    def _take(
        self,
        event: dict[str, Any],
        body: bytes,
        *,
        again: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> tuple[Answer, Received | None]:
        handlers = self._router.handlers(event["type"])
        names = [each.name for each in handlers]
        begun = self.store.begin(event, body, names, at=wall_time(), again=again)
        if begun.state == "busy":
            return Answer("This event is just being handled.", 409), None
        if begun.state == "done":
            answer = Answer("This event was handled before.", 200)
            return answer, self._write(event, "duplicate", begun)
        problem: str | None = "It was interrupted."
        try:
            pending = [each for each in handlers if each.name in begun.pending]
            problem = " ".join(self._run(pending, event, loop)) or None
        finally:
            outcome: Outcome = "handled" if handlers else "unhandled"
            outcome = "failed" if problem else outcome
            self.store.finish(event["id"], outcome, problem)
        taken = self._write(event, outcome, begun, problem)
        if problem:
            # Whoever reads it in the Dashboard needs no more; the log has the rest.
            return Answer("A handler failed: send this event again.", 500), taken
        return Answer("Thank you.", 200), taken

    def _run(
        self,
        handlers: Sequence[Handler],
        event: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> list[str]:
        """Run handlers, each on its own; return the problems they had."""
        problems = []
        for handler in handlers:
            try:
                self._run_one(handler, event, loop)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - Stripe gets a 500 and sends again
                trace = redact_text(traceback.format_exc())
                _logger.error("The handler %s failed: %s", handler.name, trace)  # noqa: TRY400 - its trace, with secrets masked
                said = f"{type(error).__name__}: {error}" if str(error) else repr(error)
                problems.append(redact_text(said))
        return problems

    def _run_one(
        self,
        handler: Handler,
        event: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        # Each has its own, whatever the one before did to it.
        told = typed(event, self._client)
        if handler.takes_transaction:
            self.store.effect(
                event["id"], handler.name, lambda tx: handler(told, tx, loop=loop)
            )
        else:
            handler(told, loop=loop)
            self.store.note(event["id"], handler.name)

    def _write(
        self,
        event: dict[str, Any],
        outcome: Outcome,
        begun: Begun,
        problem: str | None = None,
    ) -> Received:
        before = self._journal.find(event["id"])
        if before is None or outcome == "duplicate":
            received = Received.of(
                event, outcome, at=wall_time(), attempts=begun.attempts, problem=problem
            )
        else:
            received = before.now(outcome, begun.attempts, problem)
        self._journal.write(received)
        return received
