"""What lies nested in objects or in a frame's JSON columns, as frames of its own.

``explode`` gives the items of a nested list a row each; ``normalize`` gives the
fields of nested objects a column each. Types come from the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.errors import FrameError
from stripe_nb.frames.build import Builder, to_frame
from stripe_nb.frames.layout import in_backend
from stripe_nb.frames.objects import Object, plain, resource_of
from stripe_nb.frames.schema import Path, field_at, near, schema_of, schema_of_paths

__all__ = ["explode", "items_of", "normalize"]


def explode(
    source: pd.DataFrame | Iterable[Any],
    column: str,
    *,
    fields: Sequence[str] | None = None,
    resource: str | None = None,
) -> pd.DataFrame:
    """Give each item of a nested list a row of its own.

    Parameters
    ----------
    source
        A frame of one resource, or its objects as `to_frame` takes them.
    column
        The list's field, for example ``"lines"`` of invoices or ``"items"`` of
        subscriptions; dotted where it lies deeper.
    fields
        Only these columns of the items.
    resource
        The rows' own, if they don't tell it.

    Returns
    -------
    DataFrame
        One row per item, in the order of the rows. The first column is named
        after the parent's resource and holds its id, so that the two merge.

    Raises
    ------
    FrameError
        If there is no such list.

    Examples
    --------
    >>> line = {"id": "il_1", "object": "line_item", "amount": 500}
    >>> invoice = {"id": "in_1", "object": "invoice", "lines": {"data": [line]}}
    >>> explode([invoice], "lines", fields=["id", "amount"])
      invoice    id  amount
    0    in_1  il_1     500
    """
    resource, objects = _objects(source, column, resource)
    item = _item_type(resource, tuple(column.split(".")))
    parents, items = [], []
    for value in objects:
        for nested in items_of(value, column):
            parents.append(value.get("id"))
            items.append(nested)
    found = _frame_of(items, item, fields)
    key = resource.replace(".", "_")
    ids = pd.Series(parents, dtype=pd.StringDtype("pyarrow", na_value=pd.NA))
    if key in found:
        del found[key]
    found.insert(0, key, ids)
    return found


def items_of(value: Object, column: str) -> list[Any]:
    """Return the items of an object's nested list; none if it has no such list."""
    nested: Any = value
    for name in column.split("."):
        nested = nested.get(name) if isinstance(nested, dict) else None
    if isinstance(nested, dict):
        nested = nested.get("data")
    return nested if isinstance(nested, list) else []


