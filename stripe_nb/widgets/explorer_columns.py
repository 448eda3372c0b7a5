"""A frame's main columns, packed small for a table in the page.

A column is a list of plain values; text that repeats is sent once, as codes
into its values. All columns together are one gzipped JSON text, which a browser
unpacks faster than it would read fifty thousand rows from anything else.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import orjson
import pandas as pd

from stripe_nb.errors import WidgetError
from stripe_nb.frames import to_frame
from stripe_nb.frames.objects import Object
from stripe_nb.money import MoneyError, exponent
from stripe_nb.widgets.presentation import headline, mood

__all__ = ["chosen", "packed", "preview", "renewed", "row_of"]

_COLUMNS = 8
# Of text that repeats more than this, each value is sent once.
_REPEATS = 0.5


def chosen(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    """Return the columns to show: the id and what says most, or those asked for.

    Parameters
    ----------
    frame
        From ``frame`` or ``to_frame``.
    columns
        Names of its columns; None for the usual ones.
    """
    if columns is not None:
        unknown = [name for name in columns if name not in frame]
        if unknown:
            raise WidgetError(f"The frame has no column {unknown[0]!r}.")
        names = list(columns)
    else:
        usual = headline(str(frame.attrs.get("resource")))
        names = [name for name in usual if name in frame]
        # What is not a resource of the catalog shows what it has.
        names = names or [str(name) for name in frame.columns[:_COLUMNS]]
    return list(dict.fromkeys(["id", *names])) if "id" in frame else names


def packed(frame: pd.DataFrame, names: Sequence[str]) -> bytes:
    """Return the columns as gzipped JSON: one object per column, in order."""
    amounts = frame.attrs.get("amounts", {})
    columns = [_column(frame, name, amounts.get(name)) for name in names]
    raw = orjson.dumps(columns, option=orjson.OPT_SERIALIZE_NUMPY)
    # A fixed time, so that the same frame gives the same bytes.
    return gzip.compress(raw, compresslevel=1, mtime=0)


def _column(frame: pd.DataFrame, name: str, currency: str | None) -> dict[str, Any]:
    series = frame[name]
    told: dict[str, Any] = {"name": name}
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        seconds = series.astype("int64") // 1_000_000
        return told | {"kind": "time", "data": _plain(seconds.where(series.notna()))}
    if pd.api.types.is_bool_dtype(series.dtype):
        return told | {"kind": "yes", "data": _plain(series)}
    if pd.api.types.is_numeric_dtype(series.dtype):
        if currency and currency in frame:
            by = _coded(frame[currency])
            told |= {"kind": "money", "by": by, "decimals": _decimals(by["values"])}
        return {"kind": "number"} | told | {"data": _plain(series)}
    if isinstance(series.dtype, pd.CategoricalDtype) or _repeats(series):
        coded = _coded(series)
        moods = [mood(value) for value in coded["values"]] if name == "status" else None
        return told | {"kind": "coded", "moods": moods} | coded
    return told | {"kind": "text", "data": _plain(series.astype("string"))}


def _plain(series: pd.Series[Any]) -> list[Any]:
    return series.astype(object).where(series.notna(), None).tolist()


def _repeats(series: pd.Series[Any]) -> bool:
    return series.nunique() < len(series) * _REPEATS


def _coded(series: pd.Series[Any]) -> dict[str, Any]:
    codes, values = pd.factorize(series)
    return {"values": [str(value) for value in values], "codes": codes.tolist()}


def _decimals(currencies: Sequence[str]) -> list[int]:
    return [_exponent(each) for each in currencies]


def _exponent(currency: str) -> int:
    try:
        return exponent(currency)
    except MoneyError:
        # Newer than our table: in minor units it is true.
        return 0


def renewed(frame: pd.DataFrame, obj: Object) -> pd.DataFrame:
    """Return a frame in which an object's row is as the object is now.

    Parameters
    ----------
    frame
        All rows, with their ids; it stays as it is.
    obj
        As Stripe returned it.

    Examples
    --------
    >>> before = to_frame([{"object": "coupon", "id": "c_1", "valid": True}])
    >>> now = {"object": "coupon", "id": "c_1", "valid": False}
    >>> renewed(before, now)["valid"].tolist()
    [False]
    """
    is_it = frame["id"] == obj["id"]
    fresh = to_frame([obj])
    after = frame.copy()
    for name in fresh.columns.intersection(frame.columns):
        value, column = fresh[name].iloc[0], after[name]
        if not _is_alike(column.dtype, fresh[name].dtype):
            # Its owner has made something else of it.
            continue
        # A state that no row had before is no category yet.
        if isinstance(column.dtype, pd.CategoricalDtype) and pd.notna(value):
            column = column.cat.set_categories(
                column.cat.categories.union([value], sort=False)
            )
        column.loc[is_it] = value
        after[name] = column
    return after


def _is_alike(one: Any, other: Any) -> bool:
    both = all(isinstance(each, pd.CategoricalDtype) for each in (one, other))
    return both or bool(one == other)


def row_of(frame: pd.DataFrame, object_id: str, names: Sequence[str]) -> list[Any]:
    """Return an object's values as `packed` would send them, but money as text.

    Parameters
    ----------
    frame
        All rows.
    object_id
        The object's id.
    names
        The columns.
    """
    row = frame[frame["id"] == object_id].head(1)
    amounts = frame.attrs.get("amounts", {})
    return [_single(row, name, amounts.get(name)) for name in names]


def _single(row: pd.DataFrame, name: str, currency: str | None) -> Any:
    column = _column(row, name, currency)
    if column["kind"] == "money":
        (record,) = row.to_dict("records")
        return _text(record, name, currency)
    if column["kind"] == "coded":
        return next(iter(column["values"]), None)
    return column["data"][0]


def preview(frame: pd.DataFrame, names: Sequence[str], rows: int) -> list[list[str]]:
    """Return the first rows as text, for where no widget can be."""
    first = frame[list(names)].head(rows)
    amounts = frame.attrs.get("amounts", {})
    records = frame.head(rows).to_dict("records")
    return [
        [_text(record, str(name), amounts.get(name)) for name in first.columns]
        for record in records
    ]


def _text(record: Any, name: str, currency: str | None) -> str:
    value = record[name]
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    code = record.get(currency) if currency else None
    if isinstance(code, str) and isinstance(value, int):
        places = _exponent(code)
        whole = f"{value / 10**places:.{places}f}"
        return f"{whole} {code.upper()}"
    return str(value)
