"""The engine behind HTTP: an ASGI app on loopback, in a thread of this process.

It binds to 127.0.0.1 only, and answers only requests addressed to this machine,
so that no web page elsewhere can reach it through a name that points here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox.connection import within
from stripe_nb.sandbox.delivery.cli_socket import serve_cli
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.intake import Intake, Limits, Waits
from stripe_nb.sandbox.mishaps import answer_badly, as_http
from stripe_nb.sandbox.origins import LocalCallers
from stripe_nb.sandbox.pages.routes import page_routes
from stripe_nb.sandbox.resources.stripecli_session import SOCKET_PATH
from stripe_nb.sandbox.sockets import HOST, SocketFile, listen_tcp, listen_unix
from stripe_nb.sandbox.targets import AbsoluteTargets
from stripe_nb.sandbox.wire import Request, Response

__all__ = ["Server"]

_LARGEST_FRAME = 4 * 1024 * 1024
_SECONDS_TO_START = 10.0
_SECONDS_TO_END = 2
# A client that sends again just when its idle connection is closed is cut off, and
# few repeat a POST by themselves. The longer it stays, the less often that happens.
_SECONDS_TO_STAY = 60


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
    limits
        What clients may ask of it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        port: int = 0,
        uds: str | Path | None = None,
        latency: float = 0.0,
        limits: Limits | None = None,
    ) -> None:
        self.engine = engine
        self.latency = latency
        self._limits = limits or Limits()
        self._waits = Waits()
        self._intake = Intake(self._limits, self._waits)
        self._loop: asyncio.AbstractEventLoop | None = None
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
                timeout_graceful_shutdown=_SECONDS_TO_END,
                timeout_keep_alive=_SECONDS_TO_STAY,
                http=within(self._limits),
                h11_max_incomplete_event_size=self._limits.head_bytes,
                limit_concurrency=self._limits.connections,
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
        if self._thread.is_alive() and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._waits.end)
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
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            yield

        return Starlette(
            routes=[
                *page_routes(self.engine, self.url, self._intake),
                WebSocketRoute(SOCKET_PATH, self._cli),
                Route(
                    "/{path:path}",
                    self._api,
                    methods=["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"],
                ),
            ],
            middleware=[Middleware(AbsoluteTargets), Middleware(LocalCallers)],
            exception_handlers={ClientDisconnect: _nobody},
            lifespan=lifespan,
        )

    async def _api(self, http: HttpRequest) -> HttpResponse:
        try:
            request = _read(http, await self._intake.body(http))
        except ApiError as error:
            refused = as_http(self.engine.refuse(_read(http, b""), error))
            # What is left of the body is no request.
            refused.headers["Connection"] = "close"
            return refused
        with self.engine.begin(request) as in_use:
            if self.latency:
                await self._waits.pause(self.latency)

            def carry_out() -> Response:
                return self.engine.answer(request, in_use=in_use, base_url=self.url)

            if self.engine.faults.rules:
                return await answer_badly(
                    self.engine, http, request, carry_out, self._waits
                )
            return as_http(carry_out())

    async def _cli(self, socket: WebSocket) -> None:
        await serve_cli(self.engine, socket)


def _read(http: HttpRequest, body: bytes) -> Request:
    return Request(
        method=http.method,
        path=http.scope["raw_path"].decode("latin-1"),
        query=http.scope["query_string"].decode("latin-1"),
        headers=dict(http.headers),
        body=body,
    )


async def _nobody(_http: HttpRequest, _error: Exception) -> HttpResponse:
    """Answer a client that is gone: nobody will read it."""
    return HttpResponse(status_code=400)


logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
