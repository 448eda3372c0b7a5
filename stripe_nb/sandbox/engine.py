"""The one synchronous core: a request in, an answer out.

It knows nothing of sockets; `server` puts it behind HTTP. In order: key,
version, route, parameters, idempotency, handler, expand, answer. Each request
that may write is one transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import orjson

from stripe_nb.catalog import Catalog
from stripe_nb.catalog.model import Field, Kind, Operation, Type
from stripe_nb.clock import Clock, TickingClock
from stripe_nb.ids import IdFactory
from stripe_nb.sandbox import meter_sessions, publishable, shapes, versions
from stripe_nb.sandbox.access import authorize
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import follow
from stripe_nb.sandbox.delivery.listeners import Listeners
from stripe_nb.sandbox.delivery.outbox import Outbox
from stripe_nb.sandbox.errors import ApiError, NotSimulated, SandboxFailed, UnknownUrl
from stripe_nb.sandbox.expand import expand
from stripe_nb.sandbox.faults import Faults
from stripe_nb.sandbox.idempotency import Claim, Idempotency
from stripe_nb.sandbox.params import coerce, refuse_unsetting
from stripe_nb.sandbox.rate_limits import RateLimits
from stripe_nb.sandbox.request_log import RequestLog, logged
from stripe_nb.sandbox.resource import (
    Behaviour,
    Handler,
    Listing,
    behaviours,
    handlers,
)
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.unlisted import UnlistedRoutes
from stripe_nb.sandbox.wire import Download, Json, Request, Response, decode_parameters

__all__ = ["Engine"]

_logger = logging.getLogger(__name__)

# The SDKs parse what they get; whoever reads an answer with their own eyes gets
# it indented, as from Stripe.
_SDK_AGENT = "Bindings/"

_FIRST_ERROR = 400
_V2 = "/v2/"
_PAGE = Field("page", Type(Kind.STRING))
_CONFLICT = 409


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
        row = self.store.row(self.account, account)
        return row is not None and row.object == "account" and not row.deleted

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
            exchange = _Exchange(self, request, base_url)
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
            exchange = _Exchange(self, request, "")
            response = exchange.refuse(error)
            exchange.log(response)
            return response

    def catch_up(self) -> None:
        """Let happen what was to happen by itself until now, in its order."""
        while due := self.store.next_due(self.clock.now()):
            seq, at, account, action, object_id = due
            try:
                with self.aside():
                    self.store.done(seq)
                    self.let_happen(account, action, object_id, time=at)
                    self.save_state()
            except Exception:
                # One thing that can't happen must not stop all requests after it.
                _logger.exception("%s, due to %s, failed", action, object_id)
                with self.aside():
                    self.store.done(seq)

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
        row = self.store.row(account, object_id)
        if row and not row.deleted:
            call = self.internal_call(time=time)
            call.account, call.clock = account, clock
            getattr(self.behaviour(row.object), f"due_{action}")(call, row.obj)

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


class _Exchange:
    """One request and the answer to it."""

    def __init__(self, engine: Engine, request: Request, base_url: str) -> None:
        self.engine = engine
        self.request = request
        self.base_url = base_url
        self.request_id = f"req_{engine.ids.letters(14, of='request')}"
        self.version = request.headers.get("stripe-version") or engine.account_version
        self.account = engine.account
        self.error: ApiError | None = None
        self.publishable = publishable.is_publishable(request.headers)
        self.headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache, no-store",
            "Request-Id": self.request_id,
            "Stripe-Version": self.version,
        }

    def run(self, *, in_use: bool) -> Response:
        """Carry the request out, or raise Stripe's refusal."""
        engine, request = self.engine, self.request
        account = self.account = self._account()
        versions.serves(self.version, engine.catalog.api_versions)
        found = engine.route(request.method.lower(), request.path, self.version)
        if found is None:
            raise UnknownUrl(request.method, request.path)
        operation, path = found
        engine.rate_limits.check(account, operation.name)
        tree = decode_parameters(request, json=operation.version == "v2")
        if self.publishable:
            tree = publishable.admit(operation, path, tree, self._find)
        claim = engine.idempotency.claim(request, account, tree, in_use=in_use)
        kept = self._recall(claim)
        if kept:
            return kept
        handler = engine.handler(operation)
        params = coerce(self._fields(operation), tree)
        resource = engine.catalog.resources.get(operation.returns)
        if operation.method == "post" and resource:
            refuse_unsetting(params, resource.fields)
        call = Call(
            engine=engine,
            operation=operation,
            path=path,
            params=versions.modern(operation, params),
            account=account,
            version=self.version,
            request_id=self.request_id,
            idempotency_key=claim.key if claim else None,
            base_url=self.base_url,
        )
        if operation.method == "get":
            return self._respond(200, self._body(call, handler(call)))
        return self._write(call, handler, claim)

    def _account(self) -> str:
        """Return the account that the request acts on, or raise Stripe's refusal."""
        engine, request = self.engine, self.request
        if meter_sessions.admits(
            engine.store, engine.account, request, engine.clock.now()
        ):
            return engine.account
        return authorize(request.headers, engine.account, engine.is_connected)

    def _find(self, object_id: str) -> Json | None:
        row = self.engine.store.row(self.account, object_id)
        return row.obj if row else None

    def _recall(self, claim: Claim | None) -> Response | None:
        """Return the answer that an idempotency key already has."""
        if claim is None:
            return None
        self.headers["Idempotency-Key"] = claim.key
        self.headers["Original-Request"] = self.request_id
        kept = claim.recall(self.engine.clock.now())
        if kept is None:
            return None
        self.headers["Original-Request"] = kept.request_id
        self.headers["Idempotent-Replayed"] = "true"
        return self._respond(kept.status, kept.body)

    def _fields(self, operation: Operation) -> Mapping[str, Field]:
        named = "stripe-version" in self.request.headers
        fields = versions.parameters(operation, self.version, named=named)
        if operation.version == "v2" and operation.answer == "list":
            # The SDK only follows the URLs of pages, so its types lack this.
            return {**fields, _PAGE.name: _PAGE}
        return fields

    def _write(self, call: Call, handler: Handler, claim: Claim | None) -> Response:
        """Run a handler that may write: its writes and its answer stand together."""
        engine, now = self.engine, self.engine.clock.now()
        status = 200
        try:
            with engine.writing():
                try:
                    follow(call)
                    body = self._body(call, handler(call))
                except ApiError as error:
                    if not error.keeps_writes:
                        raise
                    self.error = error
                    status, body = error.http_status, self._refusal(error)
                if claim:
                    claim.keep(self.request_id, status, body, now)
        except ApiError as error:
            if claim and error.executed:
                with engine.aside():
                    claim.keep(
                        self.request_id, error.http_status, self._refusal(error), now
                    )
            raise
        return self._respond(status, body)

    def _body(self, call: Call, answer: Json | Listing | Download) -> bytes:
        if isinstance(answer, Download):
            self.headers["Content-Type"] = answer.type
            return answer.content
        paths = call.params.get("expand") or ()
        if isinstance(answer, Listing):
            by_sdk = _SDK_AGENT in self.request.headers.get("user-agent", "")
            if by_sdk and not paths and not shapes.was_otherwise(self.version):
                return answer.to_bytes()
            answer = answer.to_json()
        answer = expand(call, shapes.older(call, answer), paths)
        return _dump(publishable.shown(answer) if self.publishable else answer)

    def refuse(self, error: ApiError) -> Response:
        """Answer with a refusal."""
        self.error = error
        self.headers.update(error.headers)
        return self._respond(error.http_status, self._refusal(error))

    def log(self, response: Response) -> None:
        """Note the request and its answer."""
        entry = logged(
            self.request,
            request_id=self.request_id,
            created=self.engine.clock.now(),
            status=response.status,
            account=self.account,
            api_version=self.version,
            error=self.error,
        )
        self.engine.requests.add(entry)
        self.engine.listeners.log(entry.to_entry())

    def _refusal(self, error: ApiError) -> bytes:
        if self.request.path.startswith(_V2):
            return _dump(error.to_v2_body())
        log = (
            f"https://dashboard.stripe.com/{self.engine.account}/test/workbench/logs"
            f"?object={self.request_id}"
        )
        body = error.to_body(request_log_url=log)
        return _dump(publishable.shown(body) if self.publishable else body)

    def _respond(self, status: int, body: bytes) -> Response:
        later = self.error is not None and self.error.may_succeed_later
        if status >= _FIRST_ERROR and status != _CONFLICT and not later:
            # An SDK that tried again would get the same.
            self.headers["Stripe-Should-Retry"] = "false"
        return Response(status, self.headers, body)


def _dump(value: Json) -> bytes:
    """Write JSON as Stripe does, indented."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
