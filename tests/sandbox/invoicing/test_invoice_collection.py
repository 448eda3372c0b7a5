"""How invoices are collected by themselves, and chased when that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk

HOUR = 60 * 60
DAY = 24 * HOUR


def test_a_draft_that_advances_is_finalized_and_paid_after_an_hour(desk: Desk) -> None:
    desk.card()
    draft = desk.draft(2000, auto_advance=True)
    assert draft.automatically_finalizes_at == draft.created + HOUR
    assert draft.next_payment_attempt == draft.created + HOUR
    desk.wait(HOUR - 60)
    assert desk.reload(draft).status == "draft"
    desk.wait(120)
    invoice = desk.reload(draft)
    assert invoice.status == "paid"
    assert invoice.status_transitions.finalized_at == draft.created + HOUR
    assert invoice.auto_advance is False


def test_an_advance_that_was_called_off_does_not_happen(desk: Desk) -> None:
    draft = desk.draft(2000, auto_advance=True)
    off = desk.v1.invoices.update(draft.id, {"auto_advance": False})
    assert off.automatically_finalizes_at is None
    desk.wait(2 * HOUR)
    assert desk.reload(draft).status == "draft"


def test_an_invoice_to_send_goes_out_after_an_hour(desk: Desk) -> None:
    draft = desk.draft(
        2000, auto_advance=True, collection_method="send_invoice", days_until_due=7
    )
    desk.events()
    desk.wait(HOUR + 60)
    invoice = desk.reload(draft)
    assert invoice.status == "open"
    assert invoice.due_date == draft.created + HOUR + 7 * DAY
    assert desk.events() == [
        "invoice.finalized",
        "payment_intent.created",
        "invoice.sent",
    ]


def test_a_failed_collection_is_tried_again_after_3_5_and_7_days(desk: Desk) -> None:
    desk.card("pm_card_chargeCustomerFail")
    invoice = desk.draft(2000, auto_advance=True)
    desk.wait(HOUR + 60)
    for attempt, days in enumerate((3, 5, 7), start=1):
        invoice = desk.reload(invoice)
        assert (invoice.status, invoice.attempt_count) == ("open", attempt)
        planned = invoice.next_payment_attempt
        assert planned is not None
        assert 0 < planned - desk.sandbox.now <= days * DAY
        desk.events()
        desk.wait(planned - desk.sandbox.now + 60)
        assert desk.events() == [
            "charge.failed",
            "payment_intent.payment_failed",
            "invoice.updated",
            "invoice.payment_failed",
        ]
    invoice = desk.reload(invoice)
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (4, None)
    assert desk.v1.customers.retrieve(desk.customer.id).delinquent


def test_a_good_card_ends_the_chase(desk: Desk) -> None:
    desk.card("pm_card_chargeCustomerFail")
    draft = desk.draft(2000, auto_advance=True)
    desk.wait(HOUR + 60)
    desk.card()
    desk.wait(3 * DAY + HOUR)
    invoice = desk.reload(draft)
    assert (invoice.status, invoice.attempt_count) == ("paid", 2)
    assert invoice.next_payment_attempt is None
    assert desk.v1.customers.retrieve(desk.customer.id).delinquent is False


def test_a_decline_is_told_with_its_charge_and_kept(desk: Desk) -> None:
    desk.card("pm_card_chargeCustomerFail")
    invoice = desk.open()
    desk.events()
    with pytest.raises(stripe.CardError) as caught:
        desk.v1.invoices.pay(invoice.id)
    assert caught.value.code == "card_declined"
    assert desk.events() == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.updated",
    ]
    kept = desk.reload(invoice)
    assert (kept.status, kept.attempt_count, kept.attempted) == ("open", 1, True)
    with pytest.raises(stripe.CardError):
        desk.v1.invoices.pay(invoice.id)
    # Only what Stripe tries by itself counts after the first attempt.
    assert desk.reload(invoice).attempt_count == 1


def test_a_card_that_asks_its_holder_leaves_the_invoice_open(desk: Desk) -> None:
    card = desk.card("pm_card_threeDSecure2Required", default=False)
    invoice = desk.open()
    desk.events()
    with pytest.raises(stripe.CardError) as caught:
        desk.v1.invoices.pay(invoice.id, {"payment_method": card})
    assert caught.value.code == "invoice_payment_intent_requires_action"
    assert desk.events() == [
        "payment_intent.requires_action",
        "invoice.updated",
        "invoice.payment_action_required",
    ]
    waiting = desk.reload(invoice, expand=["payments"])
    assert (waiting.attempted, waiting.attempt_count) == (True, 0)
    intent = waiting.payments.data[0].payment.payment_intent
    assert isinstance(intent, str)
    desk.sandbox.authenticate(intent)
    assert desk.reload(invoice).status == "paid"


def test_without_a_payment_method_nothing_can_be_paid(desk: Desk) -> None:
    invoice = desk.open()
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        desk.v1.invoices.pay(invoice.id)
    assert desk.reload(invoice).attempted is False


def test_without_a_payment_method_the_automatic_attempt_fails(desk: Desk) -> None:
    draft = desk.draft(2000, auto_advance=True)
    desk.wait(HOUR + 60)
    invoice = desk.reload(draft)
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert desk.events()[-2:] == ["invoice.payment_failed", "customer.updated"]


def test_the_invoices_own_card_is_charged_before_the_customers(desk: Desk) -> None:
    own = desk.card(default=False)
    desk.card("pm_card_chargeCustomerFail")
    invoice = desk.open(default_payment_method=own)
    assert desk.v1.invoices.pay(invoice.id).status == "paid"


def test_a_saved_card_of_older_days_pays(desk: Desk) -> None:
    desk.v1.customers.update(desk.customer.id, {"source": "tok_visa"})
    assert desk.v1.invoices.pay(desk.open().id).status == "paid"


def test_a_final_invoice_that_advances_is_charged_after_an_hour(desk: Desk) -> None:
    desk.card()
    draft = desk.draft(2000)
    invoice = desk.v1.invoices.finalize_invoice(draft.id, {"auto_advance": True})
    assert invoice.status == "open"
    desk.wait(HOUR + 60)
    assert desk.reload(invoice).status == "paid"
