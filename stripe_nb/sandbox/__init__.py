"""The embedded Stripe: a stateful simulator of the API over real HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import scenario as scenarios
from stripe_nb.sandbox.checkout.visiting import call_about, complete
from stripe_nb.sandbox.delivery.courier import RETRY_DELAYS, Courier
from stripe_nb.sandbox.delivery.ledger import Delivery
from stripe_nb.sandbox.faults import Fault, Faults, read_faults
from stripe_nb.sandbox.opening import KEY, Opening
from stripe_nb.sandbox.rate_limits import PER_SECOND, RateLimits
from stripe_nb.sandbox.request_log import LoggedRequest
from stripe_nb.sandbox.resources import payment_intent, setup_intent
from stripe_nb.sandbox.server import Server
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.wire import Request, Response

__all__ = ["Delivery", "Fault", "LoggedRequest", "Sandbox"]


class Sandbox:
    """A Stripe of one's own: no account, no network, the same on each run.

    Parameters
    ----------
    seed
        Equal seeds give equal ids. ``None`` takes a random one.
    clock
        Where its time begins: ISO 8601 text, Unix seconds or a datetime. It then
        moves on by a second with each write. A scenario is moved to end there.
        Without it, time begins at the scenario's end; with no scenario and no seed
        it is the machine's.
    scenario
        Name of a scenario to load (``"demo"``), or path of a file in the format
        of ``stripe fixtures``.
    db
        A SQLite file to keep everything in, instead of memory. A file that
        exists goes on where it stopped, with its own seed and scenario.
    port
        Where to listen on loopback; 0 takes any free port.
    uds
        Path of a Unix socket to listen at too, for the Stripe CLI's
        ``STRIPE_CLI_UNIX_SOCKET``.
    latency
        Seconds that each request over HTTP takes longer.
    faults
        What goes wrong, and how often: `Fault` objects, a text such as
        ``"drop=0.1, rate_limit=0.2"``, or a JSON file with a list of faults.
    rate_limits
        Whether it refuses more than 25 requests a second, 20 of them searches.
    webhook_hosts
        Hosts besides this machine that webhooks may be sent to; ``"*"`` is any.
    webhook_delays
        Seconds to wait before each further try of a failed webhook.

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
        uds: str | Path | None = None,
        latency: float = 0.0,
        faults: str | Path | Sequence[Fault | Mapping[str, Any]] | None = None,
        rate_limits: bool = False,
        webhook_hosts: Sequence[str] = (),
        webhook_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self._port = port
        self._uds = uds
        self._latency = latency
        rules = read_faults(faults)
        self._server: Server | None = None
        self._stopped = False
        story = scenarios.load(scenario) if scenario is not None else None
        self._store = Store(db)
        try:
            self._opening = Opening(self._store, seed, clock, story)
            self.engine = self._opening.engine()
        except BaseException:
            self._store.close()
            raise
        self.engine.faults = Faults(rules, self.engine.ids.seed)
        self.engine.rate_limits = RateLimits(PER_SECOND if rate_limits else None)
        self.engine.webhook_hosts = tuple(webhook_hosts)
        self._courier = Courier(self.engine, hosts=webhook_hosts, delays=webhook_delays)

    @property
    def key(self) -> str:
        """A secret key that it takes; it opens nothing else."""
        return KEY

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
        self._check_not_stopped()
        if self._server is None:
            server = Server(
                self.engine, port=self._port, uds=self._uds, latency=self._latency
            )
            server.start()
            self._server = server
            self._courier.start()
        return self

    def stop(self) -> None:
        """Stop serving and close the database."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._stopped = True
        self._courier.stop()
        with self.engine.lock:
            self._store.close()

    def _check_not_stopped(self) -> None:
        if self._stopped:
            raise SandboxError("This sandbox was stopped: make a new one.")

    def handle(self, request: Request) -> Response:
        """Answer a request without HTTP."""
        return self.engine.handle(
            request, base_url=self._server.url if self._server else ""
        )

    def deliver(self, timeout: float = 30.0) -> None:
        """Wait until each webhook is delivered, or has failed for good.

        Parameters
        ----------
        timeout
            Seconds to wait at the most.

        Raises
        ------
        SandboxError
            If that takes longer, or the sandbox is stopped.
        """
        self._check_not_stopped()
        self._courier.start()
        done = self._courier.wait(timeout)
        self._check_not_stopped()
        if not done:
            raise SandboxError(
                f"After {timeout:g} seconds some webhooks are still to be delivered: "
                "sandbox.deliveries tells which, and why."
            )

    @property
    def deliveries(self) -> list[Delivery]:
        """The last 10,000 webhooks and how their delivery went, oldest first.

        What is still to be delivered is always among them.
        """
        with self.engine.lock:
            self._check_not_stopped()
            return self._store.deliveries.all()

    @property
    def requests(self) -> list[LoggedRequest]:
        """The last 1,000 requests and how they were answered, oldest first."""
        return list(self.engine.requests)

    def snapshot(self, path: str | Path) -> Path:
        """Write all that it holds to a file; return the file's path.

        The file can be restored, or opened with ``Sandbox(db=...)``.

        Parameters
        ----------
        path
            Where to; an older snapshot there is replaced.
        """
        with self.engine.lock:
            self._check_not_stopped()
            self._store.save_to(path)
        return Path(path)

    def restore(self, path: str | Path) -> None:
        """Go back to what a snapshot holds, its time and ids too.

        Parameters
        ----------
        path
            A file that `snapshot` wrote under the same seed.

        Raises
        ------
        SandboxError
            If it is no such file.
        """
        with self.engine.lock:
            self._check_not_stopped()
            self._store.load_from(path)
            self._opening.reload(self.engine)
            self._courier.renew()

    def reset(self) -> None:
        """Begin again: nothing is left but what there was at first."""
        with self.engine.lock:
            self._check_not_stopped()
            self._courier.renew()
            self._opening.reset(self.engine)

    def authenticate(self, intent_id: str, *, succeed: bool = True) -> None:
        """Answer a waiting 3D Secure question in the cardholder's place.

        Parameters
        ----------
        intent_id
            Id of a payment intent or a setup intent that waits for its cardholder.
        succeed
            Whether the cardholder confirms.

        Raises
        ------
        SandboxError
            If that intent is not waiting for its cardholder.
        """
        call = call_about(self.engine, intent_id)
        intent = call.find("payment_intent", intent_id)
        setup = call.find("setup_intent", intent_id)
        if (
            not call.private(intent_id).get("challenge")
            or (intent or setup or {}).get("status") != "requires_action"
        ):
            raise SandboxError(
                f"{intent_id} is not waiting for authentication: only a payment "
                "intent or a setup intent that waits for 3D Secure can be "
                "authenticated."
            )
        with self.engine.writing():
            if intent:
                payment_intent.authenticate(call, intent, succeeded=succeed)
            elif setup:
                setup_intent.authenticate(call, setup, succeeded=succeed)

    def complete_checkout(
        self,
        session: str,
        payment_method: str | None = "pm_card_visa",
        *,
        email: str = "jenny@example.com",
        name: str = "Jenny Rosen",
    ) -> None:
        """Complete a checkout session in the customer's place.

        A card that wants its holder leaves the session open: `authenticate` its
        payment intent or setup intent then.

        Parameters
        ----------
        session
            Id of an open checkout session.
        payment_method
            Id of a payment method or a test one, such as
            ``"pm_card_chargeDeclined"``; ``None`` where nothing is to be paid.
        email, name
            What the customer types in, where the session doesn't know it.

        Raises
        ------
        SandboxError
            If the session is not open, or the payment is refused.

        Examples
        --------
        >>> with Sandbox(seed=7) as sandbox:
        ...     sandbox.complete_checkout("cs_1")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        stripe_nb.errors.SandboxError: cs_1 can't be completed: ... status is open ...
        """
        tried = complete(self.engine, session, payment_method, email=email, name=name)
        if tried.refusal:
            raise SandboxError(
                f"{session} was not completed: {tried.refusal.message}"
            ) from tried.refusal

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<stripe_nb.Sandbox: {'serving' if self._server else 'stopped'}>"
