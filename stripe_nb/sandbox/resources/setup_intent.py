"""Setup intents: a payment method saved for later, with its owner's consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import assign, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
)
from stripe_nb.sandbox.payments import debiting, method_types
from stripe_nb.sandbox.payments.confirming import (
    Attempt,
    Outcome,
    challenge,
    tell_owner,
)
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import (
    confirmation_token,
    payment_method,
    setup_attempt,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["SetupIntent", "authenticate", "confirm", "open_"]

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_PAST = {"confirm": "confirmed", "cancel": "canceled", "update": "updated"}
_ALWAYS_CHANGEABLE = frozenset({"description", "expand", "metadata"})
_NOT_FIELDS = (
    "confirm",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "return_url",
    "single_use",
)
_BEYOND = ("attach_to_self", "flow_directions", "payment_method_configuration")


class SetupIntent(Behaviour):
    """`SetupIntent <https://docs.stripe.com/api/setup_intents>`_."""

    name = "setup_intent"
    said = "setupintent"
    missing_param = "intent"

    def on_create(self, call: Call) -> Json:
        """Make a setup intent, and confirm it if asked to."""
        params = call.params
        confirmation_token.unfold(call)
        _check_supported(params)
        call.given("customer", "customer")
        for name in ("return_url", "mandate_data", "single_use"):
            if name in params and not params.get("confirm"):
                raise ParameterInvalid(
                    f"You cannot set `{name}` when creating a SetupIntent unless you "
                    "are also confirming it. Set `confirm` to true to create and "
                    "confirm the SetupIntent in one request.",
                    param=name,
                )
        check_metadata(params)
        intent = _blank(call)
        assign(intent, self.resource.fields, _fields_of(params))
        intent.update(method_types.taken(params))
        intent["payment_method_options"] = method_types.options(
            intent["payment_method_types"],
            params.get("payment_method_options"),
            setup=True,
        )
        _take_method(call, intent)
        intent = self.finish(call, intent)
        return self._confirmed(call, intent) if params.get("confirm") else intent

    def on_update(self, call: Call) -> Json:
        """Change a setup intent that is not done."""
        intent = self.target(call)
        _check_supported(call.params)
        if set(call.params) - _ALWAYS_CHANGEABLE:
            _check_state(intent, "update")
        return call.update(self._revised(call, intent))

    def on_confirm(self, call: Call) -> Json:
        """Confirm: ask the card's bank whether it may be saved."""
        intent = self.target(call)
        confirmation_token.unfold(call)
        _check_supported(call.params)
        _check_state(intent, "confirm")
        return self._confirmed(call, call.update(self._revised(call, intent)))

    def on_cancel(self, call: Call) -> Json:
        """Cancel."""
        intent = self.target(call)
        _check_state(intent, "cancel")
        if intent["latest_attempt"]:
            setup_attempt.end(call, intent["latest_attempt"], "abandoned")
        return call.update(
            {
                **intent,
                "cancellation_reason": call.params.get("cancellation_reason"),
                "next_action": None,
                "status": "canceled",
            },
            announce="setup_intent.canceled",
        )

    def on_verify_microdeposits(self, call: Call) -> Json:
        """Verify a bank account by what it was sent."""
        intent = self.target(call)
        action = intent["next_action"] or {}
        if action.get("type") != "verify_with_microdeposits":
            raise _unexpected(
                "This SetupIntent is not waiting for microdeposits to be verified.",
                intent,
            )
        method = payment_method.get(call, intent["payment_method"])
        debiting.check_microdeposits(call, method)
        return _succeeded(call, intent, method)

    def _revised(self, call: Call, intent: Json) -> Json:
        params = call.params
        check_metadata(params, intent["metadata"])
        call.given("customer", "customer")
        assign(intent, self.resource.fields, _fields_of(params))
        if any(
            params.get(name)
            for name in ("payment_method_types", "allowed_payment_method_types")
        ):
            intent.update(method_types.taken(params))
        _take_method(call, intent)
        return intent

    def _confirmed(self, call: Call, intent: Json) -> Json:
        params = call.params
        intent, refusal = confirm(
            call,
            intent,
            return_url=params.get("return_url"),
            mandate=params.get("mandate_data"),
        )
        if refusal:
            raise refusal
        return intent


def open_(
    call: Call,
    *,
    kinds: list[str] | None = None,
    private: Json | None = None,
    **values: Any,
) -> Json:
    """Make a setup intent that something other than a request asks for.

    Parameters
    ----------
    call
        What it happens in.
    kinds
        The kinds of payment methods that it takes; the account's own without.
    private
        What the sandbox alone knows of it.
    values
        More fields of the intent.
    """
    intent = {**_blank(call), **values}
    intent["payment_method_types"] = kinds or list(method_types.AUTOMATIC)
    intent["payment_method_options"] = method_types.options(
        intent["payment_method_types"], setup=True
    )
    return call.insert(intent, private=private, announce="setup_intent.created")


def confirm(call: Call, intent: Json, **said: Any) -> Outcome:
    """Confirm a setup intent that has its payment method.

    Parameters
    ----------
    call
        What it happens in.
    intent
        The setup intent, stored.
    said
        Fields of `Attempt` beside the method.

    Returns
    -------
    tuple
        The intent as it then is, and the card's no if there was one.
    """
    _check_state(intent, "confirm")
    if not intent["payment_method"]:
        raise _unexpected(
            "You cannot confirm this SetupIntent because it's missing a payment "
            "method. Update the SetupIntent with a payment method and then confirm "
            "it again.",
            intent,
        )
    attempt = Attempt(payment_method.get(call, intent["payment_method"]), **said)
    if attempt.method["type"] != "card":
        return _set_up_debit(call, intent, attempt), None
    return _set_up_card(call, intent, attempt)


