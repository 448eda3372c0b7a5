"""The embedded Stripe: a stateful simulator of the API over real HTTP."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from stripe_nb import catalog
from stripe_nb.clock import Clock, TickingClock, WallClock, parse_time
from stripe_nb.errors import SandboxError
from stripe_nb.ids import IdFactory, random_seed
from stripe_nb.sandbox import scenario as scenarios
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.resources.account import open_account
from stripe_nb.sandbox.resources.payment_intent import authenticate
from stripe_nb.sandbox.server import Server
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.wire import Json, Request, Response, encode_form

__all__ = ["Sandbox"]

# Where a seeded sandbox's time begins if nothing else says so.
_START = "2026-01-15T09:00:00Z"


class Sandbox:
    """A Stripe of one's own: no account, no network, the same on each run.

    Parameters
    ----------
    seed
        Equal seeds give equal ids. ``None`` takes a random one.
    clock
        Where its time begins: ISO 8601 text, Unix seconds or a datetime. It then
        moves on by a second with each write. Without it, time begins at the
        scenario's end; with no scenario and no seed it is the machine's.
    scenario
        Name of a scenario to load (``"demo"``), or path of a file in the format
        of ``stripe fixtures``.
    db
        A SQLite file to keep everything in, instead of memory. A file that
        exists goes on where it stopped, with the seed that it was made with.
    port
        Where to listen on loopback; 0 takes any free port.
    latency
        Seconds that each request over HTTP takes longer.

    Raises
    ------
    SandboxError
        If it can't be set up so; the message says why.

    Notes
    -----
    Any well-formed test key opens it: https://docs.stripe.com/keys

    Examples
    --------
    >>> with Sandbox(seed=7) as sandbox:
    ...     sandbox.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        *,
        seed: int | None = 0,
        clock: str | int | datetime | None = None,
        scenario: str | Path | None = None,
        db: str | Path | None = None,
        port: int = 0,
        latency: float = 0.0,
    ) -> None:
        self._port = port
        self._latency = latency
        self._server: Server | None = None
        story = scenarios.load(scenario) if scenario is not None else None
        self._store = Store(db)
        try:
            self.engine = self._open(seed, clock, story)
        except BaseException:
            self._store.close()
            raise

    def _open(
        self,
        seed: int | None,
        clock: str | int | datetime | None,
        story: scenarios.Scenario | None,
    ) -> Engine:
        known = self._store.setting("seed")
        if known is not None:
            return self._resume(int(known), clock)
        kept_seed = random_seed() if seed is None else seed
        wall = seed is None and clock is None and story is None
        start = parse_time(_START) if clock is None else _time(clock)
        engine = self._engine(kept_seed, WallClock() if wall else TickingClock(start))
        with engine.writing():
            self._store.set_setting("seed", str(kept_seed))
            open_account(engine.internal_call())
        if story is not None:
            self._play(engine, story)
            if clock is not None and isinstance(engine.clock, TickingClock):
                engine.clock.set(start)
            with self._store.transaction():
                engine.save_state()
        return engine

    def _resume(self, seed: int, clock: str | int | datetime | None) -> Engine:
        """Go on with a file, its ids and its time."""
        kept = self._store.setting("clock")
        start = kept if clock is None else clock
        time: Clock = WallClock() if start is None else TickingClock(_time(start))
        engine = self._engine(seed, time)
        engine.ids.counters.update(
            orjson.loads(self._store.setting("counters") or "{}")
        )
        return engine

    def _engine(self, seed: int, clock: Clock) -> Engine:
        return Engine(catalog.load(), self._store, clock, IdFactory(seed))

    def _play(self, engine: Engine, story: scenarios.Scenario) -> None:
        clock = engine.clock

        def send(method: str, path: str, params: Json, at: int | None) -> Json:
            if at is not None and isinstance(clock, TickingClock):
                clock.set(at)
            answer = engine.handle(self._request(method, path, params))
            body: Json = orjson.loads(answer.body)
            return body

        scenarios.play(story, send)
        if story.clock is not None and isinstance(clock, TickingClock):
            clock.set(story.clock)
        engine.catch_up()

    def _request(self, method: str, path: str, params: Json) -> Request:
        form = encode_form(params)
        in_body = method.lower() == "post"
        return Request(
            method=method.upper(),
            path=path,
            query="" if in_body else form,
            headers={
                "authorization": f"Bearer {self.key}",
                "content-type": "application/x-www-form-urlencoded",
            },
            body=form.encode() if in_body else b"",
        )

    @property
    def key(self) -> str:
        """A secret key that it takes; it opens nothing else."""
        return "sk_test_" + "sandbox0" * 3

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        if self._server is None:
            raise SandboxError("The sandbox is not started: call start() first.")
        return self._server.url

    @property
    def now(self) -> int:
        """Its time, in Unix seconds."""
        return self.engine.clock.now()

    def start(self) -> Self:
        """Begin to serve; return itself once it answers."""
        if self._server is None:
            server = Server(self.engine, port=self._port, latency=self._latency)
            server.start()
            self._server = server
        return self

    def stop(self) -> None:
        """Stop serving and close the database."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._store.close()

    def handle(self, request: Request) -> Response:
        """Answer a request without HTTP."""
        return self.engine.handle(
            request, base_url=self._server.url if self._server else ""
        )

    def authenticate(self, payment_intent: str, *, succeed: bool = True) -> None:
        """Answer a waiting 3D Secure question in the cardholder's place.

        Parameters
        ----------
        payment_intent
            Id of a payment intent that requires action.
        succeed
            Whether the cardholder confirms.

        Raises
        ------
        SandboxError
            If that payment intent is not waiting for its cardholder.
        """
        call = self.engine.internal_call("payment_intents.confirm")
        intent = call.find("payment_intent", payment_intent)
        if intent is None or intent["status"] != "requires_action":
            raise SandboxError(
                f"{payment_intent} is not waiting for authentication: only a payment "
                "intent whose status is requires_action can be authenticated."
            )
        with self.engine.writing():
            authenticate(call, intent, succeeded=succeed)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<stripe_nb.Sandbox: {'serving' if self._server else 'stopped'}>"


def _time(value: Any) -> int:
    try:
        return parse_time(value)
    except ValueError as error:
        raise SandboxError(
            f"{value!r} is no time for a clock: give ISO 8601 text such as "
            "'2026-01-15T09:00:00Z', or Unix seconds."
        ) from error
