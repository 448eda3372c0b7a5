"""How an open invoice gets its money: at once, on a retry, or from elsewhere."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, CardDeclined, InvalidRequest
from stripe_nb.sandbox.invoicing import methods, payments
from stripe_nb.sandbox.invoicing.draft import DAY, subscription_of
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.resources import payment_intent
from stripe_nb.sandbox.wire import Json

__all__ = [
    "attach",
    "failed",
    "paid",
    "pay",
    "retry",
    "settle",
    "tell_subscription",
    "waits_for_customer",
]

# Days from each failed attempt to the next one; after the last, none follows.
_RETRY_AFTER_DAYS = (3, 5, 7)


def pay(
    call: Call,
    invoice: Json,
    *,
    off_session: bool,
    method: Json | None = None,
    automatic: bool = False,
) -> tuple[Json, ApiError | None]:
    """Try to collect an open invoice; return it, and the refusal if there is one.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        An open or uncollectible invoice with something due.
    off_session
        Whether the customer is away.
    method
        What to charge, instead of the default payment method.
    automatic
        Whether Stripe tries by itself; later tries count only then.
    """
    call.set_private(invoice["id"], automatic=automatic)
    intent = payments.default_payment(call, invoice)
    try:
        method = method or methods.method_for(call, invoice)
    except ApiError as gone:
        return failed(call, invoice), gone
    if method is None:
        return failed(call, invoice), _no_method()
    intent, refusal = payment_intent.pay(call, intent, method, off_session=off_session)
    if refusal is None and intent["status"] == "requires_action":
        refusal = _needs_customer(intent)
    return call.get("invoice", invoice["id"]), refusal


def _no_method() -> ApiError:
    return InvalidRequest(
        "This customer has no attached payment source or default payment method. "
        "Please consider adding a default payment method. For more information, visit "
        "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
        "#payment-method-priority.",
        code="resource_missing",
    )


def _needs_customer(intent: Json) -> ApiError:
    return CardDeclined(
        "Payment for this invoice requires additional user action before it can be "
        "completed successfully. Payment can be completed using the PaymentIntent "
        "associated with the invoice. For more details see: "
        "https://stripe.com/docs/billing/subscriptions/overview#requires-action",
        code="invoice_payment_intent_requires_action",
        payment_intent=intent,
    )


def attach(call: Call, invoice: Json, intent: Json) -> None:
    """Let one more payment intent pay for an open invoice.

    Raises
    ------
    InvalidRequest
        If they are of different customers or currencies, or the invoice is not
        open, or the intent pays for an invoice already.
    """
    if invoice["status"] not in ("open", "uncollectible"):
        raise InvalidRequest(
            f"You can't attach a payment to an invoice that is {invoice['status']}."
        )
    for name in ("customer", "currency"):
        if intent[name] != invoice[name]:
            raise InvalidRequest(
                f"The {name} of the PaymentIntent ({intent[name]}) is not the "
                f"invoice's ({invoice[name]}).",
                param="payment_intent",
            )
    if call.private(intent["id"]).get("invoice"):
        raise InvalidRequest(
            f"The PaymentIntent {intent['id']} is attached to an invoice already.",
            param="payment_intent",
        )
    call.set_private(intent["id"], invoice=invoice["id"])
    payments.expect(call, invoice, intent, is_default=False)
    if intent["status"] == "succeeded":
        settle(call, intent)


def settle(call: Call, intent: Json) -> None:
    """Book an intent that succeeded on the invoice that it belongs to."""
    invoice = call.get("invoice", call.private(intent["id"])["invoice"])
    if invoice["status"] not in ("open", "paid", "uncollectible"):
        return
    payment = payments.payment_by(call, invoice, intent)
    received = intent["amount_received"]
    surplus = max(received - invoice["amount_remaining"], 0)
    invoice = {
        **invoice,
        "amount_overpaid": invoice["amount_overpaid"] + surplus,
        "amount_paid": invoice["amount_paid"] + received,
        "amount_remaining": max(invoice["amount_remaining"] - received, 0),
        "attempt_count": _attempts(call, invoice),
        "attempted": True,
    }
    payment = {
        **payment,
        "amount_paid": received - surplus,
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": call.now()},
    }
    _credit(call, invoice, surplus)
    if invoice["amount_remaining"] or invoice["status"] == "paid":
        invoice = call.update(invoice, announce="invoice.updated")
        call.update(payment, announce="invoice_payment.paid")
        payments.ask_for(call, invoice)
        return
    call.update(payment)
    paid(call, invoice, payment=payment)


def _credit(call: Call, invoice: Json, surplus: int) -> None:
    """Leave what was paid too much on the customer's balance."""
    customer = call.find("customer", invoice["customer"])
    if surplus and customer:
        balances.book(
            call,
            customer,
            -surplus,
            "invoice_overpaid",
            invoice["currency"],
            invoice=invoice["id"],
        )


