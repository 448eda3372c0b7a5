"""How fast whole lists come, beside the SDK and beside bare parsing.

Run by hand, since its figures depend on the machine::

    python tests/benchmarks/bench_frames.py
    python tests/benchmarks/bench_frames.py --rows 100000 --faults 100000

A bare list server answers in a process of its own with objects as the sandbox
makes them. Prints ratios, each of figures measured in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import multiprocessing
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pandas as pd

from stripe_nb.frames import budgets, frame
from stripe_nb.frames.fetch import frame_each
from stripe_nb.frames.limiter import ACCOUNT_LIVE, Budget
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

ID, NUMBER, CREATED = "cus_BENCHMARK00000", "4242424242", 1_700_000_000
_MARKS = re.compile(f"({ID}|{NUMBER}|{CREATED})")
_BURST_SECONDS = 1.0
PAGE = 100
YEAR = 31_536_000
NOW = CREATED + 3 * YEAR
RESOURCES = ("customers", "charges", "invoices")
CPU_GOALS = {"customers": 25, "charges": 30, "invoices": 30}
# A machine has other things to do, too: the least of some runs is what it can.
_REPEATS = 7
FAULTS = {"429": 0.05, "500": 0.02, "dropped": 0.02, "truncated": 0.01}


@dataclass(frozen=True)
class Network:
    """What lies between: seconds of latency, requests a second, shares of faults."""

    latency: float = 0.0
    per_endpoint: float | None = None
    in_all: float | None = None
    faults: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Rows:
    """A list's objects: one text with marks, and each one's second, oldest first."""

    path: str
    text: str
    created: Sequence[int]

    def __post_init__(self) -> None:
        self._parts = [part.encode() for part in _MARKS.split(self.text)]

    def page(self, query: Mapping[str, Sequence[str]]) -> bytes:
        low, high = 0, len(self.created)
        if start := query.get("created[gte]"):
            low = bisect.bisect_left(self.created, int(start[0]))
        if end := query.get("created[lt]"):
            high = bisect.bisect_left(self.created, int(end[0]))
        if after := query.get("starting_after"):
            high = min(high, int(after[0][4:]))
        first = max(low, high - int(query.get("limit", ["10"])[0]))
        rows = b",".join(self._row(n) for n in range(high - 1, first - 1, -1))
        more = b"true" if first > low else b"false"
        url = self.path.encode()
        return b'{"object":"list","url":"%b","has_more":%b,"data":[%b]}' % (
            url,
            more,
            rows,
        )

    def _row(self, number: int) -> bytes:
        values = {
            ID.encode(): b"cus_%014d" % number,
            NUMBER.encode(): b"%010d" % number,
            str(CREATED).encode(): b"%d" % self.created[number],
        }
        return b"".join(values.get(part, part) for part in self._parts)


@dataclass
class _Bucket:
    rate: float | None
    tokens: float = 0.0
    since: float = 0.0

    def takes(self, now: float) -> bool:
        if self.rate is None:
            return True
        most = self.rate * _BURST_SECONDS
        self.tokens = min(most, self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class _Server(asyncio.Protocol):
    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            loop = asyncio.get_running_loop()
            answer, is_cut = self._shared.answer(head.split(b" ", 2)[1].decode())
            loop.call_later(self._shared.network.latency, self._send, answer, is_cut)

    def _send(self, answer: bytes, is_cut: bool) -> None:
        self._transport.write(answer)
        if is_cut:
            self._transport.close()


class _Shared:
    def __init__(self, lists: Mapping[str, Rows], network: Network) -> None:
        self.network = network
        self._lists = lists
        self._all = _Bucket(network.in_all)
        self._each = {path: _Bucket(network.per_endpoint) for path in lists}
        self._draw = random.Random(1)  # noqa: S311 - no secrets

    def answer(self, target: str) -> tuple[bytes, bool]:
        """Return an answer, and whether the connection ends with it."""
        now = asyncio.get_running_loop().time()
        url = urlsplit(target)
        for name, bucket in (("global", self._all), ("endpoint", self._each[url.path])):
            if not bucket.takes(now):
                return _whole(
                    429, b"{}", f"Stripe-Rate-Limited-Reason: {name}-rate"
                ), False
        fault = self._fault()
        if fault in ("429", "500"):
            return _whole(int(fault), b"{}"), False
        if fault == "dropped":
            return b"", True
        whole = _whole(200, self._lists[url.path].page(parse_qs(url.query)))
        is_cut = fault == "truncated"
        return (whole[: len(whole) // 2] if is_cut else whole), is_cut

    def _fault(self) -> str | None:
        at = self._draw.random()
        for name, share in self.network.faults.items():
            if at < share:
                return name
            at -= share
        return None


def _whole(status: int, body: bytes, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def _serve(pipe: Connection, lists: Mapping[str, Rows], network: Network) -> None:
    async def main() -> None:
        shared = _Shared(lists, network)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Server(shared), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Address:
    """What a session needs of a sandbox that runs elsewhere."""

    key = "sk_test_" + "A1b2C3d4" * 3

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Do nothing: it runs."""

    def stop(self) -> None:
        """Do nothing: its process is ended."""


