"""Annotations of the SDK's classes turned into `Type` and `Field`.

Knows the grammar that the SDK's generator writes (``Optional``, ``List``,
``ExpandableField`` ...) and nothing of what fields mean.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from stripe_nb.catalog.derive_source import (
    Module,
    Source,
    constant,
    string_constants,
)
from stripe_nb.catalog.model import Field, Kind, Presence, Type
from stripe_nb.errors import CatalogError

__all__ = ["TypeReader"]

_SCALARS = {
    "str": Type(Kind.STRING),
    "int": Type(Kind.INTEGER),
    "float": Type(Kind.NUMBER),
    "bool": Type(Kind.BOOLEAN),
    "Decimal": Type(Kind.DECIMAL),
    "datetime": Type(Kind.STRING),
    "Any": Type(Kind.ANY),
    "object": Type(Kind.ANY),
    # A bare base class is an object of which nothing is promised.
    "StripeObject": Type(Kind.MAP, item=Type(Kind.ANY)),
    "UntypedStripeObject": Type(Kind.MAP, item=Type(Kind.ANY)),
}
_LISTS = {"List": Kind.LIST, "ListObject": Kind.PAGE, "SearchResultObject": Kind.PAGE}
_MAPS = ("Dict", "Mapping", "UntypedStripeObject")
_TRANSPARENT = ("Optional", "NotRequired", "Required")
# Bases that bring no parameters of the operation itself.
_FOREIGN_BASES = ("RequestOptions", "TypedDict")


class TypeReader:
    """Reads types from the SDK's source.

    Parameters
    ----------
    source
        The SDK.
    names
        Object name by (module, class).
    """

    def __init__(self, source: Source, names: Mapping[tuple[str, str], str]) -> None:
        self._source = source
        self._names = names
        self._parameters: dict[tuple[str, str], dict[str, Field]] = {}

    def fields(self, module: Module, node: ast.ClassDef) -> dict[str, Field]:
        """Return a response class's fields, under their names on the wire."""
        nested = {s.name: s for s in node.body if isinstance(s, ast.ClassDef)}
        wire = _constants(node, "_field_remappings")
        encodings = _constants(node, "_field_encodings")
        fields = {}
        for name, annotation, doc in _annotated(node.body):
            if name.startswith("_") or _is_class_var(annotation):
                continue
            key = wire.get(name, name)
            type_ = self.read(annotation, module, nested)
            if key in encodings and encodings[key] == "int64_string":
                type_ = replace(type_, text=True)
            optional = _heads(annotation, "Optional")
            presence = Presence.OPTIONAL_NULLABLE if optional else Presence.REQUIRED
            fields[key] = Field(key, type_, presence, doc=doc)
        return fields

    def parameters(self, module: Module, node: ast.ClassDef) -> dict[str, Field]:
        """Return a params class's keys, those of its bases first."""
        key = (module.name, node.name)
        if key not in self._parameters:
            # Without fields at first, so that a class that holds itself ends there.
            self._parameters[key] = {}
            self._parameters[key] = self._read_parameters(module, node)
        return self._parameters[key]

    def read(
        self, node: ast.expr, module: Module, nested: Mapping[str, ast.ClassDef]
    ) -> Type:
        """Return the type that an annotation means at its place."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        if isinstance(node, ast.Subscript):
            return self._read_subscript(node, module, nested)
        if isinstance(node, ast.BinOp):
            options = list(_alternatives(node))
            return self._read_union(options, module, nested)
        if isinstance(node, ast.Name):
            return self._read_name(node.id, module, nested)
        message = f"An annotation in {module.name} is of an unknown form."
        raise CatalogError(message)

    def _read_parameters(self, module: Module, node: ast.ClassDef) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id not in _FOREIGN_BASES:
                fields.update(self._base_parameters(module, base.id))
        for name, annotation, doc in _annotated(node.body):
            fields[name] = self._parameter(name, annotation, module, doc)
        return fields

    def _base_parameters(self, module: Module, name: str) -> dict[str, Field]:
        value = module.values.get(name)
        if isinstance(value, ast.Call):
            # TypedDict("X", {"in": ...}) writes the keys that no class body can.
            return {
                key: self._parameter(key, annotation, module, "")
                for key, annotation in string_constants(value.args[1]).items()
            }
        return self.parameters(*self._source.find_class(module, name))

    def _parameter(
        self, name: str, annotation: ast.expr, module: Module, doc: str
    ) -> Field:
        optional = _heads(annotation, "NotRequired")
        presence = Presence.OPTIONAL if optional else Presence.REQUIRED
        type_ = self.read(annotation, module, {})
        if type_.kind is Kind.ANY:
            # The SDK types uploads, and only them, as Any.
            type_ = Type(Kind.FILE)
        return Field(name, type_, presence, doc=doc)

    def _read_subscript(
        self, node: ast.Subscript, module: Module, nested: Mapping[str, ast.ClassDef]
    ) -> Type:
        head = _name(node.value)
        inner = _elements(node.slice)
        if head == "Literal":
            return _read_literals(inner)
        if head == "Union":
            return self._read_union(inner, module, nested)
        if head in _MAPS:
            return Type(Kind.MAP, item=self.read(inner[-1], module, nested))
        first = self.read(inner[0], module, nested)
        if head in _LISTS:
            return Type(_LISTS[head], item=first)
        if head in _TRANSPARENT:
            return first
        if head == "ExpandableField":
            return Type(Kind.EXPANDABLE, resources=first.resources)
        message = f"An annotation in {module.name} uses {head}, which is unknown."
        raise CatalogError(message)

    def _read_name(
        self, name: str, module: Module, nested: Mapping[str, ast.ClassDef]
    ) -> Type:
        if name in nested:
            return Type(Kind.OBJECT, fields=self.fields(module, nested[name]))
        if name in _SCALARS:
            return _SCALARS[name]
        home, node = self._source.find_class(module, name)
        known = self._names.get((home.name, node.name))
        if known is not None:
            return Type(Kind.RESOURCE, resources=(known,))
        if _is_typed_dict(home, node):
            return Type(Kind.OBJECT, fields=self.parameters(home, node))
        return Type(Kind.OBJECT, fields=self.fields(home, node))

    def _read_union(
        self,
        nodes: Iterable[ast.expr],
        module: Module,
        nested: Mapping[str, ast.ClassDef],
    ) -> Type:
        nodes = list(nodes)
        kept = [node for node in nodes if not _is_none(node)]
        types = [self.read(node, module, nested) for node in kept]
        clearable = len(kept) < len(nodes) or any(t.clearable for t in types)
        # Literal[''] alone leaves an enum without values behind: only its mark.
        options = [t for t in types if t.kind is not Kind.ENUM or t.values]
        merged = _merge(options)
        return replace(merged, clearable=True) if clearable else merged


def _merge(options: list[Type]) -> Type:
    """Return the one type that a union's members amount to."""
    unique: list[Type] = []
    for option in options:
        if replace(option, clearable=False) not in unique:
            unique.append(replace(option, clearable=False))
    if not unique:
        return Type(Kind.STRING)
    if len(unique) == 1:
        return unique[0]
    kinds = {option.kind for option in unique}
    resources = tuple(name for option in unique for name in option.resources)
    values = tuple(value for option in unique for value in option.values)
    if kinds == {Kind.ENUM, Kind.STRING}:
        return Type(Kind.ENUM, values=values, open=True)
    if kinds == {Kind.RESOURCE}:
        return Type(Kind.RESOURCE, resources=resources)
    if kinds == {Kind.RESOURCE, Kind.STRING}:
        return Type(Kind.EXPANDABLE, resources=resources)
    return Type(Kind.UNION, options=tuple(unique))


