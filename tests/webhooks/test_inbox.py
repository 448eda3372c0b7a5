"""Webhooks from the sandbox to a handler, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_nb.errors import WebhookError
from stripe_nb.session import Client, connect
from stripe_nb.webhooks import Inbox, Received, listen, verify


def pay(client: Client, card: str = "pm_card_visa") -> Any:
    return client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "payment_method": card,
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
    )


def send(url: str, body: bytes, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_an_event_arrives_typed_and_is_shown(inbox: Inbox, hasty: Client) -> None:
    got: list[stripe.Event] = []
    inbox.on("payment_intent.*")(got.append)
    intent = pay(hasty)
    received = inbox.wait_for("payment_intent.succeeded")

    assert received.outcome == "handled"
    assert received.payload["data"]["object"]["id"] == intent.id
    assert isinstance(got[-1].data.object, stripe.PaymentIntent)
    assert inbox.wait_for("charge.succeeded").outcome == "unhandled"


def test_an_update_tells_what_was_before(inbox: Inbox, hasty: Client) -> None:
    customer = hasty.v1.customers.create({"name": "Ada"})
    hasty.v1.customers.update(customer.id, {"name": "Grace"})
    updated = inbox.wait_for("customer.updated")
    assert updated.previous_attributes == {"name": "Ada"}
    assert inbox.wait_for("customer.created").previous_attributes is None


def test_only_the_types_that_were_asked_for_arrive(
    hasty: Client, settle: Callable[[], None]
) -> None:
    with listen(client=hasty, events=["customer.*", "charge.failed"]) as inbox:
        (endpoint,) = hasty.v1.webhook_endpoints.list().data
        assert "customer.tax_id.created" in endpoint.enabled_events
        pay(hasty)
        hasty.v1.customers.create({"name": "Ada"})
        settle()
        assert [each.type for each in inbox.received] == ["customer.created"]


def test_the_endpoint_is_there_as_long_as_the_inbox(hasty: Client) -> None:
    with listen(client=hasty) as inbox:
        (endpoint,) = hasty.v1.webhook_endpoints.list().data
        assert endpoint.url == inbox.url
        assert inbox.url.startswith("http://127.0.0.1:")
    assert not hasty.v1.webhook_endpoints.list().data
    with pytest.raises(urllib.error.URLError):
        send(inbox.url, b"{}")
    inbox.close()


def test_an_inbox_can_outlive_its_client_and_its_sandbox() -> None:
    client = connect(seed=7, scenario=None)
    inbox = listen(client=client)
    client.close()
    inbox.close()
    assert repr(inbox) == "<stripe_nb webhook inbox: closed, 0 received>"


def test_without_a_client_the_one_connected_last_is_used(hasty: Client) -> None:
    with listen() as inbox:
        hasty.v1.products.create({"name": "Tea"})
        assert inbox.wait_for("product.created").type == "product.created"


def test_a_failing_handler_is_called_again_by_stripe(
    inbox: Inbox, hasty: Client, settle: Callable[[], None]
) -> None:
    tries: list[str] = []

    @inbox.on("product.created")
    def fail_twice(event: stripe.Event) -> None:
        tries.append(event.id)
        if len(tries) < 3:
            raise ValueError("not yet")

    hasty.v1.products.create({"name": "Tea"})
    first = inbox.wait_for("product.created")
    assert first.problem in ("ValueError: not yet", None)
    settle()
    (received,) = inbox.received
    assert (received.outcome, received.attempts) == ("handled", 3)
    assert len(set(tries)) == 1
    sandbox: Any = hasty.sandbox
    assert [each.status for each in sandbox.deliveries] == [200]


def test_events_can_be_sent_again_and_replayed(
    inbox: Inbox, hasty: Client, settle: Callable[[], None]
) -> None:
    ran: list[object] = []
    inbox.on("product.created")(ran.append)
    hasty.v1.products.create({"name": "Tea"})
    event = inbox.wait_for("product.created").id

    inbox.resend(event)
    settle()
    assert [each.outcome for each in inbox.received] == ["handled", "duplicate"]
    inbox.replay(event)
    assert len(ran) == 2


def test_events_from_before_are_read_from_stripe(hasty: Client, tmp_path: Path) -> None:
    before = hasty.v1.products.create({"name": "Tea"})
    hasty.v1.customers.create({"name": "Ada"})
    ran: list[Any] = []
    with listen(client=hasty, store=tmp_path / "events.db") as inbox:
        inbox.on("*")(ran.append)
        caught = inbox.catch_up(before.created, "product.*")
        assert [each.type for each in caught] == ["product.created"]
        everything = inbox.catch_up(before.created)
        assert [each.type for each in everything] == ["customer.created"]
        assert [each.type for each in ran] == ["product.created", "customer.created"]
        assert ran[0].data.object.name == "Tea"
    with listen(client=hasty, store=tmp_path / "events.db") as inbox:
        event = hasty.v1.events.list({"type": "product.created"}).data[0]
        assert inbox.replay(event.id).attempts == 3


def test_what_an_event_is_about_can_be_read_as_it_is_now(
    inbox: Inbox, hasty: Client
) -> None:
    current: list[Any] = []
    deleted = threading.Event()

    @inbox.on("customer.updated")
    def late(event: stripe.Event) -> None:
        assert deleted.wait(10)
        current.append(inbox.current_object(event))

    customer = hasty.v1.customers.create({"name": "Ada"})
    hasty.v1.customers.update(customer.id, {"name": "Grace"})
    hasty.v1.customers.delete(customer.id)
    deleted.set()
    inbox.wait_for("customer.updated")
    assert isinstance(current[0], stripe.Customer)
    assert current[0].deleted
    event = hasty.v1.events.list({"type": "customer.updated"}).data[0]
    event.data.object["object"] = "balance"
    with pytest.raises(WebhookError, match="balance can't be read by their id"):
        inbox.current_object(event)


def test_thin_events_arrive_as_notifications(hasty: Client) -> None:
    got: list[Any] = []
    with listen(client=hasty, events=["v1.customer.created", "invoice.*"]) as inbox:
        inbox.on("v1.customer.created")(got.append)
        customer = hasty.v1.customers.create({"name": "Ada"})
        received = inbox.wait_for("v1.customer.created")
        assert inbox.current_object(got[0]).id == customer.id
        assert received.outcome == "handled"
        assert received.created > 1_700_000_000
        assert "data" not in received.payload
    assert not hasty.v2.core.event_destinations.list().data


@pytest.mark.parametrize("events", [[], "invoice.*", ["invoice.payed"], [""]])
def test_a_wish_that_can_t_be_met_is_refused_and_leaves_nothing(
    hasty: Client, events: Any
) -> None:
    threads = threading.active_count()
    with pytest.raises(WebhookError):
        listen(client=hasty, events=events)
    assert not hasty.v1.webhook_endpoints.list().data
    assert threading.active_count() <= threads


def test_strangers_get_400_and_other_requests_are_turned_away(inbox: Inbox) -> None:
    status, text = send(inbox.url, b"{}")
    assert (status, "header is missing" in text) == (400, True)
    assert send(inbox.url, b"{}", **{"Stripe-Signature": "t=1,v1=0"})[0] == 400
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(inbox.url)
    assert [each.outcome for each in inbox.received] == ["refused", "refused"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 99999999999", b"413"),
        (b"Content-Length: -1", b"411"),
        (b"Transfer-Encoding: chunked", b"411"),
        (b"Content-Length: 5", b""),
    ],
)
def test_bodies_that_are_not_right_are_not_waited_for(
    inbox: Inbox, head: bytes, status: bytes
) -> None:
    port = int(inbox.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        assert status in raw.recv(65_536)
    assert not inbox.received


def test_a_silent_client_does_not_keep_the_inbox_open(hasty: Client) -> None:
    with listen(client=hasty) as inbox:
        port = int(inbox.url.split(":")[2].split("/")[0])
        silent = socket.create_connection(("127.0.0.1", port), timeout=10)
        hasty.v1.products.create({"name": "Tea"})
        assert inbox.wait_for("product.created").is_verified
    silent.close()


def test_events_are_handed_on_signed_for_the_application(
    hasty: Client, settle: Callable[[], None]
) -> None:
    got: list[tuple[bytes, str]] = []
    statuses = [500, 200, 200]

    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.append((self.rfile.read(length), self.headers["Stripe-Signature"]))
            self.send_response(statuses[len(got) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/webhook"
    with listen(client=hasty, forward_to=url, events=["product.created"]) as inbox:
        hasty.v1.products.create({"name": "Tea"})
        first = inbox.wait_for("product.created")
        settle()
        inbox.replay(first.id)
        events = [verify(body, said, inbox.signing_secret) for body, said in got]
        assert inbox.received[0].outcome == "handled"
    server.shutdown()
    server.server_close()
    assert [event.id for event in events] == [first.id] * 3


@pytest.mark.parametrize(
    "url",
    ["ftp://x/y", "127.0.0.1:80", "", "http://", "http://[", "http://x:99999"],
)
def test_only_http_is_handed_on_to(hasty: Client, url: str) -> None:
    with pytest.raises(WebhookError, match="with http or https"):
        listen(client=hasty, forward_to=url)
    assert not hasty.v1.webhook_endpoints.list().data


def test_an_application_that_is_not_there_makes_stripe_send_again(
    hasty: Client, settle: Callable[[], None]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with listen(client=hasty, forward_to=url) as inbox:
            hasty.v1.products.create({"name": "Tea"})
            settle()
            (received,) = inbox.received
    assert (received.outcome, received.attempts) == ("failed", 3)
    assert "did not answer" in str(received.problem)


def test_an_application_elsewhere_is_not_followed(
    hasty: Client, settle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a redirect nor a proxy leads a webhook out of this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    asked: list[str] = []

    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for scheme, problem in (("http", "redirects are not followed"), ("https", "SSL")):
        url = f"{scheme}://127.0.0.1:{server.server_port}/webhook"
        with listen(client=hasty, forward_to=url) as inbox:
            hasty.v1.products.create({"name": "Tea"})
            settle()
            assert problem in str(inbox.received[0].problem)
    server.shutdown()
    server.server_close()
    assert set(asked) == {"/webhook"}


def test_a_port_that_is_taken_is_named(hasty: Client, tmp_path: Path) -> None:
    options: Any = {"events": ("*",), "forward_to": None, "tolerance": 300}
    store = tmp_path / "events.db"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WebhookError, match=f"Port {port} can't be listened on"):
            Inbox(hasty, store=store, port=port, **options)
    # The store is closed again: nothing keeps it, and its lock is gone.
    assert not list(tmp_path.glob("*.lock"))
    assert not hasty.v1.webhook_endpoints.list().data


@pytest.mark.parametrize("tolerance", [0, -1, None, 1.5])
def test_a_tolerance_that_is_none_is_refused_at_once(
    hasty: Client, tolerance: Any
) -> None:
    with pytest.raises(WebhookError, match="tolerance must be a whole number"):
        listen(client=hasty, tolerance=tolerance)
    assert not hasty.v1.webhook_endpoints.list().data


def test_two_inboxes_and_a_running_loop_are_no_matter(hasty: Client) -> None:
    async def hear() -> list[str]:
        with listen(client=hasty) as one, listen(client=hasty) as other:
            assert one.url != other.url
            await hasty.v1.products.create_async({"name": "Tea"})
            waits = (asyncio.to_thread(each.wait_for, "*") for each in (one, other))
            return [each.type for each in await asyncio.gather(*waits)]

    assert asyncio.run(hear()) == ["product.created"] * 2


def test_nothing_that_an_inbox_shows_tells_its_secret(
    inbox: Inbox, hasty: Client
) -> None:
    seen: list[Received] = []
    inbox.observe(seen.append)
    intent = pay(hasty)
    inbox.wait_for("payment_intent.succeeded")
    shown = f"{inbox!r}{inbox}{seen}{[each.payload for each in inbox.received]}"
    assert inbox.signing_secret not in shown
    assert intent.client_secret not in shown
