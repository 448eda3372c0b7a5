"""Quotes: drafted, finalized, and what accepting them brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def once(world: World, amount: int) -> str:
    return world.v1.prices.create(
        {"product": world.product, "unit_amount": amount, "currency": "usd"}
    ).id


def test_quote_adds_up_what_it_offers(world: World) -> None:
    coupon = world.v1.coupons.create({"percent_off": 10, "duration": "once"})
    quote = world.v1.quotes.create(
        {
            "customer": world.customer(),
            "line_items": [
                {"price": world.price(1500), "quantity": 10},
                {"price": once(world, 1000)},
            ],
            "discounts": [{"coupon": coupon.id}],
        }
    )
    assert quote.status == "draft"
    assert (quote.amount_subtotal, quote.amount_total) == (16_000, 14_400)
    assert quote.computed.recurring is not None
    assert quote.computed.recurring.amount_subtotal == 15_000
    assert quote.computed.recurring.interval == "month"
    assert quote.expires_at == world.day(30)
    lines = world.v1.quotes.line_items.list(quote.id).data
    assert [line.amount_subtotal for line in lines] == [15_000, 1000]
    assert sum(line.amount_total for line in lines) == 14_400


def test_accepted_quote_becomes_a_subscription(world: World) -> None:
    customer = world.customer()
    quotes = world.v1.quotes
    quote = quotes.create(
        {
            "customer": customer,
            "line_items": [{"price": world.price(1500), "quantity": 2}],
        }
    )
    assert quotes.finalize_quote(quote.id).status == "open"
    accepted = quotes.accept(quote.id)
    assert accepted.status == "accepted"
    assert isinstance(accepted.subscription, str)
    assert world.subscription(accepted.subscription).status == "active"
    assert world.item(accepted.subscription).quantity == 2
    world.advance(1)
    (invoice,) = world.invoices(customer)
    assert (invoice.id, invoice.total) == (accepted.invoice, 3000)
    assert invoice.status == "paid"
    assert world.events("quote") == [
        "quote.created",
        "quote.finalized",
        "quote.accepted",
    ]


def test_accepted_quote_of_one_time_prices_becomes_an_invoice(world: World) -> None:
    customer = world.customer()
    quotes = world.v1.quotes
    quote = quotes.create(
        {"customer": customer, "line_items": [{"price": once(world, 700)}]}
    )
    quotes.finalize_quote(quote.id)
    accepted = quotes.accept(quote.id)
    assert accepted.subscription is None
    (invoice,) = world.invoices(customer)
    assert (invoice.id, invoice.total) == (accepted.invoice, 700)
    assert invoice.status == "draft"


def test_quote_can_begin_later(world: World) -> None:
    quotes = world.v1.quotes
    quote = quotes.create(
        {
            "customer": world.customer(),
            "line_items": [{"price": world.price(1500)}],
            "subscription_data": {"effective_date": world.day(5)},
        }
    )
    quotes.finalize_quote(quote.id)
    accepted = quotes.accept(quote.id)
    assert isinstance(accepted.subscription_schedule, str)
    found = world.v1.subscription_schedules.retrieve(accepted.subscription_schedule)
    assert found.status == "not_started"


def test_quote_goes_only_forward(world: World) -> None:
    quotes = world.v1.quotes
    empty = quotes.create({"customer": world.customer()})
    with pytest.raises(stripe.InvalidRequestError, match="line item"):
        quotes.finalize_quote(empty.id)
    with pytest.raises(stripe.InvalidRequestError, match="accept a quote"):
        quotes.accept(empty.id)
    quotes.update(empty.id, {"line_items": [{"price": world.price(1500)}]})
    quotes.finalize_quote(empty.id)
    with pytest.raises(stripe.InvalidRequestError, match="update a quote"):
        quotes.update(empty.id, {"description": "x"})
    assert quotes.cancel(empty.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="cancel a quote"):
        quotes.cancel(empty.id)


def test_quote_expires(world: World) -> None:
    quote = world.v1.quotes.create({"customer": world.customer()})
    world.advance(31)
    assert world.v1.quotes.retrieve(quote.id).status == "canceled"


def test_pdf_of_a_quote_is_not_simulated(world: World) -> None:
    quote = world.v1.quotes.create({"customer": world.customer()})
    with pytest.raises(stripe.APIError, match="Not simulated"):
        world.v1.quotes.pdf(quote.id)
