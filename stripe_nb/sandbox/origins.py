"""Which web pages may talk to the sandbox: those that this machine serves.

A browser tells with ``Origin`` whose page asks. A page from elsewhere is refused
whatever it sends, also over a name that it made point here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from stripe_nb.sandbox.delivery.address import is_local

__all__ = ["LocalOrigins"]

_FORBIDDEN = 403
_POLICY_VIOLATION = 1008
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_EXPOSED = "Request-Id, Stripe-Version, Idempotent-Replayed, Original-Request"
_PREFLIGHT_SECONDS = "300"


class LocalOrigins:
    """Refuses pages of other machines, and lets local ones read the answers.

    Parameters
    ----------
    app
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for its origin."""
        origin = Headers(scope=scope).get("origin") if "headers" in scope else None
        if origin is None or _is_own_page(origin, scope):
            await self._app(scope, receive, send)
        elif not _is_local(origin):
            await _refusal(scope)(scope, receive, send)
        elif scope["type"] == "http" and _is_preflight(scope):
            await _preflight(scope, origin)(scope, receive, send)
        else:
            await self._app(scope, receive, _sharing(send, origin))


def _is_own_page(origin: str, scope: Scope) -> bool:
    """Tell whether a page of the sandbox's own asks.

    Its forms have no origin to tell, since the page asks to send no referrer.
    """
    fetched_from = Headers(scope=scope).get("sec-fetch-site")
    return origin == "null" and fetched_from == "same-origin"


def _is_local(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and is_local(parts.hostname or "")


def _refusal(scope: Scope) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(_POLICY_VIOLATION)
    return PlainTextResponse(
        "The sandbox answers only pages that this machine serves.", _FORBIDDEN
    )


def _is_preflight(scope: Scope) -> bool:
    asks = Headers(scope=scope).get("access-control-request-method")
    return scope["method"] == "OPTIONS" and asks is not None


def _preflight(scope: Scope, origin: str) -> Response:
    asked = Headers(scope=scope).get("access-control-request-headers", "")
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": asked,
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
            "Vary": "Origin",
        },
    )


def _sharing(send: Send, origin: str) -> Send:
    async def share(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            headers.add_vary_header("Origin")
        await send(message)

    return share
