"""Payment intents: from the wish to be paid to the money, or to a plain no."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    ApiError,
    InvalidRequest,
)
from stripe_nb.sandbox.payments import (
    cash,
    connect,
    debiting,
    method_types,
    taking,
)
from stripe_nb.sandbox.payments.confirming import (
    Attempt,
    Outcome,
    ask_card,
    refused,
)
from stripe_nb.sandbox.payments.intent_params import (
    check_confirmation_only,
    check_supported,
    fields_of,
    merged_options,
)
from stripe_nb.sandbox.payments.states import check_state, unexpected
from stripe_nb.sandbox.payments.texts import check_texts
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import confirmation_token, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["PaymentIntent", "authenticate", "confirm", "for_invoice", "open_", "pay"]

# What may still be changed once the payment is under way.
_ALWAYS_CHANGEABLE = frozenset(
    {"description", "expand", "metadata", "receipt_email", "shipping", "transfer_data"}
)


class PaymentIntent(Behaviour):
    """`PaymentIntent <https://docs.stripe.com/api/payment_intents>`_."""

    name = "payment_intent"
    missing_param = "intent"

    def on_create(self, call: Call) -> Json:
        """Make a payment intent, and confirm it if asked to."""
        params = call.params
        confirmation_token.unfold(call)
        check_supported(params)
        currency = check_currency(params["currency"])
        check_amount(params["amount"], currency)
        call.given("customer", "customer")
        check_confirmation_only(params)
        connect.check_charges_enabled(call)
        connect.check(call)
        connect.check_fee(params.get("application_fee_amount"), params["amount"])
        check_texts(params)
        check_metadata(params)
        kinds = method_types.taken(params, currency)
        intent = _blank(call, amount=params["amount"], currency=currency)
        assign(intent, self.resource.fields, fields_of(params))
        intent.update(currency=currency, **kinds)
        intent["payment_method_options"] = method_types.options(
            intent["payment_method_types"], params.get("payment_method_options")
        )
        _take_method(call, intent)
        intent = self.finish(call, intent)
        return self._confirmed(call, intent) if params.get("confirm") else intent

    def on_update(self, call: Call) -> Json:
        """Change a payment intent that is not under way."""
        intent = self.target(call)
        check_supported(call.params)
        if set(call.params) - _ALWAYS_CHANGEABLE:
            check_state(intent, "update")
        changed = self._revised(call, intent)
        _take_method(call, changed)
        return call.update(changed)

    def on_confirm(self, call: Call) -> Json:
        """Confirm: ask the card or the bank, which pays, refuses or asks back."""
        intent = self.target(call)
        confirmation_token.unfold(call)
        check_supported(call.params)
        check_state(intent, "confirm")
        connect.check_charges_enabled(call)
        intent = self._revised(call, intent)
        _take_method(call, intent)
        return self._confirmed(call, call.update(intent))

    def on_capture(self, call: Call) -> Json:
        """Take the money that was authorized, or a part of it."""
        intent = self.target(call)
        check_state(intent, "capture")
        check_texts(call.params)
        check_metadata(call.params, intent["metadata"])
        changes = {
            name: value
            for name, value in fields_of(call.params).items()
            if name != "transfer_data"
        }
        assign(intent, self.resource.fields, changes)
        return taking.capture(call, intent)

    def on_cancel(self, call: Call) -> Json:
        """Cancel, and give an authorization back."""
        intent = self.target(call)
        check_state(intent, "cancel")
        return taking.cancel(call, intent, call.params.get("cancellation_reason"))

    def on_increment_authorization(self, call: Call) -> Json:
        """Ask the card for more than was authorized."""
        intent = self.target(call)
        check_state(intent, "increment")
        check_texts(call.params)
        check_metadata(call.params, intent["metadata"])
        return taking.increment(call, intent)

    def on_apply_customer_balance(self, call: Call) -> Json:
        """Pay with what the customer has sent, by hand."""
        intent = self.target(call)
        check_state(intent, "apply the customer balance to")
        return cash.apply_by_hand(call, intent)

    def on_verify_microdeposits(self, call: Call) -> Json:
        """Verify a bank account by what it was sent, and debit it."""
        intent = self.target(call)
        check_state(intent, "verify")
        if intent["next_action"]["type"] != "verify_with_microdeposits":
            raise unexpected(
                "This PaymentIntent is not waiting for microdeposits to be verified.",
                intent,
            )
        method = payment_method.get(call, intent["payment_method"])
        debiting.check_microdeposits(call, method)
        return _try(call, {**intent, "next_action": None}, Attempt(method))[0]

    def due_settle(self, call: Call, intent: Json) -> None:
        """Let the bank's answer to a debit arrive."""
        debiting.settle(call, intent)

    def due_expire(self, call: Call, intent: Json) -> None:
        """Cancel an intent whose authorization has lapsed."""
        if intent["status"] == "requires_capture":
            taking.expire(call, intent)

    def _revised(self, call: Call, intent: Json) -> Json:
        """Return the intent with the parameters of a later request."""
        params = call.params
        check_metadata(params, intent["metadata"])
        if params.get("currency"):
            params["currency"] = check_currency(params["currency"])
        currency = params.get("currency") or intent["currency"]
        if "amount" in params or currency != intent["currency"]:
            asked = params if "amount" in params else intent
            check_amount(asked["amount"], currency)
        call.given("customer", "customer")
        connect.check(call)
        check_texts(params)
        assign(intent, self.resource.fields, fields_of(params))
        connect.check_fee(intent["application_fee_amount"], intent["amount"])
        named = ("payment_method_types", "allowed_payment_method_types")
        if any(params.get(name) for name in named):
            intent.update(method_types.taken(params, currency))
        intent["payment_method_options"] = method_types.options(
            intent["payment_method_types"],
            merged_options(intent, params.get("payment_method_options")),
        )
        return intent

    def _confirmed(self, call: Call, intent: Json) -> Json:
        """Confirm an intent that has taken all the request's parameters."""
        params = call.params
        answered = call.private(intent["id"]).get("answered") is True
        call.set_private(intent["id"], answered=False)
        intent, refusal = confirm(
            call,
            intent,
            off_session=params.get("off_session") not in (None, False, "false"),
            return_url=params.get("return_url"),
            error_on_action=bool(params.get("error_on_requires_action")),
            mandate=params.get("mandate") or params.get("mandate_data"),
            authenticated=answered,
        )
        if refusal:
            raise refusal
        return intent


