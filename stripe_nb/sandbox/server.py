"""The engine behind HTTP: an ASGI app on loopback, in a thread of this process.

It binds to 127.0.0.1 only, and answers only requests addressed to this machine,
so that no web page elsewhere can reach it through a name that points here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox.connect import onboarding as onboarding_page
from stripe_nb.sandbox.delivery.cli_socket import serve_cli
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.mishaps import Protocol, answer_badly, as_http
from stripe_nb.sandbox.origins import LocalOrigins
from stripe_nb.sandbox.pages.routes import page_routes
from stripe_nb.sandbox.resources.stripecli_session import SOCKET_PATH
from stripe_nb.sandbox.sockets import HOST, SocketFile, listen_tcp, listen_unix
from stripe_nb.sandbox.wire import Request, Response

__all__ = ["Server"]

# The largest file that Stripe takes, and what a form has around it.
_LARGEST_BODY = 16 * 1024 * 1024 + 64 * 1024
_LARGEST_FRAME = 4 * 1024 * 1024
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
    uds
        Path of a Unix socket to listen at too.
    latency
        Seconds that each request takes longer.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        port: int = 0,
        uds: str | Path | None = None,
        latency: float = 0.0,
    ) -> None:
        self.engine = engine
        self.latency = latency
        tcp = listen_tcp(port)
        self._sockets = [tcp]
        self._uds: SocketFile | None = None
        if uds is not None:
            try:
                self._sockets.append(listen_unix(uds))
            except SandboxError:
                tcp.close()
                raise
            self._uds = SocketFile.at(uds)
        self.port: int = tcp.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._ready = threading.Event()
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app(),
                log_config=None,
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=2,
                http=Protocol,
                # The frames of CLIs are small; nobody else opens websockets.
                ws="wsproto",
                ws_max_size=_LARGEST_FRAME,
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
        for listener in self._sockets:
            listener.close()
        if self._uds:
            self._uds.remove()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=self._sockets))

    def _app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            self._ready.set()
            yield

        return Starlette(
            routes=[
                *page_routes(self.engine, self.url, _body),
                Route(onboarding_page.PATH, self._onboarding, methods=["GET", "POST"]),
                WebSocketRoute(SOCKET_PATH, self._cli),
                Route(
                    "/{path:path}",
                    self._api,
                    methods=["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"],
                ),
            ],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=_NAMES),
                Middleware(LocalOrigins),
            ],
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

            def carry_out() -> Response:
                if body is None:
                    return self.engine.refuse(
                        request,
                        InvalidRequest("The request is too large.", http_status=413),
                    )
                return self.engine.answer(request, in_use=in_use, base_url=self.url)

            if self.engine.faults.rules:
                return await answer_badly(self.engine, http, request, carry_out)
            return as_http(carry_out())

    async def _cli(self, socket: WebSocket) -> None:
        await serve_cli(self.engine, socket)

    async def _onboarding(self, http: HttpRequest) -> HttpResponse:
        return onboarding_page.onboarding(
            self.engine,
            http.path_params["account"],
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


logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
