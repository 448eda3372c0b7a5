"""What a Stripe object and a Stripe operation are, as plain frozen data.

Knows nothing of where the facts come from (`derive`) or of who uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Field", "Kind", "Operation", "Presence", "Resource", "Type"]


class Kind(StrEnum):
    """The shapes that a value of the API can have."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    ENUM = "enum"
    OBJECT = "object"
    """A nested object with fields of its own."""
    RESOURCE = "resource"
    """A whole Stripe object, inlined; `Type.resources` names it."""
    EXPANDABLE = "expandable"
    """The id of a Stripe object, or that object where it was expanded."""
    LIST = "list"
    """A JSON array of `Type.item`."""
    PAGE = "page"
    """Stripe's list envelope over `Type.item`: data, has_more, url."""
    MAP = "map"
    """Free keys to `Type.item`, such as metadata."""
    UNION = "union"
    """One of `Type.options`."""
    FILE = "file"
    ANY = "any"


class Presence(StrEnum):
    """Whether a response holds a field always, and whether it may be null."""

    REQUIRED = "required"
    NULLABLE = "nullable"
    """Always there; may be null."""
    OPTIONAL = "optional"
    """May be absent; never null."""
    OPTIONAL_NULLABLE = "optional_nullable"

    @property
    def always_there(self) -> bool:
        """Whether each response has the key."""
        return self in (Presence.REQUIRED, Presence.NULLABLE)

    @property
    def may_be_null(self) -> bool:
        """Whether the value may be null."""
        return self in (Presence.NULLABLE, Presence.OPTIONAL_NULLABLE)


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a field or a parameter.

    Attributes
    ----------
    values
        For an enum: its documented values.
    open
        For an enum: whether Stripe may send or take others.
    item
        Of what a list, a page or a map holds.
    fields
        For an object: name to `Field`.
    resources
        Object names, for a resource or an expandable; several where the value
        may be any of them.
    options
        For a union: what it may be.
    clearable
        For a parameter: whether the empty string (v2: null) unsets it.
    text
        For an integer: whether JSON holds it as text (``"12"``), as parts of
        v2 do. A decimal is always text.
    """

    kind: Kind
    values: tuple[str, ...] = ()
    open: bool = False
    item: Type | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    options: tuple[Type, ...] = ()
    clearable: bool = False
    text: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object, or a parameter of an operation.

    Attributes
    ----------
    presence
        For a field of a response: see `Presence`. For a parameter:
        ``required`` or ``optional``.
    timestamp
        Whether it holds Unix seconds (or, for v2, ISO 8601 text).
    amount
        Whether it holds money in minor units.
    currency_field
        For an amount: the dotted path, from the top of the resource, of the
        field that holds its currency, or ``None`` where the API does not say.
        ``[]`` after a name enters each item of a list and ``{}`` each value of
        a map; a path that ends in ``{}`` says that the map's keys are the
        currencies.
    doc
        Stripe's own description.
    """

    name: str
    type: Type
    presence: Presence = Presence.OPTIONAL
    timestamp: bool = False
    amount: bool = False
    currency_field: str | None = None
    doc: str = ""

    @property
    def required(self) -> bool:
        """Whether it is always there, or must be given."""
        return self.presence is Presence.REQUIRED


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of the API.

    Attributes
    ----------
    name
        Dotted, as typed on a client: ``"payment_intents.confirm"``,
        ``"checkout.sessions.create"``, ``"customers.tax_ids.list"``; v2 ones
        begin with ``"v2."``.
    action
        The last part of the name: ``"create"``, ``"confirm"``, ``"list"``.
    method
        ``"get"``, ``"post"`` or ``"delete"``.
    path
        ``"/v1/payment_intents/{intent}/confirm"``.
    path_parameters
        Names in braces, in order.
    parameters
        Name to `Field`, without the path's own.
    returns
        Object name of the answer; of an item where it is a list or a search;
        ``""`` for neither.
    variants
        All object names that it may be, `returns` first: an external account
        is a bank account or a card.
    answer
        ``"object"``, ``"list"`` or ``"search"``; ``"bytes"`` for a download,
        ``"empty"`` where nothing comes back.
    host
        ``"api"``, ``"files"``, ``"connect"`` or ``"meter_events"``.
    """

    name: str
    action: str
    method: str
    path: str
    path_parameters: tuple[str, ...]
    parameters: Mapping[str, Field]
    returns: str
    answer: str = "object"
    host: str = "api"
    doc: str = ""
    variants: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """``"v1"`` or ``"v2"``."""
        return self.path.split("/")[1]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of Stripe object.

    Attributes
    ----------
    name
        The value of its ``object`` field: ``"payment_intent"``.
    fields
        Name to `Field` in the SDK's order.
    plural
        As in URLs and on a client: ``"payment_intents"``,
        ``"checkout.sessions"``; ``None`` where it has no collection.
    list_operation, search_operation
        Names of operations, or ``None``.
    operations
        Names of the operations that answer with such objects, and of those
        that belong to its collection (``"customers.delete_discount"``).
    id_prefix
        ``"pi"``; ``None`` where objects have no generated id.
    deleted_fields
        Keys of the stub that stands for a deleted object; empty where the
        API has no such stub.
    """

    name: str
    fields: Mapping[str, Field]
    plural: str | None = None
    list_operation: str | None = None
    search_operation: str | None = None
    operations: tuple[str, ...] = ()
    id_prefix: str | None = None
    deleted_fields: tuple[str, ...] = ()
    doc: str = ""
