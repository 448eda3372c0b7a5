"""How fast pages of customers are listed, and how fast a large store is filled.

Run by hand, since its figures depend on the machine::

    python tests/benchmarks/bench_listing.py --customers 1000000

It prints ratios, not times alone: the sandbox's pages of 100 customers against a
bare server of the same stack that returns the same bytes pre-rendered. Each serves
in a process of its own, whose processor time is read too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.sockets import listen_tcp

GOAL = 0.25
LOAD_GOAL_SECONDS = 60
PER_PAGE = 100
CONNECTIONS = 2
HEAD = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    "User-Agent: Stripe/v1 PythonBindings/16.1.0\r\n\r\n"
)


def customers(sandbox: Sandbox, count: int) -> Iterator[dict[str, Any]]:
    """Give that many customers, one a minute, as the sandbox itself makes them."""
    call = sandbox.engine.internal_call("customers.create")
    blank = call.new("customer", balance=0, delinquent=False, invoice_prefix="A1B2C3D4")
    for number in range(count):
        yield {
            **blank,
            "id": f"cus_{number:014d}",
            "created": 1_700_000_000 + 60 * number,
            "email": f"customer{number}@example.com",
            "metadata": {"number": str(number)},
            "name": f"Customer {number}",
        }


def fill(file: Path, count: int) -> float:
    """Fill a file; return the seconds that it took."""
    sandbox = Sandbox(seed=1, db=file)
    began = time.perf_counter()
    with sandbox.engine.aside():
        sandbox.engine.store.insert_all(
            sandbox.engine.account, customers(sandbox, count)
        )
    took = time.perf_counter() - began
    sandbox.stop()
    return took


def serve_sandbox(pipe: Connection, file: Path) -> None:
    with Sandbox(db=file) as sandbox:
        pipe.send(int(sandbox.url.rpartition(":")[2]))
        pipe.recv()


def serve_bytes(pipe: Connection, body: bytes) -> None:
    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer)])
    listener = listen_tcp(0)
    config = uvicorn.Config(app, log_config=None, access_log=False)
    pipe.send(listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def process(target: Any, argument: Any) -> Iterator[tuple[int, int]]:
    """Run a server; give its process id and its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=target, args=(theirs, argument), daemon=True)
    server.start()
    port = ours.recv()
    time.sleep(0.3)
    try:
        yield server.pid or 0, port
    finally:
        server.kill()
        server.join()


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far (Linux only, else 0)."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pages:
    """Asks for pages over kept connections, with as little work as can be."""

    def __init__(self, port: int, key: str) -> None:
        self.key = key
        self._sockets = [
            socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)
        ]

    def get(self, path: str) -> bytes:
        sent = HEAD.format(path=path, key=self.key).encode()
        self._sockets[0].sendall(sent)
        return self._receive(self._sockets[0])

    def _receive(self, connection: socket.socket) -> bytes:
        answer = bytearray()
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1 << 18)
        head, _, rest = bytes(answer).partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        body = bytearray(rest)
        while len(body) < length:
            body += connection.recv(1 << 18)
        return bytes(body)

    def per_second(self, path: str, seconds: float) -> float:
        """Return how many pages a second come, with a request always waiting."""
        sent = HEAD.format(path=path, key=self.key).encode()
        for connection in self._sockets:
            connection.sendall(sent)
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            for connection in self._sockets:
                self._receive(connection)
                connection.sendall(sent)
                count += 1
        took = time.perf_counter() - began
        for connection in self._sockets:
            self._receive(connection)
        return count / took


@dataclass(frozen=True)
class Figure:
    """Pages a second, and milliseconds of processor time for each."""

    pages: float
    processor_ms: float


def measure(pid: int, pages: Pages, path: str, seconds: float) -> Figure:
    pages.per_second(path, 0.3)
    before = processor_seconds(pid)
    rate = pages.per_second(path, seconds)
    used = processor_seconds(pid) - before
    return Figure(rate, used * 1000 / (rate * seconds))


def depths(count: int) -> dict[str, str]:
    """Return the paths of the first page, of one in the middle and of the last."""
    base = f"/v1/customers?limit={PER_PAGE}"
    at = {"first page": None, "middle": count // 2, "last page": PER_PAGE}
    return {
        name: base if after is None else f"{base}&starting_after=cus_{after:014d}"
        for name, after in at.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sandbox.db"
        took = fill(file, options.customers)
        print(
            f"filled: {options.customers:,} customers in {took:.1f} s "
            f"({options.customers / took:,.0f} a second; goal: 1,000,000 in "
            f"{LOAD_GOAL_SECONDS} s)"
        )
        key = "sk_test_" + "A1b2C3d4" * 3
        with process(serve_sandbox, file) as (pid, port):
            pages = Pages(port, key)
            found = {}
            for name, path in depths(options.customers).items():
                body = pages.get(path)
                assert len(json.loads(body)["data"]) == PER_PAGE, body[:200]
                found[name] = (body, measure(pid, pages, path, options.seconds))
        ratios = []
        for name, (body, ours) in found.items():
            with process(serve_bytes, body) as (pid, port):
                bare = measure(pid, Pages(port, key), "/", options.seconds)
            by_time = ours.pages / bare.pages
            # On a busy machine the processor's time is the steadier figure.
            by_processor = bare.processor_ms / (ours.processor_ms or 1)
            ratios.append(by_processor or by_time)
            print(
                f"{name:10}: {ours.pages * PER_PAGE:9,.0f} objects/s, bare "
                f"{bare.pages * PER_PAGE:9,.0f}: ratio {by_time:.2f}; processor "
                f"{ours.processor_ms:.2f} ms a page, bare {bare.processor_ms:.2f} ms: "
                f"ratio {by_processor:.2f} (goal {GOAL})"
            )
        rates = [ours.pages for _, ours in found.values()]
        print(
            f"depth: slowest page / fastest page = {max(rates) / min(rates):.2f}; "
            f"mean ratio {statistics.mean(ratios):.2f}"
        )


if __name__ == "__main__":
    main()