def confirm(call: Call, intent: Json, **said: Any) -> Outcome:
    """Confirm a payment intent that has its payment method.

    Parameters
    ----------
    call
        What it happens in.
    intent
        The payment intent, stored.
    said
        Fields of `Attempt` beside the method.

    Returns
    -------
    tuple
        The intent as it then is, and the card's or bank's no if there was one.

    Raises
    ------
    InvalidRequest
        If the intent's state does not allow it.
    """
    check_state(intent, "confirm")
    if not intent["payment_method"]:
        raise unexpected(
            "You cannot confirm this PaymentIntent because it's missing a payment "
            "method. You can either update the PaymentIntent with a payment method "
            "and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
            intent,
        )
    method = payment_method.get(call, intent["payment_method"])
    return _try(call, intent, Attempt(method, **said))


def authenticate(call: Call, intent: Json, *, succeeded: bool) -> Json:
    """Go on with a payment whose cardholder has answered the 3D Secure question.

    Parameters
    ----------
    call
        What it happens in.
    intent
        A payment intent whose status is ``requires_action``.
    succeeded
        Whether the cardholder passed.
    """
    method = payment_method.get(call, intent["payment_method"])
    private = call.private(intent["id"])
    intent = {**intent, "next_action": None}
    if not succeeded:
        refusal = cards.decline("payment_intent_authentication_failure")
        return refused(call, intent, method, None, refusal)[0]
    if intent["confirmation_method"] == "manual":
        call.set_private(intent["id"], answered=True)
        return call.update({**intent, "status": "requires_confirmation"})
    attempt = Attempt(
        method, off_session=bool(private.get("off_session")), authenticated=True
    )
    return _try(call, intent, attempt)[0]


