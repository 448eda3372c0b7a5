"""One column's values, from JSON's types to an Arrow array of a declared type.

Each shape first tries the types that Stripe documents, in bulk; only a column
that holds others is converted value by value, and refused if that would lose
anything. Nothing is ever inferred from the values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from stripe_nb.errors import FrameError, kind_of
from stripe_nb.frames.objects import canonical_json
from stripe_nb.frames.schema import Shape
from stripe_nb.redaction import redact_tokens

__all__ = ["ARROW_TYPES", "are_equal", "array_of"]

# Stripe: decimals have up to twelve places.
_DECIMAL = pa.decimal128(38, 12)
_SECONDS, _MICROSECONDS = pa.timestamp("s", "UTC"), pa.timestamp("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ARROW_TYPES: dict[Shape, pa.DataType] = {
    Shape.TEXT: pa.string(),
    Shape.INTEGER: pa.int64(),
    Shape.FLOAT: pa.float64(),
    Shape.DECIMAL: _DECIMAL,
    Shape.BOOLEAN: pa.bool_(),
    Shape.TIMESTAMP: _MICROSECONDS,
    Shape.CATEGORY: pa.string(),
    Shape.JSON: pa.string(),
    Shape.REFERENCE: pa.string(),
}

_ABSENT = type(None)
_NOTHING = frozenset({_ABSENT})
# In the names of fields that hold one, and in the middle of each client secret.
_SECRET = "secret"  # noqa: S105 - a name
_tells = re.compile(_SECRET.encode()).search

# What needs no second look, since it was decoded as such.
_PLAIN: dict[Shape, AbstractSet[type]] = {
    Shape.TEXT: {str},
    Shape.INTEGER: {int},
    Shape.FLOAT: {float},
    Shape.DECIMAL: {str},
    Shape.BOOLEAN: {bool},
    Shape.TIMESTAMP: {int},
    Shape.CATEGORY: {str},
    Shape.JSON: {str},
    Shape.REFERENCE: {str},
}


def array_of(
    values: Sequence[Any], shape: Shape, name: str, *, are_plain: bool = False
) -> pa.Array:
    """Return a column's values in its declared type.

    Parameters
    ----------
    values
        One per row; None where there is none.
    name
        The column's, for an error.
    are_plain
        Whether all are known to be of the types that JSON has for the shape.

    Raises
    ------
    FrameError
        If a value can't be held without loss.
    """
    if are_plain and len(values) > 1 and are_equal(values):
        one = array_of(values[:1], shape, name, are_plain=True)
        return pa.repeat(one[0], len(values))
    kinds = _PLAIN[shape] if are_plain else set(map(type, values))
    if not kinds - _NOTHING:
        return pa.nulls(len(values), ARROW_TYPES[shape])
    try:
        array = _BUILDERS[shape](values, kinds)
    except (ValueError, TypeError, ArithmeticError, pa.ArrowException) as error:
        raise FrameError(_misfit(values, shape, name)) from error
    may_tell = shape is Shape.JSON or (shape is Shape.TEXT and _SECRET in name)
    return _without_secrets(array) if may_tell else array


def are_equal(values: Sequence[Any]) -> bool:
    """Tell whether all values, of which there is one at least, are equal."""
    # Counting is quick where they are, and so is the look at both ends where not.
    return values[0] == values[-1] and values.count(values[0]) == len(values)


def _without_secrets(texts: pa.Array) -> pa.Array:
    """Mask client secrets: frames are shown, stored and handed on.

    Who has one can pay with it in the customer's place, and Stripe asks that it
    be neither logged nor stored.
    """
    data = texts.buffers()[2]
    # Most have none, which the bytes as a whole tell soonest.
    if data is None or not _tells(data):
        return texts
    return pa.array(
        [text and redact_tokens(text) for text in texts.to_pylist()], texts.type
    )


def _misfit(values: Sequence[Any], shape: Shape, name: str) -> str:
    for value in values:
        try:
            _BUILDERS[shape]([value], {type(value)})
        except (ValueError, TypeError, ArithmeticError, pa.ArrowException):
            return (
                f"column {name!r} is documented as {shape.value} and holds "
                f"{_short(value)}; leave it out with fields= if the API has changed."
            )
    return f"column {name!r} doesn't fit into {shape.value}."


def _short(value: object) -> str:
    # A type and not the value, which may be anybody's data.
    return f"{kind_of(value)} that it can't be"


def _texts(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    if not kinds <= {str, _ABSENT}:
        values = [None if v is None else canonical_json(v) for v in values]
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        # A lone surrogate is no text; JSON's escape for it is.
        return pa.array([_well_formed(v) for v in values], pa.string())


def _well_formed(text: str | None) -> str | None:
    return text and text.encode("utf-8", "backslashreplace").decode()


def _references(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    if dict in kinds:
        values = [v.get("id") if type(v) is dict else v for v in values]
        kinds = set(map(type, values))
    return _texts(values, kinds)


def _integers(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    if not kinds <= {int, _ABSENT}:
        values = [_integer(v) for v in values]
    return pa.array(values, pa.int64())


def _integer(value: Any) -> int | None:
    if value is None or value != value:  # noqa: PLR0124  # NaN is no value
        return None
    if isinstance(value, bool):
        raise TypeError
    whole = int(value)
    # v2 sends some integers as text.
    if not isinstance(value, str) and whole != value:
        raise ValueError
    return whole


def _floats(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    if not kinds <= {int, float, _ABSENT}:
        values = [_float(v) for v in values]
    return pa.array(values, pa.float64(), from_pandas=True)


def _float(value: Any) -> float | None:
    if isinstance(value, bool):
        raise TypeError
    return None if value is None else float(value)


def _decimals(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    del kinds
    return pa.array([_decimal(v) for v in values], _DECIMAL)


def _decimal(value: Any) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        raise TypeError
    try:
        # By way of text, so that no binary digits of a float come along.
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError from None


def _booleans(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    del kinds
    return pa.array(values, pa.bool_())


def _timestamps(values: Sequence[Any], kinds: AbstractSet[type]) -> pa.Array:
    if kinds <= {int, _ABSENT}:
        # Out of bounds is an error in Arrow, too.
        return pa.array(values, pa.int64()).view(_SECONDS).cast(_MICROSECONDS)
    return pa.array([_micros(v) for v in values], pa.int64()).view(_MICROSECONDS)


def _micros(value: Any) -> int | None:
    if isinstance(value, str) and not value.lstrip("-").isdigit():
        # v2 writes times as ISO 8601 text.
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    seconds = _integer(value)
    return None if seconds is None else seconds * 1_000_000


_BUILDERS: dict[Shape, Callable[[Sequence[Any], AbstractSet[type]], pa.Array]] = {
    Shape.TEXT: _texts,
    Shape.INTEGER: _integers,
    Shape.FLOAT: _floats,
    Shape.DECIMAL: _decimals,
    Shape.BOOLEAN: _booleans,
    Shape.TIMESTAMP: _timestamps,
    Shape.CATEGORY: _texts,
    Shape.JSON: _texts,
    Shape.REFERENCE: _references,
}
