"""Derives the whole catalog from the installed SDK's source and the facts."""

from __future__ import annotations

import ast
import gzip
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stripe_nb.catalog import facts
from stripe_nb.catalog.derive_meaning import mark_parameters, mark_resource
from stripe_nb.catalog.derive_operations import read_operations
from stripe_nb.catalog.derive_source import (
    Source,
    constant,
    read_pair,
    string_constants,
)
from stripe_nb.catalog.derive_types import TypeReader
from stripe_nb.catalog.model import Operation, Resource
from stripe_nb.errors import CatalogError
from stripe_nb.paths import data_path

__all__ = ["Derived", "derive"]

_REGISTRIES = ("OBJECT_CLASSES", "V2_OBJECT_CLASSES")
# Envelopes, which the catalog knows as Kind.PAGE, and an old name of "file".
_NOT_RESOURCES = ("list", "search_result", "v2.search_result", "file_upload")
_STUB = ("id", "object", "deleted")


@dataclass(frozen=True, slots=True)
class Derived:
    """All that the catalog knows.

    Attributes
    ----------
    aliases
        Object name by every other name that a resource goes by.
    """

    api_version: str
    api_versions: tuple[str, ...]
    event_types: tuple[str, ...]
    thin_event_types: tuple[str, ...]
    resources: Mapping[str, Resource]
    operations: Mapping[str, Operation]
    aliases: Mapping[str, str]


def derive(source: Source) -> Derived:
    """Derive the catalog.

    Parameters
    ----------
    source
        The SDK to read.
    """
    classes = _registered_classes(source)
    reader = TypeReader(source, {place: name for name, place in classes.items()})
    operations = {
        name: replace(operation, parameters=mark_parameters(name, operation.parameters))
        for name, operation in read_operations(source, reader).items()
    }
    lists = _list_operations(operations.values())
    presences = _read_presence()
    resources = {
        name: _resource(name, place, source, reader, presences, operations, lists)
        for name, place in classes.items()
    }
    return Derived(
        api_version=_api_version(source),
        api_versions=_enum_values(operations, "api_version"),
        event_types=_enum_values(operations, "enabled_events"),
        thin_event_types=_thin_event_types(source),
        resources=resources,
        operations=operations,
        aliases=dict(_aliases(resources, operations)),
    )


def _registered_classes(source: Source) -> dict[str, tuple[str, str]]:
    """Return module and class by object name."""
    registry = source.module("stripe._object_classes")
    return {
        name: read_pair(target)
        for table in _REGISTRIES
        for name, target in string_constants(registry.values[table]).items()
        if name not in _NOT_RESOURCES
    }


def _read_presence() -> dict[str, dict[str, str]]:
    packed = data_path(facts.PRESENCE_FILE).read_bytes()
    resources: dict[str, dict[str, str]] = json.loads(gzip.decompress(packed))[
        "resources"
    ]
    return resources


def _resource(
    name: str,
    place: tuple[str, str],
    source: Source,
    reader: TypeReader,
    presences: Mapping[str, Mapping[str, str]],
    operations: Mapping[str, Operation],
    lists: Mapping[str, list[Operation]],
) -> Resource:
    module = source.module(place[0])
    node = module.classes[place[1]]
    fields = reader.fields(module, node)
    stub = fields.pop("deleted", None)
    answering = [op for op in operations.values() if name in op.variants]
    found = lists.get(name, [])
    plural = _plural(name, answering, found)
    return Resource(
        name=name,
        fields=mark_resource(name, fields, presences.get(name, {})),
        plural=plural,
        list_operation=found[0].name if found else None,
        search_operation=next(
            (o.name for o in answering if o.answer == "search"), None
        ),
        operations=tuple(
            op.name
            for op in operations.values()
            if name in op.variants or _namespace(op) == plural
        ),
        id_prefix=facts.ID_PREFIXES.get(name),
        deleted_fields=_stub_fields(name, presences) if stub else (),
        doc=inspect.cleandoc(ast.get_docstring(node) or ""),
    )


def _stub_fields(
    name: str, presences: Mapping[str, Mapping[str, str]]
) -> tuple[str, ...]:
    recorded = presences.get(f"deleted:{name}", _STUB)
    return tuple(field for field in recorded if "." not in field)


def _list_operations(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Return the operations that list one kind only, the least nested first."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        if operation.answer == "list" and len(operation.variants) == 1:
            found.setdefault(operation.returns, []).append(operation)
    for candidates in found.values():
        # A preview lists what does not exist, so it comes last.
        candidates.sort(key=lambda op: ("preview" in op.path, len(op.path_parameters)))
    return found


def _plural(
    name: str, answering: list[Operation], lists: list[Operation]
) -> str | None:
    """Return the name of the collection in which such objects live."""
    if lists:
        return _namespace(lists[0])
    own = [op for op in answering if op.answer == "object" and len(op.variants) == 1]
    makers = [op for op in own if op.action in {"create", "retrieve"}]
    # Test helpers make objects that live elsewhere.
    makers.sort(key=lambda op: _is_helper(op.name) > _is_helper(name))
    return _namespace(makers[0]) if makers else None


def _is_helper(name: str) -> bool:
    return name.startswith("test_helpers.")


def _namespace(operation: Operation) -> str:
    return operation.name.rpartition(".")[0]


def _api_version(source: Source) -> str:
    node = source.module("stripe._api_version").classes["_ApiVersion"]
    value = constant(node, "CURRENT")
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    message = "The stripe package does not tell which API version it pins."
    raise CatalogError(message)


def _enum_values(
    operations: Mapping[str, Operation], parameter: str
) -> tuple[str, ...]:
    """Return what an endpoint for webhooks may be created with, without ``*``."""
    type_ = operations["webhook_endpoints.create"].parameters[parameter].type
    values = (type_.item or type_).values
    return tuple(value for value in values if value != "*")


def _thin_event_types(source: Source) -> tuple[str, ...]:
    classes = source.module("stripe.events._event_classes").values
    return tuple(string_constants(classes["_V2_EVENT_NOTIFICATION_CLASS_LOOKUP"]))


def _several(name: str) -> str:
    """Return an object's name in the plural."""
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _aliases(
    resources: Mapping[str, Resource], operations: Mapping[str, Operation]
) -> Iterator[tuple[str, str]]:
    """Yield other names of resources, those that win last."""
    for resource in resources.values():
        if resource.list_operation is not None:
            yield _several(resource.name), resource.name
    for operation in reversed(list(operations.values())):
        if operation.answer == "list" and len(operation.variants) == 1:
            yield _namespace(operation), operation.returns
    for resource in resources.values():
        for name in resource.operations:
            operation = operations[name]
            if operation.answer == "list" and not operation.path_parameters:
                yield (
                    operation.path.removeprefix("/v1/").strip("/").replace("/", "."),
                    resource.name,
                )
    for resource in resources.values():
        if resource.plural is not None:
            yield resource.plural, resource.name
    yield "file_upload", "file"
