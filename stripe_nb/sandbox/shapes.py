"""Answers in the shape of the API version that a request asks for.

The store keeps today's shapes. What was otherwise once stands in one table:
object, the version that changed it, how to undo that change, and which of the
older fields could be expanded. An event is left as it is: its object has the
shape of the event's own version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.older import billing, payments
from stripe_nb.sandbox.wire import Json

__all__ = ["fields", "older", "was_otherwise"]

_CHARGES = "2022-11-15"
_BASIL = "2025-03-31.basil"
_CLOVER = "2025-09-30.clover"
_DAHLIA = "2026-03-25.dahlia"


@dataclass(frozen=True, slots=True)
class _Shape:
    """How an object looked before a version.

    Attributes
    ----------
    resource, until
        Which object, and the version that changed it.
    undo
        Returns the older shape of an object.
    expandable
        Older field: the object that its id names. A field that names none holds
        a whole object or a list of them.
    """

    resource: str
    until: str
    undo: Callable[[Call, Json], Json]
    expandable: Mapping[str, str] = field(default_factory=dict)


# Newest change first, since the older ones build on what it has undone.
_SHAPES = (
    _Shape("checkout.session", _DAHLIA, payments.checkout_session),
    _Shape("discount", _CLOVER, payments.discount, {"coupon": ""}),
    _Shape("promotion_code", _CLOVER, payments.promotion_code, {"coupon": ""}),
    _Shape("charge", _BASIL, payments.charge, {"invoice": "invoice"}),
    _Shape("credit_note", _BASIL, billing.credit_note),
    _Shape(
        "invoice",
        _BASIL,
        billing.invoice,
        {
            "charge": "charge",
            "discount": "",
            "payment_intent": "payment_intent",
            "quote": "quote",
            "subscription": "subscription",
        },
    ),
    _Shape(
        "invoiceitem",
        _BASIL,
        billing.invoiceitem,
        {"plan": "", "price": "", "subscription": "subscription"},
    ),
    _Shape(
        "line_item",
        _BASIL,
        billing.line_item,
        {
            "invoice_item": "invoiceitem",
            "plan": "",
            "price": "",
            "subscription": "subscription",
        },
    ),
    _Shape("payment_intent", _BASIL, payments.paying, {"invoice": "invoice"}),
    _Shape("subscription", _BASIL, billing.subscription, {"discount": ""}),
    _Shape("subscription_item", _BASIL, billing.item),
    _Shape("payment_intent", _CHARGES, payments.intent_with_charges, {"charges": ""}),
)
_NEWEST = max(shape.until for shape in _SHAPES)


def was_otherwise(version: str) -> bool:
    """Tell whether any object looked otherwise under a version.

    Examples
    --------
    >>> was_otherwise("2024-06-20"), was_otherwise("2026-08-26.dahlia")
    (True, False)
    """
    return _before(version, _NEWEST)


def _before(version: str, until: str) -> bool:
    return version[:10] < until[:10]


def older(call: Call, value: Any) -> Any:
    """Return an answer, or a part of one, in the shape of the call's version.

    Objects inside others, in lists and where they were expanded, change as well.
    """
    return _older(call, value) if was_otherwise(call.version) else value


def _older(call: Call, value: Any) -> Any:
    if isinstance(value, list):
        return [_older(call, entry) for entry in value]
    if not isinstance(value, dict) or value.get("object") == "event":
        return value
    name = value.get("object")
    if isinstance(name, str) and not value.get("deleted"):
        for shape in _shapes(name, call.version):
            value = shape.undo(call, value)
    changed = {key: _older(call, entry) for key, entry in value.items()}
    return in_order(changed) if name else changed


def _shapes(name: str, version: str) -> list[_Shape]:
    return [
        shape
        for shape in _SHAPES
        if shape.resource == name and _before(version, shape.until)
    ]


def fields(name: str, version: str, today: Mapping[str, Field]) -> Mapping[str, Field]:
    """Return what may be expanded of an object under a version.

    Parameters
    ----------
    name
        The value of its ``object`` field.
    version
        The request's.
    today
        The fields of the catalog.
    """
    more = {
        field_name: Field(field_name, _kind(target))
        for shape in _shapes(name, version)
        for field_name, target in shape.expandable.items()
    }
    return {**today, **more} if more else today


def _kind(target: str) -> Type:
    if target:
        return Type(Kind.EXPANDABLE, resources=(target,))
    return Type(Kind.RESOURCE)
