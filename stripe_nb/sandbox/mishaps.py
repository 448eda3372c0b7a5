"""Faults as HTTP shows them: slow, refused, cut off, or half an answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from stripe_nb.sandbox.connection import TRANSPORT
from stripe_nb.sandbox.errors import RateLimited, ServerError
from stripe_nb.sandbox.intake import Waits
from stripe_nb.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["answer_badly", "as_http"]


async def answer_badly(
    engine: Engine,
    http: HttpRequest,
    request: Request,
    carry_out: Callable[[], Response],
    waits: Waits,
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
    waits
        Where time that passes is known.
    """
    target = f"{request.method} {request.path}"
    faults = engine.faults
    slow = faults.strikes("latency", target)
    if slow:
        await waits.pause(slow.length)
    if faults.strikes("drop", target):
        return _Cut(waits)
    silent = faults.strikes("timeout", target)
    if silent:
        return _Cut(waits, seconds=silent.length)
    if faults.strikes("rate_limit", target):
        return as_http(engine.refuse(request, RateLimited("global-rate")))
    if faults.strikes("error", target):
        return as_http(engine.refuse(request, ServerError()))
    answer = carry_out()
    if faults.strikes("drop_after", target):
        return _Cut(waits)
    if faults.strikes("truncate", target):
        return _Cut(waits, half_of=answer)
    return as_http(answer)


def as_http(answer: Response) -> HttpResponse:
    """Return an answer as the web framework sends it."""
    return HttpResponse(answer.body, answer.status, dict(answer.headers))


class _Cut(HttpResponse):
    """Sends half an answer, or nothing, and cuts the connection."""

    def __init__(
        self, waits: Waits, *, half_of: Response | None = None, seconds: float = 0.0
    ) -> None:
        super().__init__()
        self._waits = waits
        self._answer = half_of
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gone(receive, self._seconds)
        if self._answer is not None:
            await self._send_half(self._answer, send)
        # Closing sends what is written before; the client waits for the rest.
        transport: Any = scope["state"][TRANSPORT]
        transport.close()
        await self._gone(receive, None)

    async def _send_half(self, answer: Response, send: Send) -> None:
        whole = as_http(answer)
        await send(
            {
                "type": "http.response.start",
                "status": whole.status_code,
                "headers": whole.raw_headers,
            }
        )
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})

    async def _gone(self, receive: Receive, seconds: float | None) -> None:
        """Wait until the client is gone, or for some seconds."""
        if seconds == 0:
            return
        with contextlib.suppress(TimeoutError):
            async with self._waits.at_most(seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
