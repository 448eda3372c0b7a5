"""Each event's effect happens once: duplicates, disorder, failures, kill -9.

A small run by default; STRIPE_NB_WEBHOOKS and STRIPE_NB_KILLS make it larger.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stripe_nb.clock import monotonic
from stripe_nb.webhooks import EventStore

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

EVENTS = int(os.environ.get("STRIPE_NB_WEBHOOKS", "150"))
KILLS = int(os.environ.get("STRIPE_NB_KILLS", "3"))
SENDERS = 8
PATIENCE = 30 + EVENTS * 0.1


class Receiver:
    """The receiving process, and who kills it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.port = 0
        self.starts = 0
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        script = Path(__file__).with_name("receiver.py")
        command = [sys.executable, script, self.database, str(self.port), self.starts]
        self.process = subprocess.Popen(
            [str(each) for each in command],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.starts += 1
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().split(":")[2].split("/")[0])

    def kill(self) -> None:
        with self._lock:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            assert self.process.stdout
            self.process.stdout.close()

    def restart(self) -> None:
        self.kill()
        self.start()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    for name in ("shop.db", "shop.db.other"):
        with closing(sqlite3.connect(tmp_path / name)) as shop:
            key = " primary key" if name.endswith("other") else ""
            shop.execute(f"create table effects (event text{key})")
            shop.commit()
    running = Receiver(tmp_path / "shop.db")
    yield running
    running.kill()


def send(receiver: Receiver, body: bytes, header: str) -> int | None:
    """Send once, as Stripe would; None if there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=20)
    try:
        connection.request("POST", "/webhook", body, {"Stripe-Signature": header})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def test_each_event_has_its_effect_exactly_once(receiver: Receiver, sign: Sign) -> None:
    chance = random.Random(7)  # noqa: S311 - chances, no secrets
    names = [f"evt_{number}" for number in range(EVENTS)]
    # A third comes twice, and nothing comes in order.
    deliveries = names + chance.sample(names, EVENTS // 3)
    chance.shuffle(deliveries)
    answers: Counter[int | None] = Counter()
    end = monotonic() + PATIENCE
    done = threading.Event()

    def deliver(name: str) -> None:
        """Send until it is taken, as Stripe does."""
        while monotonic() < end:
            status = send(receiver, *sign(event_id=name))
            answers[status] += 1
            if status == 200:
                return
            time.sleep(0.05)
        raise TimeoutError(name)

    def murder() -> None:
        for _ in range(KILLS):
            # Killed again and again, while webhooks keep coming.
            if done.wait(chance.uniform(0.2, 0.6)):
                return
            receiver.restart()

    murderer = threading.Thread(target=murder)
    murderer.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(deliver, deliveries))
    if receiver.starts > KILLS:
        done.set()
    murderer.join()

    with closing(sqlite3.connect(receiver.database)) as shop:
        effects = [row[0] for row in shop.execute("select event from effects")]
    with closing(sqlite3.connect(f"{receiver.database}.other")) as other:
        elsewhere = {row[0] for row in other.execute("select event from effects")}
    assert sorted(effects) == sorted(names)
    assert elsewhere == set(names)
    store = EventStore(receiver.database)
    assert store.outcomes() == dict.fromkeys(names, "handled")
    store.close()
    assert receiver.starts == KILLS + 1
    # Of the killed ones nothing lies about; the last one lives.
    assert len(list(receiver.database.parent.glob("*.lock"))) == 1
    assert answers[500], "no handler failed: the test proves less than it says"
    sys.stdout.write(f"{EVENTS} events, {receiver.starts - 1} kills: {answers}\n")
