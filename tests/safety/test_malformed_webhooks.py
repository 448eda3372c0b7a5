"""Malformed requests to an inbox: each is answered or cut off, and it listens on.

More of them: ``STRIPE_NB_REQUESTS=100000 pytest tests/safety``.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter

import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import connect
from stripe_nb.webhooks import listen

from .conftest import Wire, read_all
from .malformed import Malformed

REQUESTS = min(int(os.environ.get("STRIPE_NB_REQUESTS", "400")), 20_000)


def test_no_malformed_request_fails_an_inbox(
    running: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    operations = list(running.engine.catalog.operations.values())
    malformed = Malformed(3, running.key, operations)
    statuses: Counter[bytes] = Counter()
    threads = threading.active_count()
    with connect(sandbox=running) as client, listen(client=client) as inbox:
        wire = Wire(int(inbox.url.split(":")[2].split("/")[0]), "")
        for number in range(REQUESTS):
            sent = malformed.make()
            if number % 2:
                signed = b"Stripe-Signature: t=1,v1=00\r\nHost:"
                sent = sent.replace(b"Host:", signed, 1)
            with wire.connect() as connection:
                connection.settimeout(0.05)
                with contextlib.suppress(OSError):
                    connection.sendall(sent)
                    statuses[read_all(connection)[9:12]] += 1
        client.v1.products.create({"name": "Tea"})
        assert inbox.wait_for("product.created").is_verified
        verified = [each for each in inbox.received if each.is_verified]
    assert [each.type for each in verified] == ["product.created"]
    assert not {b"200", b"500"} & set(statuses), statuses
    assert statuses[b"400"] > REQUESTS / 10, statuses
    assert threading.active_count() <= threads + 2
    # http.server prints the traceback of what it did not foresee.
    assert "Traceback" not in capfd.readouterr().err
