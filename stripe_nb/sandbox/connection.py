"""One connection to the server: how long it may begin a request, and how large.

Uvicorn reads HTTP; what it leaves to a proxy in front of it is done here, since
the sandbox has none. It is always h11 that parses: where httptools is installed,
which uvicorn would prefer, some requests would be read in another way.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from stripe_nb.sandbox.intake import Limits

__all__ = ["TRANSPORT", "Connection", "within"]

# Under which a request finds its connection in its state.
TRANSPORT = "stripe_nb.transport"

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Connection(H11Protocol):
    """Uvicorn's HTTP protocol, with limits; its requests can reach it."""

    limits = Limits()

    app_state: dict[str, Any]
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Keep the connection where the application finds it."""
        self.app_state = {**self.app_state, TRANSPORT: transport}
        super().connection_made(transport)
        self._expect(self.limits.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Read on; a request's head must come soon, and not be too large."""
        before = cast("RequestResponseCycle | None", self.cycle)
        is_first = before is None
        super().data_received(data)
        if self.cycle is not before or self.transport.get_protocol() is not self:
            self._head_bytes = 0
            self._expect(None)
        elif is_first or before.response_complete:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes:
                self._refuse_head(tell=is_first)
            elif self._deadline is None:
                self._expect(self.limits.head_seconds)

    def pause_writing(self) -> None:
        """Wait for the client to read; for a while."""
        super().pause_writing()
        self._expect(self.limits.unread_seconds)

    def resume_writing(self) -> None:
        """Go on, as the client does."""
        super().resume_writing()
        self._expect(None)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also where the client does not read."""
        super().timeout_keep_alive_handler()
        self._expect(self.limits.unread_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._expect(None)
        super().connection_lost(exc)

    def _expect(self, seconds: float | None) -> None:
        """Give up the connection after so long; ``None``: not."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = (
            None
            if seconds is None
            else self.loop.call_later(seconds, self.transport.abort)
        )

    def _refuse_head(self, *, tell: bool) -> None:
        if not self.transport.is_closing():
            if tell:
                self.transport.write(_TOO_LARGE)
            self.transport.close()


def within(limits: Limits) -> type[Connection]:
    """Return the protocol with other limits."""
    return type("Connection", (Connection,), {"limits": limits})
