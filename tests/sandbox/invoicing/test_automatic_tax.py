"""Automatic tax without registrations: nothing to pay, but a place to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk

TAXED: Any = {"automatic_tax": {"enabled": True}}
HOUR = 3_600


def price(desk: Desk) -> str:
    product = desk.v1.products.create({"name": "Gold"}).id
    given: Any = {
        "currency": "usd",
        "product": product,
        "recurring": {"interval": "month"},
        "unit_amount": 2000,
    }
    return str(desk.v1.prices.create(given).id)


def move(desk: Desk, **address: str) -> None:
    desk.v1.customers.update(desk.customer.id, {"address": address})


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ({"country": "DE"}, "complete"),
        ({"country": "US", "postal_code": "94105"}, "complete"),
        ({"country": "US", "state": "CA"}, "requires_location_inputs"),
        ({"country": "CA", "state": "ON"}, "complete"),
        ({"city": "Paris"}, "requires_location_inputs"),
        ({}, "requires_location_inputs"),
    ],
)
def test_invoice_says_whether_the_place_is_known(
    desk: Desk, address: dict[str, str], status: str
) -> None:
    if address:
        move(desk, **address)
    draft = desk.draft(2000, **TAXED)
    assert (draft.automatic_tax.enabled, draft.automatic_tax.status) == (True, status)
    assert draft.automatic_tax.liability.type == "self"
    assert (draft.total, draft.total_taxes) == (2000, [])


def test_customer_tells_whether_it_can_be_taxed(desk: Desk) -> None:
    expand: Any = {"expand": ["tax"]}
    assert (
        desk.v1.customers.retrieve(desk.customer.id, expand).tax.automatic_tax
        == "unrecognized_location"
    )
    move(desk, country="DE")
    told = desk.v1.customers.retrieve(desk.customer.id, expand).tax
    assert told.automatic_tax == "not_collecting"


def test_draft_is_not_final_before_the_place_is_known(desk: Desk) -> None:
    draft = desk.draft(2000, **TAXED)
    with pytest.raises(stripe.InvalidRequestError, match="isn't recognized") as refused:
        desk.v1.invoices.finalize_invoice(draft.id)
    assert refused.value.code == "customer_tax_location_invalid"
    move(desk, country="DE")
    final = desk.v1.invoices.finalize_invoice(draft.id)
    assert (final.status, final.automatic_tax.status) == ("open", "complete")


def test_draft_that_can_not_become_final_by_itself_says_so(desk: Desk) -> None:
    draft = desk.draft(2000, auto_advance=True, **TAXED)
    desk.wait(HOUR + 60)
    kept = desk.reload(draft)
    assert kept.status == "draft"
    assert kept.last_finalization_error.code == "customer_tax_location_invalid"
    assert "invoice.finalization_failed" in desk.events()


def test_automatic_tax_is_taken_back(desk: Desk) -> None:
    draft = desk.draft(2000, **TAXED)
    off: Any = {"automatic_tax": {"enabled": False}}
    updated = desk.v1.invoices.update(draft.id, off)
    assert (updated.automatic_tax.enabled, updated.automatic_tax.status) == (
        False,
        None,
    )
    assert desk.v1.invoices.finalize_invoice(draft.id).status == "open"


def test_subscription_of_a_customer_of_nowhere_is_refused(desk: Desk) -> None:
    given: Any = {"customer": desk.customer.id, "items": [{"price": price(desk)}]}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.subscriptions.create({**given, **TAXED})
    assert refused.value.code == "customer_tax_location_invalid"
    assert desk.v1.subscriptions.list().data == []


def test_subscription_goes_on_untaxed_where_the_place_is_lost(desk: Desk) -> None:
    desk.card()
    move(desk, country="DE")
    given: Any = {"customer": desk.customer.id, "items": [{"price": price(desk)}]}
    made = desk.v1.subscriptions.create({**given, **TAXED})
    assert made.automatic_tax.enabled
    assert desk.v1.invoices.retrieve(made.latest_invoice).automatic_tax.enabled
    desk.v1.customers.update(desk.customer.id, {"address": ""})
    desk.wait(32 * 24 * HOUR)
    kept = desk.v1.subscriptions.retrieve(made.id)
    assert kept.automatic_tax.enabled is False
    assert kept.automatic_tax.disabled_reason == "requires_location_inputs"
    renewal = desk.v1.invoices.retrieve(kept.latest_invoice)
    assert (renewal.status, renewal.automatic_tax.disabled_reason) == (
        "paid",
        "finalization_requires_location_inputs",
    )


def test_rates_of_ones_own_exclude_it(desk: Desk) -> None:
    move(desk, country="DE")
    rate = desk.v1.tax_rates.create(
        {"display_name": "VAT", "inclusive": False, "percentage": 19}
    ).id
    given: Any = {
        "customer": desk.customer.id,
        "items": [{"price": price(desk)}],
        "default_tax_rates": [rate],
    }
    with pytest.raises(stripe.InvalidRequestError, match="default_tax_rates"):
        desk.v1.subscriptions.create({**given, **TAXED})


def test_preview_for_somebody_described_in_passing(desk: Desk) -> None:
    details: Any = {"items": [{"price": price(desk), "quantity": 2}]}
    who: Any = {"address": {"country": "DE"}}
    shown = desk.v1.invoices.create_preview(
        {"customer_details": who, "subscription_details": details, **TAXED}
    )
    assert (shown.total, shown.automatic_tax.status) == (4000, "complete")
    assert shown.customer_address.country == "DE"
    assert desk.v1.subscriptions.list().data == []
    assert len(desk.v1.customers.list().data) == 1
