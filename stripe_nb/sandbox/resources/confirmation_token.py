"""Confirmation tokens: what a customer typed in, on its way to a confirmation."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["ConfirmationToken", "unfold"]

_SECONDS_TO_LIVE = 12 * 60 * 60
# Fields of the payment method that the preview leaves out.
_NOT_SHOWN = ("id", "object", "created", "livemode", "metadata")
_CARRIED = ("return_url", "setup_future_usage", "shipping")


class ConfirmationToken(Behaviour):
    """`ConfirmationToken <https://docs.stripe.com/api/confirmation_tokens>`_."""

    name = "confirmation_token"
    missing_param = "confirmation_token"

    def on_test_helpers_confirmation_tokens_create(self, call: Call) -> Json:
        """Make a token as a page would."""
        params = call.params
        if params.get("payment_method_data"):
            method = payment_method.from_data(
                call, params["payment_method_data"], "payment_method_data"
            )
        elif params.get("payment_method"):
            method = payment_method.resolve(call, params["payment_method"])
        else:
            raise ParameterMissing("payment_method")
        token = call.new(
            "confirmation_token",
            expires_at=call.now() + _SECONDS_TO_LIVE,
            payment_method_preview={
                name: value for name, value in method.items() if name not in _NOT_SHOWN
            },
            **{name: params.get(name) for name in _CARRIED},
        )
        return call.insert(token, private={"payment_method": method["id"]})


def unfold(call: Call) -> None:
    """Put what a confirmation token carries in the place of the token.

    Raises
    ------
    InvalidRequest
        If it was used or has expired, or the request says the same twice.
    """
    params = call.params
    token = call.given("confirmation_token", "confirmation_token")
    if token is None:
        return
    for name in ("payment_method", "payment_method_data"):
        if params.get(name):
            raise InvalidRequest(
                f"You may only specify one of these parameters: confirmation_token, "
                f"{name}.",
                param=name,
            )
    private = call.private(token["id"])
    if private.get("used") or (token["expires_at"] or 0) < call.now():
        raise InvalidRequest(
            f"The ConfirmationToken {token['id']} has been used or has expired.",
            param="confirmation_token",
        )
    call.set_private(token["id"], used=True)
    params.pop("confirmation_token")
    params["payment_method"] = private["payment_method"]
    for name in _CARRIED:
        if token[name] and not params.get(name):
            params[name] = token[name]
    intent = call.path.get("intent")
    if intent:
        kind = "setup_intent" if intent.startswith("seti_") else "payment_intent"
        call.update({**token, kind: intent})
