"""Malformed requests over real sockets: each is answered or cut off, none fails.

More of them: ``STRIPE_NB_REQUESTS=100000 pytest tests/safety/test_malformed.py``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
import requests

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, Response

from .conftest import Wire, read_all
from .malformed import Malformed

REQUESTS = int(os.environ.get("STRIPE_NB_REQUESTS", "2000"))
PER_ROUND = 2000
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Of the whole process: what the allocator keeps is more than what is in use.
MOST_GROWTH = 150 * 1024 * 1024


@pytest.fixture(autouse=True)
def shapes_are_stripes() -> None:
    """Leave shapes to the tests of each kind: here only failures count."""


def exchange(wire: Wire, sent: bytes) -> bytes:
    """Send bytes; return what is answered until the end, or until nothing comes."""
    with wire.connect() as connection:
        connection.settimeout(5 if len(sent) > 50_000 else 0.05)
        with contextlib.suppress(OSError):
            connection.sendall(sent)
        with contextlib.suppress(OSError):
            return read_all(connection).removeprefix(CONTINUE)
    return b""


def memory() -> int:
    """Return what the process holds in memory (Linux only, else 0)."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def learn(malformed: Malformed, answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 200") and b"application/json" in head:
        kind = {"Content-Type": "application/json"}
        with contextlib.suppress(ValueError):
            malformed.right.learn(Response(200, kind, body))


def test_no_malformed_request_fails_the_sandbox(
    running: Sandbox,
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Each request that is none is warned of; that is expected here.
    caplog.set_level(logging.ERROR, "uvicorn.error")
    operations = list(running.engine.catalog.operations.values())
    statuses: Counter[str] = Counter()
    before = 0
    for number in range(-(-REQUESTS // PER_ROUND)):
        malformed = Malformed(number, wire.key, operations)
        for operation in operations[:40]:
            made = malformed.right.make(operation)
            learn(malformed, exchange(wire, malformed.raw(made)))
        for _ in range(min(PER_ROUND, REQUESTS)):
            sent = malformed.make()
            answer = exchange(wire, sent)
            status = answer[9:12].decode("latin-1")
            statuses[status] += 1
            assert status != "500", sent[:2000]
            learn(malformed, answer)
        assert requests.get(f"{running.url}/v3/", timeout=10).ok
        running.reset()
        before = before or memory()
    assert memory() - before < MOST_GROWTH
    assert statuses["200"] > REQUESTS / 100, statuses
    assert statuses["400"] > REQUESTS / 10, statuses
    answered = sum(statuses.values()) - statuses[""]
    assert answered > REQUESTS * 0.7, statuses
    with capsys.disabled():
        sys.stdout.write(f" {sum(statuses.values()):,} requests: {dict(statuses)} ")


def test_a_right_request_is_what_malformed_ones_are_made_of(
    running: Sandbox, wire: Wire
) -> None:
    malformed = Malformed(1, wire.key, [])
    answer = exchange(wire, malformed.raw(Request("GET", "/v1/balance")))
    assert answer.startswith(b"HTTP/1.1 200 ")
