"""Payment intents: from the wish to be paid to the money, or to a plain no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.blank import assign, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    ApiError,
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
)
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import charge, payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["PaymentIntent", "authenticate"]

# action: the states in which it is allowed, in Stripe's order
_ALLOWED = {
    "confirm": ("requires_payment_method", "requires_confirmation", "requires_action"),
    "capture": ("requires_capture",),
    "cancel": (
        "requires_payment_method",
        "requires_capture",
        "requires_reauthorization",
        "requires_confirmation",
        "requires_action",
        "processing",
    ),
    "update": ("requires_payment_method", "requires_confirmation", "requires_action"),
}
_PAST = {
    "confirm": "confirmed",
    "capture": "captured",
    "cancel": "canceled",
    "update": "updated",
}
# What may still be changed once the payment is under way.
_ALWAYS_CHANGEABLE = frozenset(
    {"description", "expand", "metadata", "receipt_email", "shipping", "transfer_data"}
)
# Parameters that tell how to confirm and are no fields of the intent.
_NOT_FIELDS = ("confirm", "payment_method", "payment_method_data", "return_url")
_BEYOND = (
    "application_fee_amount",
    "confirmation_token",
    "hooks",
    "mandate",
    "on_behalf_of",
    "payment_method_configuration",
    "transfer_data",
)
_CARD_TYPES = ("card", "link")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What a confirmation says beside the intent itself."""

    method: Json
    off_session: bool = False
    return_url: str | None = None
    authenticated: bool = False
    error_on_action: bool = False


class PaymentIntent(Behaviour):
    """`PaymentIntent <https://docs.stripe.com/api/payment_intents>`_."""

    name = "payment_intent"
    missing_param = "intent"

    def on_create(self, call: Call) -> Json:
        """Make a payment intent, and confirm it if asked to."""
        params = call.params
        _check_supported(params)
        currency = check_currency(params["currency"])
        check_amount(params["amount"], currency)
        call.given("customer", "customer")
        _check_confirmation_only(params)
        intent = self.draft(
            call,
            amount_capturable=0,
            amount_details={"tip": {}},
            amount_received=0,
            capture_method="automatic_async",
            confirmation_method="automatic",
            payment_method_options=_options(),
            status="requires_payment_method",
        )
        intent["currency"] = currency
        intent["client_secret"] = f"{intent['id']}_secret_{call.secret(25, 'secret')}"
        intent.update(_method_types(params))
        _take_method(call, intent)
        intent = self.finish(call, intent)
        return self._confirmed(call, intent) if params.get("confirm") else intent

    def on_update(self, call: Call) -> Json:
        """Change a payment intent that is not under way."""
        intent = self.target(call)
        _check_supported(call.params)
        if set(call.params) - _ALWAYS_CHANGEABLE:
            _check_state(intent, "update")
        changed = self._revised(call, intent)
        _take_method(call, changed)
        return call.update(changed, announce=None)

    def on_confirm(self, call: Call) -> Json:
        """Confirm: ask the card, which pays, refuses or wants its holder."""
        intent = self.target(call)
        _check_supported(call.params)
        _check_state(intent, "confirm")
        intent = self._revised(call, intent)
        _take_method(call, intent)
        return self._confirmed(call, call.update(intent))

    def on_capture(self, call: Call) -> Json:
        """Take the money that was authorized, or a part of it."""
        intent = self.target(call)
        _check_state(intent, "capture")
        if call.params.get("final_capture") is False:
            raise NotSimulated("capturing a payment several times")
        most = intent["amount_capturable"]
        amount = call.params.get("amount_to_capture") or most
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
        method = call.get("payment_method", intent["payment_method"])
        taken = call.get("charge", intent["latest_charge"])
        charge.capture(call, taken, amount, payment_method.card_of(call, method))
        assign(intent, self.resource.fields, _fields_of(call.params))
        return call.update(
            {
                **intent,
                "amount_capturable": 0,
                "amount_received": amount,
                "status": "succeeded",
            },
            announce="payment_intent.succeeded",
        )

    def on_cancel(self, call: Call) -> Json:
        """Cancel, and give an authorization back."""
        intent = self.target(call)
        _check_state(intent, "cancel")
        held = intent["status"] == "requires_capture"
        if held:
            charge.release(call, call.get("charge", intent["latest_charge"]))
        return call.update(
            {
                **intent,
                "amount_capturable": 0,
                "canceled_at": call.now(),
                "cancellation_reason": call.params.get("cancellation_reason"),
                "next_action": None,
                "status": "canceled",
            },
            announce="payment_intent.canceled",
        )

    def _revised(self, call: Call, intent: Json) -> Json:
        """Return the intent with the parameters of a later request."""
        params = call.params
        check_metadata(params, intent["metadata"])
        if params.get("currency"):
            params["currency"] = check_currency(params["currency"])
        if "amount" in params:
            check_amount(params["amount"], params.get("currency") or intent["currency"])
        call.given("customer", "customer")
        assign(intent, self.resource.fields, _fields_of(params))
        intent.update(_method_types(params) if "payment_method_types" in params else {})
        return intent

    def _confirmed(self, call: Call, intent: Json) -> Json:
        """Confirm an intent that has taken all the request's parameters."""
        if not intent["payment_method"]:
            raise InvalidRequest(
                "You cannot confirm this PaymentIntent because it's missing a payment "
                "method. You can either update the PaymentIntent with a payment method "
                "and then confirm it again, or confirm it again directly with a "
                "payment method or ConfirmationToken.",
                code="payment_intent_unexpected_state",
                payment_intent=intent,
            )
        method = call.get("payment_method", intent["payment_method"])
        attempt = _Attempt(
            method,
            off_session=call.params.get("off_session") not in (None, False, "false"),
            return_url=call.params.get("return_url"),
            error_on_action=bool(call.params.get("error_on_requires_action")),
        )
        intent, refusal = _try(call, intent, attempt)
        if refusal:
            raise refusal
        return intent


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
    method = call.get("payment_method", intent["payment_method"])
    private = call.private(intent["id"])
    attempt = _Attempt(
        method, off_session=bool(private.get("off_session")), authenticated=True
    )
    if succeeded:
        settled, _ = _try(call, {**intent, "next_action": None}, attempt)
        return settled
    refusal = cards.decline("payment_intent_authentication_failure")
    settled, _ = _refused(call, {**intent, "next_action": None}, method, None, refusal)
    return settled


