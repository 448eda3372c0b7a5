"""What a client of the CLI's websocket sends can't fail the sandbox."""

from __future__ import annotations

import socket
import threading
from typing import Any

import orjson
import pytest
import requests
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    Message,
    Request,
    TextMessage,
)

from stripe_nb.sandbox import Sandbox


class Cli:
    """The least of a client."""

    def __init__(self, sandbox: Sandbox) -> None:
        port = int(sandbox.url.rpartition(":")[2])
        self.sandbox = sandbox
        self.session = self.post("stripecli/sessions", {"device_name": "lab"})
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        told = [(b"websocket-id", self.session["websocket_id"].encode())]
        target = "/_sandbox/stripecli"
        self._send(Request(host="127.0.0.1", target=target, extra_headers=told))
        assert isinstance(self._next(), AcceptConnection)

    def post(self, path: str, params: dict[str, Any]) -> Any:
        key = {"Authorization": f"Bearer {self.sandbox.key}"}
        url = f"{self.sandbox.url}/v1/{path}"
        return requests.post(url, params, headers=key, timeout=5).json()

    def say(self, message: Message[Any]) -> None:
        self._send(message)

    def hear(self) -> Any:
        event = self._next()
        text = ""
        while isinstance(event, TextMessage):
            text += event.data
            if event.message_finished:
                return orjson.loads(text)
            event = self._next()
        raise AssertionError(event)

    def close(self) -> None:
        self._socket.close()

    def _send(self, event: Any) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _next(self) -> Any:
        while True:
            for event in self._protocol.events():
                return event
            self._protocol.receive_data(self._socket.recv(65_536))


@pytest.fixture
def cli(running: Sandbox) -> Any:
    client = Cli(running)
    yield client
    client.close()


def acknowledgement(frame: Any) -> TextMessage:
    told = {
        "type": "event_ack",
        "webhook_conversation_id": frame["webhook_conversation_id"],
    }
    return TextMessage(data=orjson.dumps(told).decode())


@pytest.mark.parametrize(
    "message",
    [
        BytesMessage(data=b"\xff\x00"),
        TextMessage(data=""),
        TextMessage(data="[" * 100_000),
        TextMessage(data='{"type": "event_ack", "webhook_conversation_id": {"a": 1}}'),
        TextMessage(data='{"type": ["event_ack"]}'),
        TextMessage(data='"event_ack"'),
    ],
    ids=range(6),
)
def test_frames_that_make_no_sense_are_passed_over(
    cli: Cli, message: Message[Any]
) -> None:
    cli.say(message)
    cli.post("customers", {"name": "A"})
    assert cli.hear()["type"] == "webhook_event"


def test_a_late_acknowledgement_counts_for_nothing_after_a_reset(
    cli: Cli, running: Sandbox
) -> None:
    running.reset()
    cli.post("customers", {"name": "A"})
    before = cli.hear()
    running.reset()
    made = cli.post("customers", {"name": "A"})
    after = cli.hear()
    event = orjson.loads(after["event_payload"])["id"]
    assert orjson.loads(before["event_payload"])["id"] == event

    def pending() -> int:
        url = f"{running.url}/v1/events/{event}"
        key = {"Authorization": f"Bearer {running.key}"}
        found: int = requests.get(url, headers=key, timeout=5).json()[
            "pending_webhooks"
        ]
        return found

    cli.say(acknowledgement(before))
    cli.post("customers/" + made["id"], {"name": "B"})
    cli.hear()
    assert pending() == 1
    cli.say(acknowledgement(after))
    cli.post("customers/" + made["id"], {"name": "C"})
    cli.hear()
    for _ in range(100):
        if not pending():
            break
        threading.Event().wait(0.02)
    assert pending() == 0
