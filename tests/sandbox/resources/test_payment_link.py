"""Payment links and billing portal configurations through the API."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client


@pytest.fixture
def price(client: Client) -> str:
    return client.v1.prices.create(
        {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Mug"}}
    ).id


def made(client: Client, price: str, **given: Any) -> stripe.PaymentLink:
    params: Any = {"line_items": [{"price": price, "quantity": 2}], **given}
    return client.v1.payment_links.create(params)


def test_a_link_is_active_and_has_an_address(
    client: Client, sandbox: Sandbox, price: str
) -> None:
    link = made(client, price)
    (item,) = client.v1.payment_links.line_items.list(link.id).data

    assert link.url.startswith(f"{sandbox.url}/pay/test_")
    assert (link.active, link.currency) == (True, "usd")
    assert (item.amount_total, item.quantity) == (1400, 2)
    types = [each.type for each in client.v1.events.list().data]
    assert types[0] == "payment_link.created"


def test_an_update_is_told_with_what_was_before(client: Client, price: str) -> None:
    link = made(client, price)
    client.v1.payment_links.update(link.id, {"active": False, "metadata": {"a": "1"}})
    event = client.v1.events.list({"type": "payment_link.updated"}).data[0]

    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["active"] is True
    active = client.v1.payment_links.list({"active": True}).data
    assert active == []


def test_a_quantity_changes_and_an_unknown_item_is_refused(
    client: Client, price: str
) -> None:
    link = made(client, price)
    (item,) = client.v1.payment_links.line_items.list(link.id).data
    changed = client.v1.payment_links.update(
        link.id,
        {"line_items": [{"id": item.id, "quantity": 5}], "expand": ["line_items"]},
    )

    assert changed.line_items is not None
    assert changed.line_items.data[0].amount_total == 3500
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_links.update(
            link.id, {"line_items": [{"id": "li_x", "quantity": 1}]}
        )
    assert refused.value.code == "resource_missing"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "line_items[0][price]"),
        ({"after_completion": {"type": "redirect"}}, "after_completion[redirect][url]"),
    ],
)
def test_what_a_link_lacks_is_refused(
    client: Client, price: str, given: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        made(client, price, **given)

    assert refused.value.param == param


def test_what_is_not_simulated_is_said(client: Client, price: str) -> None:
    with pytest.raises(stripe.APIError, match="Not simulated") as refused:
        made(client, price, optional_items=[{"price": price, "quantity": 1}])

    assert refused.value.http_status == 501


# The billing portal's configurations ----------------------------------------------


def test_a_session_makes_the_default_configuration_once(client: Client) -> None:
    customer = client.v1.customers.create({})
    sessions = client.v1.billing_portal.sessions
    first = sessions.create({"customer": customer.id})
    second = sessions.create({"customer": customer.id})
    (default,) = client.v1.billing_portal.configurations.list().data

    assert first.configuration == second.configuration == default.id
    assert default.is_default is True
    assert default.features.subscription_cancel.enabled is True


def test_a_configuration_is_made_and_changed(client: Client) -> None:
    configurations = client.v1.billing_portal.configurations
    one = configurations.create(
        {
            "business_profile": {"headline": "Hello"},
            "features": {"subscription_cancel": {"enabled": True}},
        }
    )
    changed = configurations.update(one.id, {"active": False, "metadata": {"a": "1"}})
    types = [each.type for each in client.v1.events.list({"limit": 2}).data]

    assert one.features.subscription_cancel.mode == "at_period_end"
    assert one.features.invoice_history.enabled is False
    assert (changed.active, changed.business_profile.headline) == (False, "Hello")
    assert types == [
        "billing_portal.configuration.updated",
        "billing_portal.configuration.created",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        client.v1.billing_portal.sessions.create(
            {
                "customer": client.v1.customers.create({}).id,
                "configuration": one.id,
            }
        )


def test_a_portal_needs_a_customer(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.billing_portal.sessions.create({})

    assert (refused.value.param, refused.value.code) == (
        "customer",
        "parameter_missing",
    )
