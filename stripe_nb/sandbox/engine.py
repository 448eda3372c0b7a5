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
from stripe_nb.catalog.model import Field, Operation
from stripe_nb.clock import Clock, TickingClock
from stripe_nb.ids import IdFactory
from stripe_nb.sandbox import versions
from stripe_nb.sandbox.access import authorize
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, SandboxFailed, UnknownUrl
from stripe_nb.sandbox.expand import expand
from stripe_nb.sandbox.idempotency import Claim, Idempotency
from stripe_nb.sandbox.params import coerce
from stripe_nb.sandbox.resource import Behaviour, Handler, Listing, behaviours
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.wire import Json, Request, Response, decode_parameters

__all__ = ["Engine"]

_logger = logging.getLogger(__name__)

# The SDKs parse what they get; whoever reads an answer with their own eyes gets
# it indented, as from Stripe.
_SDK_AGENT = "Bindings/"

_FIRST_ERROR = 400
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
        self._behaviours = behaviours(catalog.resources)
        self.idempotency = Idempotency(store)
        self._lock = threading.RLock()

    def behaviour(self, resource: str) -> Behaviour:
        """Return what objects of a kind do."""
        return self._behaviours[resource]

    def spoken(self, resource: str) -> tuple[str, str]:
        """Return how Stripe's messages name a kind, and what they add to an id."""
        behaviour = self._behaviours[resource]
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
        with self.idempotency.held(request) as in_use:
            yield in_use

    def answer(
        self, request: Request, *, in_use: bool = False, base_url: str = ""
    ) -> Response:
        """Answer a request whose idempotency key is held."""
        with self._lock:
            exchange = _Exchange(self, request, base_url)
            try:
                self.catch_up()
                return exchange.run(in_use=in_use)
            except ApiError as error:
                return exchange.refuse(error)
            except Exception:
                _logger.exception("%s %s failed", request.method, request.path)
                return exchange.refuse(
                    SandboxFailed(
                        "The sandbox failed on this request; its log says more."
                    )
                )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do one write: all of it or nothing, and a tick of the clock."""
        with self._lock, self.store.transaction():
            yield
            self.clock.tick()
            self.save_state()

    def refuse(self, request: Request, error: ApiError) -> Response:
        """Answer a request that a transport itself can't accept."""
        with self._lock:
            return _Exchange(self, request, "").refuse(error)

    def catch_up(self) -> None:
        """Let happen what was to happen by itself until now, in its order."""
        while due := self.store.next_due(self.clock.now()):
            seq, at, account, action, object_id = due
            with self.store.transaction():
                self.store.done(seq)
                row = self.store.row(account, object_id)
                if row and not row.deleted:
                    call = self.internal_call(time=at)
                    getattr(self.behaviour(row.object), f"due_{action}")(call, row.obj)
                self.save_state()

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
        self.headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache, no-store",
            "Request-Id": self.request_id,
            "Stripe-Version": self.version,
        }

    def run(self, *, in_use: bool) -> Response:
        """Carry the request out, or raise Stripe's refusal."""
        engine, request = self.engine, self.request
        account = authorize(request.headers, engine.account)
        versions.serves(self.version, engine.catalog.api_versions)
        found = engine.catalog.match(request.method.lower(), request.path)
        if found is None:
            raise UnknownUrl(request.method, request.path)
        operation, path = found
        tree = decode_parameters(request, json=operation.version == "v2")
        claim = engine.idempotency.claim(request, account, tree, in_use=in_use)
        kept = self._recall(claim)
        if kept:
            return kept
        handler = engine.behaviour(operation.returns).handler(operation)
        call = Call(
            engine=engine,
            operation=operation,
            path=path,
            params=coerce(self._fields(operation), tree),
            account=account,
            version=self.version,
            request_id=self.request_id,
            idempotency_key=claim.key if claim else None,
            base_url=self.base_url,
        )
        if operation.method == "get":
            return self._respond(200, self._body(call, handler(call)))
        return self._write(call, handler, claim)

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
        return versions.parameters(operation, self.version, named=named)

    def _write(self, call: Call, handler: Handler, claim: Claim | None) -> Response:
        """Run a handler that may write: its writes and its answer stand together."""
        engine, now = self.engine, self.engine.clock.now()
        status = 200
        try:
            with engine.writing():
                try:
                    body = self._body(call, handler(call))
                except ApiError as error:
                    if not error.keeps_writes:
                        raise
                    status, body = error.http_status, self._refusal(error)
                if claim:
                    claim.keep(self.request_id, status, body, now)
        except ApiError as error:
            if claim and error.executed:
                with engine.store.transaction():
                    claim.keep(
                        self.request_id, error.http_status, self._refusal(error), now
                    )
            raise
        return self._respond(status, body)

    def _body(self, call: Call, answer: Json | Listing) -> bytes:
        paths = call.params.get("expand") or ()
        if isinstance(answer, Listing):
            if not paths and _SDK_AGENT in self.request.headers.get("user-agent", ""):
                return answer.to_bytes()
            answer = answer.to_json()
        return _dump(expand(call, answer, paths))

    def refuse(self, error: ApiError) -> Response:
        """Answer with a refusal."""
        return self._respond(error.http_status, self._refusal(error))

    def _refusal(self, error: ApiError) -> bytes:
        log = (
            f"https://dashboard.stripe.com/{self.engine.account}/test/workbench/logs"
            f"?object={self.request_id}"
        )
        return _dump(error.to_body(request_log_url=log))

    def _respond(self, status: int, body: bytes) -> Response:
        if status >= _FIRST_ERROR and status != _CONFLICT:
            # An SDK that tried again would get the same.
            self.headers["Stripe-Should-Retry"] = "false"
        return Response(status, self.headers, body)


def _dump(value: Json) -> bytes:
    """Write JSON as Stripe does, indented."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
