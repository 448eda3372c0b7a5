"""The one synchronous core: a request in, an answer out.

It knows nothing of sockets; `server` puts it behind HTTP. `exchange` carries
each request out. Each one that may write is one transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import orjson

from stripe_nb.catalog import Catalog
from stripe_nb.catalog.model import Operation
from stripe_nb.clock import Clock, TickingClock
from stripe_nb.ids import IdFactory
from stripe_nb.sandbox import versions
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.listeners import Listeners
from stripe_nb.sandbox.delivery.outbox import Outbox
from stripe_nb.sandbox.errors import ApiError, NotSimulated, SandboxFailed
from stripe_nb.sandbox.exchange import Exchange
from stripe_nb.sandbox.faults import Faults
from stripe_nb.sandbox.idempotency import Idempotency
from stripe_nb.sandbox.rate_limits import RateLimits
from stripe_nb.sandbox.request_log import RequestLog
from stripe_nb.sandbox.resource import (
    Behaviour,
    Handler,
    behaviours,
    handlers,
)
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.unlisted import UnlistedRoutes
from stripe_nb.sandbox.wire import Request, Response

__all__ = ["Engine"]

_logger = logging.getLogger(__name__)


class Engine:
    """Stripe, as far as one sandbox goes.

    Parameters
    ----------
    catalog
        What Stripe's objects and operations are.
    store, clock, ids
        Its state, its time and its letters.
    """

    def __init__(
        self, catalog: Catalog, store: Store, clock: Clock, ids: IdFactory
    ) -> None:
        self.catalog = catalog
        self.store = store
        self.clock = clock
        self.ids = ids
        self.account = f"acct_1{ids.stable(15, of='account')}"
        self.account_version = versions.DEFAULT_VERSION
        self.event_types = frozenset(catalog.event_types)
        self.thin_event_types = frozenset(catalog.thin_event_types)
        self.kinds: Mapping[str, Behaviour] = behaviours(catalog.resources)
        unlisted = [entry for kind in self.kinds.values() for entry in kind.unlisted]
        self._unlisted = UnlistedRoutes(unlisted)
        self._handlers = handlers(
            self.kinds,
            [*catalog.operations, *(entry.operation.name for entry in unlisted)],
        )
        self.idempotency = Idempotency(store)
        self.faults = Faults()
        self.rate_limits = RateLimits(per_second=None)
        self.requests = RequestLog()
        self.listeners = Listeners(self.account)
        self.outbox = Outbox(store, self.account, self.listeners)
        self.webhook_hosts: tuple[str, ...] = ()
        self.lock = threading.RLock()

    def behaviour(self, resource: str) -> Behaviour:
        """Return what objects of a kind do."""
        return self.kinds[resource]

    def is_connected(self, account: str) -> bool:
        """Tell whether an account is connected to the sandbox's own."""
        row = self.store.row(self.account, account, "account")
        return row is not None and not row.deleted

    def route(
        self, method: str, path: str, version: str
    ) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation that a request means, and its path parameters."""
        return self._unlisted.find(method, path, version) or self.catalog.match(
            method, path
        )

    def handler(self, operation: Operation) -> Handler:
        """Return what carries out an operation.

        Raises
        ------
        NotSimulated
            If nothing does.
        """
        named = self._handlers.get(operation.name)
        if named is not None:
            return named
        if operation.returns not in self.kinds:
            raise NotSimulated(f"{operation.method.upper()} {operation.path}")
        return self.behaviour(operation.returns).handler(operation)

    def spoken(self, resource: str) -> tuple[str, str]:
        """Return how Stripe's messages name a kind, and what they add to an id."""
        behaviour = self.kinds[resource]
        return behaviour.said or resource, behaviour.missing_hint

    def handle(self, request: Request, *, base_url: str = "") -> Response:
        """Answer a request; a refusal is an answer too.

        Parameters
        ----------
        request
            As it came in, whatever brought it.
        base_url
            Where the sandbox's own pages are, for links in answers.
        """
        with self.begin(request) as in_use:
            return self.answer(request, in_use=in_use, base_url=base_url)

    @contextmanager
    def begin(self, request: Request) -> Iterator[bool]:
        """Hold a request's idempotency key until it is answered.

        A transport that lets time pass before `answer` holds it meanwhile. Gives
        whether another request holds it already.
        """
        with self.idempotency.held(request, self.account) as in_use:
            yield in_use

    def answer(
        self, request: Request, *, in_use: bool = False, base_url: str = ""
    ) -> Response:
        """Answer a request whose idempotency key is held."""
        with self.lock:
            exchange = Exchange(self, request, base_url)
            try:
                self.catch_up()
                response = exchange.run(in_use=in_use)
            except ApiError as error:
                response = exchange.refuse(error)
            except Exception:
                _logger.exception("%s %s failed", request.method, request.path)
                response = exchange.refuse(
                    SandboxFailed(
                        "The sandbox failed on this request; its log says more."
                    )
                )
            exchange.log(response)
            return response

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do one write: all of it or nothing, and a tick of the clock."""
        with self.aside():
            yield
            self.clock.tick()
            self.save_state()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do all of what is inside or nothing, in no time of the clock.

        What it announces goes out once it is committed.
        """
        with self.lock:
            try:
                with self.store.transaction():
                    yield
            except BaseException:
                self.outbox.forget()
                raise
            self.outbox.publish()

    def refuse(self, request: Request, error: ApiError) -> Response:
        """Answer a request that a transport itself can't accept."""
        with self.lock:
            exchange = Exchange(self, request, "")
            response = exchange.refuse(error)
            exchange.log(response)
            return response

    def catch_up(self) -> None:
        """Let happen what was to happen by itself until now, in its order."""
        while due := self.store.agenda.next(self.clock.now()):
            seq, at, account, action, object_id = due
            try:
                with self.aside():
                    self.store.agenda.strike(seq)
                    self.let_happen(account, action, object_id, time=at)
                    self.save_state()
            except Exception:
                # One thing that can't happen must not stop all requests after it.
                _logger.exception("%s, due to %s, failed", action, object_id)
                with self.aside():
                    self.store.agenda.strike(seq)

    def let_happen(
        self,
        account: str,
        action: str,
        object_id: str,
        *,
        time: int,
        clock: str | None = None,
    ) -> None:
        """Do what is due to an object, unless the object is gone."""
        name = f"due_{action}"
        rows = [row for row in self.store.rows(account, object_id) if not row.deleted]
        # Of objects of several kinds that are called alike, one can do it.
        rows.sort(key=lambda row: not hasattr(self.behaviour(row.object), name))
        for row in rows[:1]:
            call = self.internal_call(time=time)
            call.account, call.clock = account, clock
            getattr(self.behaviour(row.object), name)(call, row.obj)

    def save_state(self) -> None:
        """Keep where ids and time have got to."""
        self.store.set_setting("counters", orjson.dumps(self.ids.counters).decode())
        if isinstance(self.clock, TickingClock):
            self.store.set_setting("clock", str(self.clock.now()))

    def internal_call(
        self, operation: str = "accounts.create", *, time: int | None = None
    ) -> Call:
        """Return a call that no request made, for what happens by itself."""
        return Call(
            engine=self,
            operation=self.catalog.operation(operation),
            path={},
            params={},
            account=self.account,
            version=self.account_version,
            time=time,
        )
