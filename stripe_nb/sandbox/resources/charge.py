"""Charges: one attempt each to take money."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.payments import card_details, connect, legacy_charge
from stripe_nb.sandbox.payments.basis import Aftermath, Basis
from stripe_nb.sandbox.payments.card_input import card_behind, declined
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.resources import (
    balance_transaction,
    dispute,
    radar_early_fraud_warning,
    review,
)
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Charge",
    "announce_transaction",
    "capture",
    "record",
    "release",
    "settle",
]

_PAGE = 10


class Charge(Behaviour):
    """`Charge <https://docs.stripe.com/api/charges>`_."""

    name = "charge"

    def on_create(self, call: Call) -> Json:
        """Charge a card in the way of before payment intents."""
        order = legacy_charge.read(call)
        refusal = order.card.decline
        basis = order.basis
        if refusal is None and order.card.needs_authentication():
            refusal = cards.decline(
                "authentication_required", "authentication_required"
            )
        made = record(
            call,
            basis,
            order.method,
            details=card_details.details(call, basis, order.method, order.card),
            outcome=card_details.outcome(order.card, refusal),
            refusal=refusal,
            aftermath=Aftermath.of_card(order.card),
            source=order.source,
        )
        call.set_private(made["id"], number=order.card.number)
        if refusal:
            raise declined(refusal, charge=made["id"])
        return made

    def on_update(self, call: Call) -> Json:
        """Change what the charge is called, and whether it is called fraud."""
        charge = self.target(call)
        call.given("customer", "customer")
        return self.change(call, charge)

    def on_capture(self, call: Call) -> Json:
        """Capture a charge that no payment intent made."""
        charge = self.target(call)
        if charge["payment_intent"]:
            raise InvalidRequest(
                "This Charge was created by the PaymentIntent "
                f"'{charge['payment_intent']}'. To capture it, capture that "
                "PaymentIntent.",
                param="charge",
            )
        amount = legacy_charge.capturable(call, charge)
        charge = legacy_charge.with_fee(call, charge, amount)
        return capture(call, charge, amount, final=True)

    def on_charges_refunds_list(self, call: Call) -> Listing:
        """Answer a page of the charge's refunds."""
        self.target(call)
        refunds = call.engine.behaviour("refund")
        return refunds.listing(call, [equals("charge", call.path["charge"])])

    def on_charges_refunds_retrieve(self, call: Call) -> Json:
        """Answer one of the charge's refunds."""
        call.get("charge", call.path["charge"], param=self.missing_param)
        return call.engine.behaviour("refund").target(call)

    def due_expire(self, call: Call, charge: Json) -> None:
        """Let an authorization lapse that nobody captured."""
        if charge["captured"] or call.private(charge["id"]).get("released"):
            return
        lapsed = release(call, charge)
        call.emit("charge.expired", lapsed)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the charge's refunds, which appear only when expanded."""
        if name != "refunds":
            return super().expanded(call, obj, name)
        refunds = call.objects("refund", charge=obj["id"])
        return {
            "object": "list",
            "data": refunds[:_PAGE],
            "has_more": len(refunds) > _PAGE,
            "total_count": len(refunds),
            "url": f"/v1/charges/{obj['id']}/refunds",
        }


def record(
    call: Call,
    basis: Basis,
    method: Json,
    *,
    details: Json,
    outcome: Json | None,
    refusal: cards.Decline | None = None,
    pending: bool = False,
    aftermath: Aftermath,
    source: Json | None = None,
) -> Json:
    """Store a charge, announce it, and take its money if it is to be taken.

    Parameters
    ----------
    call
        The request that caused it.
    basis
        What it is for.
    method
        The payment method.
    details, outcome
        The charge's fields of these names.
    refusal
        Why it failed, or ``None``.
    pending
        Whether how it ends will be known later only; `settle` ends it.
    aftermath
        What follows once the money is taken.
    source
        The legacy source that was charged.
    """
    paid = refusal is None
    status = "pending" if pending else ("succeeded" if paid else "failed")
    charge = call.new(
        "charge",
        id=_new_id(call, details),
        amount=basis.amount,
        amount_captured=0,
        amount_refunded=0,
        billing_details=method["billing_details"],
        calculated_statement_descriptor=_descriptor(basis.fields),
        captured=paid and basis.capture,
        currency=basis.currency,
        disputed=False,
        failure_code=refusal and refusal.code,
        failure_message=refusal and refusal.message,
        fraud_details={},
        outcome=outcome,
        paid=paid and not pending,
        payment_method=method["id"],
        payment_method_details=details,
        radar_options={},
        receipt_url=_receipt(call) if paid and not pending else None,
        refunded=False,
        source=source,
        status=status,
        **basis.fields,
    )
    terms: Json = {"fee": aftermath.fee, "at_once": aftermath.at_once}
    if pending or not paid:
        return call.insert(
            charge,
            private=terms,
            announce="charge.pending" if pending else "charge.failed",
        )
    if not charge["captured"]:
        charge = call.insert(charge, private=terms, announce="charge.succeeded")
        call.later(_lapses(charge), "expire", charge)
        return charge
    charge["amount_captured"] = charge["amount"]
    charge = _booked(call, charge, charge["amount"], terms)
    terms["later_transaction"] = basis.later_transaction
    charge = call.insert(charge, private=terms)
    late = {"balance_transaction": None} if basis.later_transaction else {}
    call.emit("charge.succeeded", {**charge, **late})
    return _follow(call, charge, aftermath)


