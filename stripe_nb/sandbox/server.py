"""The engine behind HTTP: an ASGI app on loopback, in a thread of this process.

It binds to 127.0.0.1 only, and answers only requests addressed to this machine,
so that no web page elsewhere can reach it through a name that points here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.pages import challenge
from stripe_nb.sandbox.wire import Request

__all__ = ["Server"]

_HOST = "127.0.0.1"
_LARGEST_BODY = 16 * 1024 * 1024
# Requests that come over a Unix socket keep the name of Stripe's host.
_NAMES = ["127.0.0.1", "localhost", "[::1]", "*.stripe.com"]
_SECONDS_TO_START = 10.0


class Server:
    """Serves an engine at ``http://127.0.0.1:port``.

    Parameters
    ----------
    engine
        What answers.
    port
        Where to listen; 0 takes any free port.
    latency
        Seconds that each request takes longer.
    """

    def __init__(self, engine: Engine, *, port: int = 0, latency: float = 0.0) -> None:
        self.engine = engine
        self.latency = latency
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{_HOST}:{self.port}"
        self._ready = threading.Event()
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app(),
                log_config=None,
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=2,
                server_header=False,
                date_header=True,
            )
        )
        self._thread = threading.Thread(
            target=self._serve, name="stripe_nb sandbox", daemon=True
        )

    def start(self) -> None:
        """Begin to serve; return once requests are answered."""
        self._thread.start()
        if not self._ready.wait(_SECONDS_TO_START):
            raise SandboxError("The sandbox's server did not start; see its log.")

    def stop(self) -> None:
        """Let running requests end, and close."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            self._ready.set()
            yield

        return Starlette(
            routes=[
                Route(
                    "/_sandbox/3d_secure/{intent}/{secret}",
                    self._challenge,
                    methods=["GET", "POST"],
                ),
                Route(
                    "/{path:path}",
                    self._api,
                    methods=["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"],
                ),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_NAMES)],
            lifespan=lifespan,
        )

    async def _api(self, http: HttpRequest) -> HttpResponse:
        body = await _body(http)
        request = Request(
            method=http.method,
            path=http.scope["raw_path"].decode("latin-1"),
            query=http.scope["query_string"].decode("latin-1"),
            headers=dict(http.headers),
            body=body or b"",
        )
        with self.engine.begin(request) as in_use:
            if self.latency:
                await asyncio.sleep(self.latency)
            if body is None:
                answer = self.engine.refuse(
                    request,
                    InvalidRequest("The request is too large.", http_status=413),
                )
            else:
                answer = self.engine.answer(request, in_use=in_use, base_url=self.url)
        return HttpResponse(answer.body, answer.status, dict(answer.headers))

    async def _challenge(self, http: HttpRequest) -> HttpResponse:
        return challenge(
            self.engine,
            http.path_params["intent"],
            http.path_params["secret"],
            (await _body(http) or b"").decode("latin-1"),
            method=http.method,
        )


async def _body(http: HttpRequest) -> bytes | None:
    """Read a request's body, or ``None`` if it is too large."""
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only on sockets that name their protocol;
    # with it on, each answer would wait 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        # Listening from now on lets early connections wait rather than fail.
        listener.listen()
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"The sandbox can't listen on port {port}: {error.strerror}. Choose "
            "another port, or none."
        ) from error
    listener.set_inheritable(False)
    return listener


logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
