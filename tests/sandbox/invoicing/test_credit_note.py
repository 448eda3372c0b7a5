"""Credit notes: what is taken back, and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


def _credit(desk: Desk, invoice: Any, **params: Any) -> Any:
    given: Any = {"invoice": invoice.id, **params}
    return desk.v1.credit_notes.create(given)


def test_a_note_on_an_open_invoice_lowers_what_is_due(desk: Desk) -> None:
    invoice = desk.open(2000)
    desk.events()
    note = _credit(desk, invoice, amount=500, reason="duplicate", memo="sorry")
    assert (note.type, note.pre_payment_amount) == ("pre_payment", 500)
    assert note.post_payment_amount == 0
    assert note.number == f"{invoice.number}-CN-01"
    assert (note.status, note.total, note.lines.data[0].amount) == ("issued", 500, 500)
    assert desk.events() == ["credit_note.created", "invoice.updated"]
    lowered = desk.reload(invoice, expand=["payments.data.payment.payment_intent"])
    assert (lowered.amount_due, lowered.amount_remaining) == (1500, 1500)
    assert lowered.pre_payment_credit_notes_amount == 500
    intent: Any = lowered.payments.data[0].payment.payment_intent
    assert intent.amount == 1500


def test_a_note_on_everything_that_is_due_pays_the_invoice(desk: Desk) -> None:
    invoice = desk.open(2000)
    _credit(desk, invoice, amount=2000)
    paid = desk.reload(invoice)
    assert (paid.status, paid.amount_due, paid.amount_paid) == ("paid", 0, 0)
    assert desk.events()[-4:] == [
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.updated",
    ]


def test_voiding_a_note_brings_the_amount_back(desk: Desk) -> None:
    invoice = desk.open(2000)
    note = _credit(desk, invoice, amount=500)
    void = desk.v1.credit_notes.void_credit_note(note.id)
    assert void.status == "void"
    assert void.voided_at
    assert desk.reload(invoice).amount_due == 2000
    assert desk.events()[-2:] == ["credit_note.voided", "invoice.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="already void"):
        desk.v1.credit_notes.void_credit_note(note.id)


def test_a_note_on_a_paid_invoice_refunds_the_card(desk: Desk) -> None:
    invoice = desk.paid(2000)
    desk.events()
    note = _credit(desk, invoice, amount=800, refund_amount=800)
    assert (note.type, note.post_payment_amount) == ("post_payment", 800)
    [refunded] = note.refunds
    assert refunded.amount_refunded == 800
    assert isinstance(refunded.refund, str)
    assert desk.v1.refunds.retrieve(refunded.refund).amount == 800
    assert desk.reload(invoice).post_payment_credit_notes_amount == 800
    events = desk.events()
    assert events.index("refund.created") < events.index("credit_note.created")


def test_a_note_on_a_paid_invoice_credits_the_balance(desk: Desk) -> None:
    note = _credit(desk, desk.paid(2000), amount=300, credit_amount=300)
    booked = desk.v1.customers.balance_transactions.retrieve(
        desk.customer.id, str(note.customer_balance_transaction)
    )
    assert (booked.type, booked.amount) == ("credit_note", -300)
    assert booked.credit_note == note.id
    assert desk.v1.customers.retrieve(desk.customer.id).balance == -300
    with pytest.raises(stripe.InvalidRequestError, match="open invoice"):
        desk.v1.credit_notes.void_credit_note(note.id)


def test_lines_of_the_invoice_come_back_with_their_taxes(desk: Desk) -> None:
    tax = desk.v1.tax_rates.create(
        {"display_name": "Sales tax", "inclusive": False, "percentage": 10}
    )
    half = desk.v1.coupons.create({"percent_off": 50})
    invoice = desk.paid(
        2000, default_tax_rates=[tax.id], discounts=[{"coupon": half.id}]
    )
    assert invoice.total == 1100
    line: Any = {
        "type": "invoice_line_item",
        "invoice_line_item": invoice.lines.data[0].id,
        "amount": 1000,
    }
    preview = desk.v1.credit_notes.preview(
        {"invoice": invoice.id, "lines": [line], "refund_amount": 550}
    )
    note = _credit(desk, invoice, lines=[line], refund_amount=550)
    for each in (preview, note):
        assert (each.subtotal, each.discount_amount) == (1000, 500)
        assert (each.total_taxes[0].amount, each.total) == (50, 550)
        assert each.total_excluding_tax == 500
    listed = desk.v1.credit_notes.line_items.list(note.id).data
    assert [each.invoice_line_item for each in listed] == [line["invoice_line_item"]]


def test_custom_lines_are_counted_by_unit(desk: Desk) -> None:
    lines = [
        {
            "type": "custom_line_item",
            "unit_amount": 150,
            "quantity": 3,
            "description": "three",
        },
        {"type": "custom_line_item", "unit_amount": 50, "quantity": 1},
    ]
    note = _credit(desk, desk.open(2000), lines=lines)
    assert (note.total, [line.amount for line in note.lines.data]) == (500, [450, 50])


def test_preview_stores_nothing(desk: Desk) -> None:
    invoice = desk.open(2000)
    shown = desk.v1.credit_notes.preview({"invoice": invoice.id, "amount": 100})
    lines = desk.v1.credit_notes.preview_lines.list(
        {"invoice": invoice.id, "amount": 100}
    )
    assert (shown.total, [line.amount for line in lines.data]) == (100, [100])
    assert desk.v1.credit_notes.list({"invoice": invoice.id}).data == []
    assert desk.reload(invoice).amount_due == 2000


def test_no_more_is_credited_than_was_billed(desk: Desk) -> None:
    invoice = desk.paid(2000)
    _credit(desk, invoice, amount=1500, out_of_band_amount=1500)
    with pytest.raises(stripe.InvalidRequestError, match="500") as caught:
        _credit(desk, invoice, amount=600, credit_amount=600)
    assert caught.value.param == "amount"


def test_the_parts_must_be_what_was_paid(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="must equal"):
        _credit(desk, desk.paid(2000), amount=600, credit_amount=100)


def test_drafts_can_not_be_credited(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="finalized") as caught:
        _credit(desk, desk.draft(2000), amount=100)
    assert caught.value.param == "invoice"


def test_memo_and_metadata_can_be_changed(desk: Desk) -> None:
    note = _credit(desk, desk.open(2000), amount=100)
    changed = desk.v1.credit_notes.update(
        note.id, {"memo": "new", "metadata": {"k": "v"}}
    )
    assert changed.memo == "new"
    assert changed.metadata
    assert changed.metadata["k"] == "v"
    assert desk.events()[-1] == "credit_note.updated"
