"""The timeline in JupyterLab: read, moved on, and read again."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from stripe_nb.session import Client

NAME = "<img src=x onerror=alert(1)>"


def subscribe(client: Client) -> Any:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_768_435_200})
    customer = client.v1.customers.create(
        {
            "test_clock": clock.id,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": NAME},
        }
    )
    return client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "trial_period_days": 14,
        }
    )


def test_a_clock_is_advanced(
    open_everywhere: Any,
    connected: str,
    client: Client,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    subscription = subscribe(client)
    cell = f'snb.SubscriptionTimeline("{subscription.id}")'
    page = open_everywhere([connected, cell])
    timeline = page.get_by_role("region", name="Subscription timeline")
    expect(timeline.locator(".snb-badge")).to_have_text("trialing")

    timeline.get_by_role("button", name="Past the renewal").click()
    expect(timeline.locator(".snb-badge")).to_have_text("active")
    expect(timeline.get_by_role("status")).to_contain_text("2026-01-29 02:00 UTC")
    expect(timeline).not_to_have_attribute("aria-busy", "true")
    timeline.get_by_role("slider").press("ArrowRight")
    timeline.get_by_role("button", name="Advance to 2026-01-31").click()
    expect(timeline.get_by_role("status")).to_contain_text("2026-01-31 02:00 UTC")
    timeline.get_by_text("As a table").click()
    expect(timeline.get_by_role("cell", name=f"Active: {NAME}")).to_be_visible()
    keep(timeline, "timeline")

    (clock,) = client.v1.test_helpers.test_clocks.list().data
    assert (clock.status, clock.frozen_time) == ("ready", 1_769_824_800)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert timeline.locator("img").count() == 0
    assert violations(page, ".snb-subscription-timeline") == []
    assert console.errors == []
