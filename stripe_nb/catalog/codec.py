"""Types and fields as compact JSON and back.

A field is ``[name, type, presence, marks, currency_field, doc]`` and a type
its kind alone, or an object of what it has besides; trailing defaults are
left out. It makes a record of the cache small enough to be read on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from stripe_nb.catalog.model import Field, Kind, Presence, Type

__all__ = ["decode_fields", "encode_fields"]

_PRESENCES = tuple(Presence)
_TIMESTAMP, _AMOUNT = 1, 2
_KINDS = {kind.value: kind for kind in Kind}
_PLAIN = {kind.value: Type(kind) for kind in Kind}


def encode_fields(fields: Mapping[str, Field]) -> list[Any]:
    """Return fields as JSON."""
    return [_encode_field(field) for field in fields.values()]


def decode_fields(data: list[Any]) -> dict[str, Field]:
    """Return the fields that `encode_fields` wrote."""
    return {entry[0]: _decode_field(*entry) for entry in data}


def _encode_field(field: Field) -> list[Any]:
    marks = _TIMESTAMP * field.timestamp + _AMOUNT * field.amount
    presence = _PRESENCES.index(field.presence)
    return [
        field.name,
        _encode_type(field.type),
        presence,
        marks,
        field.currency_field,
        field.doc,
    ]


def _decode_field(
    name: str,
    type_: Any,
    presence: int,
    marks: int,
    currency: str | None,
    doc: str,
) -> Field:
    return Field(
        name,
        _decode_type(type_),
        _PRESENCES[presence],
        bool(marks & _TIMESTAMP),
        bool(marks & _AMOUNT),
        currency,
        doc,
    )


def _encode_type(type_: Type) -> str | dict[str, Any]:
    entries = {
        "v": type_.values,
        "o": int(type_.open),
        "i": type_.item and _encode_type(type_.item),
        "f": encode_fields(type_.fields),
        "r": type_.resources,
        "u": [_encode_type(option) for option in type_.options],
        "c": int(type_.clearable),
        "t": int(type_.text),
    }
    kept = {key: value for key, value in entries.items() if value}
    if not kept:
        return type_.kind.value
    return {"k": type_.kind.value, **kept}


def _decode_type(data: str | dict[str, Any]) -> Type:
    if isinstance(data, str):
        return _PLAIN[data]
    get = data.get
    item = get("i")
    return Type(
        _KINDS[cast("str", data["k"])],
        tuple(get("v", ())),
        bool(get("o")),
        None if item is None else _decode_type(item),
        decode_fields(get("f", [])),
        tuple(get("r", ())),
        tuple([_decode_type(option) for option in get("u", ())]),
        bool(get("c")),
        bool(get("t")),
    )
