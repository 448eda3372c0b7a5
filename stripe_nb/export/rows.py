"""What is written: tables of one schema, and how they came about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from stripe_nb.catalog import load
from stripe_nb.errors import ExportError, kind_of
from stripe_nb.frames.build import to_frame

__all__ = ["Rows", "rows_of", "schema_with"]

_BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Tables of one schema, to be read in turn.

    Attributes
    ----------
    schema
        With the frame's ``attrs`` in its metadata.
    tables
        Gives the tables; several times if wanted.
    resource
        What they hold, if that is known: ``"customer"``.
    certificate
        How they came about and whether they are all; None for rows at hand.
    """

    schema: pa.Schema
    tables: Callable[[], Iterator[pa.Table]]
    resource: str | None = None
    certificate: Mapping[str, Any] | None = None


def schema_with(schema: pa.Schema, attrs: Mapping[str, Any]) -> pa.Schema:
    """Return a schema that carries a frame's ``attrs`` in its metadata."""
    text = json.dumps(attrs).encode()
    return schema.with_metadata({**(schema.metadata or {}), b"PANDAS_ATTRS": text})


def rows_of(source: Any, fields: Sequence[str] | None) -> Rows:
    """Return the rows of a frame, or of objects at hand.

    Raises
    ------
    ExportError
        If it is neither, or a frame that no file can hold.
    """
    frame = _frame_of(source, fields)
    attrs: dict[str, Any] = json.loads(json.dumps(dict(frame.attrs), default=str))
    table = _table_of(frame, attrs)
    return Rows(table.schema, lambda: _slices(table), attrs.get("resource"))


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    # Without rows it still tells the categories that there could be.
    for start in range(0, max(1, len(table)), _BATCH):
        yield table.slice(start, _BATCH)


def _frame_of(source: Any, fields: Sequence[str] | None) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source if fields is None else _selected(source, fields)
    if not isinstance(source, Iterable) or isinstance(source, pd.Series | pd.Index):
        raise ExportError(
            f"export can't write {kind_of(source)}; give the name of a "
            'resource, such as "customers", a DataFrame, or Stripe objects.'
        )
    return to_frame(source, _resource_of_empty(source), fields=fields)


def _resource_of_empty(source: Any) -> str | None:
    """Return what a list without objects would hold.

    Raises
    ------
    ExportError
        If it is empty and doesn't tell.
    """
    page = _part(source, "data")
    found = source if page is None else page
    if not isinstance(found, Sequence) or len(found):
        return None
    url = _part(source, "url")
    if not isinstance(url, str):
        raise ExportError(
            "there are no objects here to tell the columns by; export the resource "
            'by its name, such as "customers", or to_frame([], "customer").'
        )
    match = load().match("GET", url)
    return match[0].returns if match else None


def _part(source: Any, name: str) -> Any:
    if isinstance(source, Mapping):
        return source.get(name)
    return getattr(source, name, None)


def _table_of(frame: pd.DataFrame, attrs: dict[Any, Any]) -> pa.Table:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.set_axis(list(map(_column_name, frame.columns)), axis=1)
    if frame.columns.empty:
        raise ExportError("the frame has no columns; give one that has some.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ExportError(f"the frame has two columns {twice!r}; rename one.")
    frame.attrs = attrs
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except OverflowError as error:
        raise ExportError(
            "the frame has a column of integers beyond 64 bits; make them Decimal or "
            "text."
        ) from error
    except UnicodeEncodeError as error:
        raise ExportError(
            f"the frame has a text that is no Unicode ({error.reason}); mend it first."
        ) from error
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ExportError(
            f"the frame has a column of mixed types, or of one that files don't have "
            f"({str(error.args[-1]).rstrip('.')}); give it another."
        ) from error
    return table.replace_schema_metadata(schema_with(table.schema, attrs).metadata)


def _column_name(name: object) -> str:
    """Name a column of several levels, as a pivot has them, by all of them."""
    if not isinstance(name, tuple):
        return str(name)
    return "_".join(str(part) for part in name if part != "")


def _selected(source: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in fields if name not in source]
    if missing:
        raise ExportError(f"the frame has no column {missing[0]!r}.")
    return source[list(fields)]
