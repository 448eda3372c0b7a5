"""Faults as HTTP shows them: slow, refused, cut off, or half an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from stripe_nb.sandbox.errors import RateLimited, ServerError
from stripe_nb.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["Protocol", "answer_badly"]

_TRANSPORT = "stripe_nb.transport"


class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at run time
    """Uvicorn's HTTP protocol; its requests can reach their connection."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection where the application finds it."""
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)


async def answer_badly(
    engine: Engine,
    http: HttpRequest,
    request: Request,
    carry_out: Callable[[], Response],
) -> HttpResponse:
    """Answer a request with the faults that strike it.

    Parameters
    ----------
    engine
        Whose faults.
    http, request
        The request.
    carry_out
        Does what is asked.
    """
    target = f"{request.method} {request.path}"
    faults = engine.faults
    slow = faults.strikes("latency", target)
    if slow:
        await asyncio.sleep(slow.length)
    if faults.strikes("drop", target):
        return _Cut(b"", announced=None)
    silent = faults.strikes("timeout", target)
    if silent:
        return _Cut(b"", announced=None, seconds=silent.length)
    if faults.strikes("rate_limit", target):
        return as_http(engine.refuse(request, RateLimited("global-rate")))
    if faults.strikes("error", target):
        return as_http(engine.refuse(request, ServerError()))
    answer = carry_out()
    if faults.strikes("drop_after", target):
        return _Cut(b"", announced=None)
    if faults.strikes("truncate", target):
        return _Cut(answer.body[: len(answer.body) // 2], announced=answer)
    return as_http(answer)


def as_http(answer: Response) -> HttpResponse:
    """Return an answer as the web framework sends it."""
    return HttpResponse(answer.body, answer.status, dict(answer.headers))


class _Cut(HttpResponse):
    """Sends a part of an answer, or nothing, and cuts the connection."""

    def __init__(
        self, part: bytes, *, announced: Response | None, seconds: float = 0.0
    ) -> None:
        super().__init__()
        self._part = part
        self._announced = announced
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._seconds:
            await _disconnected(receive, self._seconds)
        if self._announced is not None:
            whole = as_http(self._announced)
            await send(
                {
                    "type": "http.response.start",
                    "status": whole.status_code,
                    "headers": whole.raw_headers,
                }
            )
            body = {"type": "http.response.body", "body": self._part}
            await send({**body, "more_body": True})
        # Closing sends what is written before; the client waits for the rest.
        transport: Any = scope["state"][_TRANSPORT]
        transport.close()
        await _disconnected(receive, None)


async def _disconnected(receive: Receive, seconds: float | None) -> None:
    """Wait until the client is gone, or for some seconds."""

    async def wait() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(wait(), seconds)
    except TimeoutError:
        return
