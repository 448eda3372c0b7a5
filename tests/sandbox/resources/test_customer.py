"""Customers: what hangs on them, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

Types = Callable[[], list[str]]


def test_a_new_customer_has_stripes_defaults(client: Any) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com", "name": "Ada"})
    assert (customer.balance, customer.currency, customer.discount) == (0, None, None)
    assert (customer.delinquent, customer.tax_exempt) == (False, "none")
    assert customer.next_invoice_sequence == 1
    prefix = customer.invoice_prefix
    assert prefix
    assert (len(prefix), prefix) == (8, prefix.upper())
    assert not {"sources", "subscriptions", "tax", "tax_ids"} & set(customer.to_dict())


def test_update_tells_what_was_before(client: Any) -> None:
    customer = client.v1.customers.create({"name": "Ada", "metadata": {"a": "1"}})
    client.v1.customers.update(customer.id, {"name": "Eve", "metadata": {"a": ""}})
    [event] = client.v1.events.list({"type": "customer.updated"}).data
    assert event.data.previous_attributes.to_dict() == {
        "metadata": {"a": "1"},
        "name": "Ada",
    }


def test_a_saved_card_becomes_the_default_source(
    client: Any, event_types: Types
) -> None:
    customer = client.v1.customers.create(
        {"source": "tok_visa", "expand": ["sources", "default_source"]}
    )
    assert customer.default_source
    assert customer.sources.data[0].id == customer.default_source.id
    assert event_types()[:2] == ["customer.created", "customer.source.created"]


def test_balances_are_booked(client: Any, event_types: Types) -> None:
    customer = client.v1.customers.create({"balance": -500})
    assert (customer.balance, customer.currency) == (-500, "usd")
    client.v1.customers.update(customer.id, {"balance": 200})
    booked = client.v1.customers.balance_transactions.create(
        customer.id, {"amount": -50, "currency": "usd", "description": "sorry"}
    )
    assert (booked.ending_balance, booked.type) == (150, "adjustment")
    listed = client.v1.customers.balance_transactions.list(customer.id).data
    assert [(each.type, each.amount) for each in listed] == [
        ("adjustment", -50),
        ("adjustment", 700),
        ("initial", -500),
    ]
    changed = client.v1.customers.balance_transactions.update(
        customer.id, booked.id, {"metadata": {"k": "v"}}
    )
    assert changed.metadata
    assert changed.metadata["k"] == "v"
    shown = client.v1.customers.retrieve(
        customer.id, {"expand": ["invoice_credit_balance"]}
    )
    assert shown.invoice_credit_balance
    assert shown.invoice_credit_balance["usd"] == 150
    assert event_types().count("customer.updated") == 2


def test_a_balance_has_one_currency(client: Any) -> None:
    customer = client.v1.customers.create({"balance": -500})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.balance_transactions.create(
            customer.id, {"amount": 1, "currency": "eur"}
        )
    assert caught.value.param == "currency"


def test_tax_ids_are_verified_where_there_is_a_register(
    client: Any, event_types: Types, wait: Callable[[int], None]
) -> None:
    data: Any = [{"type": "eu_vat", "value": "DE000000000"}]
    customer = client.v1.customers.create({"tax_id_data": data, "expand": ["tax_ids"]})
    [tax_id] = customer.tax_ids.data
    assert (tax_id.country, tax_id.verification.status) == ("DE", "pending")
    wait(61)
    checked = client.v1.customers.tax_ids.retrieve(customer.id, tax_id.id)
    assert checked.verification.status == "verified"
    other = client.v1.customers.tax_ids.create(
        customer.id, {"type": "us_ein", "value": "12-3456789"}
    )
    assert (other.country, other.verification.status) == ("US", "unavailable")
    assert len(client.v1.customers.tax_ids.list(customer.id).data) == 2
    client.v1.customers.tax_ids.delete(customer.id, other.id)
    assert event_types() == [
        "customer.created",
        "customer.tax_id.created",
        "customer.tax_id.updated",
        "customer.tax_id.created",
        "customer.tax_id.deleted",
    ]


def test_the_account_has_tax_ids_of_its_own(client: Any, event_types: Types) -> None:
    made = client.v1.tax_ids.create({"type": "us_ein", "value": "12-3456789"})
    assert made.owner.type == "self"
    customer = client.v1.customers.create({})
    owner: Any = {"type": "customer", "customer": customer.id}
    theirs = client.v1.tax_ids.create(
        {"type": "gb_vat", "value": "GB1", "owner": owner}
    )
    assert theirs.customer == customer.id
    assert [each.id for each in client.v1.tax_ids.list().data] == [made.id]
    assert [each.id for each in client.v1.tax_ids.list({"owner": owner}).data] == [
        theirs.id
    ]
    client.v1.tax_ids.delete(made.id)
    assert "customer.tax_id.deleted" not in event_types()


def test_a_deleted_customer_leaves_a_stub(client: Any, event_types: Types) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted
    assert event_types()[-2:] == ["payment_method.detached", "customer.deleted"]


def test_deleting_a_customer_ends_its_subscriptions(
    client: Any, event_types: Types
) -> None:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Gold"},
        }
    )
    customer = client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    shown = client.v1.customers.retrieve(customer.id, {"expand": ["subscriptions"]})
    assert [each.id for each in shown.subscriptions.data] == [subscription.id]
    client.v1.customers.delete(customer.id)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert "customer.subscription.deleted" in event_types()


def test_customers_on_a_clock_are_listed_with_it_alone(client: Any) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})
    on_it = client.v1.customers.create({"test_clock": clock.id})
    beside = client.v1.customers.create({})
    assert on_it.created == 1_800_000_000
    assert [each.id for each in client.v1.customers.list().data] == [beside.id]
    listed = client.v1.customers.list({"test_clock": clock.id}).data
    assert [each.id for each in listed] == [on_it.id]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"email": "nobody"}, "email"),
        ({"invoice_prefix": "a"}, "invoice_prefix"),
        ({"payment_method": "pm_x"}, "payment_method"),
        (
            {"invoice_settings": {"default_payment_method": "pm_x"}},
            "invoice_settings[default_payment_method]",
        ),
        ({"test_clock": "clock_x"}, "test_clock"),
    ],
)
def test_create_refuses_what_can_not_be(client: Any, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create(params)
    assert (caught.value.http_status, caught.value.param) == (400, param)


def test_an_invoice_prefix_is_one_customers(client: Any) -> None:
    client.v1.customers.create({"invoice_prefix": "ADA"})
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        client.v1.customers.create({"invoice_prefix": "ADA"})


def test_a_cash_balance_is_settled_as_its_customer_says(client: Any) -> None:
    manual: Any = {"settings": {"reconciliation_mode": "manual"}}
    customer = client.v1.customers.create(
        {"cash_balance": manual, "expand": ["cash_balance"]}
    )
    assert customer.cash_balance.settings.reconciliation_mode == "manual"
    assert customer.cash_balance.available is None
