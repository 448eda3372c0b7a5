"""Webhooks when something comes between: slow receivers, resets, an early end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import stripe

from stripe_nb.clock import monotonic
from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.delivery import sending
from stripe_nb.sandbox.delivery.contents import contents
from stripe_nb.sandbox.delivery.courier import Parcel
from stripe_nb.sandbox.delivery.ledger import Delivery
from stripe_nb.sandbox.wire import Request, encode_form

if TYPE_CHECKING:
    from tests.sandbox.conftest import Receiver


def client_of(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=0
    )


def hook(client: stripe.StripeClient, url: str, **more: Any) -> Any:
    params: Any = {"url": url, "enabled_events": ["*"], **more}
    return client.v1.webhook_endpoints.create(params)


def post(sandbox: Sandbox, path: str, params: dict[str, Any]) -> None:
    headers = {
        "authorization": f"Bearer {sandbox.key}",
        "content-type": "application/x-www-form-urlencoded",
    }
    body = encode_form(params).encode()
    answer = sandbox.handle(Request("POST", path, headers=headers, body=body))
    assert answer.status == 200, answer.body


@pytest.fixture
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15", webhook_delays=()) as sandbox:
        yield sandbox


@contextmanager
def dripping(first: bytes, more: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Serve an answer that begins at once and then comes byte by byte."""
    asked, ended = threading.Event(), threading.Event()

    def serve(server: socket.socket) -> None:
        taken, _ = server.accept()
        with taken:
            taken.recv(65536)
            taken.sendall(first)
            asked.set()
            while not ended.wait(0.05):
                try:
                    taken.sendall(more)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/", asked
        finally:
            ended.set()
            thread.join(5)


@pytest.mark.parametrize("how", ["reset", "restore"])
def test_what_was_under_way_before_says_nothing_of_what_comes_after(
    running: Sandbox, receiver: Receiver, tmp_path: Path, how: str
) -> None:
    empty = running.snapshot(tmp_path / "empty.db")
    came, go = threading.Event(), threading.Event()

    def hold() -> None:
        came.set()
        go.wait(5)

    receiver.before_answer = hold
    client = client_of(running)
    hook(client, receiver.url)
    client.v1.customers.create({"name": "before"})
    assert came.wait(5)

    if how == "reset":
        running.reset()
    else:
        running.restore(empty)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        hook(client, f"http://127.0.0.1:{port}/", enabled_events=["product.created"])
        client.v1.products.create({"name": "after"})
        lanes = [lane for lane in threading.enumerate() if "webhooks to" in lane.name]
        go.set()
        with pytest.raises(SandboxError, match="still to be delivered"):
            running.deliver(timeout=0.5)
        assert lanes
        (delivery,) = running.deliveries
        assert (delivery.state, delivery.attempts) == ("waiting", 0)
        running.stop()


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
    ],
)
def test_a_slow_receiver_does_not_hold_up_the_end(
    running: Sandbox, first: bytes
) -> None:
    with dripping(first, b"x") as (url, asked):
        client = client_of(running)
        hook(client, url)
        client.v1.customers.create({"name": "A"})
        assert asked.wait(5)
        running.deliver(5) if first else None
        lanes = list(running._courier._lanes.values())
        began = monotonic()
        running.stop()
        assert monotonic() - began < 5
        assert lanes
        assert not any(lane.is_alive() for lane in lanes)


def test_the_end_comes_in_the_middle_of_connecting() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for queued in (first, second):
            queued.setblocking(False)
            queued.connect_ex(full.getsockname())
        sender = sending.Sender()
        failed = threading.Event()

        def send() -> None:
            with pytest.raises(OSError):  # noqa: PT011 - its text is the system's
                sender.post(f"http://127.0.0.1:{full.getsockname()[1]}/", b"", {})
            failed.set()

        threading.Thread(target=send, daemon=True).start()
        assert not failed.wait(0.3)
        sender.stop()
        assert failed.wait(2)


