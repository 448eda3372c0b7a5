"""The values of objects, path by path, whatever the objects were decoded to.

A column asks for one value per row; blocks that lie on the way are taken apart
once, all rows together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec
import orjson
from msgspec.structs import astuple

from stripe_nb.frames.decoding import Node, Record
from stripe_nb.frames.objects import Object, canonical_json
from stripe_nb.frames.schema import Path, Shape
from stripe_nb.frames.values import are_equal

__all__ = ["Dictionaries", "Records", "Source", "Values"]

_NOTHING: Object = {}
_ABSENT = type(None)
# Of these it is certain that what is equal is written alike, as 1 and true aren't.
_EMPTY: tuple[Any, ...] = (None, [], {})


class Values(NamedTuple):
    """What stands at a path, one value per row.

    Attributes
    ----------
    are_plain
        Whether all are of the types that JSON has for the column's shape.
    """

    values: Sequence[Any]
    are_plain: bool = False


class Source(Protocol):
    """Objects of one make."""

    def at(self, path: Path) -> Values | None:
        """Return the values at a path; None if no object has what holds it."""

    def metadata(self, path: Path) -> Mapping[str, Sequence[Any]]:
        """Return each key's values of a map."""

    def unknown(self, path: Path, known: frozenset[str]) -> Mapping[str, Sequence[Any]]:
        """Return the values of the fields of a block that aren't among the known."""

    def odd(self, path: Path) -> Sequence[Any]:
        """Return what stands where a block was expected, if anything does."""


class Dictionaries:
    """Objects as they are."""

    def __init__(self, objects: list[Object]) -> None:
        self._found: dict[Path, list[Object]] = {(): objects}

    def at(self, path: Path) -> Values | None:
        """See `Source`."""
        holder = self._blocks(path[:-1])
        return Values([block.get(path[-1]) for block in holder]) if holder else None

    def _blocks(self, path: Path) -> list[Object]:
        """Return one dictionary per row; an empty list if no row has one."""
        if path not in self._found:
            above = self._blocks(path[:-1])
            values = [block.get(path[-1]) for block in above]
            blocks = _dictionaries(values)
            self._found[path] = blocks if any(blocks) else []
        return self._found[path]

    def metadata(self, path: Path) -> Mapping[str, Sequence[Any]]:
        """See `Source`."""
        return _columns_of(self._blocks(path))

    def unknown(self, path: Path, known: frozenset[str]) -> Mapping[str, Sequence[Any]]:
        """See `Source`."""
        rows = self._blocks(path)
        found = set().union(*rows) - known
        if not path and any("deleted" in row for row in rows):
            # The SDK knows it, yet only an object that is gone has it.
            found.add("deleted")
        return {key: [row.get(key) for row in rows] for key in found}

    def odd(self, path: Path) -> Sequence[Any]:
        """See `Source`."""
        values = [block.get(path[-1]) for block in self._blocks(path[:-1])]
        if set(map(type, values)) <= {dict, _ABSENT}:
            return []
        return [None if type(v) is dict else v for v in values]


class Records:
    """Objects that a `PageDecoder` has read, all as one type."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._found: dict[Path, _Block | _Loose | None] = {(): _Block(records)}

    def at(self, path: Path) -> Values | None:
        """See `Source`."""
        block = self._block(path[:-1])
        return None if block is None else block.column(path[-1])

    def _block(self, path: Path) -> _Block | _Loose | None:
        if path not in self._found:
            above = self._block(path[:-1])
            self._found[path] = above and above.below(path[-1])
        return self._found[path]

    def metadata(self, path: Path) -> Mapping[str, Sequence[Any]]:
        """See `Source`."""
        found = self.at(path)
        return {} if found is None else _columns_of(_dictionaries(found.values))

    def unknown(self, path: Path, known: frozenset[str]) -> Mapping[str, Sequence[Any]]:
        """See `Source`."""
        block = self._block(path)
        if not isinstance(block, _Block):
            return {}
        names = block.fields.keys() - known
        if not path:
            names.add("deleted")
        return {name: block.fields[name] for name in names}

    def odd(self, path: Path) -> Sequence[Any]:
        """See `Source`."""
        del path  # Where one stands, the page was read as dictionaries.
        return ()


class _Block:
    """What stands at one path in all rows, taken apart into its fields."""

    def __init__(self, records: Sequence[Record]) -> None:
        kind: Any = type(records[0])
        self.node: Node = kind.node
        names = kind.__struct_encode_fields__
        columns = zip(*map(astuple, records), strict=True)
        self.fields: dict[str, Sequence[Any]] = dict(zip(names, columns, strict=True))

    def column(self, name: str) -> Values:
        node, values = self.node.parts[name], self.fields[name]
        if node.is_text:
            return Values(_texts(node, values), are_plain=True)
        if node.shape is Shape.REFERENCE:
            return _references(values)
        if node.shape is Shape.JSON and values[0] in _EMPTY and are_equal(values):
            text = None if values[0] is None else canonical_json(values[0])
            return Values([text] * len(values), are_plain=True)
        are_plain = not node.is_open and node.shape is not Shape.JSON
        return Values(values, are_plain=are_plain)

    def below(self, name: str) -> _Block | _Loose | None:
        """Return what a field holds; None if no row has it."""
        node, values = self.node.parts[name], self.fields[name]
        if node.decode is not None:
            pieces = _pieces(values)
            try:
                values = list(map(node.decode, pieces))
            except msgspec.ValidationError:
                values = list(map(orjson.loads, pieces))
        kinds = set(map(type, values))
        if kinds == {_ABSENT}:
            return None
        record = next((kind for kind in kinds if issubclass(kind, Record)), None)
        if record is None:
            return _Loose.of(values)
        if len(kinds) > 1:
            nothing = record()
            values = [v if type(v) is record else nothing for v in values]
        return _Block(values)


@dataclass(frozen=True, slots=True)
class _Loose:
    """What stands at one path in all rows, as dictionaries."""

    blocks: list[Object]

    @classmethod
    def of(cls, values: Sequence[Any]) -> _Loose | None:
        blocks = _dictionaries(values)
        return cls(blocks) if any(blocks) else None

    def column(self, name: str) -> Values:
        return Values([block.get(name) for block in self.blocks])

    def below(self, name: str) -> _Loose | None:
        return self.of([block.get(name) for block in self.blocks])


def _dictionaries(values: Sequence[Any]) -> list[Object]:
    return [v if type(v) is dict else _NOTHING for v in values]


def _columns_of(blocks: list[Object]) -> dict[str, list[Any]]:
    keys = set().union(*blocks)
    return {str(key): [block.get(key) for block in blocks] for key in keys}


def _references(values: Sequence[Any]) -> Values:
    some = values[:1] if are_equal(values) else values
    if set(map(type, some)) <= {str, _ABSENT}:
        return Values(values, are_plain=True)
    return Values([_id(v) if isinstance(v, Record) else v for v in values])


def _id(record: Record) -> str | None:
    value = record.get("id")
    return None if value is None else canonical_json(value)


def _texts(node: Node, values: Sequence[Any]) -> list[bytes | None]:
    if are_equal(values):
        return node.write.texts(_pieces(values[:1])) * len(values)
    return node.write.texts(_pieces(values))


def _pieces(values: Sequence[Any]) -> list[bytes]:
    if set(map(type, values)) == {msgspec.Raw}:
        return list(map(bytes, values))
    # A nested list that had more is a dictionary by now, with the rest in it.
    return [bytes(v) if type(v) is msgspec.Raw else orjson.dumps(v) for v in values]
