"""Invoices that several payments pay: in parts, too much, or without the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


def intent(desk: Desk, amount: int, **more: Any) -> Any:
    """Make a payment of the customer's own, beside what the invoice asks for."""
    params: Any = {
        "amount": amount,
        "currency": "usd",
        "customer": desk.customer.id,
        "payment_method": desk.card(),
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        **more,
    }
    return desk.v1.payment_intents.create(params)


def pay(desk: Desk, invoice: stripe.Invoice, amount: int) -> Any:
    """Let a separate payment pay a part of an invoice."""
    payment = intent(desk, amount, confirm=True)
    desk.v1.invoices.attach_payment(invoice.id, {"payment_intent": payment.id})
    return desk.reload(invoice, expand=["payments"])


def default_of(desk: Desk, invoice: Any) -> tuple[Any, Any]:
    """Return the payment that Stripe made ready for an invoice, and its intent."""
    found = desk.reload(invoice, expand=["payments"]).payments.data
    payment = next(each for each in found if each.is_default)
    return payment, desk.v1.payment_intents.retrieve(payment.payment.payment_intent)


def test_part_paid_invoice_asks_for_the_rest(desk: Desk) -> None:
    invoice = desk.open(2000)
    part = pay(desk, invoice, 500)
    assert (part.status, part.amount_paid, part.amount_remaining) == ("open", 500, 1500)
    payment, ready = default_of(desk, invoice)
    assert (payment.amount_requested, ready.amount) == (1500, 1500)
    done = desk.v1.invoices.pay(invoice.id)
    assert (done.status, done.amount_paid, done.amount_overpaid) == ("paid", 2000, 0)


def test_default_payment_is_canceled_when_others_paid_it_all(desk: Desk) -> None:
    invoice = desk.open(2000)
    desk.events()
    done = pay(desk, invoice, 2000)
    assert done.status == "paid"
    payment, ready = default_of(desk, invoice)
    assert (payment.status, ready.status) == ("canceled", "canceled")
    assert payment.status_transitions.canceled_at is not None
    assert "payment_intent.canceled" in desk.events()


def test_default_payment_is_canceled_when_it_is_paid_elsewhere(desk: Desk) -> None:
    invoice = desk.open(2000)
    desk.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    payment, ready = default_of(desk, invoice)
    assert (payment.status, ready.status) == ("canceled", "canceled")


def test_what_is_paid_too_much_goes_to_the_customers_balance(desk: Desk) -> None:
    invoice = desk.open(2000)
    pay(desk, invoice, 1500)
    done = pay(desk, invoice, 800)
    assert (done.status, done.amount_overpaid, done.amount_remaining) == (
        "paid",
        300,
        0,
    )
    assert sorted(each.amount_paid or 0 for each in done.payments.data) == [
        0,
        500,
        1500,
    ]
    assert desk.v1.customers.retrieve(desk.customer.id).balance == -300


def test_payment_that_comes_after_the_bill_is_paid_is_too_much(desk: Desk) -> None:
    invoice = desk.open(2000)
    late = intent(desk, 700)
    desk.v1.invoices.attach_payment(invoice.id, {"payment_intent": late.id})
    pay(desk, invoice, 2000)
    desk.v1.payment_intents.confirm(late.id)
    done = desk.reload(invoice)
    assert (done.status, done.amount_overpaid, done.amount_paid) == ("paid", 700, 2700)
    assert desk.v1.customers.retrieve(desk.customer.id).balance == -700
