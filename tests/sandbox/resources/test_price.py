"""Prices and the plans that mirror them; tax and shipping rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

Types = Callable[[], list[str]]
MONTHLY: Any = {"interval": "month"}


def _price(client: Any, **params: Any) -> Any:
    given: Any = {"currency": "usd", "product_data": {"name": "Gold"}, **params}
    return client.v1.prices.create(given)


def test_a_recurring_price_is_a_plan_too(client: Any, event_types: Types) -> None:
    price = _price(client, unit_amount=1000, recurring=MONTHLY, nickname="a")
    assert event_types() == ["product.created", "plan.created", "price.created"]
    plan = client.v1.plans.retrieve(price.id)
    assert (plan.amount, plan.interval, plan.nickname) == (1000, "month", "a")
    client.v1.prices.update(price.id, {"nickname": "b"})
    assert client.v1.plans.retrieve(price.id).nickname == "b"
    assert event_types()[3:] == ["plan.updated", "price.updated"]
    _price(client, unit_amount=1)
    assert [each.id for each in client.v1.plans.list().data] == [price.id]


def test_a_plan_is_made_changed_and_deleted(client: Any, event_types: Types) -> None:
    plan = client.v1.plans.create(
        {
            "id": "gold",
            "amount": 2000,
            "currency": "usd",
            "interval": "month",
            "product": {"name": "Gold"},
        }
    )
    assert (plan.id, plan.usage_type, plan.active) == ("gold", "licensed", True)
    assert client.v1.prices.retrieve("gold").unit_amount == 2000
    client.v1.plans.update("gold", {"metadata": {"k": "v"}})
    assert client.v1.plans.delete("gold").deleted
    assert event_types() == [
        "product.created",
        "plan.created",
        "price.created",
        "plan.updated",
        "price.updated",
        "plan.deleted",
        "price.deleted",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="No such plan: 'gold'"):
        client.v1.plans.retrieve("gold")


def test_tiers_appear_when_expanded(client: Any) -> None:
    tiers: Any = [
        {"up_to": 5, "unit_amount": 500},
        {"up_to": "inf", "unit_amount_decimal": "0.5", "flat_amount": 100},
    ]
    price = _price(
        client,
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=tiers,
        recurring=MONTHLY,
    )
    assert "tiers" not in price.to_dict()
    shown = client.v1.prices.retrieve(price.id, {"expand": ["tiers"]})
    assert [tier.up_to for tier in shown.tiers] == [5, None]
    assert shown.tiers[1].flat_amount == 100
    assert shown.tiers[1].unit_amount is None
    plan = client.v1.plans.retrieve(price.id, {"expand": ["tiers"]})
    assert [tier.up_to for tier in plan.tiers] == [5, None]


def test_other_currencies_appear_when_expanded(client: Any) -> None:
    price = _price(
        client, unit_amount=1000, currency_options={"eur": {"unit_amount": 900}}
    )
    client.v1.prices.update(
        price.id, {"currency_options": {"gbp": {"unit_amount": 800}}}
    )
    shown = client.v1.prices.retrieve(price.id, {"expand": ["currency_options"]})
    amounts = {
        currency: option["unit_amount"]
        for currency, option in shown.to_dict()["currency_options"].items()
    }
    assert amounts == {"eur": 900, "gbp": 800, "usd": 1000}


def test_customers_may_choose_the_amount(client: Any) -> None:
    choice = {"enabled": True, "minimum": 100, "preset": 500}
    price = _price(client, custom_unit_amount=choice)
    assert price.custom_unit_amount.to_dict() == {
        "maximum": None,
        "minimum": 100,
        "preset": 500,
    }
    assert price.unit_amount is None


def test_packs_are_counted_whole(client: Any) -> None:
    price = _price(
        client, unit_amount=700, transform_quantity={"divide_by": 10, "round": "up"}
    )
    customer = client.v1.customers.create({})
    item = client.v1.invoice_items.create(
        {"customer": customer.id, "pricing": {"price": price.id}, "quantity": 11}
    )
    assert item.amount == 1400


def test_a_lookup_key_moves_when_told_to(client: Any, event_types: Types) -> None:
    first = _price(client, unit_amount=1, lookup_key="gold")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _price(client, unit_amount=2, lookup_key="gold")
    assert caught.value.param == "lookup_key"
    second = _price(client, unit_amount=2, lookup_key="gold", transfer_lookup_key=True)
    assert client.v1.prices.retrieve(first.id).lookup_key is None
    listed = client.v1.prices.list({"lookup_keys": ["gold"]}).data
    assert [each.id for each in listed] == [second.id]
    assert "price.updated" in event_types()


def test_metered_prices_count_with_a_meter(client: Any) -> None:
    metered: Any = {"interval": "month", "usage_type": "metered"}
    with pytest.raises(stripe.InvalidRequestError, match="meter"):
        _price(client, unit_amount=1, recurring=metered)
    meter = client.v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": "sum"},
        }
    )
    price = _price(client, unit_amount=1, recurring={**metered, "meter": meter.id})
    assert price.recurring
    assert price.recurring.meter == meter.id


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "unit_amount"),
        ({"unit_amount": -1}, "unit_amount"),
        ({"unit_amount_decimal": "0.0000000000001"}, "unit_amount_decimal"),
        ({"billing_scheme": "tiered"}, "tiers"),
        (
            {
                "billing_scheme": "tiered",
                "tiers_mode": "volume",
                "tiers": [{"up_to": 5, "unit_amount": 1}],
            },
            "tiers",
        ),
        (
            {
                "billing_scheme": "tiered",
                "tiers_mode": "volume",
                "tiers": [
                    {"up_to": 5, "unit_amount": 1},
                    {"up_to": 4, "unit_amount": 1},
                ],
            },
            "tiers[1][up_to]",
        ),
        (
            {"unit_amount": 1, "recurring": {"interval": "year", "interval_count": 4}},
            "recurring[interval_count]",
        ),
        (
            {"unit_amount": 1, "recurring": {"interval": "month", "meter": "mtr_x"}},
            "recurring[meter]",
        ),
        (
            {"custom_unit_amount": {"enabled": True, "minimum": 5, "maximum": 1}},
            "custom_unit_amount",
        ),
        (
            {"unit_amount": 1, "currency_options": {"zzz": {"unit_amount": 1}}},
            "currency_options[zzz]",
        ),
    ],
)
def test_create_refuses_what_can_not_be(
    client: Any, params: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _price(client, **params)
    assert (caught.value.http_status, caught.value.param) == (400, param)


def test_tax_behavior_is_said_once(client: Any) -> None:
    price = _price(client, unit_amount=1)
    client.v1.prices.update(price.id, {"tax_behavior": "inclusive"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.update(price.id, {"tax_behavior": "exclusive"})
    assert caught.value.param == "tax_behavior"


def test_tax_rates_are_archived_not_deleted(client: Any, event_types: Types) -> None:
    rate = client.v1.tax_rates.create(
        {"display_name": "VAT", "inclusive": True, "percentage": 20}
    )
    assert (rate.active, rate.percentage) == (True, 20)
    client.v1.tax_rates.update(rate.id, {"active": False})
    assert event_types() == ["tax_rate.created", "tax_rate.updated"]
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="archived"):
        client.v1.invoice_items.create(
            {
                "customer": customer.id,
                "amount": 1,
                "currency": "usd",
                "tax_rates": [rate.id],
            }
        )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.tax_rates.create(
            {"display_name": "VAT", "inclusive": True, "percentage": 101}
        )
    assert caught.value.param == "percentage"


def test_shipping_rates_have_amounts_by_currency(client: Any) -> None:
    rate = client.v1.shipping_rates.create(
        {
            "display_name": "Post",
            "type": "fixed_amount",
            "fixed_amount": {
                "amount": 500,
                "currency": "usd",
                "currency_options": {"eur": {"amount": 400}},
            },
        }
    )
    assert rate.fixed_amount.amount == 500
    shown = client.v1.shipping_rates.retrieve(
        rate.id, {"expand": ["fixed_amount.currency_options"]}
    )
    assert shown.fixed_amount.currency_options["eur"].amount == 400
    off = client.v1.shipping_rates.update(rate.id, {"active": False})
    assert off.active is False
    assert client.v1.shipping_rates.list({"active": True}).data == []