def _new_id(call: Call, details: Json) -> str:
    """Return an id that begins with ``py_`` where no card is charged."""
    found = call.new_id("charge")
    return found if "card" in details else found.replace("ch_", "py_", 1)


def announce_transaction(call: Call, charge: Json) -> None:
    """Tell of the balance transaction that came a moment after the charge."""
    if call.private(charge["id"]).get("later_transaction"):
        call.emit("charge.updated", charge, {"balance_transaction": None})


def settle(
    call: Call, charge: Json, refusal: cards.Decline | None, aftermath: Aftermath
) -> Json:
    """End a charge that was pending."""
    if refusal:
        return call.update(
            charge,
            failure_code=refusal.code,
            failure_message=refusal.message,
            captured=False,
            status="failed",
            announce="charge.failed",
        )
    charge = {
        **charge,
        "amount_captured": charge["amount"],
        "paid": True,
        "receipt_url": _receipt(call),
        "status": "succeeded",
    }
    terms = call.private(charge["id"])
    charge = call.update(
        _booked(call, charge, charge["amount"], terms), announce="charge.succeeded"
    )
    return _follow(call, charge, aftermath)


def capture(call: Call, charge: Json, amount: int, *, final: bool) -> Json:
    """Take an authorized charge's money, or a part of it.

    Parameters
    ----------
    call
        The request.
    charge
        What was authorized.
    amount
        How much to take now.
    final
        Whether the rest is given back.
    """
    first = not charge["captured"]
    booked = _booked(call, charge, amount, call.private(charge["id"]))
    charge = call.update(
        {
            **booked,
            "amount_captured": charge["amount_captured"] + amount,
            "balance_transaction": booked["balance_transaction"]
            if first
            else charge["balance_transaction"],
            "captured": True,
        },
        announce="charge.captured" if first or final else "charge.updated",
    )
    card = card_behind(call, charge) if first else None
    return _follow(call, charge, Aftermath.of_card(card)) if card else charge


def release(call: Call, charge: Json) -> Json:
    """Give an authorization back; since 2025-03-31.basil this makes no refund."""
    call.set_private(charge["id"], released=True)
    details = charge["payment_method_details"]
    card = {**details["card"]}
    card.pop("capture_before", None)
    return call.update(
        {**charge, "payment_method_details": {**details, "card": card}},
        announce="charge.updated",
    )


def _lapses(charge: Json) -> int:
    return int(charge["payment_method_details"]["card"]["capture_before"])


def _booked(call: Call, charge: Json, amount: int, terms: Json) -> Json:
    """Book what was taken; return the charge with what that adds to it."""
    fee = terms.get("fee")
    shared = connect.shares(call, charge, amount)
    transaction = balance_transaction.book(
        call,
        source=charge,
        kind="charge" if charge["id"].startswith("ch_") else "payment",
        amount=amount,
        fee=balance_transaction.processing_fee(amount) if fee is None else fee,
        fees=shared.fees,
        description=charge["description"],
        at_once=terms.get("at_once", False),
    )
    charge = {**charge, "balance_transaction": transaction["id"]}
    return {**charge, **connect.pay_out(call, charge, shared)}


def _follow(call: Call, charge: Json, aftermath: Aftermath) -> Json:
    """Let follow what the test card brings with it."""
    if aftermath.dispute:
        charge = dispute.follow(call, charge, aftermath.dispute)
    if aftermath.fraud_warning:
        radar_early_fraud_warning.warn(call, charge)
    if aftermath.review:
        charge = review.open_review(call, charge)
    return charge


def _descriptor(fields: Json) -> str:
    own = "STRIPE NB"
    suffix = fields["statement_descriptor_suffix"]
    return f"{own}* {suffix}" if suffix else fields["statement_descriptor"] or own


def _receipt(call: Call) -> str:
    return f"https://pay.stripe.com/receipts/payment/{call.secret(40, 'receipt')}"
