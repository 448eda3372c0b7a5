"""A create whose connection is cut makes one object, wherever the cut falls."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
import stripe

from stripe_nb.errors import explain
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.transport.cuts import check_whole, repeating_cuts

_LIMIT = 65_536


class CuttingProxy:
    """Hands bytes on between a client and a sandbox, and cuts where it is told.

    ``before``: at the client's first byte. ``during``: the request goes through
    whole, and a part of the answer's head comes back. ``body``: its head and a
    part of its body. ``after``: the request goes through, and the connection
    ends before the first byte of the answer.
    """

    def __init__(self, target: int, cuts: list[str]) -> None:
        self._target = target
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        # As many exchanges as the client keeps the connection for.
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            while request := _message(client):
                cut = self._cuts.pop(0) if self._cuts else ""
                if cut:
                    self.cut.append(cut)
                if cut == "before":
                    return
                server.sendall(request)
                answer = _message(server)
                head = answer.index(b"\r\n\r\n") + 4
                parts = {"during": 20, "body": head + 10, "after": 0}
                client.sendall(answer[: parts.get(cut, len(answer))])
                if cut:
                    return


def _message(source: socket.socket) -> bytes:
    """Read a whole request or answer: its head, and as much body as it says."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = source.recv(_LIMIT)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    sizes = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
    while len(body) < (sizes[0] if sizes else 0):
        body += source.recv(_LIMIT)
    return head + b"\r\n\r\n" + body


@contextmanager
def cut_off(cuts: list[str], retries: int = 2) -> Iterator[tuple[Client, CuttingProxy]]:
    with Sandbox(seed=7, clock="2026-01-15") as running:
        proxy = CuttingProxy(int(running.url.rpartition(":")[2]), cuts)
        url = f"http://127.0.0.1:{proxy.port}"
        with connect(sandbox_url=url, max_network_retries=retries) as client:
            yield client, proxy
        proxy.close()


@pytest.mark.parametrize(
    "cuts",
    [["before"], ["during"], ["body"], ["after"], ["after", "during"]],
    ids=" and ".join,
)
def test_a_create_that_is_cut_off_makes_one_object(
    cuts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    with cut_off(list(cuts)) as (client, proxy):
        made = client.v1.customers.create({"email": "ada@example.com"})
        call = client.calls.all[-1]
        assert proxy.cut == cuts
        assert (call.status, call.retries) == (200, len(cuts))
        assert call.idempotency_key
        everybody = client.v1.customers.list({"limit": 100}).data
        assert [customer.id for customer in everybody] == [made.id]


def test_without_retries_the_caller_learns_that_a_retry_is_safe() -> None:
    options: stripe.RequestOptions = {"idempotency_key": "order-1"}
    with cut_off(["after"], retries=0) as (client, _):
        with pytest.raises(stripe.APIConnectionError) as caught:
            client.v1.customers.create({"email": "ada@example.com"}, options)
        told = explain(caught.value)
        assert told.retry_is_safe
        assert "same idempotency key" in told.retry_how
        client.v1.customers.create({"email": "ada@example.com"}, options)
        assert len(client.v1.customers.list().data) == 1


def test_an_asynchronous_body_that_is_cut_off_is_tried_again_too() -> None:
    with pytest.raises(stripe.APIConnectionError) as caught, repeating_cuts():
        raise aiohttp.ClientPayloadError("Response payload is not completed")
    assert caught.value.should_retry
    with pytest.raises(ZeroDivisionError), repeating_cuts():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("answer", "is_whole"),
    [
        ((b"{}", 200, {"Content-Type": "application/json"}), True),
        ((b"", 200, {"content-length": "0"}), True),
        ((b"", 200, {"Transfer-Encoding": "chunked"}), True),
        ((b"", 204, {}), True),
        ((b"", 200, {"Content-Type": "application/json"}), False),
        (("", 500, {}), False),
    ],
)
def test_an_empty_answer_is_whole_only_if_it_says_so(
    answer: tuple[Any, int, dict[str, str]], is_whole: bool
) -> None:
    if is_whole:
        check_whole(answer)
    else:
        with pytest.raises(stripe.APIConnectionError, match="within its head"):
            check_whole(answer)
