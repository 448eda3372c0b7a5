"""One webhook over HTTP: within one limit of time, and ended whenever it must."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from stripe_nb.clock import monotonic

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Sender", "said"]

_SECONDS_TO_ANSWER = 10.0
_LARGEST_ANSWER = 1024 * 1024


class Sender:
    """Posts to one endpoint after the other, and keeps the connection."""

    def __init__(self) -> None:
        self._connection: http.client.HTTPConnection | None = None
        self._answer: http.client.HTTPResponse | None = None
        self._to: tuple[str, str] = ("", "")
        self._end = 0.0
        self._lock = threading.Lock()
        # http.client forgets its socket before the answer is read.
        self._socket: socket.socket | None = None
        self._stopped = False

    def stop(self) -> None:
        """Break off what is under way, from another thread."""
        with self._lock:
            self._stopped = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not TLS's own, which isn't for two threads at once.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a body; return the answer's status as soon as it is there.

        Raises
        ------
        OSError, HTTPException
            If there is no answer, or none in time.
        """
        self._end = monotonic() + _SECONDS_TO_ANSWER
        url = urlsplit(address)
        to = (url.scheme, url.netloc)
        if self._connection is not None and self._to == to:
            # A kept connection may have been closed on the other side meanwhile.
            with contextlib.suppress(ConnectionError, http.client.BadStatusLine):
                return self._ask(url, body, headers)
        self.close()
        self._connection, self._to = self._reach(url), to
        return self._ask(url, body, headers)

    def drain(self) -> None:
        """Read the rest of an answer in the time that is left, to ask again there."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        try:
            rest = answer.read(_LARGEST_ANSWER)
        except (OSError, http.client.HTTPException):
            self.close()
            return
        if answer.will_close or len(rest) == _LARGEST_ANSWER:
            answer.close()
            self.close()

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._socket = None
        if self._answer is not None:
            self._answer.close()
            self._answer = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, url: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
        connection = self._connection
        if connection is None or connection.sock is None:
            raise ConnectionError
        path = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
        try:
            connection.sock.settimeout(self._left())
            connection.request("POST", path, body, dict(headers))
            self._answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return self._answer.status

    def _reach(self, url: SplitResult) -> http.client.HTTPConnection:
        """Return a connection to a URL's host."""
        host = url.hostname or ""
        secure = ssl.create_default_context() if url.scheme == "https" else None
        made = (
            http.client.HTTPSConnection(host, url.port, context=secure)
            if secure
            else http.client.HTTPConnection(host, url.port)
        )
        made.sock = self._dial(host, made.port)
        if secure:
            made.sock = self._encrypt(secure, made.sock, host)
        made.response_class = _timed(self._left)
        return made

    def _dial(self, host: str, port: int) -> socket.socket:
        """Connect to the first of a host's addresses that answers."""
        failure: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            made = socket.socket(family, kind, protocol)
            try:
                self._hold(made)
                made.settimeout(self._left())
                made.connect(address)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                made.close()
                failure = error
            else:
                return made
        raise failure or ConnectionError(f"{host} has no address.")

    def _encrypt(
        self, context: ssl.SSLContext, plain: socket.socket, host: str
    ) -> ssl.SSLSocket:
        made = context.wrap_socket(
            plain, server_hostname=host, do_handshake_on_connect=False
        )
        try:
            self._hold(made)
            made.settimeout(self._left())
            made.do_handshake()
        except OSError:
            made.close()
            raise
        return made

    def _hold(self, made: socket.socket) -> None:
        """Keep a socket within reach of `stop`."""
        with self._lock:
            if self._stopped:
                raise ConnectionAbortedError
            self._socket = made

    def _left(self) -> float:
        """Return how many seconds are left for the whole of it."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Timed(io.RawIOBase):
    """Reads from a socket, each time with no more than the time that is left."""

    def __init__(self, source: socket.socket, left: Callable[[], float]) -> None:
        self._source = source
        self._raw = source.makefile("rb", buffering=0)
        self._left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        self._source.settimeout(self._left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _timed(left: Callable[[], float]) -> type[http.client.HTTPResponse]:
    """Return a class of answers that a slow sender can't draw out."""

    class Answer(http.client.HTTPResponse):
        def __init__(
            self,
            sock: socket.socket,
            debuglevel: int = 0,
            method: str | None = None,
            url: str | None = None,
        ) -> None:
            super().__init__(sock, debuglevel, method, url)
            self.fp.close()
            self.fp = io.BufferedReader(_Timed(sock, left))

    return Answer


def said(error: Exception) -> str:
    """Say why there was no answer."""
    if isinstance(error, TimeoutError):
        return f"No answer within {_SECONDS_TO_ANSWER:g} seconds."
    return f"{type(error).__name__}: {error}"
