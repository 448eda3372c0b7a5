"""Payment intents that draw on a bank account: the answer comes later."""

from __future__ import annotations

from stripe_nb.sandbox import bank_debits, cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.payments import debit_details
from stripe_nb.sandbox.payments.basis import Aftermath, Basis
from stripe_nb.sandbox.payments.confirming import (
    Attempt,
    Outcome,
    paid,
    refused,
    tell_owner,
    waiting,
)
from stripe_nb.sandbox.resources import balance_transaction, charge, payment_method
from stripe_nb.sandbox.resources import mandate as mandates
from stripe_nb.sandbox.wire import Json

__all__ = [
    "ask_bank",
    "check_microdeposits",
    "mandate_for",
    "microdeposits",
    "settle",
    "withdraw",
]

# What a customer reads on the statement of a test account.
_VERIFYING = ([32, 45], "SM11AA")
_TOO_OFTEN = ([10, 11], "SM33CC")
_TOO_LATE = ([40, 41], "SM44DD")

_DISPUTES = {
    bank_debits.US: cards.Dispute(
        "chargeback", "needs_response", "debit_not_authorized"
    ),
    bank_debits.SEPA: cards.Dispute(
        "chargeback", "needs_response", "debit_not_authorized"
    ),
}


def ask_bank(call: Call, intent: Json, attempt: Attempt) -> Outcome:
    """Send a debit to the bank, once the account is known to be the customer's."""
    method = attempt.method
    account = payment_method.debit_of(call, method)
    mandate = mandate_for(call, method, attempt, said="PaymentIntent")
    if not call.private(method["id"]).get("verified"):
        return waiting(call, intent, microdeposits(call)), None
    if account.result == "blocked":
        refusal = cards.decline("card_declined", "fraudulent")
        made = _charge(call, intent, method, mandate, refusal)
        return refused(call, intent, method, made, refusal)
    made = _charge(call, intent, method, mandate, None)
    intent = call.update(
        {
            **intent,
            "last_payment_error": None,
            "latest_charge": made["id"],
            "next_action": None,
            "status": "processing",
        },
        announce="payment_intent.processing",
    )
    tell_owner(call, intent, "payment_processing")
    if account.result != "processing":
        call.later(call.now() + account.delay, "settle", intent)
    return intent, None


def _charge(
    call: Call,
    intent: Json,
    method: Json,
    mandate: str | None,
    refusal: cards.Decline | None,
) -> Json:
    return charge.record(
        call,
        Basis.of_intent(intent),
        method,
        details=debit_details.details(call, method, mandate),
        outcome=debit_details.outcome(blocked=refusal is not None),
        refusal=refusal,
        pending=refusal is None,
        aftermath=_aftermath(method, intent["amount"]),
    )


def _aftermath(method: Json, amount: int) -> Aftermath:
    kind = method["type"]
    return Aftermath(
        fee=debit_details.fee(kind, amount), at_once=kind == bank_debits.US
    )


def mandate_for(call: Call, method: Json, attempt: Attempt, *, said: str) -> str | None:
    """Return the mandate of a debit, a new one if the customer just accepted it.

    Raises
    ------
    InvalidRequest
        If there is none.
    """
    if isinstance(attempt.mandate, str):
        return str(call.get("mandate", attempt.mandate, param="mandate")["id"])
    if attempt.mandate:
        return str(mandates.accept(call, method, attempt.mandate)["id"])
    existing = mandates.of_method(call, method)
    if existing:
        return existing
    if attempt.for_owner:
        return str(mandates.accept(call, method)["id"])
    raise InvalidRequest(
        f"This {said} requires a mandate, but no existing mandate was found. "
        "Collect mandate acceptance from the customer and try again, providing "
        "acceptance data in the mandate_data parameter."
    )


def settle(call: Call, intent: Json) -> None:
    """Let the bank's answer to a debit arrive."""
    if intent["status"] != "processing":
        return
    method = payment_method.get(call, intent["payment_method"])
    account = payment_method.debit_of(call, method)
    made = call.get("charge", intent["latest_charge"])
    if account.result == "failed" and account.code:
        refusal = cards.Decline(
            code=account.code,
            decline_code=None,
            param=None,
            message=bank_debits.message(account.code),
            type="invalid_request_error",
        )
        made = charge.settle(call, made, refusal, Aftermath())
        refused(call, intent, method, made, refusal)
        return
    dispute = _DISPUTES[account.kind] if account.result == "disputed" else None
    made = charge.settle(call, made, None, Aftermath(dispute=dispute))
    paid(call, intent, method, made)


def withdraw(call: Call, intent: Json) -> None:
    """Call a debit back that is under way."""
    made = call.get("charge", intent["latest_charge"])
    refusal = cards.Decline(
        "payment_intent_payment_attempt_failed",
        None,
        None,
        "The payment was canceled.",
    )
    charge.settle(call, made, refusal, Aftermath())


def microdeposits(call: Call) -> Json:
    """Return the action of a customer who is to tell what a bank account was sent."""
    return {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": balance_transaction.available_on(call.now(), 1),
            "hosted_verification_url": "https://payments.stripe.com/microdeposit/"
            f"pacs_test_{call.secret(32, 'microdeposit')}",
            "microdeposit_type": "descriptor_code",
        },
    }


def check_microdeposits(call: Call, method: Json) -> None:
    """Hold what a customer tells against what a test account was sent.

    Raises
    ------
    InvalidRequest
        If it is something else.
    """
    amounts, code = call.params.get("amounts"), call.params.get("descriptor_code")
    if (amounts is None) == (code is None):
        raise InvalidRequest(
            "You must provide exactly one of `amounts` or `descriptor_code`.",
            code="payment_method_microdeposit_verification_amounts_invalid",
        )
    told = sorted(amounts) if amounts else code
    prefix = "payment_method_microdeposit_"
    if payment_method.debit_of(call, method).microdeposits == "fail":
        raise InvalidRequest(
            "The microdeposits could not be sent to this bank account.",
            code=f"{prefix}failed",
        )
    if told in _TOO_OFTEN:
        raise InvalidRequest(
            "You have exceeded the number of allowed verification attempts.",
            code=f"{prefix}verification_attempts_exceeded",
        )
    if told in _TOO_LATE:
        raise InvalidRequest(
            "The microdeposits were not verified in time.",
            code=f"{prefix}verification_timeout",
        )
    if told not in _VERIFYING:
        what = "amounts" if amounts else "descriptor_code"
        raise InvalidRequest(
            f"The {what.replace('_', ' ')} provided does not match what was sent to "
            "the bank account.",
            code=f"{prefix}verification_{what}_mismatch",
            param=what,
        )
    call.set_private(method["id"], verified=True)
