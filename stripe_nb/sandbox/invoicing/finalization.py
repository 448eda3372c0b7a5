"""The end of a draft: a number, the customer's balance, and a payment to come."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import (
    automatic_tax,
    collection,
    draft,
    payments,
    shares,
)
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.resources import discount, payment_intent
from stripe_nb.sandbox.wire import Json

__all__ = ["finalize"]

_DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}


def finalize(
    call: Call, invoice: Json, *, auto_pay: bool, paid_by: Json | None = None
) -> Json:
    """Turn a stored draft into an open invoice, or a paid one if nothing is due.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        A draft with all its lines.
    auto_pay
        Whether to charge the customer at once, as for an automatic collection.
    paid_by
        A payment intent that has paid it already.
    """
    draft.announce(call, invoice)
    invoice = automatic_tax.before_finalizing(call, invoice)
    customer = call.get("customer", invoice["customer"])
    number = _number(call, customer, invoice)
    balance = _settle_balance(call, invoice)
    invoice = call.update(
        {
            **invoice,
            **balance,
            **_due_date(call, invoice),
            **_pages(call, invoice),
            "automatically_finalizes_at": None,
            "effective_at": invoice["effective_at"] or call.now(),
            "number": number,
            "status": "open",
            "status_transitions": {
                **invoice["status_transitions"],
                "finalized_at": call.now(),
            },
            "webhooks_delivered_at": call.now(),
        },
        announce="invoice.finalized",
    )
    discount.count(call, invoice)
    if invoice["amount_due"] == 0:
        return collection.paid(call, invoice)
    if paid_by:
        call.set_private(paid_by["id"], invoice=invoice["id"])
        payments.expect(call, invoice, paid_by, is_default=True)
        collection.settle(call, paid_by)
        return call.get("invoice", invoice["id"])
    _ask_for_payment(call, invoice)
    if invoice["due_date"]:
        call.later(invoice["due_date"], "overdue", invoice)
    if auto_pay and invoice["collection_method"] == "charge_automatically":
        invoice, _ = collection.pay(call, invoice, off_session=True, automatic=True)
    return invoice


def _number(call: Call, customer: Json, invoice: Json) -> str:
    """Return the invoice's number, and move the customer's sequence on."""
    if invoice["number"]:
        return str(invoice["number"])
    sequence = customer["next_invoice_sequence"]
    call.update(customer, next_invoice_sequence=sequence + 1)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def _settle_balance(call: Call, invoice: Json) -> Json:
    """Let the customer's balance pay, or take up what is not worth a charge."""
    customer = call.get("customer", invoice["customer"])
    before = customer["balance"]
    due, after = balances.settle(invoice["total"], before, invoice["currency"])
    if after != before:
        rolled = due == 0 and after > 0
        balances.book(
            call,
            customer,
            after - before,
            "invoice_too_small" if rolled else "applied_to_invoice",
            invoice["currency"],
            invoice=invoice["id"],
        )
    return {
        "amount_due": due,
        "amount_remaining": due,
        "ending_balance": after,
        "starting_balance": before,
    }


def _due_date(call: Call, invoice: Json) -> Json:
    """Count the days until an invoice is due from its finalization on."""
    days = call.private(invoice["id"]).get("days_until_due")
    return {} if days is None else {"due_date": call.now() + days * draft.DAY}


def _pages(call: Call, invoice: Json) -> Json:
    token = call.private(invoice["id"]).get("page") or call.secret(40, "invoice_page")
    call.set_private(invoice["id"], page=token)
    path = f"{call.account}/test_{token}"
    return {
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{path}?s=ap",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{path}/pdf?s=ap",
    }


def _ask_for_payment(call: Call, invoice: Json) -> None:
    """Make the payment intent that the invoice is paid with."""
    description = _DESCRIPTIONS.get(invoice["billing_reason"], "Payment for Invoice")
    saves = invoice["billing_reason"] == "subscription_create"
    intent = payment_intent.for_invoice(
        call,
        invoice,
        amount=invoice["amount_due"],
        description=description,
        **shares.of_invoice(call, invoice, invoice["amount_due"]),
        setup_future_usage="off_session" if saves else None,
    )
    payments.expect(call, invoice, intent, is_default=True)
