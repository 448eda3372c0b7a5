"""Stored objects as rows, pages of them, and what SQL asks of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox.wire import Json

__all__ = ["INDEXED", "Condition", "Page", "Row", "equals", "extract"]

# References by which lists are filtered often; an index holds only the objects
# that have the field.
INDEXED = (
    "charge",
    "customer",
    "email",
    "payment_intent",
    "product",
    "source",
    "subscription",
    "test_clock",
    "type",
)


class Row(NamedTuple):
    """One stored object; a tuple, since lists make many."""

    seq: int
    id: str
    object: str
    created: int
    deleted: bool
    body: bytes
    private: bytes | None = None

    @property
    def obj(self) -> Json:
        """The object as a new dictionary."""
        value: Json = orjson.loads(self.body)
        return value


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL that a listed object must satisfy, with its values."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows, newest first."""

    rows: Sequence[Row] = field(default_factory=list)
    has_more: bool = False


def equals(path: str, value: Any) -> Condition:
    """Ask that a field, by its dotted path, has a value (``None``: is null)."""
    expression = extract(path)
    if value is None:
        return Condition(f"{expression} is null")
    if path in INDEXED:
        return Condition(f"{expression} = ? and {expression} is not null", (value,))
    return Condition(f"{expression} = ?", (value,))


def extract(path: str) -> str:
    """Write a field's SQL; `path` comes from the catalog, never from a request."""
    steps = "".join(f'."{step}"' for step in path.split("."))
    if "'" in steps or "?" in steps:
        raise SandboxError(f"{path!r} can't be a field's path.")
    return f"json_extract(body, '${steps}')"
