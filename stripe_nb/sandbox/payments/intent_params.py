"""The parameters of payment intents: which are fields, which tell how to confirm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.errors import NotSimulated, ParameterInvalid
from stripe_nb.sandbox.wire import Json

__all__ = [
    "check_confirmation_only",
    "check_supported",
    "fields_of",
    "merged_options",
]

# Parameters that tell how to confirm and are no fields of the intent.
_NOT_FIELDS = (
    "confirm",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "return_url",
)
_BEYOND = ("amount_to_confirm", "hooks", "payment_method_configuration")
_CONFIRMATION_ONLY = (
    "off_session",
    "return_url",
    "error_on_requires_action",
    "mandate_data",
)


def merged_options(intent: Json, given: Mapping[str, Any] | None) -> Json:
    """Return an intent's options with those that a request changes."""
    merged = dict(intent["payment_method_options"] or {})
    for kind, options in (given or {}).items():
        merged[kind] = {**merged.get(kind, {}), **(options or {})}
    return merged


def fields_of(params: Mapping[str, Any]) -> Json:
    """Return the parameters that stand for fields of an intent."""
    return {name: value for name, value in params.items() if name not in _NOT_FIELDS}


def check_supported(params: Mapping[str, Any]) -> None:
    """Refuse what nothing here brings about.

    Raises
    ------
    NotSimulated
        With the parameter.
    """
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of payment intents")
    if (params.get("amount_details") or {}).get("line_items"):
        raise NotSimulated("the parameter amount_details[line_items]")
    card = (params.get("payment_method_options") or {}).get("card") or {}
    if card.get("request_overcapture") == "if_available":
        raise NotSimulated("capturing more than was authorized")


def check_confirmation_only(params: Mapping[str, Any]) -> None:
    """Refuse what has a meaning only together with ``confirm``."""
    if params.get("confirm"):
        return
    for name in _CONFIRMATION_ONLY:
        if name in params:
            raise ParameterInvalid(
                f"You cannot set `{name}` when creating a PaymentIntent unless you are "
                "also confirming it. Set `confirm` to true to create and confirm the "
                "PaymentIntent in one request.",
                param=name,
            )
