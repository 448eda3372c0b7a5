"""Values as text, where a target has no such type: the same in all of them.

======================  ============================================================
times                   ISO 8601 in UTC, ``2026-01-15T00:00:00Z``
times of the day        ISO 8601, ``12:30:00``
durations               ISO 8601 as pandas reads it, ``P1DT2H0M0S``
decimals                all digits, and no zeros that only the dtype adds
bytes                   base64
lists, objects          JSON with sorted keys and without spaces
periods, ids and more   as pandas or Python writes them, ``2026-01``
======================  ============================================================
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stripe_nb.errors import ExportError
from stripe_nb.frames.objects import canonical_json

__all__ = [
    "check_finite",
    "decoded",
    "in_json",
    "is_odd",
    "iso_times",
    "plain",
    "written",
]

_SECONDS = pa.timestamp("s")


def plain(value: Decimal) -> str:
    """Write a decimal without the zeros that only its dtype adds.

    Examples
    --------
    >>> plain(Decimal("12.5000")), plain(Decimal("1E+3"))
    ('12.5', '1000')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso_times(values: Any) -> Any:
    """Write a column of times as ISO 8601, with a fraction only where there is one.

    Examples
    --------
    >>> times = pa.array([0, 1_500_000], pa.timestamp("us", "Europe/Zurich"))
    >>> iso_times(times).to_pylist()
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z']
    """
    zone = "Z" if values.type.tz else ""
    # Without their zone, of which what is kept is UTC, times are written in a tenth
    # of the time, and in half of that where they are whole seconds.
    times = pc.cast(values, pa.timestamp(values.type.unit))
    with suppress(pa.ArrowInvalid):
        times = pc.cast(times, _SECONDS)
    texts = pc.cast(times, pa.string())
    texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    if times.type != _SECONDS:
        texts = pc.replace_substring_regex(texts, pattern=r"\.0+$", replacement="")
    return pc.binary_join_element_wise(texts, zone, "")


def is_odd(kind: pa.DataType) -> bool:
    """Tell whether a type is one that few targets have, beside Arrow's own."""
    return isinstance(kind, pa.BaseExtensionType) or any(
        holds(kind) for holds, _ in _ODD
    )


def decoded(values: Any) -> Any:
    """Return a column with its categories in the place of their numbers."""
    kind = values.type
    if not pa.types.is_dictionary(kind):
        return values
    # A cast has no way to categories such as pandas.cut's intervals.
    if isinstance(values, pa.DictionaryArray):
        return values.dictionary_decode()
    chunks = [chunk.dictionary_decode() for chunk in values.chunks]
    return pa.chunked_array(chunks, kind.value_type)


def written(values: Any) -> Any:
    """Write a column as text if it is of a type that plain text has no form for.

    Numbers, truths, days and texts stay as they are.

    Examples
    --------
    >>> written(pa.chunked_array([pa.array([timedelta(hours=26), None])])).to_pylist()
    ['P1DT2H0M0S', None]
    >>> written(pa.chunked_array([[1, 2]])).to_pylist()
    [1, 2]
    """
    values = decoded(values)
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        # As pandas has them: Arrow knows but what they are stored as.
        held = zip(values.is_valid().to_pylist(), values.to_pandas(), strict=True)
        return _texts(str(value) if is_there else None for is_there, value in held)
    if pa.types.is_timestamp(kind):
        return iso_times(values)
    for holds, write in (*_ODD, (pa.types.is_decimal, plain)):
        if holds(kind):
            return _texts(v if v is None else write(v) for v in values.to_pylist())
    return values


def check_finite(values: Any, name: str, where: str) -> None:
    """Refuse a column with numbers that JSON lacks, which would be null in it.

    Raises
    ------
    ExportError
        Says which column has one.
    """
    if _has_infinite(values):
        raise ExportError(
            f"{where} has no number such as NaN or infinity, and column {name!r} holds "
            "one; put None or a text in its place, or write .csv or .parquet."
        )


def _has_infinite(values: Any) -> bool:
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return False
    if pa.types.is_floating(kind):
        found: bool | None = pc.any(pc.invert(pc.is_finite(values))).as_py()
        return found is True
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    if pa.types.is_struct(kind):
        return any(_has_infinite(each) for chunk in chunks for each in chunk.flatten())
    if pa.types.is_nested(kind) and not pa.types.is_union(kind):
        return any(_has_infinite(chunk.flatten()) for chunk in chunks)
    return False


def in_json(value: Any) -> Any:
    """Return what stands in JSON for a value that it has no type for."""
    for kind, write in _IN_JSON.items():
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _texts(texts: Iterator[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.string())])


def _duration(value: timedelta) -> str:
    # Others write a negative one in forms that pandas reads as another.
    return pd.Timedelta(value).isoformat()


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def _is_bytes(kind: pa.DataType) -> bool:
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(holds(kind) for holds in kinds)


# test of an Arrow type, how its values are written
_ODD: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], str]], ...] = (
    (pa.types.is_duration, _duration),
    (pa.types.is_time, lambda value: str(value.isoformat())),
    (_is_bytes, _base64),
    (pa.types.is_nested, canonical_json),
)
_IN_JSON: dict[type, Callable[[Any], str]] = {
    timedelta: _duration,
    bytes: _base64,
    Decimal: plain,
}
