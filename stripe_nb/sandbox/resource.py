"""What every kind of Stripe object can do, and how a kind adds its own ways.

A module in `resources` declares a subclass of `Behaviour` for each object that
has a life of its own; it is found by discovery. A handler is a method named
after the operation: ``on_create``, ``on_confirm``; for an operation that hangs
below another object, the whole name: ``on_customers_payment_methods_list``.
What has no handler gets the generic one, where that is true to Stripe.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import orjson

from stripe_nb.catalog.model import Kind, Operation, Resource
from stripe_nb.sandbox import resources
from stripe_nb.sandbox.blank import assign, unfilled
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ResourceMissing,
)
from stripe_nb.sandbox.search import search
from stripe_nb.sandbox.store import Condition, Page, Row, equals
from stripe_nb.sandbox.unlisted import Unlisted
from stripe_nb.sandbox.wire import Download, Json

__all__ = ["Behaviour", "Handler", "Listing", "behaviours", "handlers"]

_CURSORS = ("limit", "starting_after", "ending_before", "expand", "created")
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_DEFAULT_LIMIT = 10
_LARGEST_LIMIT = 100

# Objects that Stripe itself makes: no account's list of them is empty.
_STRIPES_OWN = frozenset(
    {
        "climate.product",
        "climate.supplier",
        "country_spec",
        "issuing.physical_bundle",
        "tax_code",
    }
)

# Objects whose making does more than to keep parameters: a secret is hidden, an
# alert watches, a request is forwarded.
_MORE_THAN_KEPT = frozenset({"apps.secret", "billing.alert", "forwarding.request"})

_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500


class Listing:
    """A page of stored objects, as a handler answers it.

    Parameters
    ----------
    page
        The rows.
    url
        The list's own URL.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def to_json(self) -> Json:
        """Return Stripe's list envelope."""
        return {
            "object": "list",
            "data": [row.obj for row in self.page.rows],
            "has_more": self.page.has_more,
            "url": self.url,
        }

    def to_bytes(self) -> bytes:
        """Return the same as JSON text, joined from the stored objects' own."""
        return b'{"object":"list","data":[%b],"has_more":%b,"url":%b}' % (
            b",".join(row.body for row in self.page.rows),
            orjson.dumps(self.page.has_more),
            orjson.dumps(self.url),
        )


Handler = Callable[[Call], "Json | Listing | Download"]


