"""One request and the answer to it.

In order: key, version, route, parameters, idempotency, handler, expand, answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson

from stripe_nb.catalog.model import Field, Kind, Operation, Type
from stripe_nb.sandbox import meter_sessions, publishable, shapes, versions
from stripe_nb.sandbox.access import authorize
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import follow
from stripe_nb.sandbox.errors import ApiError, UnknownUrl
from stripe_nb.sandbox.expand import expand
from stripe_nb.sandbox.idempotency import Claim
from stripe_nb.sandbox.params import coerce, refuse_unsetting
from stripe_nb.sandbox.request_log import logged
from stripe_nb.sandbox.resource import Handler, Listing
from stripe_nb.sandbox.wire import Download, Json, Request, Response, decode_parameters

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["Exchange"]

# The SDKs parse what they get; whoever reads an answer with their own eyes gets
# it indented, as from Stripe.
_SDK_AGENT = "Bindings/"

_FIRST_ERROR = 400
_V2 = "/v2/"
_PAGE = Field("page", Type(Kind.STRING))
_CONFLICT = 409


class Exchange:
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
        engine.rate_limits.check(account, operation)
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
