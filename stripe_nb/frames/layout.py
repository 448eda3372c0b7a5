"""Chunks brought into one table: the columns, their order and their dtypes.

What only values tell (metadata keys, unknown fields and categories) is
gathered while chunks arrive, so that rows can be written one chunk at a time
once the last has been seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stripe_nb.errors import FrameError
from stripe_nb.frames.chunk import Chunk
from stripe_nb.frames.schema import Column, Schema, Shape
from stripe_nb.frames.values import ARROW_TYPES

__all__ = ["DtypeBackend", "Layout", "check_backend", "in_backend", "to_pandas"]

DtypeBackend = Literal["numpy_nullable", "pyarrow"]

_STRING = pd.StringDtype("pyarrow", na_value=pd.NA)
_DTYPES: dict[pa.DataType, Any] = {
    pa.string(): _STRING,
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.timestamp("us", "UTC"): pd.DatetimeTZDtype("us", "UTC"),
}


def check_backend(dtype_backend: object) -> None:
    """Refuse a backend that pandas doesn't have.

    Raises
    ------
    FrameError
        Says which there are.
    """
    known = get_args(DtypeBackend)
    if dtype_backend not in known:
        raise FrameError(
            f"dtype_backend={dtype_backend!r} is none; give {' or '.join(known)}."
        )


class Layout:
    """What a table of a schema's rows looks like, as far as seen.

    Parameters
    ----------
    schema
        The columns that are there whatever the rows.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._metadata: set[str] = set()
        self._extras: dict[str, pa.DataType] = {}
        self._values = {
            column.name: tuple(column.values)
            for column in schema.columns
            if column.shape is Shape.CATEGORY
        }
        self._others: dict[str, set[str]] = {name: set() for name in self._values}

    def see(self, chunk: Chunk) -> None:
        """Learn what a chunk adds to the columns."""
        self._metadata.update(chunk.metadata)
        for name, values in chunk.extras.items():
            self._extras.setdefault(name, values.type)
        for name, others in self._others.items():
            others.update(pc.unique(chunk.columns[name]).to_pylist())

    @property
    def arrow_schema(self) -> pa.Schema:
        """The table's columns in order."""
        fields: list[pa.Field] = []
        chosen = {column.name for column in self._schema.columns}
        keys = [k for k in sorted(self._metadata) if f"metadata_{k}" not in chosen]
        for column in self._schema.columns:
            if column.shape is Shape.METADATA:
                fields += [pa.field(f"metadata_{key}", pa.string()) for key in keys]
            else:
                fields.append(pa.field(column.name, self._type(column)))
        fields += [pa.field(name, kind) for name, kind in sorted(self._extras.items())]
        return pa.schema(fields)

    def _type(self, column: Column) -> pa.DataType:
        if column.shape is Shape.CATEGORY:
            return pa.dictionary(pa.int32(), pa.string())
        return ARROW_TYPES[column.shape]

    def table(self, chunk: Chunk) -> pa.Table:
        """Give a chunk all the columns that the whole has."""
        return self.whole([chunk])

    def empty(self) -> pa.Table:
        """Return the table without rows; its categories are complete."""
        return self.whole([])

    def whole(self, chunks: Iterable[Chunk]) -> pa.Table:
        """Return the chunks, all seen before, as one table."""
        parts = [(_arrays(chunk), chunk.rows) for chunk in chunks]
        schema = self.arrow_schema
        columns = [self._column(item, parts) for item in schema]
        if not columns:
            # A table that has no column tells its rows only as one that had some.
            return pa.table({"": pa.nulls(sum(rows for _, rows in parts))}).select([])
        return pa.Table.from_arrays(columns, schema=schema)

    def _column(
        self, item: pa.Field, parts: Sequence[tuple[dict[str, pa.Array], int]]
    ) -> pa.ChunkedArray:
        is_category = item.name in self._values
        kind = pa.string() if is_category else item.type
        arrays = [
            arrays[item.name] if item.name in arrays else pa.nulls(rows, kind)
            for arrays, rows in parts
        ]
        values = pa.chunked_array(arrays, kind)
        if not is_category:
            return values
        categories = pa.array(self._categories(item.name), pa.string())
        indices = pc.index_in(values, value_set=categories, skip_nulls=True)
        codes = indices.combine_chunks()
        return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, categories)])

    def _categories(self, name: str) -> list[str]:
        known = self._values[name]
        # Sorted, so that the order in which rows came doesn't show in the dtype.
        return [*known, *sorted(self._others[name].difference(known, (None,)))]


def _arrays(chunk: Chunk) -> dict[str, pa.Array]:
    """Return a chunk's columns by the names that they have in a table."""
    metadata = {f"metadata_{key}": v for key, v in chunk.metadata.items()}
    return {**chunk.extras, **metadata, **chunk.columns}


def to_pandas(
    table: pa.Table, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """Return a table as a frame, each type with its one nullable dtype.

    Parameters
    ----------
    dtype_backend
        ``"pyarrow"`` for Arrow's own types; categories are text there.
    """
    series = _series if dtype_backend == "numpy_nullable" else _arrow_series
    columns = {name: series(table[name]) for name in table.column_names}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)), copy=False)


def in_backend(frame: pd.DataFrame, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Return a frame of nullable dtypes with those of a backend: see `to_pandas`."""
    if dtype_backend == "numpy_nullable":
        return frame
    kinds = {dtype: kind for kind, dtype in _DTYPES.items()}
    found = {
        name: pd.ArrowDtype(kinds.get(dtype, pa.string()))
        for name, dtype in frame.dtypes.items()
        if not isinstance(dtype, pd.ArrowDtype)
    }
    return frame.astype(found)


def _series(values: pa.ChunkedArray) -> Any:
    if pa.types.is_dictionary(values.type):
        return _categorical(values)
    dtype: Any = _DTYPES.get(values.type) or pd.ArrowDtype(values.type)
    if dtype is not _STRING:
        # pandas would turn each chunk by itself, and there are many; of texts it
        # takes them as they are.
        values = values.combine_chunks()
    return dtype.__from_arrow__(values)


def _arrow_series(values: pa.ChunkedArray) -> Any:
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    dtype: Any = pd.ArrowDtype(values.type)
    return dtype.__from_arrow__(values)


def _categorical(values: pa.ChunkedArray) -> pd.Categorical:
    # All chunks have the same categories; a table has one chunk at least.
    dtype = _category_dtype(tuple(values.chunk(0).dictionary.to_pylist()))
    codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in values.chunks]
    return pd.Categorical.from_codes(
        np.concatenate(codes),
        dtype=dtype,
        validate=False,
    )


@lru_cache(maxsize=256)
def _category_dtype(categories: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(pd.Index(categories, dtype="str"))
