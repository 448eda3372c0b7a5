"""Which columns the objects of a resource become, and in what order.

Knows nothing of values. Derived from the catalog alone, so that an empty
answer has the columns and dtypes of a full one:

* a scalar is a column of its own; a reference is the id;
* a nested object is flattened by one level, ``recurring_interval``;
* an inlined or expanded Stripe object is its id, and its fields beside it;
* of a block whose ``type`` selects one of many variants, the whole is JSON
  text, and ``type`` and the fields of ``card`` are columns; with few variants
  each is flattened;
* lists, maps and what lies deeper stay JSON text; ``fields`` reaches into it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Field, Kind, Resource, Type
from stripe_nb.errors import FrameError

__all__ = [
    "Column",
    "Path",
    "Schema",
    "Shape",
    "field_at",
    "near",
    "schema_of",
    "schema_of_paths",
]

Path = tuple[str, ...]

# The variant that most payments have, and so worth columns of its own.
_COMMON_VARIANT = "card"
_FEW_VARIANTS = 3

# Known from the block's own name, or never on an object that is listed.
_REDUNDANT = frozenset({"id", "object", "deleted"})


class Shape(StrEnum):
    """The kinds of column; each has one dtype (see `layout`)."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    CATEGORY = "category"
    JSON = "json"
    REFERENCE = "reference"
    METADATA = "metadata"
    """Stands for one text column per key that the rows have."""


_SCALARS = {
    Kind.STRING: Shape.TEXT,
    Kind.INTEGER: Shape.INTEGER,
    Kind.NUMBER: Shape.FLOAT,
    Kind.DECIMAL: Shape.DECIMAL,
    Kind.BOOLEAN: Shape.BOOLEAN,
    Kind.ENUM: Shape.CATEGORY,
    Kind.EXPANDABLE: Shape.REFERENCE,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame.

    Attributes
    ----------
    path
        The keys that lead to its value in an object.
    values
        For a category: the documented ones.
    amount
        Whether it holds money in minor units.
    currency
        For an amount: the path of its currency, if the API says which.
    """

    name: str
    path: Path
    shape: Shape
    values: tuple[str, ...] = ()
    amount: bool = False
    currency: Path | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a resource.

    Attributes
    ----------
    known
        For each block that was flattened, the keys that the catalog knows;
        others are kept as extra columns. Empty where `fields` chose.
    expand
        What the columns need expanded, dotted.
    """

    resource: str
    columns: tuple[Column, ...]
    known: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    expand: tuple[str, ...] = ()

    @property
    def amounts(self) -> dict[str, str | None]:
        """Each amount's column, and its currency's where that is known."""
        names = {column.path: column.name for column in self.columns}
        return {
            column.name: names.get(column.currency, "_".join(column.currency))
            if column.currency
            else None
            for column in self.columns
            if column.amount
        }


def schema_of(
    resource: str, *, expand: Sequence[str] = (), fields: Sequence[str] | None = None
) -> Schema:
    """Return the columns that objects of a resource become.

    Parameters
    ----------
    resource
        Object name or plural.
    expand
        References whose own fields become columns too, dotted.
    fields
        Only these: column names, or dotted paths to any depth.

    Raises
    ------
    FrameError
        If there is no such field, or none is wanted.
    """
    if fields is not None and not fields:
        raise FrameError("fields names no column; give None for all of them.")
    chosen = None if fields is None else tuple(fields)
    return _schema_of(resource, tuple(map(_without_data, expand)), chosen)


@lru_cache(maxsize=256)
def _schema_of(
    resource: str, expand: tuple[str, ...], fields: tuple[str, ...] | None
) -> Schema:
    spec = load().resource(resource)
    _check_expand(spec, expand)
    whole = _Deriver(spec, expand).schema()
    return whole if fields is None else _choose(spec, whole, fields)


def schema_of_paths(paths: Iterable[Path], roots: Mapping[str, Field]) -> Schema:
    """Return the columns of some paths into objects.

    Parameters
    ----------
    paths
        Any; what the catalog doesn't know becomes text.
    roots
        What the first part of each path holds.
    """
    columns = []
    for path in paths:
        item = _field_at(roots.get(path[0]), path)
        column = _leaf(item, path) if item else Column("", path, Shape.TEXT)
        columns.append(replace(column, currency=None))
    return Schema("", tuple(_named(columns)))


def field_at(spec: Resource, path: Path) -> Field | None:
    """Return what the catalog says of a path into objects, if it knows it."""
    return _field_at(spec.fields.get(path[0]), path)


def _field_at(item: Field | None, path: Path) -> Field | None:
    for name in path[1:]:
        if item is None:
            return None
        target = _single_target(item.type)
        item = (target.fields if target else item.type.fields).get(name)
    return item


def _without_data(name: str) -> str:
    """Drop the ``data.`` that Stripe wants before what a list expands."""
    return name.removeprefix("data.")


def _check_expand(spec: Resource, expand: Iterable[str]) -> None:
    for name in expand:
        first = name.split(".")[0]
        if first not in spec.fields:
            hint = near(first, spec.fields)
            raise FrameError(f"{spec.name} has no field {first!r} to expand{hint}")


def near(name: str, names: Iterable[str]) -> str:
    """Return a sentence's end: one that offers the nearest name, or a full stop."""
    found = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]!r}?" if found else "."


