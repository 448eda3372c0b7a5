"""From a list or a frame to a file, a few thousand rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard, cast

import pandas as pd
import pyarrow as pa

from stripe_nb.errors import ExportError
from stripe_nb.export.outlet import Outlet
from stripe_nb.export.registry import Options, Writer, writer_for
from stripe_nb.export.replacing import check_target, replacing, telling
from stripe_nb.export.spool import Spool
from stripe_nb.frames.build import to_frame
from stripe_nb.frames.chunk import chunk_of
from stripe_nb.frames.fetch import Pull
from stripe_nb.frames.layout import Layout, to_pandas
from stripe_nb.frames.selection import Selection

__all__ = ["Request", "write"]

_BATCH = 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be written, and how.

    Attributes
    ----------
    pull
        What a `Selection` takes beside the resource and the fields.
    """

    path: Path
    fields: Sequence[str] | None
    pull: Mapping[str, Any]
    neutralise_formulas: bool
    overwrite: bool
    progress: bool | None


def write(source: Any, request: Request) -> Path:
    """Write a resource's list, a frame or objects to a file."""
    writer, suffix = writer_for(request.path)
    options = Options(suffix, request.neutralise_formulas)
    target = check_target(request.path, overwrite=request.overwrite)
    if not _is_resource(source):
        table = _table_of(source, request)
        with replacing(target) as file:
            _write(file, writer, _slices(table), table.schema, options)
    else:
        asked = Selection(resource=source, fields=request.fields, **request.pull)
        pull = Pull(asked)
        with _spool(target) as spool:
            layout = _fill(spool, pull, request)
            schema = _with_attrs(layout, pull.attrs)
            tables = (layout.table(chunk) for chunk in spool.chunks())
            with replacing(target) as file:
                _write(file, writer, tables, schema, options)
    return request.path


def _is_resource(source: object) -> TypeGuard[str | type[Any]]:
    return isinstance(source, str | type)


def _spool(target: Path) -> Spool:
    with telling(target):
        return Spool(target.parent)


def _fill(spool: Spool, pull: Pull, request: Request) -> Layout:
    layout = Layout(pull.schema)
    for objects in pull.batches(progress=request.progress):
        chunk = chunk_of(objects, pull.schema)
        layout.see(chunk)
        with telling(request.path):
            spool.add(chunk)
    return layout


def _write(
    file: BinaryIO,
    writer: type[Writer],
    tables: Iterator[pa.Table],
    schema: pa.Schema,
    options: Options,
) -> None:
    outlet = Outlet(file)
    try:
        begun = writer(cast("BinaryIO", outlet), schema, options)
        with _finished(begun, outlet):
            for table in tables:
                begun.write(table)
            begun.close()
    except pa.ArrowException as error:
        raise ExportError(
            f"{options.suffix} can't hold these values ({error}); convert the column."
        ) from error


@contextmanager
def _finished(writer: Writer, outlet: Outlet) -> Iterator[None]:
    """Let a writer that fails come to its end without a trace."""
    try:
        yield
    except BaseException:
        outlet.shut()
        # The failure that led here is the one to tell.
        with suppress(Exception):
            writer.close()
        raise


def _with_attrs(layout: Layout, attrs: dict[Any, Any]) -> pa.Schema:
    """Return the schema with what pandas needs to give the same frame back."""
    empty = to_pandas(layout.empty())
    empty.attrs = attrs
    metadata = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    return layout.arrow_schema.with_metadata(
        {**metadata, b"PANDAS_ATTRS": json.dumps(attrs).encode()}
    )


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, len(table), _BATCH):
        yield table.slice(start, _BATCH)


def _frame_of(source: Any, request: Request) -> pd.DataFrame:
    if request.pull:
        raise ExportError(
            f"{', '.join(sorted(request.pull))} can't be applied to a DataFrame or "
            "to objects, which are read already; select the rows first."
        )
    if isinstance(source, pd.DataFrame):
        return source if request.fields is None else _selected(source, request.fields)
    if not isinstance(source, Iterable):
        raise ExportError(
            f"export can't write a {type(source).__name__}; give the name of a "
            'resource, such as "customers", a DataFrame, or Stripe objects.'
        )
    return to_frame(source, fields=request.fields)


def _table_of(source: Any, request: Request) -> pa.Table:
    frame = _frame_of(source, request)
    attrs: dict[Any, Any] = json.loads(json.dumps(dict(frame.attrs), default=str))
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.set_axis(frame.columns.map(str), axis=1)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ExportError(f"the frame has two columns {twice!r}; rename one.")
    frame.attrs = attrs
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ExportError(
            f"the frame has a column of mixed types ({error.args[-1]}); give it one."
        ) from error
    metadata = {**table.schema.metadata, b"PANDAS_ATTRS": json.dumps(attrs).encode()}
    return table.replace_schema_metadata(metadata)


def _selected(source: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in fields if name not in source]
    if missing:
        raise ExportError(f"the frame has no column {missing[0]!r}.")
    return source[list(fields)]
