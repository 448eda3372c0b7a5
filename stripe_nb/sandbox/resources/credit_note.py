"""Credit notes: money taken back from an invoice that is final."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterInvalid
from stripe_nb.sandbox.invoicing import collection, crediting, payments
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.wire import Json

__all__ = ["CreditNote"]

_CREDITABLE = ("open", "paid", "uncollectible")
_EMBEDDED = 10


class CreditNote(Behaviour):
    """`Credit note <https://docs.stripe.com/api/credit_notes>`_."""

    name = "credit_note"

    def on_create(self, call: Call) -> Json:
        """Issue a credit note; what was paid goes where the request says."""
        check_metadata(call.params)
        invoice, lines, note = _described(call)
        for line in lines:
            call.insert(line)
        count = int(note["number"].rsplit("-", 1)[1])
        call.set_private(invoice["id"], credit_notes=count)
        note = _give_back(call, invoice, note)
        names = [line["id"] for line in lines]
        note = call.insert(
            note, private={"lines": names}, announce="credit_note.created"
        )
        _apply(call, invoice, note["pre_payment_amount"], note["post_payment_amount"])
        return note

    def on_preview(self, call: Call) -> Json:
        """Show the credit note that would be issued."""
        _, _, note = _described(call)
        return note

    def on_update(self, call: Call) -> Json:
        """Change a credit note's memo and metadata."""
        return self.change(call, self.target(call))

    def on_void_credit_note(self, call: Call) -> Json:
        """Void a credit note of an invoice that is still open."""
        note = self.target(call)
        if note["status"] == "void":
            raise InvalidRequest("This credit note is already void.")
        invoice = call.get("invoice", note["invoice"])
        if invoice["status"] != "open" or note["post_payment_amount"]:
            raise InvalidRequest(
                "Only credit notes that reduce the amount due of an open invoice can "
                "be voided."
            )
        note = call.update(
            note, status="void", voided_at=call.now(), announce="credit_note.voided"
        )
        _apply(call, invoice, -note["pre_payment_amount"], 0)
        return note


def _described(call: Call) -> tuple[Json, list[Json], Json]:
    """Return the invoice, the lines and the credit note of a request; not stored."""
    params = call.params
    invoice = call.get("invoice", params["invoice"], param="invoice", http_status=400)
    if invoice["status"] not in _CREDITABLE:
        raise InvalidRequest(
            "You can only create credit notes for finalized invoices that are not "
            f"void. This one is {invoice['status']}.",
            param="invoice",
        )
    lines = crediting.build_lines(call, invoice)
    sums = crediting.sums(lines)
    before = min(sums["total"], invoice["amount_remaining"])
    after = sums["total"] - before
    _check_creditable(invoice, after)
    note = call.new(
        "credit_note",
        **sums,
        currency=invoice["currency"],
        customer=invoice["customer"],
        effective_at=params.get("effective_at") or call.now(),
        invoice=invoice["id"],
        memo=params.get("memo"),
        metadata=params.get("metadata") or {},
        number=_number(call, invoice),
        post_payment_amount=after,
        pre_payment_amount=before,
        reason=params.get("reason"),
        refunds=[],
        status="issued",
        type=_type(before, after),
    )
    note["pdf"] = (
        f"https://pay.stripe.com/credit_notes/{call.account}/"
        f"test_{call.secret(40, 'credit_note_page')}/pdf?s=ap"
    )
    note["lines"] = {
        "object": "list",
        "data": lines[:_EMBEDDED],
        "has_more": len(lines) > _EMBEDDED,
        "url": f"/v1/credit_notes/{note['id']}/lines",
    }
    _check_ways(call, after)
    return invoice, lines, note


def _check_creditable(invoice: Json, after: int) -> None:
    left = invoice["amount_paid"] - invoice["post_payment_credit_notes_amount"]
    if after > left:
        raise ParameterInvalid(
            "The credit note's total is more than what can be credited of the invoice: "
            f"{invoice['amount_remaining'] + left}.",
            param="amount",
        )


def _type(before: int, after: int) -> str:
    if before and after:
        return "mixed"
    return "post_payment" if after else "pre_payment"


def _number(call: Call, invoice: Json) -> str:
    count = call.private(invoice["id"]).get("credit_notes", 0) + 1
    return f"{invoice['number']}-CN-{count:02d}"


def _check_ways(call: Call, after: int) -> None:
    """Refuse a note whose parts are not what was paid of it."""
    params = call.params
    linked = params.get("refunds") or ()
    if any(each.get("type", "refund") != "refund" for each in linked):
        raise NotSimulated("payment records on credit notes")
    parts = [
        params.get(name) or 0
        for name in ("credit_amount", "out_of_band_amount", "refund_amount")
    ]
    said = sum(parts) + sum(_linked_amount(call, each) for each in linked)
    if said != after:
        raise InvalidRequest(
            "The sum of the credit amount, refund amount and out of band amount "
            f"({said}) must equal the post payment amount of the credit note "
            f"({after}).",
            param="credit_amount",
        )


def _linked_amount(call: Call, each: Json) -> int:
    found = call.get(
        "refund", each["refund"], param="refunds[0][refund]", http_status=400
    )
    return int(each.get("amount_refunded") or found["amount"])


def _give_back(call: Call, invoice: Json, note: Json) -> Json:
    """Send the paid part of a note to the balance, the card, or elsewhere."""
    params = call.params
    refunds = [
        _refund(each["refund"], _linked_amount(call, each))
        for each in params.get("refunds") or ()
    ]
    if params.get("refund_amount"):
        made = _make_refund(call, invoice, params["refund_amount"])
        refunds.append(_refund(made["id"], made["amount"]))
    balance = None
    if params.get("credit_amount"):
        transaction = balances.book(
            call,
            call.get("customer", invoice["customer"]),
            -params["credit_amount"],
            "credit_note",
            invoice["currency"],
            credit_note=note["id"],
            invoice=invoice["id"],
        )
        balance = transaction["id"]
    return {
        **note,
        "customer_balance_transaction": balance,
        "out_of_band_amount": params.get("out_of_band_amount"),
        "refunds": refunds,
    }


def _refund(refund: str, amount: int) -> Json:
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund,
        "type": "refund",
    }


def _make_refund(call: Call, invoice: Json, amount: int) -> Json:
    """Refund a part of what the invoice was paid with."""
    for payment in call.objects("invoice_payment", invoice=invoice["id"]):
        intent = payment["payment"].get("payment_intent")
        if payment["status"] == "paid" and intent:
            asked = replace(call, params={"amount": amount, "payment_intent": intent})
            refunds: Any = call.engine.behaviour("refund")
            made: Json = refunds.on_create(asked)
            return made
    raise InvalidRequest(
        "The invoice was not paid with a payment that can be refunded.",
        param="refund_amount",
    )


def _apply(call: Call, invoice: Json, before: int, after: int) -> None:
    """Keep the invoice's sums in step with its credit notes."""
    noted = invoice["pre_payment_credit_notes_amount"] + before
    invoice = {
        **invoice,
        "amount_due": invoice["amount_due"] - before,
        "amount_remaining": invoice["amount_remaining"] - before,
        "post_payment_credit_notes_amount": invoice["post_payment_credit_notes_amount"]
        + after,
        "pre_payment_credit_notes_amount": noted,
    }
    if invoice["status"] != "paid" and not invoice["amount_remaining"]:
        collection.paid(call, invoice)
        return
    invoice = call.update(invoice, announce="invoice.updated")
    if before:
        payments.ask_for(call, invoice)
