"""Prorations: what a change in the middle of a period gives back, and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World

HALF = 15.5  # January has 31 days


def coupon(world: World, **terms: Any) -> dict[str, str]:
    """Make a coupon and return how a request names it."""
    given: Any = {"duration": "forever", **terms}
    return {"coupon": world.v1.coupons.create(given).id}


def swap(world: World, name: str, price: str, **more: Any) -> None:
    """Change a subscription's only item to another price."""
    params: Any = {"items": [{"id": world.item(name).id, "price": price}], **more}
    world.v1.subscriptions.update(name, params)


def amounts(world: World, customer: str) -> list[int]:
    """Return what waits for the next invoice: the credit, then the charge."""
    waiting = world.v1.invoice_items.list({"customer": customer, "pending": True}).data
    return [item.amount for item in waiting]


def test_discount_counts_on_both_sides_of_a_change(world: World) -> None:
    customer = world.customer()
    half = coupon(world, percent_off=50)
    made = world.subscribe(customer, world.price(2000), discounts=[half])
    world.advance(HALF)
    swap(world, made.id, world.price(4000))
    assert amounts(world, customer) == [-500, 1000]


def test_discount_of_later_takes_nothing_off_the_credit(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    world.advance(HALF)
    half: Any = [coupon(world, percent_off=50)]
    swap(world, made.id, world.price(4000), discounts=half)
    assert amounts(world, customer) == [-1000, 1000]


def test_discount_for_once_is_given_back_with_what_it_was_for(world: World) -> None:
    customer = world.customer()
    once = coupon(world, percent_off=50, duration="once")
    made = world.subscribe(customer, world.price(2000), discounts=[once])
    world.advance(HALF)
    swap(world, made.id, world.price(4000))
    assert amounts(world, customer) == [-500, 2000]


def test_discount_of_an_item_counts_for_it_alone(world: World) -> None:
    customer = world.customer()
    half: Any = [coupon(world, percent_off=50)]
    first, second = world.price(2000), world.price(1000)
    items: Any = [{"price": first, "discounts": half}, {"price": second}]
    made = world.v1.subscriptions.create({"customer": customer, "items": items})
    world.advance(HALF)
    gone: Any = [{"id": item.id, "quantity": 2} for item in made["items"].data]
    world.v1.subscriptions.update(made.id, {"items": gone})
    assert amounts(world, customer) == [-500, 1000, -500, 1000]


def test_second_change_gives_back_what_the_first_one_cost(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    world.advance(HALF)
    swap(world, made.id, world.price(4000), proration_behavior="always_invoice")
    world.advance(HALF + HALF / 2)
    swap(world, made.id, world.price(8000))
    assert amounts(world, customer) == [-1000, 2000]


@pytest.mark.parametrize(("mode", "credit"), [("flexible", -1000), ("classic", -4000)])
def test_what_was_changed_without_proration_is_credited_as_the_mode_says(
    world: World, mode: str, credit: int
) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000), billing_mode={"type": mode})
    world.advance(HALF)
    swap(world, made.id, world.price(8000), proration_behavior="none")
    swap(world, made.id, world.price(4000))
    assert amounts(world, customer) == [credit, 2000]


def test_shortened_first_period_is_billed_and_given_back_in_part(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer, world.price(3100), billing_cycle_anchor=world.day(10)
    )
    assert world.invoices(customer)[0].total == 1000
    world.advance(5)
    swap(world, made.id, world.price(6200))
    assert amounts(world, customer) == [-500, 1000]


def test_free_first_period_gives_nothing_back(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer,
        world.price(3100),
        billing_cycle_anchor=world.day(10),
        proration_behavior="none",
    )
    assert world.invoices(customer) == []
    world.advance(5)
    swap(world, made.id, world.price(6200))
    assert amounts(world, customer) == [1000]


ITEMIZED: Any = {"type": "flexible", "flexible": {"proration_discounts": "itemized"}}


def change(world: World, mode: Any) -> tuple[str, Any]:
    """Upgrade a customer with discounts of the item and of the bill in mid-month."""
    customer = world.customer()
    tenth: Any = [coupon(world, percent_off=10)]
    items: Any = [{"price": world.price(2000), "discounts": tenth}]
    given: Any = {
        "customer": customer,
        "items": items,
        "discounts": [coupon(world, amount_off=400, currency="usd")],
        "billing_mode": mode,
    }
    made = world.v1.subscriptions.create(given)
    assert world.invoices(customer)[0].total == 1400
    world.advance(HALF)
    params: Any = {"items": [{"id": world.item(made.id).id, "quantity": 2}]}
    world.v1.subscriptions.update(made.id, params)
    return customer, made


def test_itemized_prorations_show_what_discounts_take_off(world: World) -> None:
    customer, _ = change(world, ITEMIZED)
    # Half of 2000 - 200 - 400 back, and half of 4000 - 400 - 400 to pay.
    assert amounts(world, customer) == [-1000, 2000]
    waiting = world.v1.invoice_items.list({"customer": customer, "pending": True}).data
    assert [item.net_amount for item in waiting] == [-700, 1600]
    details = waiting[1].proration_details
    assert details is not None
    assert [each.amount for each in details.discount_amounts] == [200, 200]
    world.advance(32)
    bill = world.invoices(customer)[1]
    credit, debit = bill.lines.data[:2]
    assert [each.amount for each in credit.discount_amounts] == [-100, -200]
    assert [each.amount for each in debit.discount_amounts] == [200, 200]
    # 900 net of prorations, and 4000 less a tenth and 400 for the next month.
    assert bill.total == 900 + 3200
    assert bill.subtotal == -900 + 1800 + 3600


def test_included_prorations_show_discounts_as_nothing(world: World) -> None:
    customer, _ = change(world, {"type": "flexible"})
    assert amounts(world, customer) == [-700, 1600]
    waiting = world.v1.invoice_items.list({"customer": customer, "pending": True}).data
    details = waiting[1].proration_details
    assert details is not None
    assert [each.amount for each in details.discount_amounts] == [0, 0]
    world.advance(32)
    bill = world.invoices(customer)[1]
    assert [each.discount_amounts for each in bill.lines.data[:2]] == [[], []]
    assert (bill.total, bill.subtotal) == (900 + 3200, 900 + 3600)


def test_itemized_prorations_stay_itemized(world: World) -> None:
    made = world.subscribe(world.customer(), world.price(2000))
    migrated = world.v1.subscriptions.migrate(made.id, {"billing_mode": ITEMIZED})
    mode = migrated.billing_mode
    assert mode.flexible is not None
    assert mode.flexible.proration_discounts == "itemized"
    back: Any = {"billing_mode": {"type": "flexible"}}
    with pytest.raises(stripe.InvalidRequestError, match="can't be migrated"):
        world.v1.subscriptions.migrate(made.id, back)
