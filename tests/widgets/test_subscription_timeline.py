"""The timeline without a browser: what it reads, draws and moves."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest
import stripe

from stripe_nb.errors import WidgetError
from stripe_nb.session import Client
from stripe_nb.widgets.subscription_timeline import SubscriptionTimeline

NAME = "<img src=x onerror=alert(1)>"
DAY = 86_400
START = 1_768_435_200  # 2026-01-15


def price(client: Client, amount: int, name: str) -> Any:
    return client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": name},
        }
    )


def subscribe(client: Client, *, clocked: bool = True, **more: Any) -> Any:
    person: Any = {
        "email": "ada@example.com",
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
    if clocked:
        clocks = client.v1.test_helpers.test_clocks
        person["test_clock"] = clocks.create({"frozen_time": START}).id
    customer = client.v1.customers.create(person)
    items = [{"price": price(client, 900, NAME).id}]
    params: Any = {"customer": customer.id, "items": items, **more}
    return client.v1.subscriptions.create(params)


def kinds(timeline: SubscriptionTimeline, lane: str) -> list[tuple[str, str]]:
    return [(row["from"], row["what"]) for row in timeline.rows if row["lane"] == lane]


def test_a_trial_and_what_follows_it(client: Client) -> None:
    subscription = subscribe(client, trial_period_days=14)
    timeline = SubscriptionTimeline(subscription, client=client)
    trial = timeline.status

    timeline.advance(days=20)

    assert (trial, timeline.status) == ("trialing", "active")
    assert kinds(timeline, "Status") == [
        ("2026-01-15 00:00", "Trial"),
        ("2026-01-29 00:00", f"Active: {NAME}"),
    ]
    assert kinds(timeline, "Invoices") == [
        ("2026-01-15 00:00", "0.00 USD, paid"),
        ("2026-01-29 00:00", "9.00 USD, paid"),
    ]
    assert kinds(timeline, "Payments") == [("2026-01-29 01:00", "9.00 USD paid")]


def test_dates_stand_apart_in_either_picture(client: Client) -> None:
    timeline = SubscriptionTimeline(subscribe(client), client=client)
    timeline.advance(days=55)
    for drawing, fewest in ((timeline.drawing, 3), (timeline.narrow, 2)):
        dates = [
            float(shape["is"]["x"])
            for shape in drawing["shapes"]
            if "text-anchor" in shape["is"]
        ]
        gaps = [after - before for before, after in pairwise(dates)]
        # Letters of 11 make a date some 60 wide.
        assert len(dates) >= fewest
        assert min(gaps) > 70
        assert max(dates) < drawing["width"]


def test_a_change_of_plan_stands_where_it_happened(client: Client) -> None:
    subscription = subscribe(client)
    timeline = SubscriptionTimeline(subscription, client=client)
    timeline.advance(days=10)
    (item,) = subscription.items.data
    client.v1.subscriptions.update(
        subscription.id,
        {"items": [{"id": item.id, "price": price(client, 1900, "Platinum").id}]},
    )
    expected = [
        (
            "2026-01-25 00:00",
            (
                f"Unused time on {NAME} after 25 Jan 2026; "
                "Remaining time on Platinum after 25 Jan 2026"
            ),
        )
    ]

    timeline.refresh()
    pending = kinds(timeline, "Changes")
    timeline.advance(days=30)

    assert pending == expected
    assert kinds(timeline, "Changes") == expected


def test_declines_stand_where_each_was_tried(client: Client) -> None:
    subscription = subscribe(client)
    customer = str(subscription.customer)
    card = client.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": customer}
    )
    client.v1.customers.update(
        customer, {"invoice_settings": {"default_payment_method": card.id}}
    )
    timeline = SubscriptionTimeline(subscription, client=client)

    timeline.advance(days=45)

    failed = [row for row in timeline.rows if "failed" in row["what"]]
    assert timeline.status == "past_due"
    assert len(failed) >= 2
    assert {row["what"] for row in failed} == {"9.00 USD failed: card_declined"}
    assert any("next try" in what for _, what in kinds(timeline, "Invoices"))


def test_phases_of_a_schedule_and_the_end(client: Client) -> None:
    subscription = subscribe(client)
    client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    timeline = SubscriptionTimeline(subscription, client=client)
    phases = kinds(timeline, "Phases")
    client.v1.subscriptions.cancel(subscription.id)

    timeline.refresh()

    assert phases == [("2026-01-15 00:00", "Phase 1")]
    assert timeline.status == "canceled"
    assert kinds(timeline, "Status")[-1][1] == "Ended"


def test_the_page_moves_the_clock_and_hears_where_it_is(client: Client) -> None:
    subscription = subscribe(client)
    timeline = SubscriptionTimeline(subscription, client=client)
    (_, renewal) = timeline.steps[-1]

    timeline.call("advance", to=renewal)

    assert timeline.now == renewal
    assert timeline.message == (
        "It is now 2026-02-15 02:00 UTC; the subscription is active."
    )
    clock = client.v1.test_helpers.test_clocks.list().data[0]
    assert (clock.status, clock.frozen_time) == ("ready", renewal)


@pytest.mark.parametrize("to", [START - DAY, START + 900 * DAY])
def test_a_clock_goes_forward_and_not_too_far(client: Client, to: int) -> None:
    timeline = SubscriptionTimeline(subscribe(client), client=client)

    timeline.call("advance", to=to)

    assert (timeline.tone, timeline.now) == ("error", START)
    with pytest.raises(stripe.InvalidRequestError):
        timeline.advance(to)


def test_without_a_clock_there_is_nothing_to_move(client: Client) -> None:
    subscription = subscribe(client, clocked=False)
    timeline = SubscriptionTimeline(subscription.id, client=client)

    assert timeline.steps == []
    with pytest.raises(WidgetError, match="test_clock"):
        timeline.advance(days=1)


def test_the_fall_back_is_a_small_and_safe_picture(client: Client) -> None:
    timeline = SubscriptionTimeline(
        subscribe(client, trial_period_days=3), client=client
    )
    timeline.advance(days=25)
    html = timeline.fallback_html()

    tree = ET.fromstring(html)  # noqa: S314 (made by us)
    titles = [node.text or "" for node in tree.iter("title")]
    assert any(NAME in title for title in titles)
    assert "<img" not in html
    assert len(html) < 8_000


def test_it_is_drawn_the_same_each_time(client: Client) -> None:
    subscription = subscribe(client)
    first, second = (
        SubscriptionTimeline(subscription, client=client) for _ in range(2)
    )

    assert first.fallback_html() == second.fallback_html()
    assert repr(first) == (
        f"<SubscriptionTimeline: {subscription.id}, active, 2026-01-15 00:00 UTC>"
    )


@pytest.mark.parametrize("given", ["cus_1", 7, None])
def test_what_is_no_subscription_is_refused(client: Client, given: object) -> None:
    with pytest.raises(WidgetError, match="a subscription or its id"):
        SubscriptionTimeline(given, client=client)


@pytest.mark.parametrize("recurring", ["1 day", "2 week", "1 month", "3 month"])
def test_the_clock_goes_as_far_as_is_offered_and_no_further(
    client: Client, recurring: str
) -> None:
    count, interval = recurring.split()
    every: Any = {"interval": interval, "interval_count": int(count)}
    product: Any = {"name": "Tea"}
    free = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 0,
            "recurring": every,
            "product_data": product,
        }
    )
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = client.v1.customers.create({"test_clock": clock.id})
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": free.id}]}
    )
    timeline = SubscriptionTimeline(made, client=client)
    furthest = timeline.latest

    timeline.call("advance", to=furthest + 1)
    refused = timeline.message
    timeline.call("advance", to=furthest)

    assert "two intervals" in refused
    assert (timeline.now, timeline.tone) == (furthest, "info")


def test_a_clock_that_is_deleted_moves_nothing(client: Client) -> None:
    subscription = subscribe(client)
    timeline = SubscriptionTimeline(subscription, client=client)
    clock = client.v1.subscriptions.retrieve(subscription.id).test_clock
    assert isinstance(clock, str)
    client.v1.test_helpers.test_clocks.delete(clock)

    timeline.call("advance", to=START + DAY)
    refused = timeline.message
    timeline.refresh()

    assert "No such" in refused
    assert timeline.steps == []
