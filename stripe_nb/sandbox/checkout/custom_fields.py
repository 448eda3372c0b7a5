"""Custom fields: what a shop asks its customers beside who and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.wire import Json

__all__ = ["build", "filled"]

_MOST = 3
_LONGEST = 255
_SHAPES: dict[str, Json] = {
    "dropdown": {"default_value": None, "options": [], "value": None},
    "numeric": {
        "default_value": None,
        "maximum_length": None,
        "minimum_length": None,
        "value": None,
    },
    "text": {
        "default_value": None,
        "maximum_length": None,
        "minimum_length": None,
        "value": None,
    },
}


def build(given: Sequence[Json] | None) -> list[Json]:
    """Return the fields that a request asks for, as the session shows them.

    Raises
    ------
    InvalidRequest
        For too many, for the same key twice, or for a dropdown without options.
    """
    fields = [
        _build(each, f"custom_fields[{at}]") for at, each in enumerate(given or ())
    ]
    if len(fields) > _MOST:
        raise InvalidRequest(
            f"You can pass at most {_MOST} custom fields.", param="custom_fields"
        )
    if len({field["key"] for field in fields}) < len(fields):
        raise InvalidRequest(
            "The keys of `custom_fields` must be different.", param="custom_fields"
        )
    return fields


def _build(given: Json, param: str) -> Json:
    kind = given["type"]
    details = {**_SHAPES[kind], **(given.get(kind) or {})}
    if kind == "dropdown" and not details["options"]:
        raise ParameterMissing(f"{param}[dropdown][options]")
    return {
        kind: details,
        "key": given["key"],
        "label": given["label"],
        "optional": bool(given.get("optional")),
        "type": kind,
    }


def filled(fields: Sequence[Json], told: Mapping[str, Any]) -> list[Json]:
    """Return a session's fields with what a customer filled in, by their keys.

    Raises
    ------
    InvalidRequest
        If something is missing, or does not fit its field.
    """
    return [_filled(field, str(told.get(field["key"]) or "")) for field in fields]


def _filled(field: Json, text: str) -> Json:
    kind, label = field["type"], field["label"]["custom"]
    details = field[kind]
    if not text:
        if field["optional"]:
            return field
        raise InvalidRequest(f"{label} is missing.", param=field["key"])
    if kind == "dropdown":
        fits = text in [option["value"] for option in details["options"]]
    else:
        least = details["minimum_length"] or 0
        fits = least <= len(text) <= (details["maximum_length"] or _LONGEST)
        fits = fits and (kind == "text" or text.isdecimal())
    if not fits:
        raise InvalidRequest(f"{label} is invalid.", param=field["key"])
    return {**field, kind: {**details, "value": text}}
