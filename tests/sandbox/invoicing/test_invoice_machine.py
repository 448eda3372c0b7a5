"""Whatever is done to invoices, in whatever order, the sums and states hold."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

# status: those that may follow it
_NEXT = {
    "draft": {"draft", "open", "paid"},
    "open": {"open", "paid", "void", "uncollectible"},
    "uncollectible": {"uncollectible", "paid", "void"},
    "paid": {"paid"},
    "void": {"void"},
}
_CARDS = ("pm_card_visa", "pm_card_chargeCustomerFail")
_AMOUNTS = st.integers(-500, 5000)


class Invoices(RuleBasedStateMachine):
    """One customer, and everything that can be done to its invoices."""

    invoices = Bundle("invoices")

    @initialize()
    def begin(self) -> None:
        self.sandbox = Sandbox(seed=11, clock="2026-01-15").start()
        self.client: Client = connect(sandbox=self.sandbox)
        self.v1: Any = self.client.v1
        self.customer = self.v1.customers.create({"email": "ada@example.com"}).id
        self.methods = [
            self.v1.payment_methods.attach(card, {"customer": self.customer}).id
            for card in _CARDS
        ]
        self.tax = self.v1.tax_rates.create(
            {"display_name": "Tax", "inclusive": False, "percentage": 8.875}
        ).id
        self.vat = self.v1.tax_rates.create(
            {"display_name": "VAT", "inclusive": True, "percentage": 20}
        ).id
        self.coupon = self.v1.coupons.create({"percent_off": 33.3}).id
        self.states: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "sandbox"):
            self.client.close()
            self.sandbox.stop()

    @rule(
        target=invoices,
        amounts=st.lists(_AMOUNTS, max_size=3),
        taxed=st.sampled_from([None, "tax", "vat"]),
        discounted=st.booleans(),
    )
    def make(self, amounts: list[int], taxed: str | None, discounted: bool) -> str:
        given: Any = {"customer": self.customer, "currency": "usd"}
        for amount in amounts:
            self.v1.invoice_items.create({**given, "amount": amount})
        params: Any = {**given, "pending_invoice_items_behavior": "include"}
        if taxed:
            params["default_tax_rates"] = [getattr(self, taxed)]
        if discounted:
            params["discounts"] = [{"coupon": self.coupon}]
        return str(self.v1.invoices.create(params).id)

    def _try(self, act: Any, *args: Any) -> None:
        """Do something that the invoice's state may not allow."""
        try:
            act(*args)
        except stripe.CardError:
            pass
        except stripe.InvalidRequestError as error:
            if error.http_status != HTTPStatus.BAD_REQUEST:
                raise

    @rule(invoice=invoices, amount=_AMOUNTS)
    def add(self, invoice: str, amount: int) -> None:
        given: Any = {
            "customer": self.customer,
            "invoice": invoice,
            "amount": amount,
            "currency": "usd",
        }
        self._try(self.v1.invoice_items.create, given)

    @rule(invoice=invoices)
    def finalize(self, invoice: str) -> None:
        self._try(self.v1.invoices.finalize_invoice, invoice)

    @rule(invoice=invoices, card=st.integers(0, 1))
    def pay(self, invoice: str, card: int) -> None:
        given: Any = {"payment_method": self.methods[card]}
        self._try(self.v1.invoices.pay, invoice, given)

    @rule(invoice=invoices)
    def pay_elsewhere(self, invoice: str) -> None:
        self._try(self.v1.invoices.pay, invoice, {"paid_out_of_band": True})

    @rule(invoice=invoices)
    def void(self, invoice: str) -> None:
        self._try(self.v1.invoices.void_invoice, invoice)

    @rule(invoice=invoices)
    def give_up(self, invoice: str) -> None:
        self._try(self.v1.invoices.mark_uncollectible, invoice)

    @rule(invoice=invoices, amount=st.integers(1, 3000), paid=st.booleans())
    def credit(self, invoice: str, amount: int, paid: bool) -> None:
        given: Any = {"invoice": invoice, "amount": amount}
        if paid:
            given["credit_amount"] = amount
        self._try(self.v1.credit_notes.create, given)

    @rule(amount=st.integers(-1000, 1000).filter(bool))
    def adjust(self, amount: int) -> None:
        given: Any = {"amount": amount, "currency": "usd"}
        self.v1.customers.balance_transactions.create(self.customer, given)

    def _all(self) -> list[Any]:
        if not hasattr(self, "sandbox"):
            return []
        listed = self.v1.invoices.list({"limit": 100})
        return list(listed.auto_paging_iter())

    @invariant()
    def sums_hold(self) -> None:
        for invoice in self._all():
            lines = sum(line.amount for line in invoice.lines.data)
            taken = sum(each.amount for each in invoice.total_discount_amounts or ())
            added = sum(
                tax.amount
                for tax in invoice.total_taxes or ()
                if tax.tax_behavior == "exclusive"
            )
            assert invoice.subtotal == lines
            assert invoice.total == invoice.subtotal - taken + added
            assert invoice.amount_remaining == invoice.amount_due - invoice.amount_paid

    @invariant()
    def states_follow_one_another(self) -> None:
        for invoice in self._all():
            status = str(invoice.status)
            before = self.states.get(invoice.id, status)
            assert status in _NEXT[before]
            self.states[invoice.id] = status
            assert (invoice.number is None) == (status == "draft")
            if status == "paid":
                assert invoice.amount_remaining == 0

    @invariant()
    def the_balance_is_the_sum_of_its_transactions(self) -> None:
        if not hasattr(self, "sandbox"):
            return
        listed = self.v1.customers.balance_transactions.list(
            self.customer, {"limit": 100}
        )
        booked = [each.amount for each in listed.auto_paging_iter()]
        assert self.v1.customers.retrieve(self.customer).balance == sum(booked)

    @invariant()
    def charges_pay_for_invoices(self) -> None:
        if not hasattr(self, "sandbox"):
            return
        charged = sum(
            charge.amount_captured
            for charge in self.v1.charges.list({"limit": 100}).auto_paging_iter()
            if charge.paid
        )
        by_card = sum(
            payment.amount_paid or 0
            for payment in self.v1.invoice_payments.list(
                {"limit": 100, "status": "paid"}
            ).auto_paging_iter()
        )
        assert charged == by_card


TestInvoices = Invoices.TestCase
TestInvoices.settings = settings(
    max_examples=8,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_numbers_are_given_without_a_gap(client: Client) -> None:
    customer = client.v1.customers.create({})
    numbers = []
    for _ in range(3):
        draft = client.v1.invoices.create({"customer": customer.id})
        numbers.append(client.v1.invoices.finalize_invoice(draft.id).number)
    prefix = customer.invoice_prefix
    assert numbers == [f"{prefix}-{number:04d}" for number in (1, 2, 3)]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.update(draft.id, {"number": "X-1"})
