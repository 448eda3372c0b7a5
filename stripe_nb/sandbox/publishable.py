"""What a publishable key opens: paying, for whoever has the client secret.

Such a key stands in web pages for all to read. It makes payment methods and
tokens, and sees and confirms one payment or setup, and no more of it than a page
needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stripe_nb.catalog.model import Operation
from stripe_nb.sandbox.access import key_of, refuse_publishable
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.wire import Json

__all__ = ["admit", "is_publishable", "shown"]

_MAKING = frozenset(
    {
        "payment_methods.create",
        "payment_pages.confirm",
        "payment_pages.retrieve",
        "test_helpers.confirmation_tokens.create",
        "tokens.create",
    }
)
_WITH_SECRET = {
    "payment_intents.confirm": "PaymentIntent",
    "payment_intents.retrieve": "PaymentIntent",
    "setup_intents.confirm": "SetupIntent",
    "setup_intents.retrieve": "SetupIntent",
}
_SECRET = "client_secret"  # noqa: S105 (the name of a parameter)
_INTENT_FIELDS = frozenset(
    {
        "amount",
        "amount_details",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "id",
        "last_payment_error",
        "last_setup_error",
        "livemode",
        "next_action",
        "object",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "status",
        "usage",
    }
)
_INTENTS = ("payment_intent", "setup_intent")


def is_publishable(headers: Mapping[str, str]) -> bool:
    """Tell whether a request comes with a publishable key."""
    return key_of(headers).startswith("pk_")


def admit(
    operation: Operation,
    path: Mapping[str, str],
    tree: Json,
    find: Callable[[str], Json | None],
) -> Json:
    """Return a request's parameters without the client secret that opens it.

    Parameters
    ----------
    operation, path, tree
        What is asked for.
    find
        Returns the object of an id.

    Raises
    ------
    Unauthorized
        If a publishable key does not open the operation.
    InvalidRequest
        If the client secret is missing, or another object's.
    """
    if operation.name in _MAKING:
        return tree
    said = _WITH_SECRET.get(operation.name)
    if said is None:
        raise refuse_publishable()
    if not tree.get(_SECRET):
        raise ParameterMissing(_SECRET)
    obj = find(path["intent"])
    if obj is not None and obj.get(_SECRET) != tree[_SECRET]:
        raise InvalidRequest(
            f"The client_secret provided does not match the client_secret associated "
            f"with the {said}.",
            param=_SECRET,
        )
    return {name: value for name, value in tree.items() if name != _SECRET}


def shown(value: Any) -> Any:
    """Return an answer, or an error, with no more of an intent than a page needs."""
    if not isinstance(value, dict):
        return value
    if value.get("object") in _INTENTS:
        return {name: each for name, each in value.items() if name in _INTENT_FIELDS}
    if "error" in value:
        error = {name: shown(each) for name, each in value["error"].items()}
        return {"error": error}
    return value
