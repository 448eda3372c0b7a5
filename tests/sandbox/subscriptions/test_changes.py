"""Changes in the middle of a period, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World

# 1 January to 1 February: 31 days.


def change(world: World, subscription: str, **params: Any) -> Any:
    """Change a subscription's only item, and say how."""
    wanted: Any = dict(params)
    names = [name for name in ("price", "quantity") if name in params]
    if names:
        entry: dict[str, Any] = {name: wanted.pop(name) for name in names}
        wanted["items"] = [{"id": world.item(subscription).id, **entry}]
    return world.v1.subscriptions.update(subscription, wanted)


def pending(world: World, customer: str) -> list[tuple[str | None, int]]:
    """Return what waits for the next invoice, the credit first."""
    found = world.v1.invoice_items.list({"customer": customer, "pending": True})
    return [(item.description, item.amount) for item in found.data]


def test_prorations_wait_for_the_next_invoice(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    after = change(world, subscription.id, price=world.price(6200))
    assert after["items"].data[0].price.unit_amount == 6200
    assert pending(world, customer) == [
        ("Unused time on Gold after 11 Jan 2026", -2100),
        ("Remaining time on Gold after 11 Jan 2026", 4200),
    ]
    assert world.events("invoiceitem") == ["invoiceitem.created"] * 2
    world.advance(32)
    assert world.invoices(customer)[1].total == 6200 + 2100
    assert not pending(world, customer)


def test_prorations_can_be_billed_at_once(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    change(world, subscription.id, quantity=3, proration_behavior="always_invoice")
    invoice = world.invoices(customer)[1]
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    times = "\N{MULTIPLICATION SIGN}"
    assert world.lines(invoice) == [
        ("Unused time on Gold after 11 Jan 2026", -2100),
        (f"Remaining time on 3 {times} Gold after 11 Jan 2026", 6300),
    ]


def test_prorations_can_be_left_out(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    change(world, subscription.id, quantity=2, proration_behavior="none")
    assert not pending(world, customer)
    world.advance(32)
    assert [each.total for each in world.invoices(customer)] == [3100, 6200]


def test_proration_date_is_when_the_change_counts_from(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    change(world, subscription.id, price=world.price(6200), proration_date=world.start)
    assert [amount for _, amount in pending(world, customer)] == [-3100, 6200]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        change(world, subscription.id, quantity=2, proration_date=world.day(-1))
    assert refused.value.param == "proration_date"


def test_halves_are_rounded_down(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(5))
    world.advance(15.5)
    change(world, subscription.id, price=world.price(9))
    assert [amount for _, amount in pending(world, customer)] == [-3, 4]


def test_other_interval_starts_a_new_cycle_and_is_billed(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    after = change(world, subscription.id, price=world.price(20_000, "year"))
    assert after.billing_cycle_anchor == world.day(10)
    assert after["items"].data[0].current_period_end == world.day(375)
    assert world.invoices(customer)[1].total == 20_000 - 2100


@pytest.mark.parametrize("anchor", ["now", "unchanged"])
def test_anchor_can_be_moved_to_now(world: World, anchor: Any) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    change(world, subscription.id, billing_cycle_anchor={"type": anchor})
    item = world.item(subscription.id)
    if anchor == "now":
        assert item.current_period_start == world.day(10)
        assert world.invoices(customer)[1].total == 3100 - 2100
    else:
        assert item.current_period_start == world.start
        assert len(world.invoices(customer)) == 1


def test_trial_can_be_ended_now(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000), trial_period_days=7)
    world.advance(2)
    after = change(world, subscription.id, trial_end="now")
    assert (after.status, after.trial_end) == ("active", world.day(2))
    assert world.item(subscription.id).current_period_start == world.day(2)
    assert world.invoices(customer)[1].status == "paid"


def test_failed_payment_of_a_change_makes_it_past_due(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    after = change(
        world, subscription.id, quantity=2, proration_behavior="always_invoice"
    )
    assert after.status == "past_due"
    assert after["items"].data[0].quantity == 2


def test_change_can_be_refused_as_a_whole(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        change(
            world,
            subscription.id,
            quantity=2,
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )
    assert world.item(subscription.id).quantity == 1
    assert len(world.invoices(customer)) == 1


def test_pending_update_is_applied_once_paid(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    after = change(
        world,
        subscription.id,
        price=world.price(6200),
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    assert after.status == "active"
    assert after.pending_update.expires_at == world.day(23 / 24)
    assert after.pending_update.subscription_items[0].price.unit_amount == 6200
    assert after["items"].data[0].price.unit_amount == 3100
    world.v1.invoices.pay(after.latest_invoice, {"payment_method": "pm_card_visa"})
    paid = world.subscription(subscription.id)
    assert paid.pending_update is None
    assert paid["items"].data[0].price.unit_amount == 6200
    assert "customer.subscription.pending_update_applied" in world.events()


def test_pending_update_expires(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    change(
        world,
        subscription.id,
        quantity=2,
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    world.advance(1)
    after = world.subscription(subscription.id)
    assert (after.status, after.pending_update) == ("active", None)
    assert after["items"].data[0].quantity == 1
    assert world.invoices(customer)[1].status == "void"
    assert "customer.subscription.pending_update_expired" in world.events()


def test_items_are_changed_one_by_one(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    items = world.v1.subscription_items
    added = items.create(
        {"subscription": subscription.id, "price": world.price(1000), "quantity": 2}
    )
    assert added.current_period_end == world.day(31)
    assert items.update(added.id, {"quantity": 5}).quantity == 5
    listed = items.list({"subscription": subscription.id}).data
    assert {each.id for each in listed} == {
        each.id for each in world.subscription(subscription.id)["items"].data
    }
    assert items.delete(added.id, {"proration_behavior": "none"}).deleted
    assert len(world.subscription(subscription.id)["items"].data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="Invalid subscription_item"):
        items.retrieve(added.id)
    with pytest.raises(stripe.InvalidRequestError, match="at least one active plan"):
        items.delete(listed[-1].id)


def test_added_item_is_charged_for_the_rest_of_its_own_period(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    items = world.v1.subscription_items
    items.create({"subscription": subscription.id, "price": world.price(6200)})
    assert [amount for _, amount in pending(world, customer)] == [4200]
    yearly = items.create(
        {"subscription": subscription.id, "price": world.price(36_500, "year")}
    )
    assert yearly.current_period_end == world.day(365)
    assert world.item(subscription.id).current_period_start == world.start
    assert sum(amount for _, amount in pending(world, customer)) == 4200 + 35_500


def test_unknown_item_is_refused(world: World) -> None:
    subscription = world.subscribe(world.customer(), world.price(3100))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.v1.subscriptions.update(
            subscription.id, {"items": [{"id": "si_nope", "quantity": 2}]}
        )
    assert "Invalid subscription_item id: si_nope" in str(refused.value)
    assert refused.value.code is None


def test_preview_shows_the_next_bill_and_stores_nothing(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    events = len(world.events())
    preview = world.v1.invoices.create_preview(
        {
            "subscription": subscription.id,
            "subscription_details": {
                "items": [{"id": world.item(subscription.id).id, "quantity": 2}]
            },
        }
    )
    assert [amount for _, amount in world.lines(preview)] == [-2100, 4200, 6200]
    assert preview.status == "draft"
    assert world.item(subscription.id).quantity == 1
    assert len(world.invoices(customer)) == 1
    assert len(world.events()) == events


def test_preview_takes_discounts_and_more_items(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3000))
    coupon = world.v1.coupons.create({"percent_off": 50, "duration": "once"})
    preview = world.v1.invoices.create_preview(
        {
            "subscription": subscription.id,
            "discounts": [{"coupon": coupon.id}],
            "invoice_items": [{"amount": 1000, "currency": "usd"}],
        }
    )
    assert (preview.subtotal, preview.total) == (4000, 2000)
    assert not world.subscription(subscription.id).discounts
    assert not pending(world, customer)


def test_preview_of_a_new_subscription_makes_none(world: World) -> None:
    customer, price = world.customer(), world.price(3000)
    preview = world.v1.invoices.create_preview(
        {
            "customer": customer,
            "subscription_details": {"items": [{"price": price, "quantity": 2}]},
        }
    )
    assert preview.total == 6000
    assert not world.v1.subscriptions.list({"customer": customer}).data


def test_paused_subscription_is_not_billed_until_it_resumes(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    paused = world.v1.subscriptions.pause(
        subscription.id, {"invoicing_behavior": "invoice"}
    )
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert world.invoices(customer)[1].total == -2100
    world.advance(50)
    assert len(world.invoices(customer)) == 2
    resumed = world.v1.subscriptions.resume(subscription.id)
    assert resumed.status == "active"
    assert world.item(subscription.id).current_period_start == world.day(50)
    assert world.invoices(customer)[2].amount_due == 1000
    assert world.events("customer.subscription.") == [
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.paused",
        "customer.subscription.updated",
        "customer.subscription.resumed",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="paused"):
        world.v1.subscriptions.resume(subscription.id)


def test_resuming_can_wait_for_the_payment(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.v1.subscriptions.pause(
        subscription.id, {"bill_for": {"unused_time_from": {"type": "none"}}}
    )
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    waiting = world.v1.subscriptions.resume(
        subscription.id,
        {"payment_behavior": "resume_on_payment_success"},
    )
    assert waiting.status == "paused"
    assert waiting.pending_update is not None
    latest: Any = waiting.latest_invoice
    world.v1.invoices.pay(latest, {"payment_method": "pm_card_visa"})
    assert world.subscription(subscription.id).status == "active"