def normalize(
    source: pd.DataFrame | Iterable[Any],
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Give each field of nested objects a column of its own, at any depth.

    Lists stay JSON text: see `explode`.

    Parameters
    ----------
    source
        A frame of one resource, or its objects as `to_frame` takes them.
    columns
        Only in these fields; in all if not given.

    Returns
    -------
    DataFrame
        The rows as they were; the columns that were flattened make room for
        those of their fields, named after the path to each. What the frame has a
        column of already, such as a charge's card, stays where it is; a name that
        stands for something else there gets two underscores.

    Raises
    ------
    FrameError
        If the frame has no such column, or no name is left for one.

    Examples
    --------
    >>> card = {"checks": {"cvc_check": "pass"}}
    >>> method = {"id": "pm_1", "object": "payment_method", "card": card}
    >>> normalize([method], ["card"])["card_checks_cvc_check"].tolist()
    ['pass']
    """
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(source, pd.DataFrame):
        return _normalized(source, columns)
    objects, _ = plain(source)
    fields = load().resource(resource_of(objects)).fields
    names = dict.fromkeys(key for row in objects for key in row)
    chosen = list(names) if columns is None else list(columns)
    whole = [(name,) for name in names if name not in chosen]
    return _typed(objects, [*whole, *_paths(objects, chosen)], fields)


def _normalized(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    roots = _fields_of(frame)
    result = frame.copy(deep=False)
    for name in _json_columns(frame) if columns is None else columns:
        if name not in frame:
            raise FrameError(
                f"the frame has no column {name!r}{near(name, map(str, frame))}"
            )
        rows = [{name: _decoded(text)} for text in frame[name]]
        paths = _paths(rows, [name])
        nested = _typed(rows, paths, roots).set_axis(frame.index)
        if isinstance(frame[name].dtype, pd.ArrowDtype):
            nested = in_backend(nested, "pyarrow")
        place = result.columns.tolist().index(name)
        result = result.drop(columns=name)
        for path, (key, values) in zip(paths, nested.items(), strict=True):
            chosen = _free_name(result, str(key), path, values)
            if chosen is not None:
                result.insert(place, chosen, values)
                place += 1
    return result


def _free_name(
    frame: pd.DataFrame, name: str, path: Path, values: pd.Series[Any]
) -> str | None:
    """Return a name for a column; none if the frame has the column already.

    As with a charge's card, whose fields `frame` flattens beside the whole.
    """
    for chosen in (name, "__".join(path)):
        if chosen not in frame:
            return chosen
        if _objects_of(frame[chosen]) == _objects_of(values):
            return None
    raise FrameError(
        f"the frame has columns {name!r} and {'__'.join(path)!r} already, with other "
        f"values than {'.'.join(path)!r}; rename them first."
    )


def _objects_of(values: pd.Series[Any]) -> list[Any]:
    return [
        None if missing else v for v, missing in zip(values, values.isna(), strict=True)
    ]


def _fields_of(frame: pd.DataFrame) -> dict[str, Field]:
    """Return what the catalog says of each column."""
    resource = frame.attrs.get("resource")
    if not isinstance(resource, str):
        return {}
    spec = load().resource(resource)
    known = ((c.name, field_at(spec, c.path)) for c in schema_of(resource).columns)
    return {name: item for name, item in known if item is not None}


def _json_columns(frame: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name, values in frame.items()
        if _is_text(values.dtype) and values.dropna().str.startswith("{").any()
    ]


def _is_text(dtype: Any) -> bool:
    if isinstance(dtype, pd.ArrowDtype):
        return bool(pa.types.is_string(dtype.pyarrow_dtype))
    return isinstance(dtype, pd.StringDtype)


def _decoded(text: Any) -> Any:
    return orjson.loads(text) if isinstance(text, str) and text[:1] in "{[" else None


def _paths(rows: Sequence[Object], names: Sequence[str]) -> list[Path]:
    """Return the paths under some fields that lead to no further object."""
    found = dict.fromkeys(
        path for name in names for row in rows for path in _below(row, name)
    )
    blocks = {path[:depth] for path in found for depth in range(1, len(path))}
    return [path for path in found if path not in blocks]


def _below(row: Object, name: str, above: Path = ()) -> Iterator[Path]:
    value, path = row.get(name), (*above, name)
    if not isinstance(value, dict) or not value:
        yield path
        return
    for key in value:
        yield from _below(value, key, path)


def _typed(
    rows: list[Object], paths: Iterable[Path], roots: Mapping[str, Field]
) -> pd.DataFrame:
    builder = Builder(schema_of_paths(paths, roots))
    builder.add(rows)
    return builder.frame()


def _objects(
    source: Any, column: str, resource: str | None
) -> tuple[str, list[Object]]:
    """Return the resource and the rows, with the column as an object holds it."""
    if not isinstance(source, pd.DataFrame):
        objects, _ = plain(source)
        return resource or resource_of(objects), objects
    resource = resource or source.attrs.get("resource")
    if not isinstance(resource, str):
        raise FrameError(
            "the frame doesn't tell its resource (frame.attrs), as one that frame or "
            "to_frame has built does; give the objects themselves."
        )
    name = column.replace(".", "_")
    if name not in source:
        raise FrameError(
            f"the frame has no column {name!r}{near(name, map(str, source))}"
        )
    ids = source["id"] if "id" in source else [None] * len(source)
    path = column.split(".")
    return resource, [
        {"id": id_, **_nested(path, _decoded(text))}
        for id_, text in zip(ids, source[name], strict=True)
    ]


def _nested(path: Sequence[str], value: Any) -> Object:
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def _item_type(resource: str, path: Path) -> Type:
    """Return what the list at a path holds."""
    fields = load().resource(resource).fields
    found: Field | None = None
    for name in path:
        found = fields.get(name)
        if found is None:
            raise FrameError(f"{resource} has no field {name!r}{near(name, fields)}")
        fields = found.type.fields
    if found is None or found.type.item is None or found.type.kind is Kind.MAP:
        lists = sorted(n for n, f in fields.items() if f.type.item is not None)
        raise FrameError(
            f"{resource}.{'.'.join(path)} is no list to explode"
            + (f"; it has {', '.join(lists)}." if lists else ".")
        )
    return found.type.item


def _frame_of(
    items: list[Any], kind: Type, fields: Sequence[str] | None
) -> pd.DataFrame:
    if kind.kind is Kind.RESOURCE and len(kind.resources) == 1:
        return to_frame(items, kind.resources[0], fields=fields)
    rows = [{"item": item} for item in items]
    known = [("item", name) for name in kind.fields]
    paths = dict.fromkeys([*known, *_paths(rows, ["item"])])
    blocks = {path[:depth] for path in paths for depth in range(1, len(path))}
    found = _typed(
        rows, [p for p in paths if p not in blocks], {"item": Field("item", kind)}
    )
    found.columns = pd.Index([str(n).removeprefix("item_") for n in found.columns])
    if fields is None:
        return found
    fields = [fields] if isinstance(fields, str) else list(fields)
    for name in fields:
        if name not in found:
            hint = near(name, map(str, found))
            raise FrameError(f"the items of the list have no field {name!r}{hint}")
    return found[fields]
