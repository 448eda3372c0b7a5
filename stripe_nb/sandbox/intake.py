"""What the server takes in: how much, and how long it waits for it.

A client that sends without end, or hardly at all, must not take the memory or
the time of all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request as HttpRequest

from stripe_nb.sandbox.errors import InvalidRequest, Overloaded

__all__ = ["Intake", "Limits", "Waits"]

_MEBIBYTE = 1024 * 1024
_TIMED_OUT = 408
_TOO_LARGE = 413
# So many times the largest upload is read, and dropped, before a client is told.
_PASSING = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask of the server.

    Attributes
    ----------
    head_bytes, head_seconds
        Of a request's line and headers.
    body_bytes
        Of a body that is no upload: far more than any call of Stripe's needs.
    upload_bytes
        Of an upload: the largest file that Stripe takes, and its form.
    body_seconds
        How long a body may take to come.
    all_bytes
        Of all bodies that are being read at one time.
    connections
        How many may be open.
    unread_seconds
        How long an answer waits for its client to read on.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    body_bytes: int = 2 * _MEBIBYTE
    upload_bytes: int = 16 * _MEBIBYTE + 64 * 1024
    body_seconds: float = 60.0
    all_bytes: int = 256 * _MEBIBYTE
    connections: int = 1000
    unread_seconds: float = 30.0


class Waits:
    """What the server waits for; all of it ends at once where it stops.

    To be used from its event loop alone.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Timeout] = set()
        self._ended = False

    def end(self) -> None:
        """End all waits, and those that are yet to begin."""
        self._ended = True
        for wait in self._running:
            _end(wait)

    @asynccontextmanager
    async def at_most(self, seconds: float | None) -> AsyncIterator[None]:
        """Raise `TimeoutError` inside if it takes longer."""
        async with asyncio.timeout(seconds) as wait:
            self._running.add(wait)
            if self._ended:
                _end(wait)
            try:
                yield
            finally:
                self._running.discard(wait)

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        try:
            async with self.at_most(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            return


def _end(wait: asyncio.Timeout) -> None:
    if not wait.expired():
        wait.reschedule(0)


class Intake:
    """Reads the bodies of requests, within limits.

    Parameters
    ----------
    limits
        How much, and how long.
    waits
        Where the reading of each is known.
    """

    def __init__(self, limits: Limits, waits: Waits) -> None:
        self.limits = limits
        self._waits = waits
        self._held = 0

    async def body(self, http: HttpRequest) -> bytes:
        """Return a request's body.

        Raises
        ------
        InvalidRequest
            If it is too large, or does not come to its end.
        Overloaded
            If too many others are being read.
        """
        headers = http.headers
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return b""
        body = bytearray()
        try:
            async with self._waits.at_most(self.limits.body_seconds):
                await self._read(http, body)
        except TimeoutError:
            raise InvalidRequest(
                "The request's body did not come in time: send all of it at once.",
                http_status=_TIMED_OUT,
            ) from None
        finally:
            self._held -= len(body)
        return bytes(body)

    async def _read(self, http: HttpRequest, body: bytearray) -> None:
        largest, size = self._largest(http), 0
        async for chunk in http.stream():
            size += len(chunk)
            if size > largest:
                self._held -= len(body)
                body.clear()
                # Most clients look for an answer only once they have sent all.
                if size > _PASSING * self.limits.upload_bytes:
                    break
            elif self._held + len(chunk) > self.limits.all_bytes:
                raise Overloaded
            else:
                self._held += len(chunk)
                body += chunk
        if size > largest:
            raise InvalidRequest("The request is too large.", http_status=_TOO_LARGE)

    def _largest(self, http: HttpRequest) -> int:
        kind = http.headers.get("content-type", "")
        upload = kind.startswith("multipart/form-data")
        return self.limits.upload_bytes if upload else self.limits.body_bytes
