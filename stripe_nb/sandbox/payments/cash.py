"""Customers' cash balances: money sent ahead, and the intents it pays."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.payments import bank_transfers, debit_details
from stripe_nb.sandbox.payments.basis import Aftermath, Basis
from stripe_nb.sandbox.payments.confirming import Attempt, Outcome, paid, waiting
from stripe_nb.sandbox.resources import charge, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = [
    "apply_by_hand",
    "ask_balance",
    "available",
    "give_back",
    "reconcile",
    "record",
    "view",
]

_TRANSACTION = "customer_cash_balance_transaction"
_ACTION = "display_bank_transfer_instructions"


def available(call: Call, customer: str) -> dict[str, int]:
    """Return what a customer's cash balance has, by currency."""
    sums: dict[str, int] = {}
    for transaction in call.objects(_TRANSACTION, customer=customer):
        currency = transaction["currency"]
        sums[currency] = sums.get(currency, 0) + transaction["net_amount"]
    return {currency: amount for currency, amount in sorted(sums.items()) if amount}


def view(call: Call, customer: Json) -> Json:
    """Return a customer's cash balance."""
    mode = call.private(customer["id"]).get("reconciliation_mode")
    return {
        "object": "cash_balance",
        "available": available(call, customer["id"]) or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {
            "reconciliation_mode": mode or "automatic",
            "using_merchant_default": mode is None,
        },
    }


def record(
    call: Call, customer: str, currency: str, net_amount: int, kind: str, told: Json
) -> Json:
    """Store a movement of a cash balance, and announce it.

    Parameters
    ----------
    call
        What causes it.
    customer, currency, net_amount
        Whose, and how much.
    kind
        Its type, under whose name the object tells `told`.
    told
        What is particular to the type.
    """
    before = available(call, customer).get(currency, 0)
    transaction = call.new(
        _TRANSACTION,
        currency=currency,
        customer=customer,
        ending_balance=before + net_amount,
        net_amount=net_amount,
        type=kind,
    )
    transaction[kind] = told
    return call.insert(transaction, announce=f"{_TRANSACTION}.created")


def ask_balance(call: Call, intent: Json, attempt: Attempt) -> Outcome:
    """Pay with what is there; else tell where the customer sends the rest."""
    customer = intent["customer"]
    if not customer:
        raise InvalidRequest(
            "A customer must be attached to the PaymentIntent to confirm with the "
            "payment method customer_balance.",
            param="customer",
        )
    intent = call.update({**intent, "payment_method": attempt.method["id"]})
    there = available(call, customer).get(intent["currency"], 0)
    if there >= intent["amount"]:
        return _apply(call, intent, intent["amount"]), None
    kind = _kind(intent)
    return waiting(call, intent, _instructions(call, intent, kind)), None


def _kind(intent: Json) -> str:
    """Return the type of bank transfer that an intent asks for."""
    options = intent["payment_method_options"].get("customer_balance") or {}
    if options.get("funding_type") != "bank_transfer":
        raise ParameterInvalid(
            "You must provide payment_method_options[customer_balance][funding_type] "
            "when confirming with customer_balance and the cash balance does not cover "
            "the amount.",
            param="payment_method_options[customer_balance][funding_type]",
        )
    asked = (options.get("bank_transfer") or {}).get("type")
    kind = bank_transfers.kind_for(intent["currency"], asked)
    if kind is None:
        raise ParameterInvalid(
            f"Bank transfers are not available in {intent['currency']}.",
            param="currency",
        )
    return kind


def _instructions(call: Call, intent: Json, kind: str) -> Json:
    customer = intent["customer"]
    return {
        "type": _ACTION,
        _ACTION: {
            "amount_remaining": intent["amount"],
            "currency": intent["currency"],
            "financial_addresses": bank_transfers.addresses(call, customer, kind),
            "hosted_instructions_url": "https://payments.stripe.com/bank_transfers/"
            f"instructions/{call.secret(40, 'instructions')}",
            "reference": bank_transfers.reference(call, customer),
            "type": kind,
        },
    }


def reconcile(call: Call, customer: Json, currency: str) -> None:
    """Pay the customer's waiting intents, the oldest first, as far as it goes."""
    if view(call, customer)["settings"]["reconciliation_mode"] == "automatic":
        for intent in reversed(_waiting_intents(call, customer["id"], currency)):
            there = available(call, customer["id"]).get(currency, 0)
            if there:
                _apply(call, intent, min(there, _remaining(intent)))
    if available(call, customer["id"]).get(currency):
        call.emit("cash_balance.funds_available", view(call, customer))


def _waiting_intents(call: Call, customer: str, currency: str) -> list[Json]:
    found = call.objects("payment_intent", customer=customer, status="requires_action")
    return [
        intent
        for intent in found
        if intent["currency"] == currency and intent["next_action"]["type"] == _ACTION
    ]


def _remaining(intent: Json) -> int:
    return int(intent["next_action"][_ACTION]["amount_remaining"])


def apply_by_hand(call: Call, intent: Json) -> Json:
    """Carry out ``apply_customer_balance``.

    Raises
    ------
    InvalidRequest
        If the balance has not that much, or the intent does not wait for it.
    """
    if intent["next_action"]["type"] != _ACTION:
        raise InvalidRequest(
            "This PaymentIntent does not wait for funds of a cash balance.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    there = available(call, intent["customer"]).get(intent["currency"], 0)
    left = _remaining(intent)
    amount = call.params.get("amount") or min(there, left)
    currency = call.params.get("currency") or intent["currency"]
    if currency.lower() != intent["currency"]:
        raise InvalidRequest(
            f"The currency must be the PaymentIntent's own ({intent['currency']}).",
            param="currency",
        )
    if not 1 <= amount <= min(there, left):
        raise InvalidRequest(
            f"The amount ({amount}) must be at least 1, and at most what the cash "
            f"balance has ({there}) and what remains to be paid ({left}).",
            param="amount",
        )
    return _apply(call, intent, amount)


def _apply(call: Call, intent: Json, amount: int) -> Json:
    """Move money from the cash balance to an intent, which may be paid then."""
    record(
        call,
        intent["customer"],
        intent["currency"],
        -amount,
        "applied_to_payment",
        {"payment_intent": intent["id"]},
    )
    applied = call.private(intent["id"]).get("applied", 0) + amount
    call.set_private(intent["id"], applied=applied)
    if applied < intent["amount"]:
        action = intent["next_action"]
        left = {**action[_ACTION], "amount_remaining": intent["amount"] - applied}
        intent = call.update({**intent, "next_action": {**action, _ACTION: left}})
        call.emit("payment_intent.partially_funded", intent)
        return intent
    method = payment_method.get(call, intent["payment_method"])
    made = charge.record(
        call,
        Basis.of_intent(intent),
        method,
        details=debit_details.details(call, method, None),
        outcome=debit_details.outcome(),
        aftermath=Aftermath(
            fee=debit_details.fee(method["type"], intent["amount"]), at_once=True
        ),
    )
    return paid(call, intent, method, made)


def give_back(call: Call, intent: Json) -> None:
    """Return to the balance what was applied to an intent that is canceled."""
    applied = call.private(intent["id"]).get("applied", 0)
    if applied:
        call.set_private(intent["id"], applied=0)
        record(
            call,
            intent["customer"],
            intent["currency"],
            applied,
            "unapplied_from_payment",
            {"payment_intent": intent["id"]},
        )
