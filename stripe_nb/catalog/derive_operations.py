"""Every call of the API, from the SDK's services.

The dotted name of an operation is the path on which a client reaches it, so
the tree of services is walked from ``StripeClient.v1`` and ``.v2`` down.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from stripe_nb.catalog import facts
from stripe_nb.catalog.derive_source import (
    Module,
    Source,
    read_pair,
    string_constants,
)
from stripe_nb.catalog.derive_types import TypeReader
from stripe_nb.catalog.model import Kind, Operation, Type
from stripe_nb.errors import CatalogError

__all__ = ["read_operations"]

_ROOTS = (("", "stripe._v1_services"), ("v2.", "stripe._v2_services"))
_REQUESTS = ("_request", "_request_stream", "_static_request")
_BRACES = re.compile(r"{(\w+)}")
_ANSWERS = {Kind.PAGE: "list", Kind.ANY: "bytes"}


@dataclass(frozen=True, slots=True)
class _Call:
    """What a service method sends."""

    method: str
    path: str
    host: str


def read_operations(source: Source, reader: TypeReader) -> dict[str, Operation]:
    """Return all operations by name, in the order of the SDK's services.

    Parameters
    ----------
    source
        The SDK.
    reader
        Reads the types of parameters and answers.
    """
    return {
        operation.name: operation
        for name, module, node in _methods(source)
        if (operation := _operation(name, module, node, source, reader))
    }


def _methods(source: Source) -> Iterator[tuple[str, Module, ast.FunctionDef]]:
    """Yield each method that may be an operation, with the name it gets."""
    for prefix, root in _ROOTS:
        for namespace, module, service in _services(source, prefix, root):
            for node in service.body:
                if isinstance(node, ast.FunctionDef):
                    yield f"{namespace}.{node.name}", module, node
    for name, home, owner, method in facts.OPERATIONS_OUTSIDE_SERVICES:
        module = source.module(home)
        for node in module.classes[owner].body:
            if isinstance(node, ast.FunctionDef) and node.name == method:
                yield name, module, node


def _services(
    source: Source, prefix: str, module_name: str
) -> Iterator[tuple[str, Module, ast.ClassDef]]:
    """Yield each service below a module's own, with its dotted name."""
    module = source.module(module_name)
    for name, target in string_constants(module.values.get("_subservices")).items():
        home, service = read_pair(target)
        found = source.module(home)
        yield prefix + name, found, found.classes[service]
        yield from _services(source, f"{prefix}{name}.", home)


def _operation(
    name: str, module: Module, node: ast.FunctionDef, source: Source, reader: TypeReader
) -> Operation | None:
    """Return what a method calls, or ``None`` if it calls nothing."""
    call = _find_call(node)
    if call is None:
        return None
    answer, returned = _read_answer(node, module, reader)
    params = _params_class(node)
    return Operation(
        name=name,
        action=name.rpartition(".")[2],
        method=call.method,
        path=call.path,
        path_parameters=tuple(_BRACES.findall(call.path)),
        parameters=(
            reader.parameters(*source.find_class(module, params)) if params else {}
        ),
        returns=returned[0] if returned else "",
        variants=returned,
        answer=answer,
        host=call.host,
        doc=inspect.cleandoc(ast.get_docstring(node) or ""),
    )


def _params_class(node: ast.FunctionDef) -> str | None:
    """Return the class that types ``params`` or ``**params``."""
    arguments = [*node.args.args, *node.args.kwonlyargs]
    if node.args.kwarg is not None:
        arguments.append(node.args.kwarg)
    for argument in arguments:
        if argument.arg == "params" and argument.annotation is not None:
            for inner in ast.walk(argument.annotation):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    return inner.value
    return None


def _read_answer(
    node: ast.FunctionDef, module: Module, reader: TypeReader
) -> tuple[str, tuple[str, ...]]:
    """Return the kind of answer and the names of the objects in it."""
    annotation = node.returns
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if annotation is None:
        message = f"The stripe package's {module.name}.{node.name} tells no answer."
        raise CatalogError(message)
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return "empty", ()
    if isinstance(annotation, ast.Name) and annotation.id == "DeletedObject":
        return "object", (facts.V2_DELETED,)
    type_ = reader.read(annotation, module, {})
    if _is_search(annotation):
        return "search", _resources(type_)
    return _ANSWERS.get(type_.kind, "object"), _resources(type_)


def _resources(type_: Type) -> tuple[str, ...]:
    return type_.item.resources if type_.item is not None else type_.resources


def _is_search(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SearchResultObject"
    )


def _find_call(node: ast.FunctionDef) -> _Call | None:
    """Return what a method requests, if it requests anything."""
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr in _REQUESTS
        ):
            return _read_call(inner)
    return None


def _read_call(call: ast.Call) -> _Call:
    method, path = (_text(argument) for argument in call.args[:2])
    hosts = [k.value for k in call.keywords if k.arg == "base_address"]
    return _Call(method, path, _text(hosts[0]) if hosts else "api")


def _text(node: ast.expr) -> str:
    """Return a string literal, seen through ``.format(...)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    message = "The stripe package sends a request whose address can't be read."
    raise CatalogError(message)
