"""Pages of a list, decoded straight into the fields that its columns need.

A dictionary for each object and each of its parts is most of what reading JSON
costs, and most of it is thrown away. Here the schema says which fields there
are and of what type, so that no dictionary is made of what becomes columns, and
what no column needs is passed over.

Nothing is lost for that. An answer that isn't as documented is looked at whole:
fields that the catalog doesn't know, and values of other types than it says,
are read from then on; and what is otherwise odd is read as dictionaries.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
import orjson

from stripe_nb.frames.objects import Object
from stripe_nb.frames.schema import Path, Schema, Shape
from stripe_nb.frames.writing import Writer

__all__ = [
    "Decode",
    "Node",
    "PageDecoder",
    "Record",
    "as_dictionaries",
    "lists_of",
    "values_of",
]

Decode = Callable[[bytes], Any]

_ABSENT = type(None)

# Read of each object whatever the columns: they tell its kind, place and fate.
_NEEDED = ("id", "object", "created", "date", "livemode", "deleted")

# What stands in JSON where Stripe keeps to its documentation, and how it is read.
_PLAIN: Mapping[Shape, frozenset[type]] = {
    Shape.TEXT: frozenset({str}),
    Shape.CATEGORY: frozenset({str}),
    Shape.INTEGER: frozenset({int}),
    Shape.TIMESTAMP: frozenset({int}),
    Shape.FLOAT: frozenset({int, float}),
    Shape.DECIMAL: frozenset({str, int, float}),
    Shape.BOOLEAN: frozenset({bool}),
    Shape.REFERENCE: frozenset({str, dict}),
    Shape.METADATA: frozenset({dict}),
}
_TYPES: Mapping[Shape, Any] = {
    Shape.TEXT: str | None,
    Shape.CATEGORY: str | None,
    Shape.INTEGER: int | None,
    Shape.TIMESTAMP: int | None,
    Shape.FLOAT: float | None,
    Shape.DECIMAL: str | int | float | None,
    Shape.BOOLEAN: bool | None,
    Shape.METADATA: dict[str, Any] | None,
    Shape.JSON: Any,
}


class Record(msgspec.Struct, gc=False):
    """An object of which some fields were read, asked like a dictionary."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field's value; the default if it wasn't read."""
        return getattr(self, name, default)


def values_of(rows: Sequence[Any], name: str) -> list[Any]:
    """Return one field of each object, however they were decoded."""
    if len(set(map(type, rows))) == 1 and isinstance(rows[0], Record):
        return list(map(attrgetter(name), rows))
    return [row.get(name) for row in rows]


def lists_of(rows: Sequence[Any], name: str) -> list[Any]:
    """Return a field that holds a list of each object, as `values_of` does.

    One that goes on beyond what the object holds of it becomes a dictionary, in
    its place, that can be added to.
    """
    values = values_of(rows, name)
    if values.count(None) == len(values):
        return values
    for at, value in enumerate(values):
        if type(value) is msgspec.Raw and _may_go_on(value) and _goes_on(value):
            values[at] = orjson.loads(bytes(value))
            setattr(rows[at], name, values[at])
    return values


# Sooner told than its head is read; an item of it may be a list that goes on.
_may_go_on = re.compile(rb'"has_more"\s*:\s*true').search


class _Head(msgspec.Struct):
    has_more: Any = False


_head = msgspec.json.Decoder(_Head | None).decode


def _goes_on(piece: msgspec.Raw) -> bool:
    try:
        head = _head(piece)
    except msgspec.ValidationError:
        # Another list than Stripe's; it has all its items.
        return False
    return head is not None and bool(head.has_more)


class _Envelope(Record):
    """What stands around the objects of a page."""

    has_more: bool = False
    next_page: str | None = None
    next_page_url: str | None = None


def as_dictionaries(body: bytes) -> Any:
    """Decode an answer as it is.

    Raises
    ------
    orjson.JSONDecodeError
        If it is no JSON, or not the whole.
    """
    return orjson.loads(body)


@dataclass(slots=True)
class Node:
    """A field that is read, or the objects that it holds.

    Attributes
    ----------
    shape
        Of the column that holds its value; None if only its parts are columns.
    parts
        The fields to read of what it holds.
    is_strict
        Whether its unknown fields become columns, too.
    is_open
        Whether it is read whatever it is.
    is_large
        Whether it is worth the trouble to stay a text, though none of its parts is
        a column.
    decode
        Reads its parts from its own text, if it stays one and they are columns.
    write
        Writes that text as a column has it.
    """

    shape: Shape | None = None
    parts: dict[str, Node] = field(default_factory=dict)
    is_strict: bool = False
    is_open: bool = False
    is_large: bool = False
    decode: Decode | None = None
    write: Writer = field(default_factory=Writer)

    @property
    def is_text(self) -> bool:
        """Whether it stays a piece of the page until it becomes text."""
        is_large = self.is_large or bool(self.parts)
        return self.shape is Shape.JSON and is_large and not self.is_open

    def cut(self) -> None:
        """Let what it holds stay text, however small."""
        for part in self.parts.values():
            part.is_large = True
            part.cut()

    def fits(self, values: Iterable[Any]) -> bool:
        """Tell whether what was read of it is of the documented types."""
        if self.is_open or self.shape is None or self.shape is Shape.JSON:
            return True
        return set(map(type, values)) - {_ABSENT} <= _PLAIN[self.shape]


