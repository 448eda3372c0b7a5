"""Webhook endpoints, and deliveries over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_nb.clock import monotonic, wall_time
from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Receiver

DELAYS = (0.05, 0.1)


def client_of(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=0
    )


@pytest.fixture
def hasty() -> Iterator[Sandbox]:
    """A sandbox that tries failed webhooks again at once."""
    with Sandbox(seed=7, clock="2026-01-15", webhook_delays=DELAYS) as running:
        yield running


def endpoint(
    client: stripe.StripeClient, url: str, events: tuple[str, ...] = ("*",)
) -> Any:
    params: Any = {"url": url, "enabled_events": list(events)}
    return client.v1.webhook_endpoints.create(params)


def test_only_the_answer_to_create_tells_the_secret(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    made = endpoint(client, receiver.url)

    assert made.secret.startswith("whsec_")
    assert (made.status, made.api_version, made.livemode) == ("enabled", None, False)
    again = client.v1.webhook_endpoints.retrieve(made.id)
    listed = client.v1.webhook_endpoints.list().data[0]
    assert "secret" not in again.to_dict()
    assert "secret" not in listed.to_dict()


def test_equal_seeds_give_equal_secrets(receiver: Receiver) -> None:
    secrets = []
    for _ in range(2):
        with Sandbox(seed=3) as running:
            secrets.append(endpoint(client_of(running), receiver.url).secret)
    assert secrets[0] == secrets[1]


def test_each_event_comes_signed_in_order(hasty: Sandbox, receiver: Receiver) -> None:
    client = client_of(hasty)
    made = endpoint(client, receiver.url)
    for number in range(20):
        client.v1.customers.create({"name": str(number)})
    hasty.deliver()

    events = receiver.events(made.secret)
    assert [event.data.object["name"] for event in events] == [
        str(number) for number in range(20)
    ]
    assert [event.pending_webhooks for event in events] == [1] * 20
    assert {event.pending_webhooks for event in client.v1.events.list().data} == {0}


def test_the_signature_is_an_hmac_of_the_exact_bytes_at_the_machine_s_time(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    secret = endpoint(client, receiver.url).secret
    client.v1.products.create({"name": "Tea"})
    hasty.deliver()

    headers, body = receiver.got[0]
    at, signature = (
        part.split("=")[1] for part in headers["Stripe-Signature"].split(",")
    )
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    assert signature == digest.hexdigest()
    assert abs(int(at) - wall_time()) < 60
    assert body == (json.dumps(json.loads(body), indent=2) + "\n").encode()
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [
        (("*",), ["customer.created", "product.created", "customer.deleted"]),
        (
            ("customer.created", "customer.deleted"),
            ["customer.created", "customer.deleted"],
        ),
        (("charge.succeeded",), []),
    ],
)
def test_an_endpoint_gets_what_it_is_enabled_for(
    hasty: Sandbox, receiver: Receiver, enabled: tuple[str, ...], expected: list[str]
) -> None:
    client = client_of(hasty)
    secret = endpoint(client, receiver.url, enabled).secret
    customer = client.v1.customers.create({"name": "A"})
    client.v1.products.create({"name": "Tea"})
    client.v1.customers.delete(customer.id)
    hasty.deliver()

    assert [event.type for event in receiver.events(secret)] == expected


def test_a_refused_request_sends_nothing(hasty: Sandbox, receiver: Receiver) -> None:
    client = client_of(hasty)
    endpoint(client, receiver.url)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"name": "A", "payment_method": "pm_none"})
    hasty.deliver()

    assert receiver.got == []
    assert hasty.deliveries == []


@pytest.mark.parametrize("failure", [500, 302, 404, 0])
def test_what_fails_is_sent_again(
    hasty: Sandbox, receiver: Receiver, failure: int
) -> None:
    client = client_of(hasty)
    secret = endpoint(client, receiver.url).secret
    receiver.answers = [failure]
    client.v1.customers.create({"name": "A"})
    hasty.deliver()

    first, second = receiver.events(secret)
    assert first.id == second.id
    assert client.v1.events.retrieve(first.id).pending_webhooks == 0
    assert [(each.state, each.attempts) for each in hasty.deliveries] == [
        ("delivered", 2)
    ]


def test_what_fails_each_time_is_given_up_and_stays_pending(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    endpoint(client, receiver.url)
    receiver.answers = [500] * 10
    client.v1.customers.create({"name": "A"})
    hasty.deliver()

    assert len(receiver.got) == 1 + len(DELAYS)
    (delivery,) = hasty.deliveries
    assert (delivery.state, delivery.status) == ("failed", 500)
    failed = client.v1.events.list({"delivery_success": False}).data
    assert [event.pending_webhooks for event in failed] == [1]


def test_nobody_there_is_told_as_an_error(hasty: Sandbox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = client_of(hasty)
        endpoint(client, f"http://127.0.0.1:{taken.getsockname()[1]}/")
        client.v1.customers.create({"name": "A"})
        hasty.deliver()

    (delivery,) = hasty.deliveries
    assert delivery.state == "failed"
    assert "refused" in str(delivery.error)


def test_a_slow_endpoint_does_not_hold_up_another(
    hasty: Sandbox, receiver: Receiver
) -> None:
    answer = threading.Event()
    client = client_of(hasty)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint(client, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        endpoint(client, receiver.url)
        receiver.before_answer = answer.set
        client.v1.customers.create({"name": "A"})
        assert answer.wait(5)
        with pytest.raises(SandboxError, match="still to be delivered"):
            hasty.deliver(timeout=0.1)
        began = monotonic()
        hasty.stop()
    assert monotonic() - began < 5


def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    made = endpoint(client, receiver.url)
    off = client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    client.v1.customers.create({"name": "missed"})
    on = client.v1.webhook_endpoints.update(made.id, {"disabled": False})
    client.v1.customers.create({"name": "heard"})
    hasty.deliver()

    assert (off.status, on.status) == ("disabled", "enabled")
    (event,) = receiver.events(made.secret)
    assert event.data.object["name"] == "heard"


def test_a_deleted_endpoint_gets_nothing_more(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    made = endpoint(client, receiver.url)
    gone = client.v1.webhook_endpoints.delete(made.id)
    client.v1.customers.create({"name": "A"})
    hasty.deliver()

    assert gone.deleted
    assert receiver.got == []
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.retrieve(made.id)


def test_an_event_is_sent_again_when_asked(hasty: Sandbox, receiver: Receiver) -> None:
    client = client_of(hasty)
    made = endpoint(client, receiver.url)
    client.v1.customers.create({"name": "A"})
    hasty.deliver()
    (event,) = client.v1.events.list().data
    path = f"/v1/events/{event.id}/retry"
    client.raw_request("post", path, webhook_endpoint=made.id)
    client.raw_request("post", path)
    hasty.deliver()

    assert [each.id for each in receiver.events(made.secret)] == [event.id] * 3
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.raw_request("post", path, for_stripecli=True)
    assert caught.value.param == "for_stripecli"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere", "An explicit scheme"),
        ("ftp://127.0.0.1/", "An explicit scheme"),
        ("http://", "Not a valid URL"),
        ("http://127.0.0.1:99999/", "Not a valid URL"),
        ("https://example.com/hook", "this machine only"),
        ("http://127.0.0.1.example.com/", "this machine only"),
        ("http://169.254.169.254/latest", "this machine only"),
        ("http://localhost@example.com/", "this machine only"),
    ],
)
def test_urls_beyond_this_machine_are_refused(
    hasty: Sandbox, url: str, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message) as caught:
        endpoint(client_of(hasty), url)
    assert caught.value.param == "url"


def test_other_hosts_can_be_allowed() -> None:
    with Sandbox(seed=1, webhook_hosts=["hooks.example.com"]) as running:
        client = client_of(running)
        made = endpoint(client, "https://hooks.example.com/a")
        assert made.url == "https://hooks.example.com/a"
        with pytest.raises(stripe.InvalidRequestError):
            endpoint(client, "https://example.com/a")


def test_sixteen_endpoints_are_enough(hasty: Sandbox, receiver: Receiver) -> None:
    client = client_of(hasty)
    for _ in range(16):
        endpoint(client, receiver.url)
    with pytest.raises(
        stripe.InvalidRequestError, match="maximum of 16 test webhook endpoints"
    ):
        endpoint(client, receiver.url)


def test_what_was_not_sent_before_the_end_is_sent_by_the_next_sandbox(
    tmp_path: Path, receiver: Receiver
) -> None:
    file = tmp_path / "sandbox.db"
    with Sandbox(seed=1, db=file, webhook_delays=(60,)) as first:
        client = client_of(first)
        secret = endpoint(client, receiver.url).secret
        receiver.answers = [500]
        client.v1.customers.create({"name": "A"})
        with pytest.raises(SandboxError):
            first.deliver(timeout=0.5)
    with Sandbox(db=file) as second:
        with second.engine.aside():
            second.engine.store.deliveries.hold(second.deliveries[0], 0)
        second._courier.wake({second.deliveries[0].endpoint})
        second.deliver(timeout=10)

    assert [event.type for event in receiver.events(secret)] == ["customer.created"] * 2


def test_a_sandbox_that_is_not_started_delivers_when_asked(
    receiver: Receiver,
) -> None:
    with Sandbox(seed=1) as running:
        made = endpoint(client_of(running), receiver.url)
        assert made.url == receiver.url
        running.deliver()
    quiet = Sandbox(seed=1)
    quiet.deliver()
    quiet.stop()
    assert receiver.got == []


def test_an_endpoint_for_an_older_version_gets_older_shapes(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    pinned: Any = {
        "url": receiver.url,
        "enabled_events": ["payment_intent.created"],
        "api_version": "2022-08-01",
    }
    secret = str(client.v1.webhook_endpoints.create(pinned).secret)
    client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    hasty.deliver()

    (event,) = receiver.events(secret)
    assert event.api_version == "2022-08-01"
    assert event.data.object["charges"]["data"] == []
    stored = client.v1.events.retrieve(event.id)
    assert "charges" not in stored.data.object


def test_a_platform_hears_of_connected_accounts_where_it_asks_for_them(
    hasty: Sandbox, receiver: Receiver
) -> None:
    client = client_of(hasty)
    hook: Any = {
        "url": receiver.url,
        "enabled_events": ["customer.created"],
        "connect": True,
    }
    secret = str(client.v1.webhook_endpoints.create(hook).secret)
    account = client.v1.accounts.create({"type": "custom", "country": "US"})
    client.v1.customers.create({"name": "the platform's own"})
    client.v1.customers.create({"name": "theirs"}, {"stripe_account": account.id})
    hasty.deliver()

    (event,) = receiver.events(secret)
    assert event.data.object["name"] == "theirs"
    assert event.account == account.id


def test_secrets_are_in_no_repr(hasty: Sandbox, receiver: Receiver) -> None:
    client = client_of(hasty)
    secret = endpoint(client, receiver.url).secret
    client.v1.customers.create({"name": "A"})
    hasty.deliver()

    assert secret not in repr(hasty.deliveries) + repr(hasty) + repr(hasty.requests)
