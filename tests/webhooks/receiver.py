"""A receiver of webhooks in a process of its own, made to be killed.

``python receiver.py DATABASE PORT SEED``: each event adds its object to the
table ``effects``, in the store's transaction. By the seed, some handlers fail,
and some take a moment, so that a kill strikes in the middle of them.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import threading
import time
from typing import Any

from stripe_nb.webhooks import Endpoint
from stripe_nb.webhooks.server import Server

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"


def main(database: str, port: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - chances, no secrets
    endpoint = Endpoint(SECRET, store=database)

    @endpoint.on("invoice.*")
    def count(event: Any, effects: sqlite3.Connection) -> None:
        effects.execute("insert into effects values (?)", (event.id,))
        if chance.random() < 0.1:
            raise ValueError("a failure of the handler's")
        if chance.random() < 0.02:
            time.sleep(0.02)

    @endpoint.on("invoice.*")
    def elsewhere(event: Any) -> None:
        # An effect outside the store: at least once, and so by its id.
        with sqlite3.connect(f"{database}.other", timeout=30) as other:
            other.execute("insert or ignore into effects values (?)", (event.id,))
        other.close()

    server = Server(endpoint.receive, port)
    server.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
