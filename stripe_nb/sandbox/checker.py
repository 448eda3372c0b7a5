"""Holds every object in an answer against the fields of its SDK class.

Knows nothing of how the sandbox makes objects: the catalog alone judges. An
object has all fields that Stripe always sends, none that Stripe does not have,
and values of their types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from stripe_nb.catalog import Catalog
from stripe_nb.catalog.model import Field, Kind, Type

__all__ = ["problems"]

# What Stripe sends and the SDK's classes lack, as recorded in tests/data/golden.
_UNDOCUMENTED = frozenset(
    {
        "account.login_links",
        "charge.destination",
        "charge.dispute",
        "charge.order",
        "invoice.webhooks_delivered_at",
        "subscription.plan",
        "subscription.quantity",
        # On the classes of each type of event.
        "v2.core.event.data",
        "v2.core.event.related_object",
    }
)
# What the SDK's classes always have and Stripe leaves out, from the same recordings.
_LEFT_OUT = frozenset(
    {
        "account.settings.payments.statement_descriptor_prefix_kana",
        "account.settings.payments.statement_descriptor_prefix_kanji",
        "charge.payment_method_details.card.electronic_commerce_indicator",
        "charge.payment_method_details.card.transaction_link_id",
        "credit_note_line_item.metadata",
        # An upcoming one, in its event, has none yet.
        "invoice.id",
        "line_item.subscription",
        "subscription.billing_schedules",
        "subscription.managed_payments",
    }
)
# The SDK has one class for whatever was deleted over the v2 API.
_V2_DELETED = {"id", "object"}
_ENVELOPE = {"object", "data", "has_more", "url", "total_count", "next_page"}


def problems(catalog: Catalog, answer: Any, path: str = "") -> Iterator[str]:
    """Give what is wrong with the Stripe objects in an answer.

    Parameters
    ----------
    catalog
        What objects are.
    answer
        Decoded JSON, of any shape.
    path
        Where it is in the object that holds it; empty where none does.

    Examples
    --------
    >>> from stripe_nb.catalog import load
    >>> list(problems(load(), {"object": "login_link", "created": "today", "x": 1}))
    ["login_link.created: 'today' is no integer", 'login_link.x: no such field', \
'login_link.url: missing']
    """
    if isinstance(answer, list):
        for entry in answer:
            yield from problems(catalog, entry)
    elif isinstance(answer, dict):
        name = answer.get("object")
        if isinstance(name, str) and name in catalog.resources:
            yield from _Object(catalog, name).check(answer, path or name)
        else:
            for entry in answer.values():
                yield from problems(catalog, entry)


class _Object:
    """One object under the check."""

    def __init__(self, catalog: Catalog, name: str) -> None:
        self.catalog = catalog
        self.resource = catalog.resource(name)
        self.start = name

    def check(self, obj: Mapping[str, Any], path: str) -> Iterator[str]:
        """Give what is wrong with it."""
        if obj.get("deleted") is True and "deleted" not in self.resource.fields:
            yield from self._deleted(obj, path)
            return
        if self.resource.name.startswith("v2.") and set(obj) == _V2_DELETED:
            return
        self.start = path
        yield from self._fields(obj, self.resource.fields, path)

    def _deleted(self, obj: Mapping[str, Any], path: str) -> Iterator[str]:
        if set(obj) != set(self.resource.deleted_fields):
            yield (
                f"{path}: a deleted one has {sorted(obj)}, "
                f"not {sorted(self.resource.deleted_fields)}"
            )

    def _fields(
        self,
        obj: Mapping[str, Any],
        fields: Mapping[str, Field],
        path: str,
    ) -> Iterator[str]:
        for key, value in obj.items():
            if key in fields:
                yield from self._field(fields[key], value, f"{path}.{key}")
            elif self._place(path, key) not in _UNDOCUMENTED:
                yield f"{path}.{key}: no such field"
        for key, field in fields.items():
            missing = field.presence.always_there and key not in obj
            if missing and self._place(path, key) not in _LEFT_OUT:
                yield f"{path}.{key}: missing"

    def _place(self, path: str, key: str) -> str:
        """Name a field by its resource, wherever that stands in the answer."""
        return f"{self.resource.name}{path.removeprefix(self.start)}.{key}"

    def _field(self, field: Field, value: Any, path: str) -> Iterator[str]:
        if value is None:
            if not field.presence.may_be_null:
                yield f"{path}: null"
            return
        yield from self._value(field.type, value, path)

    def _value(self, wanted: Type, value: Any, path: str) -> Iterator[str]:
        kind = wanted.kind
        if kind is Kind.UNION:
            tried = [list(self._value(one, value, path)) for one in wanted.options]
            if all(tried):
                yield f"{path}: {value!r} is none of the union's kinds"
        elif kind in (Kind.EXPANDABLE, Kind.RESOURCE):
            yield from self._reference(wanted, value, path)
        elif kind is Kind.OBJECT:
            if isinstance(value, dict):
                yield from self._fields(value, wanted.fields, path)
            else:
                yield f"{path}: {value!r} is no object"
        elif kind is Kind.LIST:
            yield from self._list(wanted, value, path)
        elif kind is Kind.PAGE:
            yield from self._page(wanted, value, path)
        elif kind is Kind.MAP:
            yield from self._map(wanted, value, path)
        elif kind is Kind.ANY:
            yield from problems(self.catalog, value, path)
        elif not _fits(wanted, value):
            yield f"{path}: {value!r} is no {kind.value}"

    def _reference(self, wanted: Type, value: Any, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            name = value.get("object")
            if wanted.resources and name not in wanted.resources:
                yield f"{path}: is a {name}, not a {' or '.join(wanted.resources)}"
            else:
                yield from problems(self.catalog, value, path)
        elif not isinstance(value, str) or wanted.kind is Kind.RESOURCE:
            yield f"{path}: {value!r} is no {wanted.kind.value}"

    def _list(self, wanted: Type, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for index, entry in enumerate(value):
            if wanted.item:
                yield from self._value(wanted.item, entry, f"{path}[{index}]")

    def _page(self, wanted: Type, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict) or value.get("object") != "list":
            yield f"{path}: {value!r} is no list object"
            return
        if not set(value) <= _ENVELOPE or not {"data", "has_more", "url"} <= set(value):
            yield f"{path}: has the keys {sorted(value)}"
        yield from self._list(wanted, value.get("data"), f"{path}.data")

    def _map(self, wanted: Type, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no map"
        elif value.get("object") in self.catalog.resources:
            yield from problems(self.catalog, value, path)
        elif wanted.item:
            for key, entry in value.items():
                if entry is not None:
                    yield from self._value(wanted.item, entry, f"{path}.{key}")


def _fits(wanted: Type, value: Any) -> bool:
    """Tell whether a plain value is of a type."""
    if wanted.kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if wanted.kind is Kind.INTEGER and not wanted.text:
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted.kind is Kind.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if wanted.kind is Kind.DECIMAL:
        return _is_decimal(value)
    return wanted.kind is not Kind.ENUM or wanted.open or value in wanted.values


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