class Behaviour:
    """What the objects of one kind do.

    Attributes
    ----------
    name
        The value of their ``object`` field.
    said
        How Stripe's messages name them: "No such customer: …".
    missing_param
        What the error for an unknown id in the path gives as ``param``.
    missing_hint
        What follows the id in that error.
    filters
        List parameters that are called otherwise than the field they look at.
    unlisted
        Operations that Stripe answers and the catalog lacks.
    """

    name: str = ""
    said: ClassVar[str | None] = None
    missing_param: ClassVar[str] = "id"
    missing_hint: ClassVar[str] = ""
    filters: ClassVar[Mapping[str, str]] = {}
    unlisted: ClassVar[tuple[Unlisted, ...]] = ()

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.name = resource.name

    def handler(self, operation: Operation) -> Handler:
        """Return what carries out an operation.

        Raises
        ------
        NotSimulated
            If nothing does.
        """
        own = operation.name == f"{self.resource.plural}.{operation.action}"
        for name in (
            f"on_{operation.name.replace('.', '_')}",
            f"on_{operation.action}" if own else "",
            self._generic(operation),
        ):
            if name and hasattr(self, name):
                found: Handler = getattr(self, name)
                return found
        raise NotSimulated(f"{operation.method.upper()} {operation.path}")

    def _generic(self, operation: Operation) -> str:
        """Name the generic handler for an operation's shape, if it has one."""
        on_item = operation.path.endswith("}")
        if operation.version != "v1":
            return ""
        if operation.answer == "list" and self.name not in _STRIPES_OWN:
            return "generic_list"
        if operation.answer == "search":
            return "generic_search"
        if operation.answer != "object":
            return ""
        if self.name in _STRIPES_OWN:
            return ""
        by_shape = {
            ("get", True): ("retrieve", "generic_retrieve"),
            ("post", True): ("update", "generic_update"),
            ("delete", True): ("delete", "generic_delete"),
            ("post", False): ("create", "generic_create"),
        }
        action, handler = by_shape.get((operation.method, on_item), ("", ""))
        if action == "create" and self.name in _MORE_THAN_KEPT:
            return ""
        return handler if operation.action == action else ""

    # Generic operations -----------------------------------------------------

    def target(self, call: Call) -> Json:
        """Return the object that the path's last parameter names."""
        parameter = call.operation.path_parameters[-1]
        obj = call.get(self.name, call.path[parameter], param=self.missing_param)
        for name in call.operation.path_parameters[:-1]:
            if name in self.resource.fields and obj.get(name) != call.path[name]:
                raise ResourceMissing(
                    self.said or self.name, obj["id"], param=self.missing_param
                )
        return obj

    def generic_retrieve(self, call: Call) -> Json:
        """Answer one object, or what is left of a deleted one."""
        row = call.row(call.path[call.operation.path_parameters[-1]], self.name)
        if row and row.deleted:
            return row.obj
        return self.target(call)

    def generic_create(self, call: Call) -> Json:
        """Make an object of the parameters that it has fields for."""
        self._refuse_what_has_no_field(call)
        obj = self.draft(call)
        missing = unfilled(obj, self.resource, (*call.params, *call.path))
        if missing:
            raise NotSimulated(f"how a new {self.name} gets its {', '.join(missing)}")
        return self.finish(call, obj)

    def draft(self, call: Call, **values: Any) -> Json:
        """Return a new object with the parameters of the same names; not stored."""
        check_metadata(call.params)
        obj = call.new(self.name, **values)
        for name in call.operation.path_parameters:
            if name in self.resource.fields:
                obj[name] = call.path[name]
        assign(obj, self.resource.fields, call.params)
        return obj

    def finish(self, call: Call, obj: Json, *, private: Json | None = None) -> Json:
        """Store a new object and announce it."""
        return call.insert(obj, private=private, announce=f"{self.name}.created")

    def generic_update(self, call: Call) -> Json:
        """Set the parameters that the object has fields for."""
        target = self.target(call)
        self._refuse_what_has_no_field(call)
        return self.change(call, target)

    def _refuse_what_has_no_field(self, call: Call) -> None:
        """Refuse parameters that would have an effect that nobody wrote."""
        for name in call.params:
            if name not in self.resource.fields and name != "expand":
                raise NotSimulated(f"the parameter {name} of {call.operation.name}")

    def change(self, call: Call, obj: Json, **values: Any) -> Json:
        """Set parameters and values, store, and announce what differs."""
        check_metadata(call.params, obj.get("metadata"))
        assign(obj, self.resource.fields, call.params)
        return call.update({**obj, **values}, announce=f"{self.name}.updated")

    def generic_delete(self, call: Call) -> Json:
        """Delete an object."""
        return call.delete(self.target(call), announce=f"{self.name}.deleted")

    def generic_list(self, call: Call) -> Listing:
        """Answer a page of the objects that pass the filters."""
        return self.listing(call, [*self.conditions(call)])

    def generic_search(self, call: Call) -> Json:
        """Answer a page of what a search query finds."""
        return search(call, self.name, call.operation.path)

    def listing(self, call: Call, conditions: list[Condition]) -> Listing:
        """Answer the page that the cursors and the limit ask for."""
        params = call.params
        if params.get("starting_after") and params.get("ending_before"):
            raise InvalidRequest(
                "Received both starting_after and ending_before parameters. Please "
                "pass in only one."
            )
        page = call.engine.store.page(
            call.account,
            self.name,
            conditions,
            # Stripe moves a limit that is out of bounds to the nearer one.
            limit=min(max(params.get("limit", _DEFAULT_LIMIT), 1), _LARGEST_LIMIT),
            after=self._cursor(call, "starting_after"),
            before=self._cursor(call, "ending_before"),
        )
        return Listing(page, call.operation.path.format_map(call.path))

    def _cursor(self, call: Call, param: str) -> Row | None:
        value = call.params.get(param)
        if not value:
            return None
        row = call.row(value, self.name)
        if row is None:
            raise ResourceMissing(
                self.said or self.name, value, param=param, http_status=400
            )
        return row

    def conditions(self, call: Call) -> Iterator[Condition]:
        """Give the conditions of a list call's filters."""
        for name, value in call.path.items():
            if name in call.engine.catalog.resources:
                call.get(name, value, param=call.engine.behaviour(name).missing_param)
            yield self.condition(call, name, value)
        yield from created_between(call.params.get("created"))
        for name, value in call.params.items():
            if name not in _CURSORS:
                self._check_reference(call, name, value)
                yield self.condition(call, name, value)

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Give the condition of one filter."""
        path = self.filters.get(name, name)
        if path.split(".")[0] not in self.resource.fields:
            raise NotSimulated(f"the filter {name} of {call.operation.path}")
        if isinstance(value, dict | list):
            raise NotSimulated(f"this form of the filter {name}")
        return equals(path, value)

    def _check_reference(self, call: Call, name: str, value: Any) -> None:
        """Refuse to filter by an object that is not there, as Stripe does."""
        field = self.resource.fields.get(name)
        if (
            field
            and field.type.kind is Kind.EXPANDABLE
            and len(field.type.resources) == 1
        ):
            row = call.row(value)
            if row is None:
                call.get(field.type.resources[0], value, param=name, http_status=400)

    # What a kind may compute when it is asked to expand -----------------------

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return the value of a field that appears only when expanded.

        Raises
        ------
        KeyError
            If the kind has none of that name.
        """
        raise KeyError(name)


