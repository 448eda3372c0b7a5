"""Charges: one attempt each to take money from a card."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.resources import balance_transaction
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["Charge", "attempt", "capture", "release"]

_SECONDS_TO_CAPTURE = 7 * 24 * 60 * 60

# level of risk, score, what the merchant reads
_RISK = {
    "normal": (35, "Payment complete."),
    "elevated": (65, "Stripe evaluated this payment as having elevated risk."),
    "highest": (92, "Stripe blocked this payment as too risky."),
}


class Charge(Behaviour):
    """`Charge <https://docs.stripe.com/api/charges>`_."""

    name = "charge"

    def on_create(self, call: Call) -> Json:
        """Refuse: payment intents have taken this call's place."""
        raise NotSimulated("creating a charge without a payment intent")

    def on_capture(self, call: Call) -> Json:
        """Refuse what belongs to a payment intent, as Stripe does."""
        charge = self.target(call)
        raise InvalidRequest(
            "This Charge was created by the PaymentIntent "
            f"'{charge['payment_intent']}'. To capture it, capture that PaymentIntent.",
            param="charge",
        )

    def on_charges_refunds_list(self, call: Call) -> Listing:
        """Answer a page of the charge's refunds."""
        self.target(call)
        refunds = call.engine.behaviour("refund")
        return refunds.listing(call, [equals("charge", call.path["charge"])])

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the charge's refunds, which appear only when expanded."""
        if name != "refunds":
            return super().expanded(call, obj, name)
        refunds = call.objects("refund", charge=obj["id"])
        return {
            "object": "list",
            "data": refunds[:10],
            "has_more": len(refunds) > 10,  # noqa: PLR2004 (a page's default size)
            "total_count": len(refunds),
            "url": f"/v1/charges/{obj['id']}/refunds",
        }


def attempt(
    call: Call,
    intent: Json,
    method: Json,
    card: cards.Card,
    refusal: cards.Decline | None,
    *,
    authenticated: bool,
) -> Json:
    """Store an attempt to charge a card, and announce how it ended.

    Parameters
    ----------
    call
        The request that caused it.
    intent
        The payment intent that it is for.
    method, card
        The payment method, and the test card behind it.
    refusal
        How the card says no, or ``None`` if it pays.
    authenticated
        Whether the cardholder passed 3D Secure.
    """
    paid = refusal is None
    captured = paid and intent["capture_method"] != "manual"
    charge = call.new(
        "charge",
        amount=intent["amount"],
        amount_captured=intent["amount"] if captured else 0,
        amount_refunded=0,
        billing_details=method["billing_details"],
        calculated_statement_descriptor=_descriptor(intent),
        captured=captured,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=refusal and refusal.code,
        failure_message=refusal and refusal.message,
        fraud_details={},
        metadata=dict(intent["metadata"]),
        outcome=_outcome(card, refusal),
        paid=paid,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(
            call, intent, method, card, authenticated=authenticated
        ),
        radar_options={},
        receipt_email=intent["receipt_email"],
        receipt_url=_receipt(call) if paid else None,
        refunded=False,
        shipping=intent["shipping"],
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=intent["statement_descriptor_suffix"],
        status="succeeded" if paid else "failed",
        transfer_group=intent["transfer_group"],
    )
    if captured:
        charge["balance_transaction"] = _book(call, charge, intent["amount"], card)
    return call.insert(charge, announce="charge.succeeded" if paid else "charge.failed")


def capture(call: Call, charge: Json, amount: int, card: cards.Card) -> Json:
    """Take an authorized charge's money, or a part of it."""
    return call.update(
        {
            **charge,
            "amount_captured": amount,
            "balance_transaction": _book(call, charge, amount, card),
            "captured": True,
        },
        announce="charge.captured",
    )


def release(call: Call, charge: Json) -> Json:
    """Give an authorization back; since 2025-03-31.basil this makes no refund."""
    details = charge["payment_method_details"]
    card = {**details["card"]}
    card.pop("capture_before", None)
    return call.update(
        {**charge, "payment_method_details": {**details, "card": card}},
        announce="charge.updated",
    )


def _book(call: Call, charge: Json, amount: int, card: cards.Card) -> str:
    transaction = balance_transaction.book(
        call,
        source=charge,
        kind="charge",
        amount=amount,
        fee=balance_transaction.processing_fee(amount),
        description=charge["description"],
        at_once=card.bypass_pending,
    )
    return str(transaction["id"])


def _descriptor(intent: Json) -> str:
    own = "STRIPE NB"
    suffix = intent["statement_descriptor_suffix"]
    return f"{own}* {suffix}" if suffix else intent["statement_descriptor"] or own


def _outcome(card: cards.Card, refusal: cards.Decline | None) -> Json:
    score, message = _RISK[card.risk_level]
    outcome = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": card.risk_level,
        "risk_score": score,
        "seller_message": message,
        "type": "authorized",
    }
    if card.blocked:
        outcome.update(
            network_status="not_sent_to_network",
            reason="highest_risk_level",
            seller_message=_RISK["highest"][1],
            type="blocked",
        )
    elif refusal:
        code = refusal.decline_code or refusal.code
        outcome.update(
            advice_code="do_not_try_again"
            if cards.is_hard(code)
            else "try_again_later",
            network_decline_code="01",
            network_status="declined_by_network",
            reason=code,
            seller_message=_seller_message(code),
            type="issuer_declined",
        )
    return outcome


def _seller_message(code: str) -> str:
    if code == "generic_decline":
        return "The bank did not return any further details with this decline."
    return f"The bank returned the decline code `{code}`."


def _details(
    call: Call, intent: Json, method: Json, card: cards.Card, *, authenticated: bool
) -> Json:
    shown = method["card"]
    details: Json = {
        "amount_authorized": intent["amount"],
        "authorization_code": call.secret(6, "authorization_code").upper(),
        "brand": shown["brand"],
        "checks": {**shown["checks"], **_checks(method, card)},
        "country": shown["country"],
        "exp_month": shown["exp_month"],
        "exp_year": shown["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": shown["fingerprint"],
        "funding": shown["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": shown["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": shown["brand"],
        "network_token": {"used": False},
        "network_transaction_id": call.secret(15, "network_transaction_id"),
        "overcapture": {
            "maximum_amount_capturable": intent["amount"],
            "status": "unavailable",
        },
        "regulated_status": "unregulated",
        "three_d_secure": _three_d_secure(call) if authenticated else None,
        "wallet": None,
    }
    if intent["capture_method"] == "manual":
        details["capture_before"] = call.now() + _SECONDS_TO_CAPTURE
    return {"card": {key: details[key] for key in sorted(details)}, "type": "card"}


def _checks(method: Json, card: cards.Card) -> Json:
    """Return the bank's checks of what the payment method gave."""
    address = method["billing_details"]["address"] or {}
    return {
        "address_line1_check": card.address_line1_check
        if address.get("line1")
        else None,
        "address_postal_code_check": card.address_postal_code_check
        if address.get("postal_code")
        else None,
        "cvc_check": card.cvc_check,
    }


def _three_d_secure(call: Call) -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": call.secret(36, "three_d_secure"),
        "version": "2.2.0",
    }


def _receipt(call: Call) -> str:
    return f"https://pay.stripe.com/receipts/payment/{call.secret(40, 'receipt')}"