def authenticate(call: Call, intent: Json, *, succeeded: bool) -> Json:
    """Go on with a setup whose cardholder has answered the 3D Secure question.

    Parameters
    ----------
    call
        What it happens in.
    intent
        A setup intent whose status is ``requires_action``.
    succeeded
        Whether the cardholder passed.
    """
    method = payment_method.get(call, intent["payment_method"])
    intent = {**intent, "next_action": None}
    if not succeeded:
        refusal = cards.decline("setup_intent_authentication_failure")
        return _refused(call, intent, method, refusal)[0]
    return _succeeded(call, intent, method, authenticated=True)


def _set_up_card(call: Call, intent: Json, attempt: Attempt) -> Outcome:
    card = payment_method.card_of(call, attempt.method)
    options = (intent["payment_method_options"] or {}).get("card") or {}
    asked = options.get("request_three_d_secure") in ("any", "challenge")
    refuses = card.decline is not None and card.decline.on_attach
    wants = card.three_d_secure in ("always", "unless_set_up") or (
        card.three_d_secure == "optional" and asked
    )
    status = "requires_action" if wants and not refuses else "processing"
    made = setup_attempt.begin(call, intent, attempt.method, status)
    intent = {**intent, "latest_attempt": made}
    if refuses and card.decline:
        return _refused(call, intent, attempt.method, card.decline)
    if wants:
        return _ask_cardholder(call, intent, attempt), None
    return _succeeded(call, intent, attempt.method), None


def _set_up_debit(call: Call, intent: Json, attempt: Attempt) -> Json:
    method = attempt.method
    payment_method.debit_of(call, method)
    mandate = debiting.mandate_for(call, method, attempt, said="SetupIntent")
    verified = call.private(method["id"]).get("verified")
    status = "processing" if verified else "requires_action"
    made = setup_attempt.begin(call, intent, method, status)
    intent = {**intent, "latest_attempt": made, "mandate": mandate}
    if verified:
        return _succeeded(call, intent, method)
    return call.update(
        {
            **intent,
            "next_action": debiting.microdeposits(call),
            "status": "requires_action",
        },
        announce="setup_intent.requires_action",
    )


def _ask_cardholder(call: Call, intent: Json, attempt: Attempt) -> Json:
    action = challenge(call, intent, attempt.return_url)
    return call.update(
        {**intent, "next_action": action, "status": "requires_action"},
        announce="setup_intent.requires_action",
    )


def _succeeded(
    call: Call, intent: Json, method: Json, *, authenticated: bool = False
) -> Json:
    setup_attempt.end(
        call, intent["latest_attempt"], "succeeded", authenticated=authenticated
    )
    if intent["customer"] and not method["customer"]:
        payment_method.attach(call, method, intent["customer"])
    call.set_private(method["id"], set_up=intent["usage"] == "off_session")
    done = call.update(
        {
            **intent,
            "last_setup_error": None,
            "next_action": None,
            "status": "succeeded",
        },
        announce="setup_intent.succeeded",
    )
    tell_owner(call, done, "setup_succeeded")
    return done


def _refused(call: Call, intent: Json, method: Json, refusal: cards.Decline) -> Outcome:
    told = payment_method.declined(refusal, payment_method=method)
    error = in_order(told.to_body()["error"])
    setup_attempt.end(call, intent["latest_attempt"], "failed", error=error)
    intent = call.update(
        {
            **intent,
            "last_setup_error": error,
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        },
        announce="setup_intent.setup_failed",
    )
    told.extra["setup_intent"] = intent
    return intent, told


def _blank(call: Call) -> Json:
    intent = call.new(
        "setup_intent", status="requires_payment_method", usage="off_session"
    )
    intent["client_secret"] = f"{intent['id']}_secret_{call.secret(32, 'secret')}"
    return intent


def _take_method(call: Call, intent: Json) -> None:
    """Put the request's payment method on the intent."""
    params = call.params
    if params.get("payment_method_data"):
        method = payment_method.from_data(
            call, params["payment_method_data"], "payment_method_data"
        )
    elif params.get("payment_method"):
        method = payment_method.resolve(call, params["payment_method"])
    else:
        return
    owner = method["customer"]
    if owner and intent["customer"] not in (None, owner):
        raise InvalidRequest(
            f"The provided PaymentMethod ({method['id']}) belongs to the Customer "
            f"{owner}. Please include that Customer in the `customer` parameter.",
            param="payment_method",
        )
    method_types.check_type(method, intent, "SetupIntent")
    intent["payment_method"] = method["id"]
    if intent["status"] in ("requires_payment_method", "requires_action"):
        intent.update(status="requires_confirmation", next_action=None)


def _fields_of(params: Mapping[str, Any]) -> Json:
    return {name: value for name, value in params.items() if name not in _NOT_FIELDS}


def _check_supported(params: Mapping[str, Any]) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of setup intents")
    if params.get("single_use"):
        raise NotSimulated("setup intents for a single use")


def _check_state(intent: Json, action: str) -> None:
    status = intent["status"]
    if status in _OPEN:
        return
    if action == "confirm" and status == "succeeded":
        raise _unexpected(
            "You cannot confirm this SetupIntent because it has already succeeded.",
            intent,
        )
    past = _PAST[action]
    raise _unexpected(
        f"You cannot {action} this SetupIntent because it has a status of {status}. "
        f"Only a SetupIntent with one of the following statuses may be {past}: "
        f"{', '.join(_OPEN)}.",
        intent,
    )


def _unexpected(message: str, intent: Json) -> InvalidRequest:
    return InvalidRequest(
        message, code="setup_intent_unexpected_state", setup_intent=intent
    )