class _Deriver:
    """Walks one resource's fields and collects columns."""

    def __init__(self, spec: Resource, expand: Sequence[str] = ()) -> None:
        self._spec = spec
        self._expand = tuple(expand)
        self._opened = {name.split(".")[0] for name in expand}
        self._known: dict[Path, frozenset[str]] = {(): frozenset(spec.fields)}

    def schema(self) -> Schema:
        # As on the wire: the id, the kind of object, then the SDK's order.
        fields = self._spec.fields
        names = dict.fromkeys(["id", "object", *fields])
        columns = [
            column
            for name in names
            if name in fields and name != "deleted"
            for column in self._top(fields[name])
        ]
        return Schema(
            self._spec.name, tuple(_named(columns)), self._known, self._expand
        )

    def _top(self, item: Field) -> Iterator[Column]:
        path = (item.name,)
        if item.name == "metadata" and item.type.kind is Kind.MAP:
            yield Column("metadata", path, Shape.METADATA)
        elif self._is_rare_variant(item):
            yield _leaf(item, path)
        elif item.type.kind is Kind.OBJECT:
            yield from self.block(item.type, path)
        elif item.type.kind is Kind.RESOURCE or item.name in self._opened:
            yield from self._inlined(item, path)
        else:
            yield _leaf(item, path)

    def _is_rare_variant(self, item: Field) -> bool:
        variants = _variants(self._spec.fields)
        return (
            item.name in variants
            and item.name != _COMMON_VARIANT
            and len(variants) > _FEW_VARIANTS
        )

    def block(self, block: Type, path: Path) -> Iterator[Column]:
        """Flatten a nested object by one level."""
        children = block.fields
        variants = _variants(children)
        if len(variants) > _FEW_VARIANTS:
            yield Column("", path, Shape.JSON)
            flat = {_COMMON_VARIANT} & variants
        elif not any(child.type.kind in _SCALARS for child in children.values()):
            yield Column("", path, Shape.JSON)
            return
        else:
            self._known[path] = frozenset(children)
            flat = set(variants)
        for name, child in children.items():
            if name in flat:
                yield from self._variant(child, (*path, name))
            elif name not in variants:
                yield _leaf(child, (*path, name))

    def _variant(self, variant: Field, path: Path) -> Iterator[Column]:
        for child in variant.type.fields.values():
            yield _leaf(child, (*path, child.name))

    def _inlined(self, item: Field, path: Path) -> Iterator[Column]:
        """Give the id of an inlined or expanded object, then its fields."""
        target = _single_target(item.type)
        if target is None:
            yield _leaf(item, path)
            return
        if "id" in target.fields:
            yield Column("", path, Shape.REFERENCE)
        for child in target.fields.values():
            if child.name not in _REDUNDANT:
                leaf = _leaf(child, (*path, child.name))
                currency = leaf.currency and (*path, *leaf.currency)
                yield replace(leaf, currency=currency)


def _variants(fields: Mapping[str, Field]) -> set[str]:
    """Return the nested objects of which ``type`` selects one."""
    selector = fields.get("type")
    nested = {name for name, item in fields.items() if item.type.kind is Kind.OBJECT}
    if selector is None:
        return set()
    if selector.type.kind is Kind.ENUM:
        return nested.intersection(selector.type.values)
    # The SDK leaves some selectors open, such as payment_method_details.type;
    # so many blocks beside one are its variants.
    return nested if len(nested) > _FEW_VARIANTS else set()


