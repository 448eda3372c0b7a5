"""Previews with items of their own: seen, and gone again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


def test_items_described_in_passing_are_seen_and_not_kept(desk: Desk) -> None:
    product = desk.v1.products.create({"name": "Mug"}).id
    off = desk.v1.coupons.create({"percent_off": 10}).id
    desk.events()
    items: Any = [
        {
            "price_data": {"currency": "usd", "product": product, "unit_amount": 700},
            "quantity": 2,
            "discounts": [{"coupon": off}],
        },
        {"amount": 100, "currency": "usd"},
    ]
    shown = desk.v1.invoices.create_preview(
        {"customer": desk.customer.id, "invoice_items": items}
    )
    assert (shown.total, sorted(line.amount for line in shown.lines.data)) == (
        1360,
        [100, 1400],
    )
    assert desk.events() == []
    assert desk.v1.prices.list().data == []
    assert desk.v1.coupons.retrieve(off).times_redeemed == 0
    assert desk.v1.invoice_items.list().data == []
