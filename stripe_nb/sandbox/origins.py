"""Who may talk to the sandbox: programs and web pages of this machine.

``Host`` tells by which name a client came: a name of elsewhere that was made to
point here is refused. A browser tells with ``Origin`` whose page asks: a page
from elsewhere is refused whatever it sends. Pages of this machine may read the
answers, as with Stripe's own API; that is how its ``/v3/`` script pays.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from stripe_nb.sandbox.delivery.address import is_local

__all__ = ["LocalCallers"]

_BAD_REQUEST = 400
_FORBIDDEN = 403
_POLICY_VIOLATION = 1008
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_EXPOSED = "Request-Id, Stripe-Version, Idempotent-Replayed, Original-Request"
_PREFLIGHT_SECONDS = "300"
_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
# Requests that come over a Unix socket keep the name of Stripe's host.
_STRIPE = ".stripe.com"
_API = ("/v1/", "/v2/")
_WRONG_HOST = (
    "The sandbox answers only by this machine's own name: use http://127.0.0.1 with "
    "its port."
)
_WRONG_PAGE = "The sandbox answers only pages that this machine serves."


class LocalCallers:
    """Refuses who comes from elsewhere, and lets local pages read the answers.

    Parameters
    ----------
    app
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for where it comes from."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = _refused(scope, headers)
        origin = headers.get("origin", "null")
        if refused:
            await refused(scope, receive, send)
        elif origin == "null":
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and _is_preflight(scope):
            await _preflight(scope, origin)(scope, receive, send)
        else:
            await self._app(scope, receive, _sharing(send, origin))


def _refused(scope: Scope, headers: Headers) -> ASGIApp | None:
    """Return the refusal of a request from elsewhere."""
    if not _is_addressed_here(headers.getlist("host"), scope):
        return _refusal(scope, _WRONG_HOST, _BAD_REQUEST)
    origins = headers.getlist("origin")
    if origins:
        allowed = len(origins) == 1 and _may_ask(origins[0], headers)
    else:
        allowed = not _calls_from_elsewhere(scope, headers)
    return None if allowed else _refusal(scope, _WRONG_PAGE, _FORBIDDEN)


def _is_addressed_here(hosts: list[str], scope: Scope) -> bool:
    over_unix_socket = (scope.get("server") or ("", 0))[1] is None
    return len(hosts) == 1 and _is_own_name(hosts[0], of_stripe_too=over_unix_socket)


@lru_cache
def _is_own_name(host: str, *, of_stripe_too: bool) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower()
    return is_local(name) or (of_stripe_too and name.endswith(_STRIPE))


def _may_ask(origin: str, headers: Headers) -> bool:
    """Tell whether a page of that origin may ask.

    The forms of the sandbox's own pages may have none to tell.
    """
    if origin == "null":
        return headers.get("sec-fetch-site") == "same-origin"
    return _is_local(origin)


def _calls_from_elsewhere(scope: Scope, headers: Headers) -> bool:
    """Tell whether a page elsewhere makes a browser call the API.

    What needs no script tells no origin, such as a picture's address with a key.
    """
    is_foreign = headers.get("sec-fetch-site") == "cross-site"
    return is_foreign and str(scope["path"]).startswith(_API)


def _is_local(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and is_local(parts.hostname or "")


def _refusal(scope: Scope, why: str, status: int) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(_POLICY_VIOLATION)
    return PlainTextResponse(why, status)


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
