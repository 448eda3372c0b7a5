"""Mixed load for as long as you like: does memory or latency grow, does anything fail?

Run by hand::

    python tests/benchmarks/soak.py --minutes 30 --clients 8

The sandbox serves in a process of its own. Each line is one stretch of time: the
requests in it, what failed, how long they took, and the memory of that process. So
that only a leak can make it grow, the sandbox begins anew now and then, as a test
suite lets it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from stripe_nb.sandbox import Sandbox

KEY = "sk_test_" + "A1b2C3d4" * 3
STRETCHES = 10
FAILED = 500


def serve(pipe: Connection) -> None:
    """Serve until told to stop; begin anew at each other word."""
    with Sandbox(seed=1) as sandbox:
        pipe.send(sandbox.url)
        while pipe.recv() != "stop":
            sandbox.reset()
            pipe.send("anew")


class Client(threading.Thread):
    """Sends what a shop sends: writes, reads, lists, searches, and refusals."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self.url = f"{url}/v1/"
        self.dice = random.Random(number)  # noqa: S311  # no secrets come of it
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {KEY}"
        self.seconds: list[float] = []
        self.failures: list[str] = []
        self.ended = False

    def run(self) -> None:
        while not self.ended:
            self.buy()

    def buy(self) -> None:
        """Let a customer buy something, and look at it in several ways."""
        customer = self.ask("POST", "customers", name="Jenny", email="j@example.com")
        card = self.dice.choice(("pm_card_visa", "pm_card_chargeDeclined"))
        payment = self.ask(
            "POST",
            "payment_intents",
            amount=2000,
            currency="usd",
            customer=customer.get("id", ""),
            payment_method=card,
            confirm="true",
            return_url="https://shop.example/done",
        )
        self.ask("GET", f"payment_intents/{payment.get('id')}")
        if payment.get("status") == "succeeded":
            self.ask("POST", "refunds", payment_intent=payment["id"], amount=500)
        for path in ("customers", "events", "charges"):
            self.ask("GET", path, limit=20)
        self.ask("GET", "customers/search", query="email:'j@example.com'", limit=5)
        self.ask("GET", "balance")
        self.ask("GET", "customers/cus_missing")

    def ask(self, method: str, path: str, **params: Any) -> Any:
        where = {"params": params} if method == "GET" else {"data": params}
        began = time.perf_counter()
        try:
            answer = self.http.request(
                method,
                self.url + path,
                timeout=30,
                **where,  # type: ignore[arg-type]
            )
        except requests.RequestException as error:
            self.failures.append(repr(error))
            return {}
        self.seconds.append(time.perf_counter() - began)
        if answer.status_code >= FAILED:
            self.failures.append(answer.text)
        return answer.json()


def megabytes(pid: int) -> float:
    """Return what a process holds in memory (Linux only, else 0)."""
    statm = Path(f"/proc/{pid}/statm")
    if not statm.exists():
        return 0.0
    pages = int(statm.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Load a sandbox, and print how it fares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    url = ours.recv()
    clients = [Client(url, number) for number in range(options.clients)]
    for client in clients:
        client.start()
    failures = 0
    for _ in range(STRETCHES):
        time.sleep(options.minutes * 60 / STRETCHES)
        taken = [seconds for client in clients for seconds in client.seconds]
        failed = [failure for client in clients for failure in client.failures]
        for client in clients:
            client.seconds, client.failures = [], []
        failures += len(failed)
        slow = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else 0.0
        print(
            f"{len(taken):8,} requests, {len(failed)} failed; median "
            f"{statistics.median(taken) * 1000:6.1f} ms, 99 % {slow * 1000:6.1f} ms; "
            f"{megabytes(server.pid or 0):6.0f} MB",
            *failed[:1],
            flush=True,
        )
        ours.send("anew")
        ours.recv()
    for client in clients:
        client.ended = True
    for client in clients:
        client.join(30)
    ours.send("stop")
    server.join(10)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
