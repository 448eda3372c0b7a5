"""Invoice items: how they are priced, and what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


def _price(desk: Desk, **params: Any) -> Any:
    given: Any = {"currency": "usd", "product_data": {"name": "Book"}, **params}
    return desk.v1.prices.create(given)


def test_an_item_of_an_amount_waits(desk: Desk) -> None:
    item = desk.item(1500, description="Fee")
    assert (item.amount, item.quantity, item.quantity_decimal) == (1500, 1, 1)
    assert (item.invoice, item.parent, item.proration) == (None, None, False)
    assert item.pricing.unit_amount_decimal == 1500
    assert item.period.start == item.period.end == item.date
    assert desk.events() == ["invoiceitem.created"]


def test_an_item_of_a_price_costs_its_quantity(desk: Desk) -> None:
    price = _price(desk, unit_amount_decimal="1.5")
    item = desk.item(pricing={"price": price.id}, quantity=3)
    assert item.amount == 5
    assert item.description == "Book"
    assert item.pricing.price_details.price == price.id
    assert item.pricing.price_details.product == price.product


def test_an_item_of_a_price_takes_the_amount_in_its_currency(desk: Desk) -> None:
    price = _price(
        desk, unit_amount=1000, currency_options={"eur": {"unit_amount": 900}}
    )
    assert desk.item(pricing={"price": price.id}, currency="eur").amount == 900
    with pytest.raises(stripe.InvalidRequestError, match="only supports `usd`"):
        desk.item(pricing={"price": price.id}, currency="gbp")


def test_an_exact_unit_amount_is_rounded_once(desk: Desk) -> None:
    given: Any = {
        "customer": desk.customer.id,
        "currency": "usd",
        "unit_amount_decimal": "0.25",
        "quantity": 6,
    }
    item = desk.v1.invoice_items.create(given)
    assert (item.amount, item.pricing.unit_amount_decimal) == (2, Decimal("0.25"))


def test_an_item_changes_with_the_draft_that_it_is_on(desk: Desk) -> None:
    draft = desk.draft(1000)
    [item] = desk.v1.invoice_items.list({"invoice": draft.id}).data
    desk.events()
    desk.v1.invoice_items.update(item.id, {"amount": 400, "description": "less"})
    changed = desk.reload(draft)
    assert (changed.total, changed.lines.data[0].description) == (400, "less")
    assert desk.events() == ["invoice.updated"]
    desk.v1.invoice_items.update(item.id, {"quantity": 3})
    assert desk.reload(draft).total == 1200
    desk.v1.invoice_items.delete(item.id)
    assert desk.reload(draft).lines.data == []
    assert desk.events()[-2:] == ["invoiceitem.deleted", "invoice.updated"]


def test_own_discounts_and_taxes_come_along(desk: Desk) -> None:
    tax = desk.v1.tax_rates.create(
        {"display_name": "Sales tax", "inclusive": False, "percentage": 10}
    )
    half = desk.v1.coupons.create({"percent_off": 50})
    desk.item(1000, tax_rates=[tax.id], discounts=[{"coupon": half.id}])
    draft = desk.draft()
    # Stripe's subtotal is after discounts of single items.
    assert (draft.subtotal, draft.total) == (500, 550)
    [line] = draft.lines.data
    assert (line.amount, line.discount_amounts[0].amount) == (1000, 500)
    assert line.taxes[0].taxable_amount == 500


def test_what_is_final_stays(desk: Desk) -> None:
    invoice = desk.open(1000)
    [item] = desk.v1.invoice_items.list({"invoice": invoice.id}).data
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.v1.invoice_items.update(item.id, {"amount": 1})
    assert caught.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.v1.invoice_items.delete(item.id)
    assert caught.value.code == "invoice_not_editable"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer": "cus_x"}, "customer"),
        ({"invoice": "in_x"}, "invoice"),
        ({"pricing": {"price": "price_x"}}, "pricing[price]"),
        ({"quantity": -1}, "quantity"),
        ({"period": {"start": 2, "end": 1}}, "period[end]"),
        ({"discounts": [{"coupon": "NONE"}]}, "discounts[0][coupon]"),
        ({"tax_rates": ["txr_x"]}, "tax_rates[0]"),
    ],
)
def test_create_refuses_what_can_not_be(
    desk: Desk, params: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.item(100, **params)
    assert (caught.value.http_status, caught.value.param) == (400, param)


def test_an_item_needs_an_amount_said_in_one_way(desk: Desk) -> None:
    for extra in ({}, {"amount": 1, "unit_amount_decimal": "1"}):
        given: Any = {"customer": desk.customer.id, "currency": "usd", **extra}
        with pytest.raises(stripe.InvalidRequestError):
            desk.v1.invoice_items.create(given)


def test_recurring_prices_are_for_subscriptions(desk: Desk) -> None:
    price = _price(desk, unit_amount=100, recurring={"interval": "month"})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        desk.item(pricing={"price": price.id})


def test_lists_tell_pending_from_billed(desk: Desk) -> None:
    draft = desk.draft(100)
    waiting = desk.item(200)
    listed = desk.v1.invoice_items.list
    assert [item.id for item in listed({"pending": True})] == [waiting.id]
    assert [item.invoice for item in listed({"pending": False})] == [draft.id]
