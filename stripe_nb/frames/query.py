"""What to ask Stripe for: one list operation and its parameters, checked.

Refuses what Stripe would refuse, with the near name, before anything is sent.
Knows nothing of paging.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import numpy as np

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Operation, Resource, Type
from stripe_nb.errors import FrameError
from stripe_nb.frames.schema import near
from stripe_nb.frames.window import (
    Window,
    bounds_of,
    is_span,
    iso,
    moment,
    shown,
)

__all__ = ["LIFTING", "Query", "lacked_parent", "query_for"]

# The engine sets these itself.
_PAGING = frozenset({"ending_before", "limit", "page", "starting_after"})
_SHOWN = 6

# resource, parameter: what Stripe leaves out of the list without it. Each from
# the operation's own description at docs.stripe.com/api.
_HIDDEN = {
    ("subscription", "status"): "canceled subscriptions",
    ("price", "active"): "inactive and inline prices",
    ("review", "open"): "closed reviews",
    ("tax_id", "owner"): "tax ids of customers",
    ("payment_method", "customer"): "payment methods of customers",
}

# What has Stripe list those too; where no one value does, each of several.
LIFTING: Mapping[tuple[str, str], Sequence[Any]] = {
    ("subscription", "status"): ["all"],
    ("price", "active"): [True, False],
}


@dataclass(frozen=True, slots=True)
class Query:
    """One list to read.

    Attributes
    ----------
    path
        With the parent's id in it.
    params
        As the SDK takes them, without paging.
    window
        Start and end of ``created`` in ISO 8601, each None if open.
    hidden
        Parameter to what Stripe leaves out without it.
    """

    resource: str
    operation: Operation
    path: str
    params: Mapping[str, Any]
    window: tuple[str | None, str | None] | None
    hidden: Mapping[str, str]

    def takes(self, parameter: str) -> bool:
        """Return whether the list has a parameter."""
        return parameter in self.operation.parameters


def query_for(
    name: str,
    filters: Mapping[str, Any],
    *,
    created: Window | None = None,
    search: str | None = None,
    expand: Iterable[str] = (),
) -> Query:
    """Find the list of a resource and check its parameters.

    Parameters
    ----------
    name
        Object name, plural, or a collection such as
        ``"customers.payment_methods"``.
    filters
        The list's own parameters, and the ids that its path needs.
    created
        Start (inclusive) and end (exclusive), or Stripe's own operators.
    search
        A query in Stripe's search language, in the place of a list.
    expand
        Dotted, without ``data.``.
    """
    given = {key: value for key, value in filters.items() if value is not None}
    bounds = {} if created is None else bounds_of("created", created)
    if bounds:
        given["created"] = created
    if search is not None:
        given["query"] = search
    operation = _operation(name, given) if search is None else _search(name)
    resource = _resource(name, operation)
    _check(operation, given)
    if resource != operation.returns and "object" in operation.parameters:
        # One of several kinds that the list mixes, such as cards among sources.
        given.setdefault("object", resource)
    ids = {
        key: quote(str(given.pop(key)), safe="") for key in operation.path_parameters
    }
    params = {key: _value(operation, key, given[key]) for key in given}
    expanded = [f"data.{item}" for item in expand]
    if expanded and "expand" in operation.parameters:
        params["expand"] = expanded
    return Query(
        resource,
        operation,
        operation.path.format(**ids),
        params,
        None if created is None else shown(bounds),
        _hidden(operation, given),
    )


def lacked_parent(
    name: str, filters: Mapping[str, Any]
) -> tuple[Operation, str] | None:
    """Return a resource's list and the one parameter that it lacks, if it does.

    Most often that is the id of a parent.
    """
    given = {key: value for key, value in filters.items() if value is not None}
    operation = _operation(name, given)
    missing = _missing(operation, given)
    return (operation, missing[0]) if len(missing) == 1 else None


def _operation(name: str, given: Mapping[str, Any]) -> Operation:
    catalog = load()
    collection = f"{name.strip('/').replace('/', '.').removeprefix('v1.')}.list"
    if collection in catalog.operations:
        return catalog.operations[collection]
    spec = catalog.resource(name)
    found = _lists(spec)
    if not found:
        raise FrameError(
            f"Stripe has no list of {spec.name}; retrieve the objects and hand them "
            "to to_frame."
        )
    fitting = [o for o in found if not _missing(o, given) and not _unknown(o, given)]
    return (fitting or found)[0]


def _search(name: str) -> Operation:
    catalog = load()
    spec = catalog.resource(name)
    if spec.search_operation is None:
        known = [s.plural for s in catalog.resources.values() if s.search_operation]
        raise FrameError(
            f"Stripe has no search for {spec.name}; it searches "
            f"{', '.join(sorted(filter(None, known)))}."
        )
    return catalog.operations[spec.search_operation]


def _resource(name: str, operation: Operation) -> str:
    """Return the kind of the rows: the one asked for, if the list has it."""
    catalog = load()
    named = catalog.resources.get(name)
    if named is not None and named.name in operation.variants:
        return named.name
    return operation.returns


def _lists(spec: Resource) -> list[Operation]:
    """Return the operations that list a resource, its own collection first."""
    operations = load().operations
    names = dict.fromkeys([spec.list_operation or "", *spec.operations])
    known = [operations[name] for name in names if name]
    return [
        o for o in known if o.answer == "list" and spec.name in (o.returns, *o.variants)
    ]


def _missing(operation: Operation, given: Mapping[str, Any]) -> list[str]:
    required = [n for n, item in operation.parameters.items() if item.required]
    return [n for n in (*operation.path_parameters, *required) if n not in given]


def _unknown(operation: Operation, given: Mapping[str, Any]) -> list[str]:
    known = {*operation.parameters, *operation.path_parameters} - _PAGING
    return [name for name in given if name not in known]


def _check(operation: Operation, given: Mapping[str, Any]) -> None:
    collection = operation.name.removesuffix(".list")
    missing = _missing(operation, given)
    if missing:
        names = ", ".join(f'{name}="…"' for name in missing)
        raise FrameError(f"{collection} is listed for a parent: give {names}.")
    for name in _unknown(operation, given):
        if name in _PAGING:
            raise FrameError(f"frame reads all pages by itself; leave {name} out.")
        raise FrameError(_unknown_filter(operation, collection, name))


def _unknown_filter(operation: Operation, collection: str, name: str) -> str:
    known = sorted(set(operation.parameters) - _PAGING - {"expand"})
    hint = near(name, known)
    if hint == ".":
        hint = f"; it takes {', '.join(known) or 'no filter'}."
    return f"{collection} can't be filtered by {name!r}{hint}"


def _value(operation: Operation, name: str, value: Any) -> Any:
    is_v2 = operation.version == "v2"
    item = operation.parameters[name]
    if name == "created" or (is_span(value) and _is_range(item.type)):
        bounds = bounds_of(name, value)
        return {key: iso(at) if is_v2 else at for key, at in bounds.items()}
    if isinstance(value, date | np.datetime64) or (
        item.timestamp and isinstance(value, str)
    ):
        at = moment(name, value)
        return iso(at) if is_v2 else at
    return value


def _is_range(kind: Type) -> bool:
    return any("gte" in option.fields for option in (kind, *kind.options))


def _hidden(operation: Operation, given: Mapping[str, Any]) -> dict[str, str]:
    spec = load().resources.get(operation.returns)
    # A parent's own list, such as a customer's tax ids, has all of them.
    is_of_all = spec is not None and spec.list_operation == operation.name
    found = {
        name: what
        for (resource, name), what in _HIDDEN.items()
        if is_of_all and resource == operation.returns and name not in given
    }
    # Stripe says so of each list that has the parameter.
    if "test_clock" in operation.parameters and "test_clock" not in given:
        found["test_clock"] = "objects of test clocks"
    return found
