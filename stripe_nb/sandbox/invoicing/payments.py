"""Invoice payments: which payment intents are to pay, or paid, for an invoice."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.invoicing import shares
from stripe_nb.sandbox.payments import taking
from stripe_nb.sandbox.wire import Json

__all__ = ["ask_for", "cancel", "default_payment", "expect", "payment_by", "payment_of"]


def payment_of(call: Call, invoice: Json) -> Json | None:
    """Return the invoice payment that Stripe made for an invoice itself."""
    found = call.objects("invoice_payment", invoice=invoice["id"])
    return next((each for each in found if each["is_default"]), None)


def default_payment(call: Call, invoice: Json) -> Json:
    """Return the payment intent that an invoice is paid with."""
    payment = payment_of(call, invoice)
    if payment is None:
        raise InvalidRequest(
            f"Invoice {invoice['id']} has nothing to be paid.", param="invoice"
        )
    return call.get("payment_intent", payment["payment"]["payment_intent"])


def ask_for(call: Call, invoice: Json) -> None:
    """Let the payment that was made ready ask for what now remains."""
    payment = payment_of(call, invoice)
    if payment and payment["status"] == "open":
        remaining = invoice["amount_remaining"]
        call.update(payment, amount_requested=remaining)
        divided = shares.of_invoice(call, invoice, remaining)
        call.update({**default_payment(call, invoice), **divided, "amount": remaining})


def expect(call: Call, invoice: Json, intent: Json, *, is_default: bool) -> None:
    """Note that an intent is to pay for an invoice.

    Parameters
    ----------
    call
        The request that caused it.
    invoice, intent
        What is to be paid, and by what.
    is_default
        Whether Stripe itself made the intent for the invoice.
    """
    call.insert(
        call.new(
            "invoice_payment",
            amount_requested=intent["amount"],
            currency=invoice["currency"],
            invoice=invoice["id"],
            is_default=is_default,
            payment={"payment_intent": intent["id"], "type": "payment_intent"},
            status="open",
        )
    )


def payment_by(call: Call, invoice: Json, intent: Json) -> Json:
    """Return the invoice payment that a payment intent is for.

    Raises
    ------
    InvalidRequest
        If there is none.
    """
    for payment in call.objects("invoice_payment", invoice=invoice["id"]):
        if payment["payment"].get("payment_intent") == intent["id"]:
            return payment
    raise InvalidRequest(
        f"PaymentIntent {intent['id']} is not a payment of invoice {invoice['id']}."
    )


def cancel(call: Call, invoice: Json, reason: str | None) -> None:
    """Cancel the payment that was made ready for an invoice, if it is still open."""
    payment = payment_of(call, invoice)
    if payment is None or payment["status"] != "open":
        return
    moments = {"canceled_at": call.now(), "paid_at": None}
    call.update(payment, status="canceled", status_transitions=moments)
    taking.cancel(call, default_payment(call, invoice), reason)
