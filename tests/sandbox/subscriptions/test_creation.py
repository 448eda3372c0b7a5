"""How subscriptions begin: paid, waiting, on trial, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def test_paid_subscription_is_active_at_once(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    assert subscription.status == "active"
    item = subscription["items"].data[0]
    assert item.current_period_start == world.start
    assert item.current_period_end == world.day(31)
    (invoice,) = world.invoices(customer)
    assert subscription.latest_invoice == invoice.id
    assert invoice.billing_reason == "subscription_create"
    assert (invoice.period_start, invoice.period_end) == (world.start, world.start)
    assert (invoice.status, invoice.total, invoice.attempt_count) == ("paid", 2000, 1)
    times = "\N{MULTIPLICATION SIGN}"
    assert world.lines(invoice) == [(f"1 {times} Gold (at $20.00 / month)", 2000)]


def test_events_come_in_stripes_order(world: World) -> None:
    customer, price = world.customer(), world.price(2000)
    world.subscribe(customer, price)
    events = world.client.v1.events.list({"limit": 100}).data
    (created,) = [e for e in events if e.type == "customer.subscription.created"]
    assert created.request is not None
    made = [e.type for e in events if e.request and e.request.id == created.request.id]
    assert made[::-1] == [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.updated",
    ]


def test_event_of_creation_shows_the_subscription_as_it_became(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    (event,) = world.client.v1.events.list(
        {"type": "customer.subscription.created"}
    ).data
    shown: Any = event.data.object
    assert shown["status"] == "active"
    assert shown["latest_invoice"] == subscription.latest_invoice
    assert not world.events("customer.subscription.updated")


@pytest.mark.parametrize(
    ("card", "behavior", "status"),
    [
        ("pm_card_chargeCustomerFail", "allow_incomplete", "incomplete"),
        ("pm_card_authenticationRequired", "allow_incomplete", "incomplete"),
        ("pm_card_visa", "default_incomplete", "incomplete"),
        ("pm_card_visa", "error_if_incomplete", "active"),
        (None, "default_incomplete", "incomplete"),
    ],
)
def test_payment_behavior_decides_the_status(
    world: World, card: str | None, behavior: str, status: str
) -> None:
    customer = world.customer(card)
    subscription = world.subscribe(
        customer, world.price(2000), payment_behavior=behavior
    )
    assert subscription.status == status
    (invoice,) = world.invoices(customer)
    assert invoice.status == ("paid" if status == "active" else "open")


def test_incomplete_subscription_waits_for_its_payment_intent(world: World) -> None:
    customer = world.customer(None)
    subscription = world.subscribe(
        customer,
        world.price(2000),
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.confirmation_secret"],
    )
    secret = subscription.latest_invoice.confirmation_secret.client_secret
    world.v1.payment_intents.confirm(
        secret.partition("_secret_")[0],
        {"payment_method": "pm_card_visa", "return_url": "https://example.com"},
    )
    paid = world.subscription(subscription.id)
    assert paid.status == "active"
    assert paid.default_payment_method.startswith("pm_")
    assert "customer.subscription.updated" in world.events()


def test_incomplete_subscription_expires_after_23_hours(world: World) -> None:
    customer = world.customer("pm_card_chargeCustomerFail")
    subscription = world.subscribe(customer, world.price(2000))
    world.advance(22 / 24)
    assert world.subscription(subscription.id).status == "incomplete"
    world.advance(1)
    expired = world.subscription(subscription.id)
    assert expired.status == "incomplete_expired"
    assert expired.ended_at == world.day(23 / 24)
    assert world.invoices(customer)[0].status == "void"


def test_error_if_incomplete_leaves_nothing(world: World) -> None:
    customer = world.customer("pm_card_chargeCustomerFail")
    price = world.price(2000)
    with pytest.raises(stripe.CardError) as refused:
        world.subscribe(customer, price, payment_behavior="error_if_incomplete")
    assert refused.value.code == "card_declined"
    assert not world.v1.subscriptions.list({"customer": customer, "status": "all"}).data
    assert not world.invoices(customer)


def test_error_if_incomplete_names_what_the_customer_has_to_do(world: World) -> None:
    customer, price = world.customer("pm_card_authenticationRequired"), world.price(999)
    with pytest.raises(stripe.CardError) as refused:
        world.subscribe(customer, price, payment_behavior="error_if_incomplete")
    assert refused.value.code == "subscription_payment_intent_requires_action"
    assert not world.invoices(customer)


def test_customer_without_a_card_is_refused(world: World) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.subscribe(world.customer(None), world.price(2000))
    assert refused.value.code == "resource_missing"
    assert "no attached payment source" in str(refused.value)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"items": []}, "items"),
        ({"items": [{"price": "price_nope"}]}, "items[0][price]"),
        ({"trial_end": 1}, "trial_end"),
        ({"billing_cycle_anchor": 1}, "billing_cycle_anchor"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"days_until_due": 3}, "days_until_due"),
        ({"payment_behavior": "pending_if_incomplete"}, "payment_behavior"),
        ({"default_payment_method": "pm_nope"}, "default_payment_method"),
        ({"cancel_at": 1}, "cancel_at"),
    ],
)
def test_impossible_terms_are_refused(
    world: World, params: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.subscribe(world.customer(), world.price(2000), **params)
    assert refused.value.param == param
    assert refused.value.http_status == 400


def test_prices_of_one_time_and_twice_the_same_are_refused(world: World) -> None:
    customer, price = world.customer(), world.price(2000)
    once = world.v1.prices.create(
        {"product": world.product, "unit_amount": 1, "currency": "usd"}
    ).id
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        world.subscribe(customer, once)
    with pytest.raises(stripe.InvalidRequestError, match="same plan"):
        world.subscribe(customer, price, items=[{"price": price}, {"price": price}])


def test_trial_costs_nothing_until_it_ends(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000), trial_period_days=7)
    assert subscription.status == "trialing"
    assert subscription.trial_end == world.day(7)
    assert subscription.billing_cycle_anchor == world.day(7)
    (first,) = world.invoices(customer)
    assert (first.status, first.total) == ("paid", 0)
    world.advance(4)
    assert "customer.subscription.trial_will_end" in world.events()
    world.advance(8)
    after = world.subscription(subscription.id)
    assert after.status == "active"
    assert after["items"].data[0].current_period_start == world.day(7)
    second = world.invoices(customer)[1]
    assert (second.billing_reason, second.total) == ("subscription_cycle", 2000)
    assert second.status == "paid"


def test_short_trial_is_announced_to_end_at_once(world: World) -> None:
    world.subscribe(world.customer(None), world.price(2000), trial_period_days=1)
    assert "customer.subscription.trial_will_end" in world.events()


@pytest.mark.parametrize(
    ("behavior", "status"), [("pause", "paused"), ("cancel", "canceled")]
)
def test_trial_without_a_card_ends_as_it_says(
    world: World, behavior: str, status: str
) -> None:
    subscription = world.subscribe(
        world.customer(None),
        world.price(2000),
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": behavior}},
    )
    world.advance(8)
    assert world.subscription(subscription.id).status == status
    named = {"paused": "paused", "canceled": "deleted"}[status]
    assert f"customer.subscription.{named}" in world.events()


def test_trial_without_a_card_asks_to_set_one_up(world: World) -> None:
    subscription = world.subscribe(
        world.customer(None),
        world.price(2000),
        trial_period_days=7,
        payment_behavior="default_incomplete",
    )
    intent = world.v1.setup_intents.retrieve(subscription.pending_setup_intent)
    assert intent.status == "requires_payment_method"


def test_later_anchor_makes_a_short_first_period(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(
        customer, world.price(3100), billing_cycle_anchor=world.day(10)
    )
    assert subscription["items"].data[0].current_period_end == world.day(10)
    # 1 to 11 January, of the month from 11 December: 10 days of 31.
    assert world.invoices(customer)[0].total == 1000
    world.advance(11)
    assert world.invoices(customer)[1].total == 3100


def test_anchor_config_keeps_the_last_day_of_the_month(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(
        customer,
        world.price(3100),
        billing_cycle_anchor_config={
            "day_of_month": 31,
            "hour": 0,
            "minute": 0,
            "second": 0,
        },
    )
    ends = []
    for day in (31, 59, 91):
        world.advance(day)
        ends.append(world.item(subscription.id).current_period_end)
    assert ends == [world.day(58), world.day(89), world.day(119)]


def test_sent_invoice_waits_as_a_draft(world: World) -> None:
    customer = world.customer(None)
    subscription = world.subscribe(
        customer,
        world.price(2000),
        collection_method="send_invoice",
        days_until_due=14,
    )
    assert subscription.status == "active"
    (invoice,) = world.invoices(customer)
    assert (invoice.status, invoice.collection_method) == ("draft", "send_invoice")
    world.advance(1)
    (invoice,) = world.invoices(customer)
    assert invoice.status == "open"
    assert "invoice.sent" in world.events()
    world.advance(15)
    assert world.subscription(subscription.id).status == "past_due"
    assert "invoice.overdue" in world.events()
    world.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert world.subscription(subscription.id).status == "active"


def test_several_items_discounts_and_extra_lines_add_up(world: World) -> None:
    customer = world.customer()
    coupon = world.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    once = world.v1.prices.create(
        {"product": world.product, "unit_amount": 500, "currency": "usd"}
    ).id
    world.subscribe(
        customer,
        "",
        items=[
            {"price": world.price(1000), "quantity": 3},
            {"price": world.price(100, "week")},
        ],
        discounts=[{"coupon": coupon.id}],
        add_invoice_items=[{"price": once}],
    )
    (invoice,) = world.invoices(customer)
    assert (invoice.subtotal, invoice.total) == (3600, 1800)
    world.advance(8)
    assert [each.total for each in world.invoices(customer)] == [1800, 50]


def test_unsupported_parameters_are_refused_and_not_ignored(world: World) -> None:
    with pytest.raises(stripe.APIError) as refused:
        world.subscribe(
            world.customer(),
            world.price(2000),
            pending_invoice_item_interval={"interval": "week"},
        )
    assert refused.value.http_status == 501
