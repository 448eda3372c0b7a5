"""New objects in the right shape, from the catalog's fields.

Every key that Stripe always sends is there: null where it may be null, else
empty. Behaviour then fills in what it knows.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Presence, Resource
from stripe_nb.sandbox.wire import Json

__all__ = ["assign", "blank", "in_order", "unfilled"]

_EMPTY: Mapping[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.LIST: [],
    Kind.MAP: {},
}

# What every new object has by itself.
_KNOWN = frozenset({"created", "id", "livemode", "metadata", "object"})

_ONLY_EXPANDED = frozenset({"cash_balance", "confirmation_secret"})


def blank(resource: Resource) -> Json:
    """Return a new object with every key that Stripe always sends."""
    obj = _blank_fields(resource.fields)
    obj["object"] = resource.name
    if "livemode" in resource.fields:
        obj["livemode"] = False
    if "metadata" in resource.fields:
        obj["metadata"] = {}
    return in_order(obj)


def _blank_fields(fields: Mapping[str, Field]) -> Json:
    """Leave out what may be absent, unless it may also be null.

    Stripe then sends the null, but for what appears only when it is expanded.
    """
    return {
        name: _blank_value(field)
        for name, field in fields.items()
        if field.presence is not Presence.OPTIONAL
        and field.type.kind is not Kind.PAGE
        and name not in _ONLY_EXPANDED
    }


def _blank_value(field: Field) -> Any:
    if field.presence.may_be_null:
        return None
    if field.type.kind is Kind.OBJECT:
        return in_order(_blank_fields(field.type.fields))
    empty = _EMPTY.get(field.type.kind)
    return empty.copy() if isinstance(empty, list | dict) else empty


def assign(obj: Json, fields: Mapping[str, Field], params: Mapping[str, Any]) -> None:
    """Set an object's fields from parameters of the same names.

    Metadata merges key by key, nested objects field by field, and what is
    ``None`` is unset. Parameters that the object has no field for are left to
    the caller.
    """
    for name, value in params.items():
        field = fields.get(name)
        if field is not None and name not in ("id", "object"):
            obj[name] = _assigned(field, obj.get(name), value)


def _assigned(field: Field, before: Any, value: Any) -> Any:
    kind = field.type.kind
    if kind is Kind.MAP:
        return _merged_map(before, value)
    if kind is Kind.OBJECT and isinstance(value, dict):
        nested = (
            before if isinstance(before, dict) else _blank_fields(field.type.fields)
        )
        nested = dict(nested)
        assign(nested, field.type.fields, value)
        return in_order(nested)
    if value is None:
        return _blank_value(field)
    return value


def _merged_map(before: Json | None, change: Json | None) -> Json:
    if change is None:
        return {}
    merged = {**(before or {}), **change}
    return {key: merged[key] for key in sorted(merged) if merged[key] is not None}


def unfilled(obj: Json, resource: Resource, given: Container[str]) -> list[str]:
    """Return the fields of a new object that its parameters alone do not decide.

    Parameters
    ----------
    obj
        The object, parameters assigned.
    resource
        What it is.
    given
        Names of the parameters. A truth value that none of them gives is not known,
        and an id is not the whole object that Stripe would show.
    """
    return [
        name
        for name, field in resource.fields.items()
        if field.presence is Presence.REQUIRED
        and name not in _KNOWN
        and _is_open(field, obj.get(name), name in given)
    ]


def _is_open(field: Field, value: Any, given: bool) -> bool:
    kind = field.type.kind
    if kind is Kind.BOOLEAN:
        return not given
    if kind is Kind.OBJECT and isinstance(value, dict):
        return any(
            inner.presence is Presence.REQUIRED
            and _is_open(inner, value.get(name), given)
            for name, inner in field.type.fields.items()
        )
    if kind is Kind.RESOURCE:
        return not isinstance(value, dict)
    return value is None


def in_order(obj: Mapping[str, Any]) -> Json:
    """Put ``id`` and ``object`` first and the other keys in alphabetical order."""
    return {key: obj[key] for key in sorted(obj, key=_rank)}


def _rank(key: str) -> tuple[bool, bool, str]:
    return key != "id", key != "object", key
