"""A small HTTP server on this machine for one webhook endpoint.

One request per connection and thread, on 127.0.0.1 only. It knows nothing of
signatures: who is not Stripe gets its 400 from the endpoint.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stripe_nb.clock import monotonic
from stripe_nb.redaction import redact_text
from stripe_nb.webhooks.web import LARGEST_BODY, body_length, headers_of

__all__ = ["Server"]

_logger = logging.getLogger("stripe_nb")

_HOST = "127.0.0.1"
_PATH = "/webhook"
_SECONDS_TO_SEND = 10.0
_SECONDS_TO_END = 5.0
_WAITING = 128


class Server:
    """Serves an endpoint at ``http://127.0.0.1:port/webhook``.

    Parameters
    ----------
    take
        What takes a body and its signature.
    port
        Where to listen; 0 takes any free port.
    """

    def __init__(
        self, take: Callable[[bytes, str | None], tuple[str, int]], port: int = 0
    ) -> None:
        self._server = _Listener(take, port)
        self.url = f"http://{_HOST}:{self._server.server_port}{_PATH}"
        self._is_closing = False
        self._thread = threading.Thread(
            target=self._serve, name="stripe_nb webhooks", daemon=True
        )

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Let running handlers end, within some seconds, and close."""
        self._is_closing = True
        if self._thread.is_alive():
            # It waits for a connection; this one tells it to look.
            socket.create_connection((_HOST, self._server.server_port)).close()
            self._thread.join()
        self._server.server_close()
        self._server.idle.wait(_SECONDS_TO_END)

    def _serve(self) -> None:
        while not self._is_closing:
            self._server.handle_request()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # Threads that hang on a silent client must not keep a notebook from ending.
    block_on_close = False
    request_queue_size = _WAITING

    def __init__(
        self, take: Callable[[bytes, str | None], tuple[str, int]], port: int
    ) -> None:
        super().__init__((_HOST, port), _Request)
        self.take = take
        self._count = 0
        self._lock = threading.Lock()
        self.idle = threading.Event()
        self.idle.set()

    def handle_error(self, *_: object) -> None:
        """Log a failure; who goes before the answer is no failure of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            trace = redact_text(traceback.format_exc())
            _logger.error("The webhook server failed: %s", trace)

    def handled(self, body: bytes, header: str | None) -> tuple[str, int]:
        """Let the endpoint answer, and know meanwhile that it does."""
        with self._lock:
            self._count += 1
            self.idle.clear()
        try:
            return self.take(body, header)
        finally:
            with self._lock:
                self._count -= 1
                if not self._count:
                    self.idle.set()


class _Request(BaseHTTPRequestHandler):
    server: _Listener
    timeout = _SECONDS_TO_SEND
    server_version = "stripe-nb"
    sys_version = ""

    def do_POST(self) -> None:
        """Take a webhook."""
        body = self._body()
        if body is None:
            return
        header = self.headers.get("Stripe-Signature")
        self._answer(*self.server.handled(body, header))

    def do_GET(self) -> None:
        """Say what this is to who looks at it."""
        self._answer("This is a webhook endpoint: Stripe sends by POST.", 405)

    # The names are http.server's.
    do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _body(self) -> bytes | None:
        length = body_length(self.headers.get("Content-Length"))
        if length is None:
            self._answer("The body has to come with its length.", 411)
            return None
        if length > LARGEST_BODY:
            self._answer("The body is too large.", 413)
            return None
        body, end = b"", monotonic() + _SECONDS_TO_SEND
        # Bit by bit, so that a slow sender can't draw it out.
        while len(body) < length and monotonic() < end:
            part = self.rfile.read1(min(length - len(body), 65_536))
            if not part:
                return None
            body += part
        return body if len(body) == length else None

    def _answer(self, text: str, status: int) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in headers_of(status):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the inbox shows what came."""