def open_(
    call: Call,
    *,
    amount: int,
    currency: str,
    kinds: list[str] | None = None,
    private: Json | None = None,
    **values: Any,
) -> Json:
    """Make a payment intent that something other than a request asks for.

    Parameters
    ----------
    call
        What it happens in.
    amount, currency
        What is to be paid.
    kinds
        The kinds of payment methods that it takes; the account's own without.
    private
        What the sandbox alone knows of it: ``{"checkout_session": "cs_…"}`` lets
        that object's behaviour hear how the payment goes.
    values
        More fields of the intent.
    """
    intent = {**_blank(call, amount=amount, currency=currency), **values}
    intent["payment_method_types"] = kinds or list(method_types.AUTOMATIC)
    intent["payment_method_options"] = method_types.options(
        intent["payment_method_types"]
    )
    return call.insert(intent, private=private, announce="payment_intent.created")


def for_invoice(call: Call, invoice: Json, *, amount: int, **values: Any) -> Json:
    """Make the payment intent that an open invoice is paid with.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        The invoice; its behaviour hears how the payment ends.
    amount
        How much of it is to be paid.
    values
        More fields of the intent, such as its description.
    """
    return open_(
        call,
        amount=amount,
        currency=invoice["currency"],
        private={"invoice": invoice["id"]},
        capture_method="automatic",
        customer=invoice["customer"],
        payment_details={"customer_reference": None, "order_reference": invoice["id"]},
        **values,
    )


def pay(
    call: Call, intent: Json, method: Json, *, off_session: bool, **said: Any
) -> tuple[Json, ApiError | None]:
    """Try to settle an invoice's or a checkout page's intent with a payment method.

    A card that wants its holder leaves the intent in ``requires_action``, also
    off session: the customer can still answer on a page. Returns the intent and
    the card's no if there was one.
    """
    attempt = Attempt(method, off_session=off_session, for_owner=True, **said)
    return _try(call, {**intent, "payment_method": method["id"]}, attempt)


def _try(call: Call, intent: Json, attempt: Attempt) -> Outcome:
    kind = attempt.method["type"]
    if kind == "card":
        return ask_card(call, intent, attempt)
    if kind == "customer_balance":
        return cash.ask_balance(call, intent, attempt)
    return debiting.ask_bank(call, intent, attempt)


def _blank(call: Call, *, amount: int, currency: str) -> Json:
    intent = call.new(
        "payment_intent",
        amount=amount,
        amount_capturable=0,
        amount_details={"tip": {}},
        amount_received=0,
        capture_method="automatic_async",
        confirmation_method="automatic",
        currency=currency,
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{call.secret(25, 'secret')}"
    return intent


def _take_method(call: Call, intent: Json) -> None:
    """Put the request's payment method on the intent."""
    params = call.params
    data = params.get("payment_method_data")
    value = params.get("payment_method")
    if data:
        method = payment_method.from_data(call, data, "payment_method_data")
    elif value:
        method = payment_method.resolve(call, value)
    else:
        if "payment_method" in params:
            intent.update(
                payment_method=None, status="requires_payment_method", next_action=None
            )
        return
    owner = method["customer"]
    if owner and owner != intent["customer"]:
        raise InvalidRequest(
            f"The provided PaymentMethod ({method['id']}) belongs to the Customer "
            f"{owner}. Please include that Customer in the `customer` parameter.",
            param="payment_method",
        )
    method_types.check_type(method, intent, "PaymentIntent")
    intent["payment_method"] = method["id"]
    if intent["status"] in ("requires_payment_method", "requires_action"):
        intent.update(status="requires_confirmation", next_action=None)