def test_one_limit_holds_for_all_of_an_answer_s_head(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SECONDS_TO_ANSWER", 0.5)
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x") as (url, _):
        client = client_of(running)
        hook(client, url)
        client.v1.customers.create({"name": "A"})
        running.deliver(5)
    (delivery,) = running.deliveries
    assert delivery.state == "failed"
    assert delivery.error == "No answer within 0.5 seconds."


def test_a_status_counts_before_the_rest_has_come(running: Sandbox) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
    with dripping(head, b"x") as (url, _):
        client = client_of(running)
        hook(client, url)
        client.v1.customers.create({"name": "A"})
        running.deliver(3)
        assert [each.state for each in running.deliveries] == ["delivered"]
        running.stop()


@pytest.mark.parametrize("host", ["a" * 64 + ".localhost", "a..localhost"])
def test_a_host_that_can_t_be_looked_up_is_refused(running: Sandbox, host: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Not a valid URL"):
        hook(client_of(running), f"http://{host}:9/")


def test_what_can_t_be_sent_fails_and_what_follows_is_sent(
    running: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(running)
    hook(client, receiver.url)
    real, broken = sending.Sender.post, [UnicodeError("label too long")]

    def post_once(sender: sending.Sender, *args: Any) -> int:
        if broken:
            raise broken.pop()
        return real(sender, *args)

    monkeypatch.setattr(sending.Sender, "post", post_once)
    client.v1.customers.create({"name": "A"})
    client.v1.customers.create({"name": "B"})
    running.deliver(5)

    first, second = running.deliveries
    assert (first.state, first.error) == ("failed", "UnicodeError: label too long")
    assert second.state == "delivered"


def test_what_can_t_be_put_in_words_fails_and_what_follows_is_sent(
    running: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(running)
    hook(client, receiver.url)
    module = "stripe_nb.sandbox.delivery.courier"
    real, broken = sending.said, [KeyError("lines")]

    def contents_once(*_: Any) -> bytes:
        if broken:
            raise broken.pop()
        return b"{}"

    monkeypatch.setattr(f"{module}.contents", contents_once)
    client.v1.customers.create({"name": "A"})
    client.v1.customers.create({"name": "B"})
    running.deliver(5)

    first, second = running.deliveries
    assert (first.state, first.error) == ("failed", real(KeyError("lines")))
    assert second.state == "delivered"


def test_what_waits_in_a_snapshot_is_sent_once_it_is_restored(
    receiver: Receiver, tmp_path: Path
) -> None:
    quiet = Sandbox(seed=3)
    post(
        quiet,
        "/v1/webhook_endpoints",
        {"url": receiver.url, "enabled_events": ["customer.created"]},
    )
    post(quiet, "/v1/customers", {"name": "A"})
    kept = quiet.snapshot(tmp_path / "waiting.db")
    quiet.stop()

    with Sandbox(seed=3) as running:
        running.restore(kept)
        running.deliver(5)
        assert [each.state for each in running.deliveries] == ["delivered"]
    assert len(receiver.got) == 1


def test_an_older_endpoint_gets_the_former_values_in_older_shapes(
    running: Sandbox, receiver: Receiver
) -> None:
    client = client_of(running)
    older = hook(
        client,
        receiver.url,
        api_version="2024-06-20",
        enabled_events=["customer.updated"],
    )
    customer = client.v1.customers.create({"name": "A", "metadata": {"k": "1"}})
    client.v1.customers.update(customer.id, {"metadata": {"k": "2"}})
    running.deliver(5)

    (event,) = receiver.events(older.secret)
    told = event.data.to_dict()["previous_attributes"]
    assert told == {"metadata": {"k": "1"}}


def test_former_values_are_told_in_the_words_of_an_older_version(
    running: Sandbox,
) -> None:
    event = {
        "object": "event",
        "data": {
            "object": {
                "id": "cs_1",
                "object": "checkout.session",
                "ui_mode": "elements",
                "metadata": {"k": "2", "same": "x"},
            },
            "previous_attributes": {"ui_mode": "hosted_page", "metadata": {"k": "1"}},
        },
    }
    delivery = Delivery(1, "we", "a", "e", "a", 1)

    sent = contents(running.engine, event, {"api_version": "2024-06-20"}, delivery)

    data = orjson.loads(sent)["data"]
    assert data["object"]["ui_mode"] == "custom"
    assert data["previous_attributes"] == {"ui_mode": "hosted", "metadata": {"k": "1"}}


def test_a_stopped_sandbox_says_that_it_was_stopped(tmp_path: Path) -> None:
    running = Sandbox(seed=1)
    running.stop()
    for act in (
        lambda: running.deliveries,
        running.deliver,
        running.reset,
        lambda: running.snapshot(tmp_path / "late.db"),
        lambda: running.restore(tmp_path / "late.db"),
    ):
        with pytest.raises(SandboxError, match="was stopped"):
            act()


def test_who_waits_for_deliveries_hears_of_the_end(running: Sandbox) -> None:
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(running)
        hook(client, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        client.v1.customers.create({"name": "A"})

        def wait() -> None:
            try:
                running.deliver(30)
            except SandboxError as error:
                heard.append(str(error))

        waiter = threading.Thread(target=wait, daemon=True)
        waiter.start()
        waiter.join(0.2)
        assert waiter.is_alive()
        running.stop()
        waiter.join(5)
    assert heard == ["This sandbox was stopped: make a new one."]


def test_a_parcel_keeps_its_secret_to_itself() -> None:
    delivery = Delivery(1, "we_1", "acct_1", "evt_1", "acct_1", 1)
    parcel = Parcel(delivery, "http://127.0.0.1/", "whsec_1", b"{}", 0)
    assert "whsec_1" not in repr(parcel)


def test_events_are_sent_again_to_those_that_they_are_for(
    running: Sandbox, receiver: Receiver
) -> None:
    client = client_of(running)
    own = hook(client, receiver.url, enabled_events=["customer.created"])
    others = hook(
        client, receiver.url, enabled_events=["customer.created"], connect=True
    )
    account = client.v1.accounts.create({"type": "custom", "country": "US"})
    client.v1.customers.create({"name": "ours"})
    client.v1.customers.create({"name": "theirs"}, {"stripe_account": account.id})
    running.deliver(5)
    wanted: Any = {"type": "customer.created"}
    (ours,) = client.v1.events.list(wanted).data
    (theirs,) = client.v1.events.list(wanted, {"stripe_account": account.id}).data

    client.raw_request("post", f"/v1/events/{ours.id}/retry")
    client.raw_request("post", f"/v1/events/{theirs.id}/retry", account=account.id)
    client.raw_request(
        "post",
        f"/v1/events/{theirs.id}/retry",
        account=account.id,
        webhook_endpoint=others.id,
    )
    running.deliver(5)

    again = running.deliveries[2:]
    assert [(each.endpoint, each.event, each.account) for each in again] == [
        (own.id, ours.id, running.engine.account),
        (others.id, theirs.id, account.id),
        (others.id, theirs.id, account.id),
    ]
    assert {each.state for each in again} == {"delivered"}
    assert b'"account": "%b"' % account.id.encode() in receiver.got[-1][1]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.raw_request("post", f"/v1/events/{ours.id}/retry", account="acct_none")
    assert caught.value.param == "account"