def _single_target(kind: Type) -> Resource | None:
    if kind.kind not in (Kind.RESOURCE, Kind.EXPANDABLE) or len(kind.resources) != 1:
        return None
    return load().resources.get(kind.resources[0])


def _leaf(item: Field, path: Path) -> Column:
    shape = Shape.TIMESTAMP if item.timestamp else _SCALARS.get(item.type.kind)
    return Column(
        "",
        path,
        shape or Shape.JSON,
        values=item.type.values if shape is Shape.CATEGORY else (),
        amount=item.amount and shape in (Shape.INTEGER, Shape.DECIMAL),
        currency=tuple(item.currency_field.split(".")) if item.currency_field else None,
    )


def _named(columns: Iterable[Column]) -> Iterator[Column]:
    """Name columns by their paths; a top-level field's name is its own.

    Where two would clash, such as an invoice's ``customer_email`` and the
    ``email`` of its expanded ``customer``, the deeper one gets two underscores.
    """
    columns = list(columns)
    taken = {column.path[0] for column in columns if len(column.path) == 1}
    for column in columns:
        name = "_".join(column.path)
        if len(column.path) > 1:
            name = "__".join(column.path) if name in taken else name
            taken.add(name)
        yield replace(column, name=name)


def _choose(spec: Resource, whole: Schema, fields: Sequence[str]) -> Schema:
    if isinstance(fields, str):
        fields = [fields]
    columns: list[Column] = []
    expand = list(whole.expand)
    for name in fields:
        columns += _resolve(spec, whole, name, expand)
    unique = {column.path: column for column in columns}
    return Schema(spec.name, tuple(unique.values()), {}, tuple(dict.fromkeys(expand)))


def _resolve(
    spec: Resource, whole: Schema, name: str, expand: list[str]
) -> list[Column]:
    path = tuple(_without_data(name).split("."))
    found = [c for c in whole.columns if c.name == name or c.path == path]
    block = [c for c in whole.columns if c.path[: len(path)] == path]
    if found or block:
        return block if len(path) == 1 and len(block) > 1 else found or block
    key = _metadata_key(spec, name)
    if key:
        return [Column(f"metadata_{key}", ("metadata", key), Shape.TEXT)]
    return _walk(spec, path, expand)


def _metadata_key(spec: Resource, name: str) -> str:
    if "metadata" not in spec.fields or not name.startswith("metadata"):
        return ""
    return name[len("metadata") + 1 :]


def _walk(spec: Resource, path: Path, expand: list[str]) -> list[Column]:
    """Follow a dotted path to any depth, expanding the references it crosses."""
    owner, fields, start = spec, spec.fields, 0
    for depth, name in enumerate(path):
        item = fields.get(name)
        if item is None:
            raise FrameError(_no_field(spec, path[: depth + 1], fields))
        if depth == len(path) - 1:
            break
        target = _single_target(item.type)
        if target is not None:
            owner, fields, start = target, target.fields, depth + 1
            if item.type.kind is Kind.EXPANDABLE:
                expand.append(".".join(path[: depth + 1]))
        else:
            fields = item.type.fields
    return _end(item, path, path[:start], owner)


def _end(item: Field | None, path: Path, prefix: Path, owner: Resource) -> list[Column]:
    if item is None:
        return []
    if item.type.kind is Kind.OBJECT:
        columns = list(_Deriver(owner).block(item.type, path))
    else:
        columns = [_leaf(item, path)]
    return [
        replace(
            column,
            name="_".join(column.path),
            currency=column.currency and (*prefix, *column.currency),
        )
        for column in columns
    ]


def _no_field(spec: Resource, path: Path, fields: Mapping[str, Field]) -> str:
    where = ".".join((spec.name, *path[:-1]))
    if not fields:
        return (
            f"fields can't reach {'.'.join(path)!r}: {where} is no single object; "
            f"its column {'_'.join(path[:-1])!r} holds it as JSON text."
        )
    return f"{where} has no field {path[-1]!r}{near(path[-1], fields)}"