def _attempts(call: Call, invoice: Json) -> int:
    """Return the number of attempts with the present one.

    The first counts whoever makes it; later ones only if Stripe does.
    """
    count = int(invoice["attempt_count"])
    counts = count == 0 or call.private(invoice["id"]).get("automatic")
    return count + 1 if counts else count


def paid(call: Call, invoice: Json, *, payment: Json | None = None) -> Json:
    """Mark an invoice paid, and announce all that follows from it.

    Stripe keeps the payment that it made ready in step with what remains: nothing
    is left to pay for one that is still open.
    """
    payments.cancel(call, invoice, None)
    invoice = call.update(
        {
            **invoice,
            "attempted": True,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": "paid",
            "status_transitions": {
                **invoice["status_transitions"],
                "paid_at": call.now(),
            },
        },
        announce="invoice.updated",
    )
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    if payment:
        call.emit("invoice_payment.paid", payment)
    _tell_customer(call, invoice, delinquent=False)
    tell_subscription(call, invoice, "invoice_settled")
    return invoice


def failed(call: Call, invoice: Json) -> Json:
    """Note a failed attempt, and when the next one is."""
    invoice = _attempted(call, invoice)
    call.emit("invoice.payment_failed", invoice)
    _tell_customer(call, invoice, delinquent=True)
    tell_subscription(call, invoice, "invoice_failed")
    return invoice


def _attempted(call: Call, invoice: Json) -> Json:
    """Count an attempt that brought nothing, and plan the next one."""
    count = _attempts(call, invoice)
    if count == invoice["attempt_count"]:
        return invoice
    following = _next_attempt(call, invoice, count)
    if following:
        call.later(following, "retry", invoice)
    return call.update(
        {
            **invoice,
            "attempt_count": count,
            "attempted": True,
            "next_payment_attempt": following,
        },
        announce="invoice.updated",
    )


def _next_attempt(call: Call, invoice: Json, count: int) -> int | None:
    chases = (
        invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
        and count <= len(_RETRY_AFTER_DAYS)
    )
    return call.now() + _RETRY_AFTER_DAYS[count - 1] * DAY if chases else None


def retry(call: Call, invoice: Json) -> None:
    """Try again, if that is still what was planned for this moment.

    What waits for the cardholder is not charged again before another card is there;
    Stripe counts the attempt all the same.
    """
    if invoice["status"] != "open" or invoice["next_payment_attempt"] != call.now():
        return
    if _still_waits(call, invoice):
        invoice = _attempted(call, invoice)
        tell_subscription(call, invoice, "invoice_waits")
    else:
        pay(call, invoice, off_session=True, automatic=True)


def _still_waits(call: Call, invoice: Json) -> bool:
    intent = payments.default_payment(call, invoice)
    if intent["status"] != "requires_action":
        return False
    method = methods.method_for(call, invoice)
    return method is not None and method["id"] == intent["payment_method"]


def waits_for_customer(call: Call, intent: Json) -> None:
    """Note that a payment waits for the customer's 3D Secure answer.

    An attempt that Stripe made by itself counts as one; one beside a customer is
    not over yet.
    """
    invoice = call.get("invoice", call.private(intent["id"])["invoice"])
    if call.private(invoice["id"]).get("automatic"):
        invoice = _attempted(call, invoice)
    else:
        invoice = call.update(invoice, attempted=True, announce="invoice.updated")
    call.emit("invoice.payment_action_required", invoice)
    tell_subscription(call, invoice, "invoice_waits")


def _tell_customer(call: Call, invoice: Json, *, delinquent: bool) -> None:
    """Keep up the customer's currency, and whether it owes."""
    customer = call.find("customer", invoice["customer"])
    if customer is None:
        return
    automatic = invoice["collection_method"] == "charge_automatically"
    call.update(
        customer,
        currency=customer["currency"] or invoice["currency"],
        delinquent=delinquent if automatic else customer["delinquent"],
        announce="customer.updated",
    )


def tell_subscription(call: Call, invoice: Json, what: str) -> None:
    """Let the subscription know how its invoice fares, where that matters to it."""
    subscription = call.find("subscription", subscription_of(invoice))
    hears = getattr(call.engine.behaviour("subscription"), what, None)
    if subscription and hears:
        hears(call, subscription, invoice)
