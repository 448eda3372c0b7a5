"""Refunds."""

from __future__ import annotations

from stripe_nb import money
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import balance_transaction, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["Refund"]

# How long a test refund that changes its state takes, in seconds of the sandbox.
_SECONDS_TO_SETTLE = 60


class Refund(Behaviour):
    """`Refund <https://docs.stripe.com/api/refunds>`_."""

    name = "refund"
    missing_param = "refund"

    def on_create(self, call: Call) -> Json:
        """Give a charge's money back, or a part of it."""
        check_metadata(call.params)
        charge = _charge(call)
        amount = _amount(call, charge)
        method = call.get("payment_method", charge["payment_method"])
        course = payment_method.card_of(call, method).refund
        refund = call.new(
            "refund",
            amount=amount,
            charge=charge["id"],
            currency=charge["currency"],
            customer=charge["customer"],
            destination_details={
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            metadata=call.params.get("metadata") or {},
            payment_intent=charge["payment_intent"],
            payment_method=charge["payment_method"],
            reason=call.params.get("reason"),
            status="pending" if course == "pending_then_succeeded" else "succeeded",
        )
        transaction = balance_transaction.book(
            call,
            source=refund,
            kind="refund",
            amount=-amount,
            description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
        )
        refund["balance_transaction"] = transaction["id"]
        refund = self.finish(call, refund)
        _settle_on(call, charge, charge["amount_refunded"] + amount)
        if course != "succeeded":
            call.later(call.now() + _SECONDS_TO_SETTLE, course, refund)
        return refund

    def on_cancel(self, call: Call) -> Json:
        """Refuse: only refunds that wait for the customer can be canceled."""
        refund = self.target(call)
        raise InvalidRequest(
            f"Refund {refund['id']} can't be canceled: only a refund whose status is "
            "requires_action can be.",
            param="refund",
        )

    def due_pending_then_succeeded(self, call: Call, refund: Json) -> None:
        """End a refund that was pending."""
        refund = call.update(refund, status="succeeded", announce="refund.updated")
        call.emit("charge.refund.updated", refund, {"status": "pending"})

    def due_succeeded_then_failed(self, call: Call, refund: Json) -> None:
        """Let a refund fail after all: its money comes back to the balance."""
        charge = call.get("charge", refund["charge"])
        transaction = balance_transaction.book(
            call,
            source=refund,
            kind="refund_failure",
            amount=refund["amount"],
            description=f"REFUND FAILURE FOR CHARGE ({charge['id']})",
        )
        refund = call.update(
            refund,
            failure_balance_transaction=transaction["id"],
            failure_reason="expired_or_canceled_card",
            status="failed",
        )
        call.emit("refund.failed", refund)
        call.emit("charge.refund.updated", refund, {"status": "succeeded"})
        _settle_on(call, charge, charge["amount_refunded"] - refund["amount"])


def _charge(call: Call) -> Json:
    charge = call.given("charge", "charge")
    intent = call.given("payment_intent", "payment_intent")
    if charge is None and intent is None:
        raise ParameterMissing(
            "charge",
            "One of the following params should be provided for this request: "
            "payment_intent or charge.",
        )
    if charge is None and intent is not None:
        charge = call.find("charge", intent["latest_charge"])
        if charge is None or not charge["paid"]:
            raise InvalidRequest(
                f"This PaymentIntent ({intent['id']}) does not have a successful "
                "charge to refund.",
                param="payment_intent",
            )
    if charge is None or not charge["paid"]:
        raise InvalidRequest(
            "You can't refund a charge that did not succeed.", param="charge"
        )
    if not charge["captured"]:
        raise InvalidRequest(
            f"Charge {charge['id']} is not captured: cancel its PaymentIntent instead "
            "of refunding it.",
            param="charge",
        )
    return charge


def _amount(call: Call, charge: Json) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise InvalidRequest(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = call.params.get("amount")
    if amount is None:
        return int(left)
    if amount < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
        )
    if amount > left:
        asked, rest = (_shown(value, charge["currency"]) for value in (amount, left))
        raise InvalidRequest(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge "
            f"({rest})",
            param="amount",
        )
    return int(amount)


def _shown(amount: int, currency: str) -> str:
    text = money.format_amount(amount, currency)
    return f"${text.split()[0]}" if currency == "usd" else text


def _settle_on(call: Call, charge: Json, refunded: int) -> None:
    """Keep the charge's own sums in step with its refunds."""
    fully = refunded == charge["amount_captured"]
    more = refunded > charge["amount_refunded"]
    changed = call.update(
        charge,
        amount_refunded=refunded,
        refunded=fully,
        announce=None if more else "charge.updated",
    )
    if more:
        previous = {
            name: charge[name]
            for name in ("amount_refunded", "refunded")
            if charge[name] != changed[name]
        }
        call.emit("charge.refunded", changed, previous)
