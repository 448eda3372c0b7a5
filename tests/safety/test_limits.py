"""What a client sends without end, or hardly at all, is cut off."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from stripe_nb.clock import monotonic
from stripe_nb.sandbox import Fault, Sandbox
from stripe_nb.sandbox.intake import Limits
from stripe_nb.sandbox.server import Server

from .conftest import Wire, read_all, serving, status

HEAD = b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\n"
QUICK = Limits(head_seconds=0.3, body_seconds=0.3, unread_seconds=0.3)


def _gone() -> contextlib.suppress:
    """Take it that the other side may cut the connection."""
    return contextlib.suppress(ConnectionError)


def comes_true(is_so: Callable[[], bool]) -> bool:
    """Tell whether something is so before long."""
    end = monotonic() + 60
    while not (found := is_so()) and monotonic() < end:
        threading.Event().wait(0.1)
    return found


def has_room(wire: Wire) -> bool:
    return wire.ask("GET /v1/balance", "Host: localhost") == 200


def key(wire: Wire) -> bytes:
    return f"Authorization: Bearer {wire.key}\r\n".encode()


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_come_is_not_waited_for(
    running: Sandbox, begun: bytes
) -> None:
    with serving(running, QUICK) as wire:
        began = monotonic()
        # Without a limit the connection's own patience would end this, in a failure.
        with wire.connect() as slow:
            slow.sendall(begun)
            with _gone():
                assert read_all(slow) == b""
        assert monotonic() - began > 0.2


def drip(slow: socket.socket) -> None:
    """Send a head that does not end, line by line."""
    for _ in range(200):
        slow.sendall(b"A: b\r\n")
        threading.Event().wait(0.05)


def test_a_head_that_drips_is_not_waited_for(running: Sandbox) -> None:
    with serving(running, QUICK) as wire, wire.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            drip(slow)


def test_a_second_request_on_a_connection_is_not_waited_for_either(
    running: Sandbox,
) -> None:
    with serving(running, QUICK) as wire, wire.connect() as slow:
        slow.sendall(b"GET /v3/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /v3/ HT")
        with _gone():
            read_all(slow)


def test_a_body_that_does_not_come_is_not_waited_for(running: Sandbox) -> None:
    with serving(running, QUICK) as wire, wire.connect() as slow:
        slow.sendall(HEAD + key(wire) + b"Content-Length: 10\r\n\r\nname")
        answer = read_all(slow)
        assert status(answer) == 408
        assert b"did not come in time" in answer


def test_a_head_without_end_is_refused(running: Sandbox) -> None:
    limits = Limits(head_bytes=8192)
    with serving(running, limits) as wire:
        for line in (b"A: b\r\n" * 50, b"A" * 500):
            with wire.connect() as endless, _gone():
                endless.sendall(b"GET / HTTP/1.1\r\n")
                for _ in range(50):
                    endless.sendall(line)
                    threading.Event().wait(0.002)
                assert status(read_all(endless)) in (400, 431)


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("application/x-www-form-urlencoded", 2_500_000, 413),
        ("multipart/form-data; boundary=x", 2_500_000, 400),
        ("multipart/form-data; boundary=x", 17_000_000, 413),
    ],
)
def test_a_body_may_be_as_large_as_its_kind(
    wire: Wire, kind: str, size: int, expected: int
) -> None:
    body = b"name=" + b"a" * size
    told = wire.ask(
        "POST /v1/customers", "Host: localhost", f"Content-Type: {kind}", body=body
    )
    assert told == expected


def test_a_body_without_end_is_refused(running: Sandbox) -> None:
    limits = Limits(body_bytes=1000, upload_bytes=10_000)
    with serving(running, limits) as wire, wire.connect() as endless, _gone():
        endless.sendall(HEAD + key(wire) + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(2000):
            endless.sendall(b"3e8\r\n" + b"a" * 1000 + b"\r\n")
        assert status(read_all(endless)) == 413


def test_all_bodies_together_are_bounded(running: Sandbox) -> None:
    limits = Limits(all_bytes=100_000)
    part = b"Content-Length: 60000\r\n\r\n" + b"a" * 50_000
    with serving(running, limits) as wire:
        with wire.connect() as first, wire.connect() as second:
            first.sendall(HEAD + key(wire) + part)
            threading.Event().wait(0.3)
            second.sendall(HEAD + key(wire) + part + b"a" * 10_000)
            answer = second.recv(65_536)
            assert (status(answer), b"Should-Retry" in answer) == (503, False)
            first.sendall(b"a" * 10_000)
            assert status(first.recv(65_536)) == 400
        assert wire.ask("POST /v1/customers", "Host: localhost", body=b"name=A") == 200


def test_so_many_connections_and_no_more(running: Sandbox) -> None:
    with serving(running, Limits(connections=5)) as wire:
        idle = [wire.connect() for _ in range(8)]
        assert wire.ask("GET /v1/balance", "Host: localhost") == 503
        for each in idle:
            each.close()
        assert comes_true(lambda: has_room(wire))


def test_an_answer_that_nobody_reads_is_given_up(running: Sandbox) -> None:
    # Some more than one, as requests that come at once count as connections, too.
    limits = Limits(head_seconds=600, unread_seconds=5.0, connections=6)
    server = Server(running.engine, limits=limits)
    server.start()
    wire = Wire(server.port, running.key)

    def is_stuck() -> bool:
        state = server._server.server_state
        return any(each.flow.write_paused for each in tuple(state.connections))  # type: ignore[union-attr]

    try:
        with wire.connect() as deaf:
            deaf.sendall(b"GET /v3/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
            assert comes_true(is_stuck)
            idle = [wire.connect() for _ in range(4)]
            assert wire.ask("GET /v1/balance", "Host: localhost") == 503
            assert is_stuck()
            assert comes_true(lambda: has_room(wire))
            for each in idle:
                each.close()
    finally:
        server.stop()


# How long a stop may take at the most; what waits is told to end at once.
PATIENT = 60


@pytest.fixture
def patient_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe_nb.sandbox.server._SECONDS_TO_END", PATIENT)


@pytest.mark.usefixtures("patient_server")
@pytest.mark.parametrize("kind", ["latency", "timeout"])
def test_a_sandbox_stops_at_once_while_a_fault_takes_its_time(kind: str) -> None:
    with Sandbox(seed=1, faults=[Fault(kind, seconds=2 * PATIENT)]) as sandbox:
        wire = Wire(int(sandbox.url.rpartition(":")[2]), sandbox.key)
        with wire.connect() as waiting:
            waiting.sendall(b"GET /v1/balance HTTP/1.1\r\nHost: localhost\r\n\r\n")
            threading.Event().wait(0.2)
            began = monotonic()
            sandbox.stop()
            assert monotonic() - began < PATIENT / 2


@pytest.mark.usefixtures("patient_server")
def test_a_sandbox_stops_at_once_while_a_body_comes() -> None:
    with Sandbox(seed=1) as sandbox:
        wire = Wire(int(sandbox.url.rpartition(":")[2]), sandbox.key)
        with wire.connect() as slow:
            slow.sendall(HEAD + b"Content-Length: 10\r\n\r\nna")
            threading.Event().wait(0.2)
            began = monotonic()
            sandbox.stop()
            assert monotonic() - began < PATIENT / 2
