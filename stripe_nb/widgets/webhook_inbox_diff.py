"""What an event says has changed: its object beside `previous_attributes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

__all__ = ["Change", "changes_of"]

_ABSENT: Final = "not there"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is another now.

    Attributes
    ----------
    path
        Where in the object, with dots.
    before, after
        As JSON.
    """

    path: str
    before: str
    after: str


def changes_of(payload: Mapping[str, Any]) -> list[Change]:
    """Return what an event's object holds now, and what it held before.

    Parameters
    ----------
    payload
        The event.

    Examples
    --------
    >>> new = {"metadata": {"order": "7"}, "name": "Ada"}
    >>> old = {"metadata": {"order": None}, "name": "Eda"}
    >>> event = {"data": {"object": new, "previous_attributes": old}}
    >>> for change in changes_of(event):
    ...     print(change.path, change.before, change.after)
    metadata.order null "7"
    name "Eda" "Ada"
    """
    data = payload.get("data") or {}
    previous = data.get("previous_attributes") or {}
    return list(_walk(previous, data.get("object") or {}, ""))


def _walk(
    before: Mapping[str, Any], after: Mapping[str, Any], above: str
) -> Iterator[Change]:
    for name, old in before.items():
        path = f"{above}{name}"
        new = after.get(name, _ABSENT)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _walk(old, new, f"{path}.")
        else:
            yield Change(path, _json(old), _json(new))


def _json(value: Any) -> str:
    if value is _ABSENT:
        return _ABSENT
    text: str = orjson.dumps(value).decode()
    return text