def created_between(created: Any, column: str = "created") -> Iterator[Condition]:
    """Give the conditions of a ``created`` filter, exact or by bounds."""
    if isinstance(created, dict):
        for name, bound in created.items():
            yield Condition(f"{column} {_COMPARISONS[name]} ?", (bound,))
    elif created is not None:
        yield Condition(f"{column} = ?", (created,))


def check_metadata(params: Mapping[str, Any], before: Json | None = None) -> None:
    """Refuse metadata that is too much.

    Raises
    ------
    ParameterInvalid
        For too many keys, or a key or value that is too long.
    """
    given = params.get("metadata") or {}
    for key, value in given.items():
        if len(key) > _METADATA_KEY_LENGTH:
            raise ParameterInvalid(
                f"Metadata keys can be at most {_METADATA_KEY_LENGTH} characters "
                f"long, but '{key[:_METADATA_KEY_LENGTH]}…' has {len(key)}.",
                param="metadata",
            )
        if value is not None and len(value) > _METADATA_VALUE_LENGTH:
            raise ParameterInvalid(
                f"Metadata values can have up to {_METADATA_VALUE_LENGTH} characters, "
                f"but you passed in a value that is {len(value)} characters.",
                param=f"metadata[{key}]",
            )
    kept = {key: value for key, value in {**(before or {}), **given}.items() if value}
    if len(kept) > _METADATA_KEYS:
        raise ParameterInvalid(
            f"Metadata can have up to {_METADATA_KEYS} keys, but this object would "
            f"have {len(kept)}.",
            param="metadata",
        )


def behaviours(all_resources: Mapping[str, Resource]) -> dict[str, Behaviour]:
    """Return a behaviour for every resource: its own, or the generic one."""
    for module in pkgutil.iter_modules(resources.__path__, f"{resources.__name__}."):
        importlib.import_module(module.name)
    own = {kind.name: kind for kind in _subclasses(Behaviour)}
    # The CLI's own operations answer things that the SDK has no type for.
    untyped = {name: Resource(name, {}) for name in own if name not in all_resources}
    return {
        name: own.get(name, Behaviour)(resource)
        for name, resource in {**all_resources, **untyped}.items()
        if name
    }


def handlers(
    kinds: Mapping[str, Behaviour], operations: Iterable[str]
) -> dict[str, Handler]:
    """Return the handlers that are named after a whole operation, of any kind.

    An operation may answer objects of several kinds, so that any of them, or the
    kind above them, may be the one that carries it out.
    """
    by_attribute = {f"on_{name.replace('.', '_')}": name for name in operations}
    return {
        by_attribute[attribute]: getattr(kind, attribute)
        for kind in kinds.values()
        if type(kind) is not Behaviour
        for attribute in dir(type(kind))
        if attribute in by_attribute
    }


def _subclasses(base: type[Behaviour]) -> Iterator[type[Behaviour]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _subclasses(kind)