def _try(call: Call, intent: Json, attempt: _Attempt) -> tuple[Json, ApiError | None]:
    """Ask the card; return the intent as it then is, and the card's no if any."""
    card = payment_method.card_of(call, attempt.method)
    if not attempt.authenticated and _must_authenticate(call, intent, attempt, card):
        if attempt.off_session or attempt.error_on_action:
            refusal = cards.decline(
                "authentication_required", "authentication_required"
            )
            made = charge.attempt(
                call, intent, attempt.method, card, refusal, authenticated=False
            )
            return _refused(call, intent, attempt.method, made, refusal)
        return _ask_cardholder(call, intent, attempt), None
    made = charge.attempt(
        call,
        intent,
        attempt.method,
        card,
        card.decline,
        authenticated=attempt.authenticated,
    )
    if card.decline:
        return _refused(call, intent, attempt.method, made, card.decline)
    return _paid(call, intent, attempt.method, made), None


def _must_authenticate(
    call: Call, intent: Json, attempt: _Attempt, card: cards.Card
) -> bool:
    asked = (intent["payment_method_options"] or {}).get("card", {})
    return card.needs_authentication(
        off_session=attempt.off_session,
        set_up=bool(call.private(attempt.method["id"]).get("set_up")),
        asked=asked.get("request_three_d_secure") in ("any", "challenge"),
    )


def _ask_cardholder(call: Call, intent: Json, attempt: _Attempt) -> Json:
    secret = call.secret(24, "challenge")
    call.set_private(intent["id"], challenge=secret, off_session=attempt.off_session)
    url = f"{call.base_url}/_sandbox/3d_secure/{intent['id']}/{secret}"
    action: Json = (
        {
            "redirect_to_url": {"return_url": attempt.return_url, "url": url},
            "type": "redirect_to_url",
        }
        if attempt.return_url
        else {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "source": call.new_id("payment_intent").replace("pi_", "payatt_"),
                "stripe_js": url,
                "type": "three_d_secure_redirect",
            },
        }
    )
    return call.update(
        {**intent, "next_action": action, "status": "requires_action"},
        announce="payment_intent.requires_action",
    )


