"""Disputes: a cardholder's bank takes a payment back, or asks about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import (
    balance_transaction,
    radar_early_fraud_warning,
    review,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["Dispute", "follow"]

_FEE = 1500
_DAYS_TO_ANSWER = 8

_WARNING = "warning_"
_ANSWERABLE = frozenset({"needs_response", "warning_needs_response"})
_CLOSED = frozenset({"lost", "warning_closed", "won"})

# kind of a test card's dispute: the case's type, and what more evidence it takes
_KINDS: dict[str, tuple[str, str | None]] = {
    "chargeback": ("chargeback", None),
    "compliance": ("compliance", "visa_compliance"),
    "inquiry": ("inquiry", None),
    "multiple": ("chargeback", None),
    "visa_compelling_evidence_3": ("chargeback", "visa_compelling_evidence_3"),
}

# uncategorized_text in a test: how the bank decides
_VERDICTS = {
    "winning_evidence": "won",
    "losing_evidence": "lost",
    "escalate_inquiry_evidence": "escalated",
}


class Dispute(Behaviour):
    """`Dispute <https://docs.stripe.com/api/disputes>`_."""

    name = "dispute"
    missing_param = "dispute"

    def on_update(self, call: Call) -> Json:
        """Stage evidence, or submit it, which is the default."""
        dispute = self.target(call)
        params = call.params
        check_metadata(params, dispute["metadata"])
        evidence = params.get("evidence") or {}
        if "evidence" in params and dispute["status"] not in _ANSWERABLE:
            raise InvalidRequest(
                "This dispute is already closed"
                if dispute["status"] in _CLOSED
                else "You have already submitted evidence for this dispute.",
                param="evidence",
            )
        assign(dispute, self.resource.fields, params)
        details = dispute["evidence_details"]
        if "evidence" in params:
            details["has_evidence"] = _has_evidence(dispute)
        if not evidence or params.get("submit") is False:
            return call.update(dispute, announce="charge.dispute.updated")
        return self._submitted(call, dispute, evidence.get("uncategorized_text"))

    def _submitted(self, call: Call, dispute: Json, text: str | None) -> Json:
        """Send the evidence to the bank, whose test verdict its text tells."""
        details = dispute["evidence_details"]
        details["submission_count"] += 1
        details["submission_method"] = "manual"
        inquiry = dispute["status"].startswith(_WARNING)
        dispute["status"] = "warning_under_review" if inquiry else "under_review"
        dispute = call.update(dispute, announce="charge.dispute.updated")
        verdict = _VERDICTS.get(text or "")
        if verdict:
            call.set_private(dispute["id"], verdict=verdict)
            call.later(call.now(), "verdict", dispute)
        return dispute

    def on_close(self, call: Call) -> Json:
        """Accept a dispute, or let an inquiry rest."""
        dispute = self.target(call)
        if dispute["status"] not in _ANSWERABLE:
            raise InvalidRequest("This dispute is already closed", param="dispute")
        inquiry = dispute["status"].startswith(_WARNING)
        return _closed(call, dispute, "warning_closed" if inquiry else "lost")

    def due_verdict(self, call: Call, dispute: Json) -> None:
        """Let the bank decide."""
        verdict = call.private(dispute["id"])["verdict"]
        inquiry = dispute["status"].startswith(_WARNING)
        if verdict == "escalated" and inquiry:
            _escalate(call, dispute)
        elif inquiry:
            _closed(call, dispute, "warning_closed")
        elif verdict == "won":
            _win(call, dispute)
        else:
            _closed(call, dispute, "lost")

    def due_overdue(self, call: Call, dispute: Json) -> None:
        """Lose a dispute that nobody answered in time."""
        if dispute["status"] in _ANSWERABLE:
            dispute["evidence_details"]["past_due"] = True
            inquiry = dispute["status"].startswith(_WARNING)
            _closed(call, dispute, "warning_closed" if inquiry else "lost")


def follow(call: Call, charge: Json, told: cards.Dispute) -> Json:
    """Open the dispute that a test card brings with it; return the charge.

    Raises
    ------
    NotSimulated
        For a kind that Stripe documents by name only.
    """
    if told.kind not in _KINDS or told.reason is None:
        raise NotSimulated(f"the dispute of the kind {told.kind}")
    amount = charge["amount_captured"]
    parts = [amount]
    if told.kind == "multiple":
        parts = [amount - amount // 2, amount // 2]
    for part in parts:
        _open(call, charge, told, part)
    radar_early_fraud_warning.settle(call, charge)
    review.close(call, charge, "disputed")
    return call.update({**charge, "disputed": True})


def _open(call: Call, charge: Json, told: cards.Dispute, amount: int) -> Json:
    inquiry = told.kind == "inquiry"
    case, more = _KINDS[told.kind]
    due_by = _due_by(call.now())
    dispute = call.new(
        "dispute",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[more] if more else [],
        evidence_details={
            "due_by": due_by,
            "enhanced_eligibility": _eligibility(more),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        network_reason_code=told.network_reason_code,
        payment_intent=charge["payment_intent"],
        reason=told.reason,
        status=told.status,
    )
    dispute["evidence"]["customer_email_address"] = charge["billing_details"]["email"]
    dispute["evidence"]["customer_name"] = charge["billing_details"]["name"]
    card = charge["payment_method_details"].get("card")
    if card:
        dispute["payment_method_details"] = {
            "card": {
                "brand": card["brand"],
                "case_type": case,
                "network": card["network"],
                "network_reason_code": told.network_reason_code,
            },
            "type": "card",
        }
    dispute = call.insert(dispute, announce="charge.dispute.created")
    call.later(due_by, "overdue", dispute)
    return dispute if inquiry else _withdraw(call, dispute)


def _eligibility(more: str | None) -> Json:
    if more == "visa_compelling_evidence_3":
        return {more: {"required_actions": [], "status": "requires_action"}}
    if more == "visa_compliance":
        return {more: {"status": "requires_fee_acknowledgement"}}
    return {}


def _due_by(now: int) -> int:
    """Return the end of the UTC day by which evidence is to be sent."""
    day = datetime.fromtimestamp(now, UTC) + timedelta(days=_DAYS_TO_ANSWER)
    return int(day.replace(hour=23, minute=59, second=59, microsecond=0).timestamp())


def _has_evidence(dispute: Json) -> bool:
    return any(
        value
        for name, value in dispute["evidence"].items()
        if name not in ("customer_email_address", "customer_name")
    )


def _withdraw(call: Call, dispute: Json) -> Json:
    """Take the money, and Stripe's fee, from the balance."""
    transaction = balance_transaction.book(
        call,
        source=dispute,
        kind="adjustment",
        category="dispute",
        amount=-dispute["amount"],
        fees=[_fee(dispute)],
        description=f"Chargeback withdrawal for {dispute['charge']}",
        at_once=True,
    )
    dispute["balance_transactions"] = [transaction]
    return call.update(dispute, announce="charge.dispute.funds_withdrawn")


