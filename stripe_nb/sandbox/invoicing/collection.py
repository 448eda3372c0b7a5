"""How an open invoice gets its money: at once, on a retry, or from elsewhere."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError, CardDeclined, InvalidRequest
from stripe_nb.sandbox.invoicing.draft import DAY, subscription_of
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.resources import payment_intent, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = [
    "ask_for",
    "attach",
    "chargeable",
    "default_payment",
    "failed",
    "is_detached",
    "method_for",
    "paid",
    "pay",
    "payment_of",
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
    intent = default_payment(call, invoice)
    try:
        method = method or method_for(call, invoice)
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


def method_for(call: Call, invoice: Json) -> Json | None:
    """Return what an invoice is charged to, in Stripe's order of preference."""
    customer = call.get("customer", invoice["customer"])
    subscription = call.find("subscription", subscription_of(invoice)) or {}
    for name in (
        invoice["default_payment_method"],
        invoice["default_source"],
        subscription.get("default_payment_method"),
        subscription.get("default_source"),
        customer["invoice_settings"]["default_payment_method"],
        customer["default_source"],
    ):
        if name and not is_detached(call, name):
            return chargeable(call, name)
    return None


def is_detached(call: Call, name: str) -> bool:
    """Return whether a payment method was taken off its customer, for good."""
    return bool(call.private(name).get("detached"))


def chargeable(call: Call, name: str) -> Json:
    """Return the payment method that an id or token names.

    A card that was saved as a source is charged through a payment method that is
    made of it once.
    """
    source = call.find("card", name)
    if source is None:
        return payment_method.resolve(call, name)
    private = call.private(source["id"])
    made = call.find("payment_method", private.get("method"))
    if made is None:
        details = {
            "exp_month": source["exp_month"],
            "exp_year": source["exp_year"],
            "number": private["number"],
        }
        data = {"type": "card", "card": details}
        made = payment_method.from_data(call, data, "source")
        made = call.update(made, customer=source["customer"])
        call.set_private(source["id"], method=made["id"])
    return made


def payment_of(call: Call, invoice: Json) -> Json | None:
    """Return the invoice payment that Stripe made for an invoice itself."""
    found = call.objects("invoice_payment", invoice=invoice["id"])
    return next((each for each in found if each["is_default"]), None)


def default_payment(call: Call, invoice: Json) -> Json:
    """Return the payment intent that an invoice is paid with."""
    payment = payment_of(call, invoice)
    if payment is None:
        raise InvalidRequest(
            f"Invoice {invoice['id']} has nothing to be paid.", param="invoice"
        )
    return call.get("payment_intent", payment["payment"]["payment_intent"])


def ask_for(call: Call, invoice: Json) -> None:
    """Let the payment that was made ready ask for what now remains."""
    payment = payment_of(call, invoice)
    if payment and payment["status"] == "open":
        remaining = invoice["amount_remaining"]
        call.update(payment, amount_requested=remaining)
        call.update(default_payment(call, invoice), amount=remaining)


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
    expect(call, invoice, intent, is_default=False)
    if intent["status"] == "succeeded":
        settle(call, intent)


def expect(call: Call, invoice: Json, intent: Json, *, is_default: bool) -> None:
    """Note that an intent is to pay for an invoice.

    Parameters
    ----------
    call
        The request that caused it.
    invoice, intent
        What is to be paid, and by what.
    is_default
        Whether Stripe itself made the intent for the invoice.
    """
    call.insert(
        call.new(
            "invoice_payment",
            amount_requested=intent["amount"],
            currency=invoice["currency"],
            invoice=invoice["id"],
            is_default=is_default,
            payment={"payment_intent": intent["id"], "type": "payment_intent"},
            status="open",
        )
    )


def settle(call: Call, intent: Json) -> None:
    """Book an intent that succeeded on the invoice that it belongs to."""
    invoice = call.get("invoice", call.private(intent["id"])["invoice"])
    if invoice["status"] not in ("open", "uncollectible"):
        return
    payment = _payment_by(call, invoice, intent)
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
        "amount_paid": received,
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": call.now()},
    }
    if invoice["amount_remaining"]:
        invoice = call.update(invoice, announce="invoice.updated")
        call.update(payment, announce="invoice_payment.paid")
        ask_for(call, invoice)
        return
    call.update(payment)
    _credit(call, invoice, surplus)
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


def _payment_by(call: Call, invoice: Json, intent: Json) -> Json:
    for payment in call.objects("invoice_payment", invoice=invoice["id"]):
        if payment["payment"].get("payment_intent") == intent["id"]:
            return payment
    raise InvalidRequest(
        f"PaymentIntent {intent['id']} is not a payment of invoice {invoice['id']}."
    )


def _attempts(call: Call, invoice: Json) -> int:
    """Return the number of attempts with the present one.

    The first counts whoever makes it; later ones only if Stripe does.
    """
    count = int(invoice["attempt_count"])
    counts = count == 0 or call.private(invoice["id"]).get("automatic")
    return count + 1 if counts else count


def paid(call: Call, invoice: Json, *, payment: Json | None = None) -> Json:
    """Mark an invoice paid, and announce all that follows from it."""
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
    count = _attempts(call, invoice)
    if count != invoice["attempt_count"]:
        invoice = call.update(
            {
                **invoice,
                "attempt_count": count,
                "attempted": True,
                "next_payment_attempt": _next_attempt(call, invoice, count),
            },
            announce="invoice.updated",
        )
        if invoice["next_payment_attempt"]:
            call.later(invoice["next_payment_attempt"], "retry", invoice)
    call.emit("invoice.payment_failed", invoice)
    _tell_customer(call, invoice, delinquent=True)
    tell_subscription(call, invoice, "invoice_failed")
    return invoice


def _next_attempt(call: Call, invoice: Json, count: int) -> int | None:
    chases = (
        invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
        and count <= len(_RETRY_AFTER_DAYS)
    )
    return call.now() + _RETRY_AFTER_DAYS[count - 1] * DAY if chases else None


def retry(call: Call, invoice: Json) -> None:
    """Try again, if that is still what was planned for this moment."""
    if invoice["status"] == "open" and invoice["next_payment_attempt"] == call.now():
        pay(call, invoice, off_session=True, automatic=True)


def waits_for_customer(call: Call, intent: Json) -> None:
    """Note that a payment waits for the customer's 3D Secure answer."""
    invoice = call.get("invoice", call.private(intent["id"])["invoice"])
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
