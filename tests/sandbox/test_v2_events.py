"""Event destinations and thin events: the v2 API."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import pytest
import requests
import stripe

from stripe_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Receiver

SECRET = "webhook_endpoint.signing_secret"
URL = "webhook_endpoint.url"


@pytest.fixture
def v2(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=0
    )


def destination(v2: stripe.StripeClient, url: str, **values: Any) -> Any:
    params: Any = {
        "name": "Thin",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": ["v1.customer.created"],
        "webhook_endpoint": {"url": url},
        "include": [SECRET, URL],
        **values,
    }
    return v2.v2.core.event_destinations.create(params)


def test_a_ping_comes_thin_and_signed(
    sandbox: Sandbox, v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(v2, receiver.url)
    ping = v2.v2.core.event_destinations.ping(made.id)
    sandbox.deliver()

    headers, body = receiver.got[0]
    told: Any = v2.parse_event_notification(
        body, headers["Stripe-Signature"], made.webhook_endpoint.signing_secret
    )
    assert (told.id, told.type) == (ping.id, "v2.core.event_destination.ping")
    assert type(told).__name__ == "V2CoreEventDestinationPingEventNotification"
    assert told.fetch_related_object().id == made.id
    assert told.fetch_event().id == ping.id


def test_a_thin_event_mirrors_a_snapshot_event(
    sandbox: Sandbox, v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(v2, receiver.url)
    customer = v2.v1.customers.create({"name": "A"})
    v2.v1.products.create({"name": "not asked for"})
    sandbox.deliver()

    ((headers, body),) = receiver.got
    told: Any = v2.parse_event_notification(
        body, headers["Stripe-Signature"], made.webhook_endpoint.signing_secret
    )
    assert told.type == "v1.customer.created"
    assert told.created.endswith("Z")
    assert told.fetch_related_object().name == "A"
    (snapshot,) = v2.v1.events.list({"type": "customer.created"}).data
    event: Any = told.fetch_event()
    assert event.snapshot_event == snapshot.id
    assert event.related_object.id == customer.id


def test_a_snapshot_destination_gets_what_an_endpoint_gets(
    sandbox: Sandbox, v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(
        v2, receiver.url, event_payload="snapshot", enabled_events=["customer.created"]
    )
    v2.v1.customers.create({"name": "A"})
    sandbox.deliver()

    (event,) = receiver.events(made.webhook_endpoint.signing_secret)
    assert event.type == "customer.created"


def test_only_what_is_included_is_told(
    v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(v2, receiver.url)
    plain = v2.v2.core.event_destinations.retrieve(made.id)
    told: Any = v2.v2.core.event_destinations.retrieve(made.id, {"include": [URL]})

    assert "webhook_endpoint" not in plain.to_dict()
    assert told.to_dict()["webhook_endpoint"] == {"url": receiver.url}


def test_a_destination_is_switched_off_and_on_changed_and_deleted(
    sandbox: Sandbox, v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(v2, receiver.url)
    service = v2.v2.core.event_destinations
    off: Any = service.disable(made.id)
    v2.v1.customers.create({"name": "missed"})
    on = service.enable(made.id)
    changed = service.update(made.id, {"name": "New", "metadata": {"a": "b"}})
    gone = service.delete(made.id)
    v2.v1.customers.create({"name": "missed too"})
    sandbox.deliver()

    assert (off.status, off.status_details.disabled.reason) == ("disabled", "user")
    assert (on.status, "status_details" in on.to_dict()) == ("enabled", False)
    assert changed.name == "New"
    assert changed.to_dict()["metadata"] == {"a": "b"}
    assert gone.id == made.id
    assert receiver.got == []
    with pytest.raises(stripe.InvalidRequestError) as caught:
        service.retrieve(made.id)
    assert caught.value.http_status == 404
    assert '"code": "not_found"' in str(caught.value.http_body)


def test_pages_follow_their_urls_both_ways(
    v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = [destination(v2, receiver.url, name=str(n)).id for n in range(7)][::-1]
    first = v2.v2.core.event_destinations.list({"limit": 3})
    assert [each.id for each in first.auto_paging_iter()] == made

    second: Any = v2.raw_request("get", str(first.next_page_url))
    page = v2.deserialize(second, api_mode="V2").to_dict()
    back: Any = v2.raw_request("get", page["previous_page_url"])
    before = v2.deserialize(back, api_mode="V2").to_dict()
    assert [each["id"] for each in before["data"]] == made[:3]
    assert before["previous_page_url"] is None


def test_thin_events_are_listed_by_type_object_and_time(
    v2: stripe.StripeClient, receiver: Receiver
) -> None:
    made = destination(v2, receiver.url)
    v2.v2.core.event_destinations.ping(made.id)
    customer = v2.v1.customers.create({"name": "A"})

    def types(**values: Any) -> list[str]:
        params: Any = values
        return [each.type for each in v2.v2.core.events.list(params).data]

    both = ["v1.customer.created", "v2.core.event_destination.ping"]
    assert types() == both
    assert types(types=["v2.core.event_destination.ping"]) == both[1:]
    assert types(object_id=customer.id) == both[:1]
    assert types(created={"gte": "2026-01-15T00:00:00Z"}) == both
    assert types(created={"lt": "2026-01-15T00:00:00Z"}) == []


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"enabled_events": ["customer.nonsense"]}, "enabled_events"),
        ({"enabled_events": ["customer.created"]}, "enabled_events"),
        ({"enabled_events": ["v2.core.nonsense"]}, "enabled_events"),
        ({"event_payload": "snapshot", "enabled_events": ["v1.x"]}, "enabled_events"),
        (
            {
                "enabled_events": ["*"],
                "event_payload": "snapshot",
                "snapshot_api_version": "2026-13-01.x",
            },
            "snapshot_api_version",
        ),
        ({"webhook_endpoint": {"url": "https://example.com"}}, URL),
        ({"event_payload": "fat"}, "event_payload"),
    ],
)
def test_what_can_t_be_a_destination_is_refused(
    v2: stripe.StripeClient, receiver: Receiver, values: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        destination(v2, receiver.url, **values)
    assert caught.value.param == param


def test_a_destination_may_want_what_is_told_as_thin_events_only(
    v2: stripe.StripeClient, receiver: Receiver
) -> None:
    wanted = ["v1.billing.meter.no_meter_found", "v2.core.account.updated"]
    made = destination(v2, receiver.url, enabled_events=wanted)
    assert made.enabled_events == wanted


def test_destinations_in_a_cloud_are_not_simulated(v2: stripe.StripeClient) -> None:
    with pytest.raises(stripe.StripeError) as caught:
        destination(
            v2,
            "http://127.0.0.1/",
            type="amazon_eventbridge",
            amazon_eventbridge={"aws_account_id": "1", "aws_region": "us-east-1"},
        )
    assert caught.value.http_status == 501


def test_a_page_beyond_all_numbers_is_refused(sandbox: Sandbox) -> None:
    token = urlsafe_b64encode(b"n." + b"9" * 30 + b".1").decode()
    answer = requests.get(
        f"{sandbox.url}/v2/core/event_destinations?page={token}",
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=5,
    )
    assert (answer.status_code, "The page is none" in answer.text) == (400, True)
