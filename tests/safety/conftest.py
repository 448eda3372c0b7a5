"""A sandbox that must not fail, and requests to it byte by byte."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.intake import Limits
from stripe_nb.sandbox.server import Server


@dataclass(frozen=True)
class Wire:
    """Where raw bytes go."""

    port: int
    key: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, *pieces: bytes) -> bytes:
        """Send bytes, and return all that comes until the other side closes."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_all(connection)

    def ask(self, line: str, *headers: str, body: bytes = b"") -> int:
        """Send a request with a key and those headers; return the status."""
        head = [
            f"{line} HTTP/1.1",
            f"Authorization: Bearer {self.key}",
            "Connection: close",
            f"Content-Length: {len(body)}",
            *headers,
        ]
        return status(self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body))


def read_all(connection: socket.socket) -> bytes:
    found = bytearray()
    while piece := connection.recv(65_536):
        found += piece
    return bytes(found)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@contextmanager
def serving(sandbox: Sandbox, limits: Limits) -> Iterator[Wire]:
    """Serve a sandbox with other limits than its own."""
    server = Server(sandbox.engine, limits=limits)
    server.start()
    try:
        yield Wire(server.port, sandbox.key)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15") as sandbox:
        yield sandbox


@pytest.fixture
def wire(running: Sandbox) -> Wire:
    return Wire(int(running.url.rpartition(":")[2]), running.key)


@pytest.fixture(autouse=True)
def no_failure_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
