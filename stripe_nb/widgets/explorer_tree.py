"""An object as a tree to fold and to follow, and the lists that belong to it.

Which field leads to which object, which is money and which a time, is the
catalog's to say; so are the lists that can be asked for by an object's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from stripe_nb.catalog import Field, Kind, Operation, Type, load
from stripe_nb.frames.objects import Object
from stripe_nb.money import MoneyError, format_amount
from stripe_nb.redaction import redact
from stripe_nb.widgets.presentation import fields_of, resource_named, title, utc
from stripe_nb.widgets.records import can_be_opened

__all__ = ["Node", "related", "related_request", "tree"]

Node = dict[str, Any]
"""``{"name", "text"}``, and ``"children"`` or ``"resource"`` and ``"id"``."""


def tree(obj: Object) -> list[Node]:
    """Return an object's fields as nodes, without its secrets.

    Parameters
    ----------
    obj
        As Stripe returned it.

    Examples
    --------
    >>> tree({"object": "refund", "charge": "ch_1"})[1]
    {'name': 'charge', 'text': 'ch_1', 'resource': 'charge', 'id': 'ch_1'}
    """
    shown = redact(obj)
    return _nodes(shown, fields_of(str(obj.get("object"))), _currency(shown, ""))


def _currency(obj: Mapping[str, Any], default: str) -> str:
    found = obj.get("currency")
    return found if isinstance(found, str) else default


def _nodes(
    obj: Mapping[str, Any], fields: Mapping[str, Field], currency: str
) -> list[Node]:
    within = _currency(obj, currency)
    return [_node(name, obj[name], fields.get(name), within) for name in obj]


def _node(name: str, value: Any, field: Field | None, currency: str) -> Node:
    kind = field.type if field else None
    if isinstance(value, Mapping):
        return _branch(name, value, kind, currency)
    if isinstance(value, list):
        return _list(name, value, kind.item if kind else None, currency)
    if isinstance(value, str):
        is_reference = kind is not None and kind.kind is Kind.EXPANDABLE
        among = kind.resources if kind is not None and is_reference else ()
        link = _link(value, among) if is_reference else _link_by_name(name, value)
        return {"name": name, "text": value, **link}
    return {"name": name, "text": _scalar(value, field, currency)}


def _branch(
    name: str, value: Mapping[str, Any], kind: Type | None, currency: str
) -> Node:
    if value.get("object") == "list" and isinstance(value.get("data"), list):
        return _list(name, value["data"], kind.item if kind else None, currency)
    resource = str(value.get("object") or "")
    fields = fields_of(resource) or _fields_within(kind)
    text = str(value.get("id") or "")
    node = {"name": name, "text": text, "children": _nodes(value, fields, currency)}
    return node | _link(text, (resource,)) if text and resource else node


def _fields_within(kind: Type | None) -> Mapping[str, Field]:
    if kind is None:
        return {}
    found = next((each.fields for each in kind.options if each.fields), {})
    return kind.fields or found


def _list(name: str, values: list[Any], item: Type | None, currency: str) -> Node:
    field = Field("", item) if item else None
    children = [
        _node(str(number), value, field, currency)
        for number, value in enumerate(values)
    ]
    count = len(values)
    text = f"{count} item{'' if count == 1 else 's'}" if count else "empty"
    return {"name": name, "text": text, "children": children}


def _link(object_id: str, resources: tuple[str, ...]) -> dict[str, str]:
    resource = resource_named(object_id, resources)
    if resource is None or not can_be_opened(resource):
        return {}
    return {"resource": resource, "id": object_id}


def _link_by_name(name: str, value: str) -> dict[str, str]:
    """Link a charge's ``payment_method`` and the like, plain text to the SDK."""
    if not can_be_opened(name):
        return {}
    prefix = load().resource(name).id_prefix
    return _link(value, (name,)) if prefix == value.partition("_")[0] else {}


def _scalar(value: Any, field: Field | None, currency: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if field is not None and isinstance(value, int):
        if field.timestamp:
            return utc(value)
        if field.amount and currency:
            return _money(value, currency)
    return str(value)


def _money(amount: int, currency: str) -> str:
    try:
        return format_amount(amount, currency)
    except MoneyError:
        return f"{amount} {currency.upper()}"


# The types call these parameters optional, and Stripe asks for one of several.
_MORE_THAN_AN_ID = frozenset({"credit_notes.preview_lines.list"})


@cache
def related(resource: str) -> dict[str, str]:
    """Return the lists that can be asked for by an object's id: name to title.

    Parameters
    ----------
    resource
        The object's name.

    Examples
    --------
    >>> related("product")["prices.list"]
    'Prices'
    """
    found = {
        name: operation
        for name, operation in load().operations.items()
        if name.endswith(".list") and _filter(operation, resource)
    }
    titles = {name: title(name.removesuffix(".list")) for name in found}
    return dict(sorted(titles.items(), key=lambda each: each[1]))


def _filter(operation: Operation, resource: str) -> str | None:
    """Return the parameter by which a list is asked for one object's items."""
    name = resource.rpartition(".")[2]
    if operation.answer != "list" or operation.version != "v1":
        return None
    if operation.name in _MORE_THAN_AN_ID or not _means(operation, name, resource):
        return None
    needed = {*operation.path_parameters}
    needed |= {key for key, item in operation.parameters.items() if item.required}
    known = {*operation.path_parameters, *operation.parameters}
    return name if name in known and needed <= {name} else None


def _means(operation: Operation, name: str, resource: str) -> bool:
    """Tell whether a parameter means a resource, and not another of that name.

    ``session`` is of the checkout among its own operations alone.
    """
    alike = [each for each in load().resources if each.rpartition(".")[2] == name]
    family = resource.rpartition(".")[0]
    return len(alike) == 1 or not family or operation.name.startswith(f"{family}.")


def related_request(
    name: str, object_id: str, resource: str
) -> tuple[str, dict[str, str]]:
    """Return the path and the query that list what belongs to an object.

    Parameters
    ----------
    name
        A key of `related`.
    object_id
        The object's id.
    resource
        The object's name.

    Examples
    --------
    >>> related_request("prices.list", "prod_1", "product")
    ('/v1/prices', {'product': 'prod_1'})
    """
    operation = load().operations[name]
    parameter = _filter(operation, resource) or resource
    if parameter not in operation.path_parameters:
        return operation.path, {parameter: object_id}
    return operation.path.format(**{parameter: quote(object_id, safe="")}), {}
