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
_PAGE_FIELDS = frozenset(
    {
        "allow_promotion_codes",
        "amount_subtotal",
        "amount_total",
        "automatic_tax",
        "billing_address_collection",
        "branding_settings",
        "cancel_url",
        "consent_collection",
        "created",
        "currency",
        "custom_fields",
        "custom_text",
        "customer_email",
        "expires_at",
        "id",
        "livemode",
        "locale",
        "mode",
        "object",
        "payment_method_collection",
        "payment_method_types",
        "payment_status",
        "phone_number_collection",
        "return_url",
        "shipping_address_collection",
        "shipping_cost",
        "shipping_options",
        "status",
        "submit_type",
        "success_url",
        "total_details",
        "ui_mode",
        "url",
    }
)
_SHOWN_FIELDS = {
    "checkout.session": _PAGE_FIELDS,
    "payment_intent": _INTENT_FIELDS,
    "setup_intent": _INTENT_FIELDS,
}
# Of what else a page makes or sees: what its seller alone is to know.
_HIDDEN = frozenset({"customer", "customer_account", "metadata"})
_EXPANDABLE = "payment_method"


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
        If the client secret is missing, or another object's; or for what a page
        can't expand.
    """
    if operation.name in _MAKING or operation.name in _WITH_SECRET:
        _check_expand(tree.get("expand"))
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


def _check_expand(given: Any) -> None:
    if isinstance(given, dict):
        given = list(given.values())
    for path in given if isinstance(given, list) else [given]:
        if path and path != _EXPANDABLE:
            raise InvalidRequest(
                f"This property cannot be expanded with a publishable key ({path}). "
                f"It expands {_EXPANDABLE} only.",
                param="expand",
            )


def shown(value: Any) -> Any:
    """Return an answer, or an error, with no more in it than a page needs."""
    if isinstance(value, list):
        return [shown(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: shown(each) for name, each in value.items() if _is_shown(value, name)}


def _is_shown(obj: Json, name: str) -> bool:
    kind = obj.get("object")
    if not isinstance(kind, str):
        return True
    allowed = _SHOWN_FIELDS.get(kind)
    return name not in _HIDDEN if allowed is None else name in allowed
