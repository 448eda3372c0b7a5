"""Coupons, promotion codes and the discounts that come of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox

DAY = 24 * 60 * 60
Types = Callable[[], list[str]]


def _buys(client: Any, customer: str, **discount: str) -> Any:
    given: Any = {
        "customer": customer,
        "amount": 1000,
        "currency": "usd",
        "discounts": [discount],
    }
    client.v1.invoice_items.create(given)
    include: Any = {"customer": customer, "pending_invoice_items_behavior": "include"}
    return client.v1.invoices.create(include)


def test_a_coupon_has_stripes_defaults(client: Any, event_types: Types) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20})
    assert (coupon.duration, coupon.percent_off) == ("once", 20)
    assert (coupon.valid, coupon.times_redeemed) == (True, 0)
    assert len(coupon.id) == 8
    renamed = client.v1.coupons.update(coupon.id, {"name": "Spring"})
    assert renamed.name == "Spring"
    assert client.v1.coupons.delete(coupon.id).deleted
    assert event_types() == ["coupon.created", "coupon.updated", "coupon.deleted"]


def test_products_and_other_currencies_appear_when_expanded(client: Any) -> None:
    product = client.v1.products.create({"name": "Book"})
    coupon = client.v1.coupons.create(
        {
            "amount_off": 300,
            "currency": "usd",
            "currency_options": {"eur": {"amount_off": 200}},
            "applies_to": {"products": [product.id]},
        }
    )
    assert "applies_to" not in coupon.to_dict()
    shown = client.v1.coupons.retrieve(
        coupon.id, {"expand": ["applies_to", "currency_options"]}
    )
    assert shown.applies_to.products == [product.id]
    assert shown.currency_options["eur"].amount_off == 200


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 20, "amount_off": 1}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"amount_off": 100}, "currency"),
        ({"amount_off": 0, "currency": "usd"}, "amount_off"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 5, "duration_in_months": 2}, "duration_in_months"),
        ({"percent_off": 5, "max_redemptions": 0}, "max_redemptions"),
        ({"percent_off": 5, "redeem_by": 1}, "redeem_by"),
        (
            {"percent_off": 5, "applies_to": {"products": ["prod_x"]}},
            "applies_to[products][0]",
        ),
    ],
)
def test_create_refuses_what_can_not_be(client: Any, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create(params)
    assert (caught.value.http_status, caught.value.param) == (400, param)


def test_an_id_is_used_once(client: Any) -> None:
    client.v1.coupons.create({"id": "SPRING", "percent_off": 20})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create({"id": "SPRING", "percent_off": 20})
    assert caught.value.code == "resource_already_exists"


def test_a_coupon_ends_with_its_last_redemption(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "max_redemptions": 1})
    customer = client.v1.customers.create({})
    assert _buys(client, customer.id, coupon=coupon.id).total == 500
    used = client.v1.coupons.retrieve(coupon.id)
    assert (used.times_redeemed, used.valid) == (1, False)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _buys(client, customer.id, coupon=coupon.id)
    assert caught.value.code == "coupon_expired"


def test_a_coupon_ends_on_its_last_day(
    client: Any, sandbox: Sandbox, wait: Callable[[int], None]
) -> None:
    coupon = client.v1.coupons.create(
        {"percent_off": 50, "redeem_by": sandbox.now + DAY}
    )
    wait(DAY + 60)
    assert client.v1.coupons.retrieve(coupon.id).valid is False


def test_a_deleted_coupon_still_holds_where_it_was_given(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    customer = client.v1.customers.create({})
    draft = _buys(client, customer.id, coupon=coupon.id)
    client.v1.coupons.delete(coupon.id)
    more: Any = {
        "customer": customer.id,
        "invoice": draft.id,
        "amount": 100,
        "currency": "usd",
    }
    client.v1.invoice_items.create(more)
    assert client.v1.invoices.retrieve(draft.id).total == 600


def test_a_promotion_code_gives_its_coupon(client: Any, event_types: Types) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    promotion: Any = {"type": "coupon", "coupon": coupon.id}
    code = client.v1.promotion_codes.create(
        {"promotion": promotion, "code": "HELLO", "max_redemptions": 1}
    )
    assert (code.code, code.active, code.times_redeemed) == ("HELLO", True, 0)
    assert code.promotion.coupon == coupon.id
    found = client.v1.promotion_codes.list({"code": "hello"}).data
    assert [each.id for each in found] == [code.id]
    customer = client.v1.customers.create({})
    assert _buys(client, customer.id, promotion_code=code.id).total == 500
    used = client.v1.promotion_codes.retrieve(code.id)
    assert (used.times_redeemed, used.active) == (1, False)
    with pytest.raises(stripe.InvalidRequestError, match="expired or inactive"):
        _buys(client, customer.id, promotion_code=code.id)
    assert event_types()[1] == "promotion_code.created"


def test_a_promotion_code_may_be_for_first_purchases(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    code = client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "restrictions": {"first_time_transaction": True},
        }
    )
    customer = client.v1.customers.create({})
    draft = _buys(client, customer.id, promotion_code=code.id)
    client.v1.invoices.finalize_invoice(draft.id)
    with pytest.raises(stripe.InvalidRequestError, match="prior transactions"):
        _buys(client, customer.id, promotion_code=code.id)


def test_a_promotion_code_may_be_one_customers(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    owner, other = client.v1.customers.create({}), client.v1.customers.create({})
    code = client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "customer": owner.id,
        }
    )
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        _buys(client, other.id, promotion_code=code.id)
    assert _buys(client, owner.id, promotion_code=code.id).total == 500


def test_an_active_code_is_unique(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    params: Any = {
        "promotion": {"type": "coupon", "coupon": coupon.id},
        "code": "HELLO",
    }
    code = client.v1.promotion_codes.create(params)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.create(params)
    client.v1.promotion_codes.update(code.id, {"active": False})
    assert client.v1.promotion_codes.create(params).active


def _older(client: Any, path: str, **params: Any) -> dict[str, Any]:
    """Send a request as integrations before 2025-03-31.basil do."""
    answer = client.raw_request("post", path, stripe_version="2024-06-20", **params)
    found: dict[str, Any] = json.loads(json.dumps(answer.data))
    return found


def test_older_versions_put_a_coupon_on_a_customer(
    client: Any, event_types: Types
) -> None:
    first = client.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    second = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    customer = _older(client, "/v1/customers", coupon=first.id)
    path = f"/v1/customers/{customer['id']}"
    _older(client, path, coupon=second.id)
    client.v1.invoice_items.create(
        {"customer": customer["id"], "amount": 1000, "currency": "usd"}
    )
    draft = client.v1.invoices.create(
        {"customer": customer["id"], "pending_invoice_items_behavior": "include"}
    )
    assert draft.total == 500
    gone = client.v1.customers.delete_discount(customer["id"])
    assert gone.deleted
    assert client.v1.customers.retrieve(customer["id"]).discount is None
    types = [each for each in event_types() if each.startswith("customer.discount")]
    assert types == [
        "customer.discount.created",
        "customer.discount.updated",
        "customer.discount.deleted",
    ]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.delete_discount(customer["id"])
    assert caught.value.http_status == 404


def test_a_coupon_for_once_is_used_up_by_one_invoice(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20})
    customer = _older(client, "/v1/customers", coupon=coupon.id)
    totals = []
    for _ in range(2):
        client.v1.invoice_items.create(
            {"customer": customer["id"], "amount": 1000, "currency": "usd"}
        )
        draft = client.v1.invoices.create(
            {"customer": customer["id"], "pending_invoice_items_behavior": "include"}
        )
        totals.append(client.v1.invoices.finalize_invoice(draft.id).total)
    assert totals == [800, 1000]