def _paid(call: Call, intent: Json, method: Json, made: Json) -> Json:
    """Settle an intent whose charge went through."""
    held = not made["captured"]
    if intent["setup_future_usage"] and intent["customer"] and not method["customer"]:
        payment_method.attach(call, method, intent["customer"])
        call.set_private(
            method["id"], set_up=intent["setup_future_usage"] == "off_session"
        )
    return call.update(
        {
            **intent,
            "amount_capturable": made["amount"] if held else 0,
            "amount_received": 0 if held else made["amount"],
            "last_payment_error": None,
            "latest_charge": made["id"],
            "next_action": None,
            "status": "requires_capture" if held else "succeeded",
        },
        announce="payment_intent.amount_capturable_updated"
        if held
        else "payment_intent.succeeded",
    )


def _refused(
    call: Call, intent: Json, method: Json, made: Json | None, refusal: cards.Decline
) -> tuple[Json, ApiError]:
    """Settle an intent whose card said no; it waits for another card."""
    told = payment_method.declined(
        refusal, charge=made and made["id"], payment_method=method
    )
    wanted = told.to_body()["error"]
    intent = call.update(
        {
            **intent,
            "last_payment_error": in_order(wanted),
            "latest_charge": made["id"] if made else intent["latest_charge"],
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        },
        announce="payment_intent.payment_failed",
    )
    told.extra["payment_intent"] = intent
    return intent, told


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
        return
    owner = method["customer"]
    if owner and owner != intent["customer"]:
        raise InvalidRequest(
            f"The provided PaymentMethod ({method['id']}) belongs to the Customer "
            f"{owner}. Please include that Customer in the `customer` parameter.",
            param="payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        raise InvalidRequest(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this "
            "PaymentIntent. Please attach a PaymentMethod of one of the following "
            f"types: {', '.join(intent['payment_method_types'])}.",
            param="payment_method",
        )
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _method_types(params: Mapping[str, Any]) -> Json:
    """Return which payment methods an intent takes, named or left to the account."""
    named = params.get("payment_method_types") or params.get(
        "allowed_payment_method_types"
    )
    automatic = params.get("automatic_payment_methods")
    if params.get("payment_method_types") and automatic and automatic.get("enabled"):
        raise InvalidRequest(
            "You may only specify one of these parameters: automatic_payment_methods, "
            "payment_method_types."
        )
    unknown = [kind for kind in named or () if kind not in _CARD_TYPES]
    if unknown:
        raise NotSimulated(f"the payment method type {unknown[0]}")
    if params.get("payment_method_types"):
        return {"automatic_payment_methods": None, "payment_method_types": named}
    if automatic is None:
        automatic = {"enabled": True}
    if not automatic.get("enabled"):
        return {"automatic_payment_methods": None, "payment_method_types": ["card"]}
    return {
        "automatic_payment_methods": {"allow_redirects": "always", **automatic},
        "payment_method_types": named or list(_CARD_TYPES),
    }


def _options() -> Json:
    return {
        "card": {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": "automatic",
        },
        "link": {"persistent_token": None},
    }


def _fields_of(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if name not in _NOT_FIELDS}


def _check_supported(params: Mapping[str, Any]) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of payment intents")


def _check_confirmation_only(params: Mapping[str, Any]) -> None:
    """Refuse what has a meaning only together with ``confirm``."""
    if params.get("confirm"):
        return
    for name in (
        "off_session",
        "return_url",
        "error_on_requires_action",
        "mandate_data",
    ):
        if name in params:
            raise ParameterInvalid(
                f"You cannot set `{name}` when creating a PaymentIntent unless you are "
                "also confirming it. Set `confirm` to true to create and confirm the "
                "PaymentIntent in one request.",
                param=name,
            )


def _check_state(intent: Json, action: str) -> None:
    """Refuse an action that the intent's state does not allow.

    Raises
    ------
    InvalidRequest
        With the states that would.
    """
    status, allowed = intent["status"], _ALLOWED[action]
    if status in allowed:
        return
    if action == "confirm" and status == "succeeded":
        why = "it has already succeeded after being previously confirmed"
        raise _unexpected(
            f"You cannot confirm this PaymentIntent because {why}.", intent
        )
    raise _unexpected(
        f"This PaymentIntent could not be {_PAST[action]} because it has a status of "
        f"{status}. Only a PaymentIntent with one of the following statuses may be "
        f"{_PAST[action]}: {', '.join(allowed)}.",
        intent,
    )


def _unexpected(message: str, intent: Json) -> InvalidRequest:
    return InvalidRequest(
        message, code="payment_intent_unexpected_state", payment_intent=intent
    )
