"""Refunds."""

from __future__ import annotations

from typing import Any

from stripe_nb import money
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.payments import cash, giving_back
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import (
    balance_transaction,
    radar_early_fraud_warning,
    review,
)
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
        params = call.params
        check_metadata(params)
        for name in ("origin", "instructions_email"):
            if params.get(name):
                raise NotSimulated(f"the parameter {name} of refunds")
        charge = _charge(call)
        _check_meant(call, charge)
        amount = _amount(call, charge)
        shares = giving_back.check(call, charge)
        course, destination = giving_back.course(call, charge)
        refund = call.new(
            "refund",
            id=_new_id(call, charge),
            amount=amount,
            charge=charge["id"],
            currency=charge["currency"],
            customer=charge["customer"],
            destination_details=destination,
            payment_intent=charge["payment_intent"],
            payment_method=charge["payment_method"],
            reason=params.get("reason"),
            status="pending" if course == "pending_then_succeeded" else "succeeded",
        )
        assign(refund, self.resource.fields, {"metadata": params.get("metadata")})
        transaction = balance_transaction.book(
            call,
            source=refund,
            kind="refund" if refund["id"].startswith("re_") else "payment_refund",
            amount=-amount,
            description=f"REFUND FOR CHARGE ({charge['description'] or charge['id']})",
        )
        refund["balance_transaction"] = transaction["id"]
        refund.update(giving_back.take_shares(call, charge, refund, shares))
        refund = self.finish(call, refund)
        _to_cash_balance(call, charge, refund)
        _settle_on(call, charge, charge["amount_refunded"] + amount)
        call.later(call.now() + _SECONDS_TO_SETTLE, course, refund)
        return refund

    def on_update(self, call: Call) -> Json:
        """Change a refund's metadata."""
        before = self.target(call)
        refund = self.change(call, {**before})
        if refund["metadata"] != before["metadata"]:
            call.emit("charge.refund.updated", refund, {"metadata": before["metadata"]})
        return refund

    def on_cancel(self, call: Call) -> Json:
        """Refuse: only refunds that wait for the customer can be canceled."""
        refund = self.target(call)
        raise InvalidRequest(
            f"Refund {refund['id']} can't be canceled: only a refund whose status is "
            "requires_action can be.",
            param="refund",
        )

    def on_test_helpers_refunds_expire(self, call: Call) -> Json:
        """Refuse: only refunds that wait for the customer can expire."""
        refund = self.target(call)
        raise InvalidRequest(
            f"Refund {refund['id']} can't be expired: only a refund whose status is "
            "requires_action can be.",
            param="refund",
        )

    def due_succeeded(self, call: Call, refund: Json) -> None:
        """Tell by which number the customer's bank knows the refund."""
        card = (refund.get("destination_details") or {}).get("card")
        if card:
            details: dict[str, Any] = {
                **card,
                "reference": call.secret(23, "acquirer_reference_number"),
                "reference_status": "available",
            }
            _changed(
                call,
                refund,
                destination_details={
                    "card": {name: details[name] for name in sorted(details)},
                    "type": "card",
                },
            )

    def due_pending_then_succeeded(self, call: Call, refund: Json) -> None:
        """End a refund that was pending."""
        _changed(call, refund, status="succeeded")

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
        failed = call.update(
            refund,
            failure_balance_transaction=transaction["id"],
            failure_reason="expired_or_canceled_card",
            status="failed",
        )
        call.emit("refund.failed", failed)
        call.emit("charge.refund.updated", failed, {"status": "succeeded"})
        _settle_on(call, charge, charge["amount_refunded"] - refund["amount"])


def _changed(call: Call, refund: Json, **values: Any) -> None:
    """Store a change, and tell of it under both names that Stripe has for it."""
    previous = {name: refund[name] for name in values}
    refund = call.update({**refund, **values})
    call.emit("refund.updated", refund, previous)
    call.emit("charge.refund.updated", refund, previous)


def _new_id(call: Call, charge: Json) -> str:
    found = call.new_id("refund")
    of_card = charge["id"].startswith("ch_")
    return found if of_card else found.replace("re_", "pyr_", 1)


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
    _check_not_disputed(call, charge)
    return charge


def _check_meant(call: Call, charge: Json) -> None:
    """Refuse a request that says two things about what to refund."""
    intent, currency = call.params.get("payment_intent"), call.params.get("currency")
    if intent and intent != charge["payment_intent"]:
        raise InvalidRequest(
            f"Charge {charge['id']} does not belong to PaymentIntent {intent}.",
            param="payment_intent",
        )
    if currency and currency.lower() != charge["currency"]:
        raise InvalidRequest(
            f"The charge was made in {charge['currency']}, so it can't be refunded in "
            f"{currency.lower()}.",
            param="currency",
        )


def _check_not_disputed(call: Call, charge: Json) -> None:
    disputes = (
        call.objects("dispute", charge=charge["id"]) if charge["disputed"] else []
    )
    if any(not dispute["is_charge_refundable"] for dispute in disputes):
        raise InvalidRequest(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )


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


def _to_cash_balance(call: Call, charge: Json, refund: Json) -> None:
    """Put what was paid from a cash balance back there."""
    if charge["payment_method_details"]["type"] == "customer_balance":
        cash.record(
            call,
            charge["customer"],
            charge["currency"],
            refund["amount"],
            "refunded_from_payment",
            {"refund": refund["id"]},
        )


def _settle_on(call: Call, charge: Json, refunded: int) -> None:
    """Keep the charge's own sums in step with its refunds."""
    charge = call.get("charge", charge["id"])
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
    if fully:
        fraud = call.params.get("reason") == "fraudulent"
        review.close(call, changed, "refunded_as_fraud" if fraud else "refunded")
        radar_early_fraud_warning.settle(call, changed)
