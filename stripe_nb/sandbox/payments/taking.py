"""Taking, raising and giving back what a card has authorized."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.payments import cash, connect, debiting
from stripe_nb.sandbox.payments.card_input import declined
from stripe_nb.sandbox.payments.confirming import tell_owner
from stripe_nb.sandbox.resources import charge, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["cancel", "capture", "expire", "increment"]


def capture(call: Call, intent: Json) -> Json:
    """Take an intent's authorized money, or a part of it.

    Raises
    ------
    InvalidRequest
        If that is more than was authorized.
    """
    params = call.params
    most = intent["amount_capturable"]
    asked = params.get("amount_to_capture")
    amount = most if asked is None else asked
    _check_amount(amount, most)
    connect.check_fee(params.get("application_fee_amount"), amount)
    made = call.get("charge", intent["latest_charge"])
    final = params.get("final_capture") is not False
    if not final and not _offers(made, "multicapture"):
        raise InvalidRequest(
            "This payment can't be captured several times: its multicapture is "
            "unavailable. Ask for it with "
            "payment_method_options[card][request_multicapture] when you confirm.",
            param="final_capture",
        )
    final = final or amount == most
    made = _shared(call, made)
    charge.capture(call, made, amount, final=final)
    if final and amount < most:
        call.set_private(made["id"], released=True)
    intent = call.update(
        {
            **intent,
            "amount_capturable": 0 if final else most - amount,
            "amount_received": intent["amount_received"] + amount,
            "status": "succeeded" if final else "requires_capture",
        },
        announce="payment_intent.succeeded"
        if final
        else "payment_intent.amount_capturable_updated",
    )
    if final:
        tell_owner(call, intent, "payment_succeeded")
    return intent


def _check_amount(amount: int, most: int) -> None:
    if amount > most:
        raise InvalidRequest(
            f"The amount_to_capture you specified ({amount}) is greater than the "
            f"amount that can be captured ({most}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    if amount < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount_to_capture",
        )


def _shared(call: Call, made: Json) -> Json:
    """Return the charge with the shares that a capture changes."""
    fee = call.params.get("application_fee_amount")
    part = (call.params.get("transfer_data") or {}).get("amount")
    if fee is not None:
        made = {**made, "application_fee_amount": fee}
    if part is not None and made["transfer_data"]:
        made = {**made, "transfer_data": {**made["transfer_data"], "amount": part}}
    return made


def _offers(made: Json, what: str) -> bool:
    card = made["payment_method_details"].get("card") or {}
    return bool(card.get(what, {}).get("status") == "available")


def increment(call: Call, intent: Json) -> Json:
    """Raise an authorization.

    Raises
    ------
    InvalidRequest
        If the card's network was not asked for that, or the amount is no more.
    CardDeclined
        If the card says no; the first authorization stays.
    """
    made = call.get("charge", intent["latest_charge"])
    amount = call.params["amount"]
    if not _offers(made, "incremental_authorization"):
        raise InvalidRequest(
            "This PaymentIntent is not eligible for incremental authorization: ask "
            "for it with "
            "payment_method_options[card][request_incremental_authorization] when "
            "you confirm.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    if amount <= intent["amount"]:
        raise InvalidRequest(
            f"The amount ({amount}) must be greater than the currently authorized "
            f"amount ({intent['amount']}).",
            code="parameter_invalid_integer",
            param="amount",
        )
    method = payment_method.get(call, intent["payment_method"])
    card = payment_method.card_of(call, method)
    if card.decline:
        raise declined(card.decline, charge=made["id"])
    details = {
        **made["payment_method_details"]["card"],
        "amount_authorized": amount,
        "overcapture": {
            "maximum_amount_capturable": amount,
            "status": "unavailable",
        },
    }
    kept = ("description", "metadata", "statement_descriptor")
    given = {name: call.params[name] for name in kept if name in call.params}
    if "metadata" in given:
        given["metadata"] = {**intent["metadata"], **given["metadata"]}
    call.update(
        {
            **made,
            "amount": amount,
            "payment_method_details": {
                **made["payment_method_details"],
                "card": details,
            },
        },
        announce="charge.updated",
    )
    return call.update(
        {**intent, **given, "amount": amount, "amount_capturable": amount},
        announce="payment_intent.amount_capturable_updated",
    )


def cancel(call: Call, intent: Json, reason: str | None) -> Json:
    """Cancel an intent, and give back or call off what is under way."""
    if intent["status"] == "requires_capture":
        charge.release(call, call.get("charge", intent["latest_charge"]))
    elif intent["status"] == "processing":
        debiting.withdraw(call, intent)
    elif intent["status"] == "requires_action":
        cash.give_back(call, intent)
    return _ended(call, intent, reason)


def expire(call: Call, intent: Json) -> Json:
    """End an intent whose authorization has lapsed; what was taken stays taken."""
    if intent["amount_received"]:
        return call.update(
            {**intent, "amount_capturable": 0, "status": "succeeded"},
            announce="payment_intent.succeeded",
        )
    return _ended(call, intent, "expired")


def _ended(call: Call, intent: Json, reason: str | None) -> Json:
    return call.update(
        {
            **intent,
            "amount_capturable": 0,
            "canceled_at": call.now(),
            "cancellation_reason": reason,
            "next_action": None,
            "processing": None,
            "status": "canceled",
        },
        announce="payment_intent.canceled",
    )
