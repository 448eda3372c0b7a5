"""How an invoice ends without a payment: deleted, voided, given up, paid elsewhere."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.invoicing import collection, payments
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.resources import line_item
from stripe_nb.sandbox.wire import Json

__all__ = ["delete", "mark_uncollectible", "pay_out_of_band", "void"]

_OPEN = ("open", "uncollectible")


def delete(call: Call, invoice: Json) -> Json:
    """Delete a draft for good; its items wait for an invoice again.

    Raises
    ------
    InvalidRequest
        If it is no draft.
    """
    if invoice["status"] != "draft":
        raise InvalidRequest(
            "You can only delete draft invoices.", code="invoice_not_editable"
        )
    for line in line_item.of(call, invoice):
        item = call.find("invoiceitem", line_item.invoice_item_of(line))
        if item:
            call.update(item, invoice=None)
        call.delete(line)
    return call.delete(invoice, announce="invoice.deleted")


def void(call: Call, invoice: Json) -> Json:
    """Void an invoice: it stays, and nobody has to pay it.

    Raises
    ------
    InvalidRequest
        If it is a draft, void or paid.
    """
    if invoice["status"] == "paid" or invoice["amount_paid"]:
        raise InvalidRequest("Invoices with `paid` payments cannot be voided.")
    if invoice["status"] not in _OPEN:
        raise _not_open()
    _give_balance_back(call, invoice)
    invoice = _close(call, invoice, "void", "voided_at")
    payments.cancel(call, invoice, "void_invoice")
    call.emit("invoice.voided", invoice)
    collection.tell_subscription(call, invoice, "invoice_voided")
    return invoice


def mark_uncollectible(call: Call, invoice: Json) -> Json:
    """Give an invoice up; it can still be paid or voided.

    Raises
    ------
    InvalidRequest
        If it is not open.
    """
    if invoice["status"] != "open":
        raise _not_open()
    invoice = _close(call, invoice, "uncollectible", "marked_uncollectible_at")
    call.emit("invoice.marked_uncollectible", invoice)
    collection.tell_subscription(call, invoice, "invoice_uncollectible")
    return invoice


def _close(call: Call, invoice: Json, status: str, moment: str) -> Json:
    return call.update(
        {
            **invoice,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": status,
            "status_transitions": {**invoice["status_transitions"], moment: call.now()},
        },
        announce="invoice.updated",
    )


def _not_open() -> InvalidRequest:
    return InvalidRequest(
        "You can only pass in open invoices. This invoice isn't open."
    )


def _give_balance_back(call: Call, invoice: Json) -> None:
    """Undo what the invoice took from, or left on, the customer's balance."""
    change = invoice["starting_balance"] - invoice["ending_balance"]
    customer = call.find("customer", invoice["customer"])
    if change and customer:
        balances.book(
            call,
            customer,
            change,
            "unapplied_from_invoice",
            invoice["currency"],
            invoice=invoice["id"],
        )


def pay_out_of_band(call: Call, invoice: Json) -> Json:
    """Mark an invoice as paid by other means than Stripe."""
    return collection.paid(
        call,
        {
            **invoice,
            "amount_paid": invoice["amount_due"],
            "amount_paid_off_stripe": invoice["amount_remaining"],
            "amount_remaining": 0,
        },
    )
