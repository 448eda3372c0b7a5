"""From decoded text to typed parameters, refused in Stripe's words.

The types are those of the operation in the catalog; nothing here is written
by hand for one endpoint. A parameter set to ``None`` in the result was sent as
an empty string: it asks to unset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from math import isfinite
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.errors import (
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
)
from stripe_nb.sandbox.wire import Json

__all__ = ["coerce", "refuse_unsetting"]

_INTEGER = re.compile(r"[+-]?\d{1,19}")
# What JSON's readers and SQLite take for an integer.
_LARGEST_INTEGER = 2**63 - 1
_BOOLEANS = {"true": True, "false": False}


def coerce(
    fields: Mapping[str, Field], tree: Mapping[str, Any], path: str = ""
) -> Json:
    """Give decoded parameters their types.

    Parameters
    ----------
    fields
        What may be sent.
    tree
        What was sent, as `wire.decode_form` or a JSON body gives it.
    path
        Where in the request this is, for messages: ``"items[0]"``.

    Raises
    ------
    ParameterUnknown, ParameterMissing, ParameterInvalid
        In the order in which Stripe looks.
    """
    unknown = [key for key in tree if key not in fields]
    if unknown:
        near = get_close_matches(unknown[0], fields, 1) if len(unknown) == 1 else []
        raise ParameterUnknown(
            [_name(path, key) for key in unknown],
            _name(path, near[0]) if near else None,
        )
    for name, wanted in fields.items():
        if wanted.required and name not in tree:
            raise ParameterMissing(_name(path, name))
    return {
        name: _value(fields[name].type, value, _name(path, name), fields[name].required)
        for name, value in tree.items()
    }


def refuse_unsetting(params: Mapping[str, Any], fields: Mapping[str, Field]) -> None:
    """Refuse to unset text that the object can't be without.

    Parameters
    ----------
    params
        As `coerce` gives them.
    fields
        Those of the object that they change.

    Raises
    ------
    ParameterInvalid
        For the first such parameter.
    """
    for name, value in params.items():
        field = fields.get(name)
        if (
            value is None
            and field
            and field.required
            and field.type.kind is Kind.STRING
        ):
            raise ParameterInvalid.empty(name)


def _name(path: str, key: str) -> str:
    return f"{path}[{key}]" if path else key


def _value(wanted: Type, value: Any, param: str, required: bool) -> Any:
    if value is None or value == "":
        return _unset(wanted, value, param, required)
    return _READERS[wanted.kind](wanted, value, param)


def _unset(wanted: Type, value: Any, param: str, required: bool) -> None:
    """Read an empty value, which asks to unset.

    Stripe's types mark what can be cleared, yet optional free text can be
    cleared everywhere.
    """
    text = wanted.kind in (Kind.STRING, Kind.ANY)
    if not wanted.clearable and (required or (value == "" and not text)):
        raise ParameterInvalid.empty(param)


def _string(wanted: Type, value: Any, param: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise ParameterInvalid(f"Invalid string: {_show(value)}", param=param)
    return str(value)


def _integer(wanted: Type, value: Any, param: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or abs(number) > _LARGEST_INTEGER:
        raise ParameterInvalid(
            f"Invalid integer: {_show(value)}",
            code="parameter_invalid_integer",
            param=param,
        )
    return number


def _number(wanted: Type, value: Any, param: str) -> float:
    number = float(_decimal(wanted, value, param))
    if not isfinite(number):
        raise ParameterInvalid(f"Invalid decimal: {_show(value)}", param=param)
    return number


def _decimal(wanted: Type, value: Any, param: str) -> str:
    """Check a decimal and leave it as sent, since its digits count."""
    try:
        finite = (
            not isinstance(value, dict | list | bool)
            and Decimal(str(value)).is_finite()
        )
    except InvalidOperation:
        finite = False
    if not finite:
        raise ParameterInvalid(
            f"Invalid decimal: {_show(value)}",
            code="parameter_invalid_decimal" if wanted.kind is Kind.DECIMAL else None,
            param=param,
        )
    return str(value)


def _boolean(wanted: Type, value: Any, param: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise ParameterInvalid(f"Invalid boolean: {_show(value)}", param=param)


def _enum(wanted: Type, value: Any, param: str) -> str:
    text = _string(wanted, value, param)
    if text in wanted.values:
        return text
    *others, last = [choice for choice in wanted.values if choice] or ["''"]
    choices = (
        f"{', '.join(others)}, or {last}"
        if len(others) > 1
        else (f"{others[0]} or {last}" if others else last)
    )
    raise ParameterInvalid(f"Invalid {param}: must be one of {choices}", param=param)


def _object(wanted: Type, value: Any, param: str) -> Json:
    if not isinstance(value, dict):
        raise ParameterInvalid("Invalid object", param=param)
    return coerce(wanted.fields, value, param)


def _map(wanted: Type, value: Any, param: str) -> Json:
    if not isinstance(value, dict):
        raise ParameterInvalid("Invalid object", param=param)
    item = wanted.item or Type(Kind.STRING)
    return {
        key: None
        if entry in ("", None)
        else _value(item, entry, _name(param, key), False)
        for key, entry in value.items()
    }


def _list(wanted: Type, value: Any, param: str) -> list[Any]:
    item = wanted.item or Type(Kind.ANY)
    return [
        _value(item, entry, f"{param}[{index}]", required=True)
        for index, entry in enumerate(_items(value, param))
    ]


def _items(value: Any, param: str) -> list[Any]:
    """Read ``a[]`` lists, and ``a[0]`` dictionaries in the order of their numbers."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    raise ParameterInvalid("Invalid array", param=param)


def _union(wanted: Type, value: Any, param: str) -> Any:
    """Take the first option that accepts the value; report the last one's no."""
    refusal: ParameterInvalid | ParameterMissing | ParameterUnknown | None = None
    for option in sorted(wanted.options, key=_looseness):
        if isinstance(value, dict) != (option.kind in (Kind.OBJECT, Kind.MAP)):
            continue
        try:
            return _READERS[option.kind](option, value, param)
        except (ParameterInvalid, ParameterMissing, ParameterUnknown) as error:
            refusal = refusal or error
    raise refusal or ParameterInvalid(f"Invalid value: {_show(value)}", param=param)


def _looseness(option: Type) -> int:
    """Order a union's options so that free text is tried last."""
    return {Kind.INTEGER: 0, Kind.BOOLEAN: 1, Kind.ENUM: 2}.get(option.kind, 3)


def _any(wanted: Type, value: Any, param: str) -> Any:
    return value


def _show(value: Any) -> str:
    return str(value)[:200]


_READERS = {
    Kind.STRING: _string,
    Kind.EXPANDABLE: _string,
    Kind.RESOURCE: _string,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.ENUM: _enum,
    Kind.OBJECT: _object,
    Kind.MAP: _map,
    Kind.LIST: _list,
    Kind.PAGE: _list,
    Kind.UNION: _union,
    Kind.FILE: _any,
    Kind.ANY: _any,
}
