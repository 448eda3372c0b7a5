"""The endpoint as an application of Python's two kinds of web servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from typing import Any

__all__ = ["LARGEST_BODY", "asgi", "body_length", "headers_of", "in_thread", "wsgi"]

LARGEST_BODY = 8 * 1024 * 1024
_MOST_DIGITS = 20
_AT_ONCE = 32
# Not the event loop's own threads: those that wait here for an asynchronous handler
# would take them away from what the handler itself awaits, such as looking up a host.
_threads = ThreadPoolExecutor(_AT_ONCE, "stripe_nb webhook")
_ONLY_POST = ("Stripe sends webhooks by POST.", 405)
_TOO_LARGE = ("The body is too large.", 413)
_UNREAD = ("The body has to come with its length.", 411)

_Message = MutableMapping[str, Any]
_Receive = Callable[..., tuple[str, int]]


async def asgi(
    take: _Receive,
    scope: _Message,
    receive: Callable[[], Awaitable[_Message]],
    send: Callable[[_Message], Awaitable[None]],
) -> None:
    """Answer one request of an ASGI server."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    if scope["type"] != "http":
        raise ValueError(f"A webhook endpoint takes HTTP, not {scope['type']}.")
    text, status = await _answer(take, scope, receive)
    headers = [(name.lower().encode(), v.encode()) for name, v in headers_of(status)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def _answer(
    take: _Receive, scope: _Message, receive: Callable[[], Awaitable[_Message]]
) -> tuple[str, int]:
    if scope["method"] != "POST":
        return _ONLY_POST
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return _UNREAD
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            return _TOO_LARGE
    found = (value for name, value in scope["headers"] if name == b"stripe-signature")
    header = next(found, b"").decode("latin-1")
    return await in_thread(take, body, header)


async def in_thread(take: _Receive, body: Any, header: str | None) -> tuple[str, int]:
    """Let handlers run where they may block; asynchronous ones come back here."""
    loop = asyncio.get_running_loop()
    work = partial(copy_context().run, take, body, header, loop=loop)
    return await loop.run_in_executor(_threads, work)


async def _live(
    receive: Callable[[], Awaitable[_Message]],
    send: Callable[[_Message], Awaitable[None]],
) -> None:
    """Start and stop with a server that has nothing else to serve."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def wsgi(
    take: _Receive, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Answer one request of a WSGI server."""
    text, status = _wsgi_answer(take, environ)
    body = text.encode()
    headers = [*headers_of(status), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body] if environ["REQUEST_METHOD"] != "HEAD" else []


def _wsgi_answer(take: _Receive, environ: dict[str, Any]) -> tuple[str, int]:
    if environ["REQUEST_METHOD"] != "POST":
        return _ONLY_POST
    length = body_length(environ.get("CONTENT_LENGTH"))
    if length is None:
        return _UNREAD
    if length > LARGEST_BODY:
        return _TOO_LARGE
    body = environ["wsgi.input"].read(length)
    return take(body, environ.get("HTTP_STRIPE_SIGNATURE"))


def headers_of(status: int) -> list[tuple[str, str]]:
    """Return what an answer's head says, whatever the server; but for its length.

    Examples
    --------
    >>> headers_of(405)[-1]
    ('Allow', 'POST')
    """
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    return headers


def body_length(said: str | None) -> int | None:
    """Read a ``Content-Length``; None if it is none.

    Examples
    --------
    >>> body_length("12"), body_length("-1"), body_length(None)
    (12, None, None)
    """
    text = said or ""
    # Python reads no number of thousands of digits, and there are no such bodies.
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    return int(text)
