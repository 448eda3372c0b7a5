"""One currency for a customer, and coupons that take something off in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


@pytest.fixture
def euros(world: World) -> str:
    """Return a price in euros."""
    recurring: Any = {"interval": "month"}
    return world.v1.prices.create(
        {
            "product": world.product,
            "unit_amount": 2000,
            "currency": "eur",
            "recurring": recurring,
        }
    ).id


@pytest.fixture
def coupon(world: World) -> str:
    """Return a coupon that takes euros off."""
    return world.v1.coupons.create(
        {"amount_off": 500, "currency": "eur", "duration": "forever"}
    ).id


def test_customer_has_subscriptions_in_one_currency(world: World, euros: str) -> None:
    customer = world.customer()
    first = world.subscribe(customer, world.price(2000))
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        world.subscribe(customer, euros)
    world.v1.subscriptions.cancel(first.id)
    assert world.subscribe(customer, euros).currency == "eur"


def test_coupon_in_another_currency_is_refused(world: World, coupon: str) -> None:
    customer, price = world.customer(), world.price(2000)
    discounts: Any = [{"coupon": coupon}]
    with pytest.raises(stripe.InvalidRequestError, match="in eur") as new:
        world.subscribe(customer, price, discounts=discounts)
    assert new.value.param == "discounts[0][coupon]"
    made = world.subscribe(customer, price)
    with pytest.raises(stripe.InvalidRequestError, match="in eur"):
        world.v1.subscriptions.update(made.id, {"discounts": discounts})
    with pytest.raises(stripe.InvalidRequestError, match="in eur"):
        world.v1.invoices.create(
            {"customer": customer, "currency": "usd", "discounts": discounts}
        )
    assert world.subscription(made.id).discounts == []


def test_coupon_that_knows_the_currency_too_is_taken(world: World) -> None:
    options: Any = {"usd": {"amount_off": 400}}
    both = world.v1.coupons.create(
        {
            "amount_off": 500,
            "currency": "eur",
            "currency_options": options,
            "duration": "forever",
        }
    ).id
    customer = world.customer()
    world.subscribe(customer, world.price(2000), discounts=[{"coupon": both}])
    assert world.invoices(customer)[0].total == 1600
