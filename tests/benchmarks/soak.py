"""Mixed load for as long as you like: does memory or latency grow, does anything fail?

Run by hand; it ends with 1 if something grew or failed::

    python tests/benchmarks/soak.py --minutes 30 --clients 8

The load comes in stretches of the same work, and the sandbox begins anew before
each, as a test suite lets it. So stored objects are no excuse: whatever is larger
or slower in the last stretches than in the first ones has leaked. The clients go
through the package, in one process; the sandbox serves in another.

Each line is a stretch: its requests, what failed, how long they took, how much
longer than those to a bare server that the clients ask meanwhile (so that other work
of the machine slows both), the processor time of the sandbox for one of them, and
what each process held in memory when the stretch had ended.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.sockets import listen_tcp
from stripe_nb.session import Client, connect
from stripe_nb.testing.clock import StripeClock
from stripe_nb.webhooks import listen

BEGIN = "2026-01-15"
OK, DECLINED, MISSING = 200, 402, 404
SECONDS_TO_DELIVER = 60
# How much more the last stretches may have than the first. Memory that is given
# back to the allocator comes and goes by a few percent, and other work of the
# machine changes times.
ALLOWED = {
    "median": 1.25,
    "slowest": 1.5,
    "processor": 1.15,
    "sandbox": 1.05,
    "clients": 1.05,
}
# Caches fill, and the allocator takes what it needs.
WARM_UP = 2


@dataclass(frozen=True)
class Stretch:
    """What a stretch of the load cost.

    Attributes
    ----------
    median, slowest
        The time of a request, and of the slowest hundredth, by the bare server's.
    processor
        Milliseconds of the sandbox's processor time for a request.
    sandbox, clients
        Megabytes in memory at the end.
    """

    median: float
    slowest: float
    processor: float
    sandbox: float
    clients: float


def growth(stretches: Sequence[Stretch]) -> dict[str, float]:
    """Compare the last fifth of the stretches with the first, after the warm-up.

    By the least of each, which what else the machine does at times can't raise.
    """
    warm = stretches[WARM_UP:]
    part = max(len(warm) // 5, 1)
    if len(warm) < 2 * part:
        raise SystemExit("Too short to tell: let it run for longer.")

    def least(of: Sequence[Stretch], name: str) -> float:
        return min(float(getattr(each, name)) for each in of)

    return {
        each.name: least(warm[-part:], each.name) / least(warm[:part], each.name)
        for each in fields(Stretch)
    }


def grown(stretches: Sequence[Stretch]) -> list[str]:
    """Return the names of what grew."""
    found = growth(stretches)
    return [name for name, times in found.items() if times > ALLOWED[name]]


def serve(pipe: Connection) -> None:
    """Serve until told to stop; begin anew at each other word, and say how it is."""
    with Sandbox(seed=1, clock=BEGIN) as sandbox:
        pipe.send(sandbox.url)
        before = time.process_time()
        while pipe.recv() != "stop":
            used = time.process_time() - before
            sandbox.deliver(SECONDS_TO_DELIVER)
            lost = [each for each in sandbox.deliveries if each.state == "failed"]
            sandbox.reset()
            pipe.send((used, [repr(each) for each in lost], megabytes()))
            before = time.process_time()


def serve_bare(pipe: Connection) -> None:
    """Serve nothing, by the server that the sandbox has."""

    async def answer(_request: Request) -> Response:
        return Response(b"{}", media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", answer)])
    listener = listen_tcp(0)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_keep_alive=60
    )
    pipe.send(f"http://127.0.0.1:{listener.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listener])


class Shopper(threading.Thread):
    """Does what a shop does: writes, reads, lists, searches, and is refused.

    Parameters
    ----------
    client
        What it asks with, as all the others.
    bare
        The address of the bare server.
    number
        Whose dice it throws.
    rounds
        How often it does it all.
    """

    def __init__(self, client: Client, bare: str, number: int, rounds: int) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.bare = bare
        self.dice = random.Random(number)  # noqa: S311  # no secrets come of it
        self.rounds = rounds
        self.number = number
        self.seconds: list[float] = []
        self.bare_seconds: list[float] = []
        self.failures: list[str] = []

    def run(self) -> None:
        with requests.Session() as self.http:
            self.http.headers["Authorization"] = f"Bearer {self.client.target.key}"
            for turn in range(self.rounds):
                for work in (self.buy, self.look, self.repeat, self.compare):
                    self.guarded(work, turn)
                if turn % 10 == self.number % 10:
                    self.guarded(self.subscribe, turn)
                    self.guarded(self.read_frame, turn)

    def guarded(self, work: Callable[[int], None], turn: int) -> None:
        try:
            work(turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            self.failures.append(f"{work.__name__}: {error!r}")

    def buy(self, turn: int) -> None:
        """Let a customer buy something, and give a part of it back."""
        good = turn % 3 > 0
        customer = self.ask("POST", "customers", name="Jenny", email="j@example.com")
        payment = self.ask(
            "POST",
            "payment_intents",
            expected=OK if good else DECLINED,
            amount=self.dice.randrange(500, 9000),
            currency="usd",
            customer=customer["id"],
            payment_method="pm_card_visa" if good else "pm_card_chargeDeclined",
            confirm="true",
            return_url="https://shop.example/done",
        )
        if good:
            self.ask("GET", f"payment_intents/{payment['id']}")
            self.ask("POST", "refunds", payment_intent=payment["id"], amount=500)
        self.ask("DELETE", f"customers/{customer['id']}")

    def look(self, turn: int) -> None:
        """List, search, sum up, and ask for what isn't there."""
        del turn
        for path in ("customers", "events", "charges"):
            self.ask("GET", path, limit=20)
        self.ask("GET", "customers/search", query="email:'j@example.com'", limit=5)
        self.ask("GET", "balance")
        self.ask("GET", "customers/cus_missing", expected=MISSING)

    def repeat(self, turn: int) -> None:
        """Send the same twice under one key, which makes one object."""
        key = {"Idempotency-Key": f"{self.number}-{turn}"}
        made = [
            self.ask("POST", "products", headers=key, name="Tea")["id"]
            for _ in range(2)
        ]
        if made[0] != made[1]:
            self.failures.append(f"One idempotency key made {made}.")

    def compare(self, turn: int) -> None:
        """Ask the bare server, which takes what the machine takes for anything."""
        del turn
        for _ in range(3):
            began = time.perf_counter()
            self.http.get(self.bare, timeout=30).json()
            self.bare_seconds.append(time.perf_counter() - began)

    def subscribe(self, turn: int) -> None:
        """Let a subscription renew, by way of the SDK."""
        del turn
        with self.timed():
            price = self.client.v1.prices.create(
                {
                    "currency": "usd",
                    "unit_amount": 900,
                    "recurring": {"interval": "month"},
                    "product_data": {"name": "Tea"},
                }
            )
        clock = StripeClock(self.client, BEGIN)
        customer = clock.customer(
            payment_method="pm_card_visa",
            invoice_settings={"default_payment_method": "pm_card_visa"},
        )
        with self.timed():
            self.client.v1.subscriptions.create(
                {"customer": customer.id, "items": [{"price": price.id}]}
            )
        clock.advance(days=32)
        with self.timed():
            invoices = self.client.v1.invoices.list({"customer": customer.id}).data
        if [each.status for each in invoices] != ["paid", "paid"]:
            self.failures.append(f"Invoices are {[each.status for each in invoices]}.")
        self.client.v1.test_helpers.test_clocks.delete(clock.id)

    def read_frame(self, turn: int) -> None:
        """Read a list into a frame."""
        del turn
        with self.timed():
            rows = frame("charges", client=self.client, limit=50, progress=False)
        if rows["amount"].isna().any():
            self.failures.append("A charge in the frame has no amount.")

    def ask(
        self,
        method: str,
        path: str,
        *,
        expected: int = OK,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> Any:
        where = {"params": params} if method == "GET" else {"data": params}
        with self.timed():
            answer = self.http.request(
                method,
                f"{self.client.sandbox_url}/v1/{path}",
                headers=headers,
                timeout=30,
                **where,  # type: ignore[arg-type]
            )
        if answer.status_code != expected:
            said = f"{method} {path}: {answer.status_code} {answer.text}"
            self.failures.append(said)
        return answer.json()

    @contextmanager
    def timed(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)


class Receiver:
    """Handles the payments of a stretch, and knows which were handled how often."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.paid: list[str] = []

    def __call__(self, event: stripe.Event) -> None:
        with self.lock:
            self.paid.append(event.data.object.id)


def shop(
    client: Client, bare: str, clients: int, rounds: int
) -> tuple[list[Shopper], list[str]]:
    """Let the shoppers do their rounds; return them, and what failed."""
    receiver = Receiver()
    kinds = ["payment_intent.succeeded", "invoice.paid", "customer.deleted"]
    with listen(client=client, events=kinds) as inbox:
        inbox.on("payment_intent.succeeded")(receiver)
        shoppers = [Shopper(client, bare, number, rounds) for number in range(clients)]
        for each in shoppers:
            each.start()
        for each in shoppers:
            each.join()
        failures = [failure for each in shoppers for failure in each.failures]
        failures += missed(client, receiver)
        failures += [str(each.problem) for each in inbox.received if each.problem]
    return shoppers, failures


def missed(client: Client, receiver: Receiver) -> list[str]:
    """Tell which payments were not handled exactly once, soon after they were made."""
    made = {
        each.id
        for each in client.v1.payment_intents.list({"limit": 100}).auto_paging_iter()
        if each.status == "succeeded"
    }
    end = time.monotonic() + SECONDS_TO_DELIVER
    while set(receiver.paid) < made and time.monotonic() < end:
        time.sleep(0.05)
    wrong = {each for each in made if receiver.paid.count(each) != 1}
    return [f"{len(wrong)} payments were not handled once."] if wrong else []


def megabytes() -> float:
    """Return what this process holds in memory (Linux only, else nothing)."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 1.0
    gc.collect()
    pages = int(statm.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def process(serving: Callable[[Connection], None]) -> Iterator[Connection]:
    """Run a server in a process of its own; give the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serving, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours
    finally:
        server.kill()
        server.join()


def main() -> None:
    """Load a sandbox, and print how it fares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=40, help="of each, in a stretch")
    options = parser.parse_args()
    stretches: list[Stretch] = []
    failures = asked = 0
    end = time.monotonic() + options.minutes * 60
    with process(serve) as pipe, process(serve_bare) as bare:
        address = bare.recv()
        with connect(sandbox_url=pipe.recv()) as client:
            while time.monotonic() < end:
                shoppers, failed = shop(
                    client, address, options.clients, options.rounds
                )
                pipe.send("anew")
                used, lost, held = pipe.recv()
                failed += lost
                stretch, made = measured(shoppers, used, held)
                print(line(stretch, shoppers, failed), flush=True)
                stretches.append(stretch)
                asked, failures = asked + made, failures + len(failed)
        pipe.send("stop")
    print(f"{asked:,} requests in {len(stretches)} stretches, {failures} failed.")
    for name, times in growth(stretches).items():
        print(f"{name}: {times:.2f} of what it was ({ALLOWED[name]:.2f} allowed)")
    sys.exit(1 if failures or grown(stretches) else 0)


def measured(
    shoppers: Sequence[Shopper], used: float, held: float
) -> tuple[Stretch, int]:
    """Return what a stretch cost, and how many requests it had."""
    taken = [seconds for each in shoppers for seconds in each.seconds]
    bare = [seconds for each in shoppers for seconds in each.bare_seconds]
    stretch = Stretch(
        median=statistics.median(taken) / statistics.median(bare),
        slowest=slowest(taken) / slowest(bare),
        processor=used / len(taken) * 1000,
        sandbox=held,
        clients=megabytes(),
    )
    return stretch, len(taken)


def slowest(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def line(stretch: Stretch, shoppers: Sequence[Shopper], failed: Sequence[str]) -> str:
    """Write a stretch down, with the first thing that failed."""
    taken = [seconds for each in shoppers for seconds in each.seconds]
    median = statistics.median(taken) * 1000
    return (
        f"{len(taken):7,} requests, {len(failed)} failed; "
        f"median {median:5.1f} ms = {stretch.median:.2f} bare, "
        f"99 % {slowest(taken) * 1000:6.1f} ms = {stretch.slowest:.2f} bare, "
        f"processor {stretch.processor:5.2f} ms; "
        f"sandbox {stretch.sandbox:4.0f} MB, clients {stretch.clients:4.0f} MB"
        + (f"; {failed[0]}" if failed else "")
    )


if __name__ == "__main__":
    main()