@contextmanager
def list_server(
    lists: Mapping[str, Rows], network: Network | None = None
) -> Iterator[Address]:
    """Run a server in a process; give its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    asked = (theirs, lists, network or Network())
    server = context.Process(target=_serve, args=asked, daemon=True)
    server.start()
    try:
        yield Address(ours.recv())
    finally:
        server.kill()
        server.join()


def samples() -> dict[str, str]:
    """Return one object's text of each list, with marks for what differs."""
    with Sandbox(seed=1, clock=CREATED) as sandbox, connect(sandbox=sandbox) as client:
        _sell(client)
        texts = {
            name: client.get_bytes(f"/v1/{name}", {"limit": 1}) for name in RESOURCES
        }
    return {
        name: _marked(orjson.loads(text)["data"][0]) for name, text in texts.items()
    }


def _sell(client: Client) -> None:
    customer = client.v1.customers.create(
        {
            "name": "Ada Lovelace",
            "email": f"ada{NUMBER}@example.com",
            "phone": "+15555550100",
            "address": {"line1": "1 Main Street", "city": "Berlin", "country": "DE"},
            "metadata": {"plan": "pro", "number": NUMBER},
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    invoice = client.v1.invoices.create({"customer": customer.id})
    for number in range(3):
        client.v1.invoice_items.create(
            {
                "customer": customer.id,
                "invoice": invoice.id,
                "amount": 500 + number,
                "currency": "usd",
                "description": f"Item {number}",
            }
        )
    client.v1.charges.create({"amount": 2000, "currency": "eur", "source": "tok_visa"})
    client.v1.invoices.finalize_invoice(invoice.id)
    client.v1.invoices.pay(invoice.id)


def _marked(made: dict[str, Any]) -> str:
    """Write an object with marks for what is another's in each."""
    match made["object"]:
        case "charge":
            made["payment_method_details"]["card"]["fingerprint"] = NUMBER
        case "invoice":
            for line in made["lines"]["data"]:
                line["description"] = NUMBER
    return orjson.dumps({**made, "id": ID, "created": CREATED}).decode()


def times(shape: str, count: int) -> list[int]:
    """Return when that many objects came into being, oldest first."""
    draw = random.Random(7)  # noqa: S311 - no secrets
    shapes: dict[str, Callable[[], float]] = {
        "uniform": lambda: CREATED + 3 * YEAR * draw.random(),
        "growth": lambda: CREATED + 3 * YEAR * draw.random() ** (1 / 3),
        "burst": lambda: (
            NOW - YEAR + 3600 * draw.random()
            if draw.random() < 0.5
            else CREATED + 3 * YEAR * draw.random()
        ),
        "recent": lambda: NOW - 7 * 86_400 * draw.random(),
    }
    return sorted(int(shapes[shape]()) for _ in range(count))


def processor_us(work: Callable[[], object], rows: int) -> float:
    """Return the least of some runs, in microseconds of processor per row."""
    found = []
    for _ in range(_REPEATS):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found) * 1e6 / rows


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def least_seconds(work: Callable[[], object]) -> float:
    return min(seconds(work) for _ in range(_REPEATS))


def by_sdk(client: Client, name: str, rows: int) -> int:
    listed = getattr(client.v1, name).list({"limit": PAGE}).auto_paging_iter()
    taken = [row.to_dict() for _, row in zip(range(rows), listed, strict=False)]
    return len(pd.DataFrame(taken))


def as_live(client: Client) -> None:
    """Let a client keep to the limits of a live account, as it would at Stripe."""
    budgets._of_sandboxes[client] = Budget(ACCOUNT_LIVE)


def read(client: Client, name: str) -> pd.DataFrame:
    return frame(name, client=client, progress=False)


def whole(client: Client, name: str, rows: int) -> pd.DataFrame:
    """Read a list; make sure that nothing is lost, doubled or out of order."""
    found = read(client, name)
    expected = [f"cus_{n:014d}" for n in range(rows - 1, -1, -1)]
    assert found["id"].tolist() == expected
    return found


def lists_of(texts: Mapping[str, str], shape: str, rows: int) -> dict[str, Rows]:
    created = times(shape, rows)
    every = [Rows(f"/v1/{name}", text, created) for name, text in texts.items()]
    return {rows.path: rows for rows in every}


def bench_processor(texts: Mapping[str, str], rows: int) -> None:
    lists = lists_of(texts, "uniform", rows)
    few = min(rows, 2_000)
    with list_server(lists) as address, connect(sandbox=address) as client:
        for name in RESOURCES:
            bodies = pages(lists[f"/v1/{name}"], few)
            whole(client, name, rows)
            ours = processor_us(partial(read, client, name), rows)
            theirs = processor_us(partial(by_sdk, client, name, few), few)
            bare = processor_us(partial(parsed, bodies), few)
            print(
                f"{name}: {ours:.1f} us of processor each ({len(bodies[0]) // PAGE} "
                f"bytes); SDK / ours {theirs / ours:.1f} (goal {CPU_GOALS[name]}), "
                f"ours / orjson.loads {ours / bare:.1f} (goal 3 at most)"
            )
        mine = least_seconds(lambda: read(client, "customers")) / rows
        other = least_seconds(lambda: by_sdk(client, "customers", few)) / few
        print(f"no latency, no limit: {other / mine:.1f} x the SDK (goal 25)")


def parsed(bodies: list[bytes]) -> list[Any]:
    return [orjson.loads(body) for body in bodies]


def pages(rows: Rows, count: int) -> list[bytes]:
    """Return the bodies of that many rows."""
    cursors = range(len(rows.created), len(rows.created) - count, -PAGE)
    return [
        rows.page({"limit": [str(PAGE)], "starting_after": [f"cus_{at:014d}"]})
        for at in cursors
    ]


def bench_shapes(text: str, rows: int, shapes: Sequence[str]) -> None:
    network = Network(latency=0.3, per_endpoint=25)
    few = 2_000
    for shape in shapes:
        lists = lists_of({"customers": text}, shape, rows)
        with list_server(lists, network) as address, connect(sandbox=address) as client:
            as_live(client)
            took = seconds(lambda: whole(client, "customers", rows))
            serial = seconds(lambda: by_sdk(client, "customers", few)) * rows / few
        print(
            f"{shape}: {rows:,} in {took:.1f} s, {rows / took / 2500:.0%} of 2,500/s "
            f"(goal {95 if shape == 'uniform' else 87} %), {serial / took:.1f} x the "
            f"SDK (goal 6.5; it was timed over {few:,})"
        )


def bench_several(text: str, rows: int) -> None:
    names = ("customers", "charges", "products", "prices")
    made = orjson.loads(text)
    kinds = {
        name: orjson.dumps({**made, "object": name[:-1]}).decode() for name in names
    }
    network = Network(latency=0.25, per_endpoint=25, in_all=100)
    lists = lists_of(kinds, "uniform", rows)
    with list_server(lists, network) as address, connect(sandbox=address) as client:
        as_live(client)
        before = time.process_time()
        began = time.perf_counter()
        found = frame_each(names, client=client, progress=False)
        took = time.perf_counter() - began
        used = time.process_time() - before
        few = 2_000
        serial = seconds(lambda: by_sdk(client, "customers", few)) / few
    total = sum(map(len, found.values()))
    assert total == len(names) * rows
    print(
        f"four at once: {total:,} in {took:.1f} s, {total / took / 10_000:.0%} of "
        f"10,000/s (goal 93 %), {serial * total / took:.0f} x the SDK (goal 20), "
        f"{used * 1e6 / total:.1f} us of processor each"
    )


def bench_faults(text: str, rows: int) -> None:
    lists = lists_of({"customers": text}, "growth", rows)
    network = Network(latency=0.02, faults=FAULTS)
    with list_server(lists, network) as address, connect(sandbox=address) as client:
        as_live(client)
        proof = whole(client, "customers", rows).attrs["certificate"]
    print(
        f"faults over {rows:,}: nothing lost, nothing doubled; "
        f"{proof['retries']} retries of {proof['requests']} requests"
    )


def bench_import() -> None:
    ours = _import_seconds("import stripe_nb")
    print(
        f"import stripe_nb / import pandas, stripe: "
        f"{ours / _import_seconds('import pandas, stripe'):.2f} (goal 1.15 at most)"
    )


def _import_seconds(line: str) -> float:
    command = [sys.executable, "-c", line]
    return min(seconds(partial(subprocess.run, command, check=True)) for _ in range(5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--shapes", nargs="*", default=["uniform", "burst"])
    parser.add_argument("--faults", type=int, help="over that many objects")
    options = parser.parse_args()
    texts = samples()
    bench_import()
    bench_processor(texts, options.rows)
    bench_shapes(texts["customers"], options.rows, options.shapes)
    bench_several(texts["customers"], options.rows)
    if options.faults:
        bench_faults(texts["customers"], options.faults)


if __name__ == "__main__":
    main()