class PageDecoder:
    """Decodes the pages of one list.

    Parameters
    ----------
    schema
        The columns that its objects become.
    lists
        Paths of nested lists that are to be followed, and so read whole.
    """

    def __init__(self, schema: Schema, lists: Iterable[Path] = ()) -> None:
        self._root = _tree(schema, lists)
        self._decode: Decode = self._made()

    def __call__(self, body: bytes) -> Any:
        """Return a page: an envelope, or a dictionary if it is an odd one.

        Raises
        ------
        orjson.JSONDecodeError
            If it is no JSON, or not the whole.
        """
        try:
            _check_text(body)
            return self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._looked_at(body)

    def _looked_at(self, body: bytes) -> Any:
        """Learn from a page that isn't as expected, and decode it."""
        whole = as_dictionaries(body)
        rows = whole.get("data") if isinstance(whole, dict) else None
        if not isinstance(rows, list):
            return whole
        if _learn(self._root, rows):
            self._decode = self._made()
            try:
                return self._decode(body)
            except msgspec.DecodeError:
                pass
        # Whatever it is, it may come again.
        self._decode = as_dictionaries
        return whole

    def _made(self) -> Decode:
        record = _record_of(self._root)
        rows: Any = list[record]  # type: ignore[valid-type]
        page = msgspec.defstruct(
            "Page", [("data", rows)], bases=(_Envelope,), kw_only=True
        )
        decode: Decode = msgspec.json.Decoder(page).decode
        return decode


def _check_text(body: bytes) -> None:
    # What is skipped isn't looked at, so that a torn text would go unnoticed.
    if not body.isascii():
        body.decode()


def _tree(schema: Schema, lists: Iterable[Path]) -> Node:
    root = Node()
    for column in schema.columns:
        node = _at(root, column.path)
        node.shape = column.shape
        if column.shape is Shape.REFERENCE:
            # Where the object itself is there, its id is the reference.
            node.parts.setdefault("id", Node(Shape.TEXT))
    for path, known in schema.known.items():
        block = _at(root, path)
        block.is_strict = True
        for name in known:
            block.parts.setdefault(name, Node())
    for path in lists:
        node = _at(root, path[:1])
        # As a text it can be opened where it has to be: see `lists_of`.
        node.is_large = len(path) == 1 and node.shape is Shape.JSON
        node.is_open = not node.is_large
    columns = {column.path for column in schema.columns}
    for name in _NEEDED:
        if (name,) not in columns:
            root.parts[name] = Node(is_open=True)
    return root


def _at(root: Node, path: Path) -> Node:
    node = root
    for name in path:
        node = node.parts.setdefault(name, Node())
    return node


def _record_of(node: Node) -> type[Record]:
    """Make the type that a node's objects are read as."""
    fields, names = [], {}
    for number, (name, part) in enumerate(node.parts.items()):
        attribute = name if _is_plain(name) else f"field_{number}"
        names[attribute] = name
        typed = _type_of(part)
        fields.append((attribute, typed, None))
    kind: Any = msgspec.defstruct(
        "Record",
        fields,
        bases=(Record,),
        rename=names,
        namespace={"node": node},
        forbid_unknown_fields=node.is_strict,
        gc=False,
    )
    record: type[Record] = kind
    return record


def _is_plain(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name[0] != "_"


def _type_of(node: Node) -> Any:
    if node.is_open:
        return Any
    if node.is_text:
        if node.parts:
            # Of a text that was cut out, pieces cost little.
            node.cut()
            node.decode = msgspec.json.Decoder(_record_of(node) | None).decode
        return msgspec.Raw
    if node.parts and node.shape is not Shape.METADATA:
        record = _record_of(node)
        return str | record | None if node.shape is Shape.REFERENCE else record | None
    # What no column needs is passed over as it stands.
    return _TYPES[node.shape] if node.shape else msgspec.Raw


def _learn(node: Node, rows: Sequence[Object]) -> bool:
    """Take in what some objects hold that isn't as expected; say whether any does."""
    is_new = False
    if node.is_strict:
        for name in set().union(*rows) - node.parts.keys():
            node.parts[name] = Node(is_open=True)
            is_new = True
    for name, part in node.parts.items():
        values = [row.get(name) for row in rows]
        if part.parts and not part.is_open and part.shape is not Shape.JSON:
            is_new = _learn(part, [v for v in values if type(v) is dict]) or is_new
        if not part.fits(values):
            part.is_open = is_new = True
    return is_new