def _fee(dispute: Json) -> Json:
    return {
        "amount": _FEE,
        "application": None,
        "currency": dispute["currency"],
        "description": "Dispute fee",
        "type": "stripe_fee",
    }


def _escalate(call: Call, dispute: Json) -> Json:
    """Make a chargeback of an inquiry."""
    dispute["is_charge_refundable"] = False
    dispute["status"] = "needs_response"
    if "payment_method_details" in dispute:
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence_details"]["due_by"] = _due_by(call.now())
    dispute = call.update(dispute, announce="charge.dispute.updated")
    call.later(dispute["evidence_details"]["due_by"], "overdue", dispute)
    return _withdraw(call, dispute)


def _win(call: Call, dispute: Json) -> Json:
    """Give the money back; the fee stays with Stripe."""
    transaction = balance_transaction.book(
        call,
        source=dispute,
        kind="adjustment",
        category="dispute_reversal",
        amount=dispute["amount"],
        description=f"Chargeback reversal for {dispute['charge']}",
        at_once=True,
    )
    dispute["balance_transactions"].append(transaction)
    dispute["status"] = "won"
    dispute = call.update(dispute, announce="charge.dispute.funds_reinstated")
    return _closed(call, dispute, "won")


def _closed(call: Call, dispute: Json, status: str) -> Json:
    dispute = call.update({**dispute, "status": status})
    call.emit("charge.dispute.closed", dispute)
    charge = call.get("charge", dispute["charge"])
    if status == "warning_closed":
        call.update(charge, disputed=False, announce="charge.updated")
    return dispute
