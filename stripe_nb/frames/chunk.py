"""Some rows as typed columns, still without the other rows' knowledge.

A chunk has the schema's columns, and what only values can tell: the keys of
the metadata, and fields that the catalog doesn't know yet. `layout` brings
chunks together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stripe_nb.errors import FrameError
from stripe_nb.frames.objects import Object
from stripe_nb.frames.schema import Path, Schema, Shape
from stripe_nb.frames.values import array_of

__all__ = ["Chunk", "chunk_of"]

_NOTHING: Object = {}


@dataclass(slots=True)
class Chunk:
    """Typed columns of equal length.

    Attributes
    ----------
    columns
        By name, those of the schema.
    metadata
        By key.
    extras
        By name, in no order: fields that the catalog doesn't know.
    """

    rows: int
    columns: dict[str, pa.Array] = field(default_factory=dict)
    metadata: dict[str, pa.Array] = field(default_factory=dict)
    extras: dict[str, pa.Array] = field(default_factory=dict)


def chunk_of(objects: list[Object], schema: Schema) -> Chunk:
    """Turn objects into typed columns.

    Raises
    ------
    FrameError
        If an object is of another kind, or a value can't be held in its column
        without loss.
    """
    _check_kind(objects, schema.resource)
    chunk = Chunk(len(objects))
    blocks = _Blocks(objects)
    for column in schema.columns:
        holder = blocks.at(column.path[:-1])
        key = column.path[-1]
        if column.shape is Shape.METADATA:
            chunk.metadata = _metadata(blocks.at(column.path))
        else:
            values = [block.get(key) for block in holder] if holder else []
            chunk.columns[column.name] = (
                array_of(values, column.shape, column.name)
                if holder
                else array_of([None] * chunk.rows, column.shape, column.name)
            )
    for path, known in schema.known.items():
        chunk.extras.update(_extras(blocks, path, known, chunk.columns))
    return chunk


def _check_kind(objects: list[Object], resource: str) -> None:
    kinds = {value.get("object") for value in objects} - {None, resource}
    if resource and kinds:
        raise FrameError(
            f"a frame of {resource} can't hold {' and '.join(sorted(map(str, kinds)))}"
            "; make one frame of each kind."
        )


class _Blocks:
    """The nested objects at each path, one per row, found once."""

    def __init__(self, objects: list[Object]) -> None:
        self._found: dict[Path, list[Object]] = {(): objects}

    def at(self, path: Path) -> list[Object]:
        """Return one dictionary per row; an empty list if no row has one."""
        if path not in self._found:
            above = self.at(path[:-1])
            values = [block.get(path[-1]) for block in above]
            blocks = [v if type(v) is dict else _NOTHING for v in values]
            self._found[path] = blocks if any(blocks) else []
        return self._found[path]

    def odd(self, path: Path) -> list[Any]:
        """Return what stands where an object was expected, None elsewhere."""
        values = [block.get(path[-1]) for block in self.at(path[:-1])]
        if set(map(type, values)) <= {dict, type(None)}:
            return []
        return [None if type(v) is dict else v for v in values]


def _keys(blocks: Iterable[Object]) -> set[Any]:
    return set().union(*blocks)


def _metadata(blocks: list[Object]) -> dict[str, pa.Array]:
    return {
        str(key): array_of([b.get(key) for b in blocks], Shape.TEXT, f"metadata_{key}")
        for key in _keys(blocks)
    }


def _extras(
    blocks: _Blocks, path: Path, known: frozenset[str], taken: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """Return the columns of fields that the catalog doesn't know."""
    found: dict[str, pa.Array] = {}
    rows = blocks.at(path)
    unknown = _keys(rows) - known
    if path and (odd := blocks.odd(path)):
        found["_".join(path)] = array_of(odd, Shape.JSON, "_".join(path))
    if not path and any("deleted" in row for row in rows):
        # The SDK knows it, yet only an object that is gone has it.
        unknown.add("deleted")
    for key in unknown:
        shape = Shape.BOOLEAN if (*path, key) == ("deleted",) else Shape.TEXT
        name = "_".join((*path, str(key)))
        if name in taken or name.startswith("metadata_"):
            name = f"{name}__"
        values = array_of([row.get(key) for row in rows], shape, name)
        # Keys that are always null say nothing and would come and go.
        if values.null_count < len(values):
            found[name] = values
    return found