def _read_literals(nodes: Iterable[ast.expr]) -> Type:
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    if all(isinstance(value, bool) for value in values):
        return Type(Kind.BOOLEAN)
    texts = tuple(str(value) for value in values if value != "")
    return Type(Kind.ENUM, values=texts, clearable="" in values)


def _annotated(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr, str]]:
    """Yield name, annotation and the doc that follows, in order."""
    for place, statement in enumerate(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(
            statement.target, ast.Name
        ):
            follower = body[place + 1] if place + 1 < len(body) else None
            yield statement.target.id, statement.annotation, _doc(follower)


def _doc(statement: ast.stmt | None) -> str:
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return inspect.cleandoc(value.value)
    return ""


def _constants(node: ast.ClassDef, name: str) -> dict[str, str]:
    """Return a dict of strings that a class body assigns to a name."""
    return {
        key: str(value.value)
        for key, value in string_constants(constant(node, name)).items()
        if isinstance(value, ast.Constant)
    }


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the members of ``A | B | C``."""
    if isinstance(node, ast.BinOp):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    else:
        yield node


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _heads(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Subscript) and _name(node.value) == name


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_class_var(node: ast.expr) -> bool:
    return _heads(node, "ClassVar") or _name(node) == "ClassVar"


def _is_typed_dict(module: Module, node: ast.ClassDef) -> bool:
    if ".params." in module.name:
        return True
    return any(_name(base) == "TypedDict" for base in node.bases)
