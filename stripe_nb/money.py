"""Money in Stripe's minor units, turned into exact decimals and back.

Knows nothing of HTTP or of Stripe objects. Stripe counts money in a currency's
smallest unit as it defines it, which is not always ISO 4217's: see
``data/iso4217.json``. No amount ever passes through a binary float.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any

from stripe_nb.errors import StripeNbError, kind_of
from stripe_nb.paths import data_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MoneyError",
    "exponent",
    "format_amount",
    "multiple",
    "to_decimal",
    "to_major",
    "to_minor",
]

# Inexact results raise, so no amount is ever rounded in silence.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])

# More than the world has, and within what the context holds exactly.
_LARGEST = 30

# ISO 4217 has no more than four decimals, and Stripe's `*_decimal` amounts
# twelve below the minor unit; each dtype is the same for every currency.
_SCALE = 4
_DECIMAL_SCALE = 16


class MoneyError(StripeNbError):
    """An amount or a currency can't be converted exactly."""


@cache
def _facts() -> Mapping[str, Mapping[str, int]]:
    facts: dict[str, dict[str, int]] = json.loads(
        data_path("iso4217.json").read_text(encoding="utf-8")
    )
    return facts


@cache
def _exponents() -> Mapping[str, int]:
    facts = _facts()
    return {**facts["exponents"], **facts["withdrawn"], **facts["stripe_exponents"]}


def exponent(currency: str) -> int:
    """Return how many decimals Stripe's amounts in a currency have.

    Parameters
    ----------
    currency
        Three-letter code, in lower case as Stripe writes it or in upper.

    Returns
    -------
    int
        2 for most; 0 for ``"jpy"``; 3 for ``"kwd"``. It is Stripe's own where
        it differs from ISO 4217: 2 for ``"isk"`` and ``"ugx"``, 0 for ``"mga"``.

    Raises
    ------
    MoneyError
        If there is no such currency.

    Examples
    --------
    >>> exponent("usd"), exponent("jpy"), exponent("kwd"), exponent("ugx")
    (2, 0, 3, 2)
    """
    try:
        return _exponents()[currency.lower()]
    except (KeyError, AttributeError):
        raise MoneyError(
            f"{currency!r} is no currency code that has minor units; "
            'give an ISO 4217 code such as "usd".'
        ) from None


def multiple(currency: str, *, payout: bool = False) -> int:
    """Return the number that Stripe wants amounts to be a multiple of.

    Parameters
    ----------
    currency
        Three-letter code.
    payout
        Whether the amount is of a payout rather than of a charge.

    Returns
    -------
    int
        1 for most. Charges take whole units of ``"isk"`` and ``"ugx"`` (100)
        and a last digit of 0 in three-decimal currencies (10); payouts take
        whole units of ``"huf"`` and ``"twd"`` (100).

    Examples
    --------
    >>> multiple("usd"), multiple("kwd"), multiple("huf", payout=True)
    (1, 10, 100)
    """
    exponent(currency)
    table = _facts()["payout_multiples" if payout else "charge_multiples"]
    return table.get(currency.lower(), 1)


def to_decimal(amount: int | Decimal, currency: str) -> Decimal:
    """Turn an amount in minor units into an exact decimal in major units.

    Parameters
    ----------
    amount
        As Stripe gives it: an integer, or a decimal for fields such as
        ``unit_amount_decimal``.
    currency
        Three-letter code.

    Returns
    -------
    Decimal
        With the currency's own number of decimals, or more for fractions of a
        minor unit.

    Examples
    --------
    >>> to_decimal(1234, "usd"), to_decimal(500, "jpy"), to_decimal(5120, "kwd")
    (Decimal('12.34'), Decimal('500'), Decimal('5.120'))
    """
    number = amount if isinstance(amount, Decimal) else _whole("amount", amount)
    if not number.is_finite():
        raise MoneyError(f"{number} is no amount of money.")
    try:
        return _EXACT.scaleb(number, -exponent(currency))
    except (Inexact, InvalidOperation):
        raise MoneyError(f"{number} has more digits than any amount has.") from None


def to_minor(value: Decimal | int | str, currency: str) -> int:
    """Turn a value in major units into Stripe's integer amount, exactly.

    Parameters
    ----------
    value
        For example ``"12.34"`` or ``Decimal("12.34")``; a float is refused,
        since it can't hold most amounts.
    currency
        Three-letter code.

    Returns
    -------
    int
        To send as ``amount``.

    Raises
    ------
    MoneyError
        If the value has more decimals than the currency, or is no number.

    Examples
    --------
    >>> to_minor("12.34", "usd"), to_minor(500, "jpy")
    (1234, 500)
    """
    decimals = exponent(currency)
    number = _parse(value)
    # A fraction holds any number of digits; a decimal context would round them.
    minor = Fraction(number) * 10**decimals
    if minor.denominator != 1:
        raise MoneyError(
            f"{value} {currency.upper()} has more than the {decimals} decimals "
            "that the currency has; round it first."
        )
    return int(minor)


def _parse(value: Decimal | int | str) -> Decimal:
    if not isinstance(value, Decimal | str):
        return _whole("value", value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise MoneyError(f"{value!r} is no number.") from None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST:
        raise MoneyError(f"{value!r} is no amount of money.")
    return number


def _whole(name: str, value: object) -> Decimal:
    # NumPy's and pandas' integers are integrals as well.
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise MoneyError(
            f"{name} is {kind_of(value)}; give an int, a Decimal or a text, "
            "since other numbers can't hold money exactly."
        )
    return Decimal(int(value))


def format_amount(amount: int | Decimal, currency: str) -> str:
    """Write an amount in minor units for people, the same in every locale.

    Parameters
    ----------
    amount
        As Stripe gives it.
    currency
        Three-letter code.

    Examples
    --------
    >>> format_amount(1234, "usd"), format_amount(-500, "jpy")
    ('12.34 USD', '-500 JPY')
    """
    return f"{to_decimal(amount, currency):f} {currency.upper()}"


def to_major(
    frame: pd.DataFrame, columns: Sequence[str] | Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Show a frame's amounts in major units, each row by its own currency.

    An amount's column gives way to one named ``<column>_display``, so that
    ``amount`` always means minor units. It holds exact decimals of one dtype
    whatever the currencies, ``decimal128(38, 4)`` (``(38, 16)`` for Stripe's
    ``*_decimal`` fields), which sums, groups and goes to CSV, Parquet and
    DuckDB without loss; ``.astype(float)`` is for plots alone.

    Parameters
    ----------
    frame
        From ``frame`` or ``to_frame``.
    columns
        Amount columns to convert; all those whose currency is known if not
        given. For a frame from elsewhere, a mapping of each amount's column to
        its currency's.

    Returns
    -------
    DataFrame
        A copy, with the columns in the same order.

    Raises
    ------
    MoneyError
        If a currency is unknown, or missing beside an amount other than 0.

    Examples
    --------
    >>> import pandas as pd
    >>> charges = pd.DataFrame({"amount": [1234, 500], "currency": ["usd", "jpy"]})
    >>> to_major(charges, {"amount": "currency"})["amount_display"].tolist()
    [Decimal('12.3400'), Decimal('500.0000')]
    """
    if not hasattr(frame, "attrs"):
        raise MoneyError(
            f"to_major takes a DataFrame, not {kind_of(frame)}; to_decimal converts "
            "one amount."
        )
    pairs = _pairs(frame, columns)
    series = {name: _display(frame, name, by) for name, by in pairs.items()}
    shown = frame.assign(**series)
    shown = shown.rename(columns={name: f"{name}_display" for name in pairs})
    known = frame.attrs.get("amounts", {})
    left = {name: by for name, by in known.items() if name not in pairs}
    shown.attrs = {**frame.attrs, "amounts": left}
    return shown


def _pairs(
    frame: pd.DataFrame, columns: Sequence[str] | Mapping[str, str] | None
) -> Mapping[str, str]:
    if isinstance(columns, Mapping):
        return columns
    if "amounts" not in frame.attrs:
        raise MoneyError(
            "This frame doesn't say which columns are amounts; give "
            'columns={"amount": "currency"}.'
        )
    known: Mapping[str, str | None] = frame.attrs["amounts"]
    if columns is None:
        return {name: by for name, by in known.items() if by and name in frame}
    if isinstance(columns, str):
        columns = [columns]
    unknown = [name for name in columns if not known.get(name)]
    if unknown:
        raise MoneyError(
            f"{unknown[0]!r} is no amount with a known currency; give "
            f'columns={{"{unknown[0]}": <its currency column>}}.'
        )
    return {name: by for name in columns if (by := known[name])}


def _display(frame: pd.DataFrame, name: str, currency: str) -> pd.Series[Any]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in (name, currency):
        if column not in frame:
            raise MoneyError(
                f"{name!r} needs the column {column!r}, which this frame has not; "
                "add it to fields."
            )
    codes, uniques = pd.factorize(frame[currency])
    amounts = pa.array(frame[name].array, from_pandas=True)
    _refuse_missing(name, currency, codes, amounts)
    if not pa.types.is_integer(amounts.type):
        values = _decimals(frame[name], codes, uniques)
        result = pa.array(values, pa.decimal128(38, _DECIMAL_SCALE))
    else:
        # The last rate stands for "no currency", where only 0 is left.
        rates = [_EXACT.scaleb(Decimal(1), -exponent(code)) for code in uniques]
        table = pa.array([*rates, Decimal(1)], pa.decimal128(5, _SCALE))
        factors = table.take(pa.array(codes % len(table)))
        whole = pc.cast(amounts, pa.decimal128(20, 0))
        result = pc.cast(pc.multiply(whole, factors), pa.decimal128(38, _SCALE))
    dtype: Any = pd.ArrowDtype(result.type)
    return pd.Series(dtype.__from_arrow__(result), index=frame.index)


def _refuse_missing(name: str, currency: str, codes: Any, amounts: Any) -> None:
    """Refuse an amount whose currency is null; 0 is 0 in any currency."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zero = pa.scalar(0).cast(amounts.type)
    lost = pc.and_(pa.array(codes < 0), pc.not_equal(amounts, zero))
    if pc.any(lost).as_py():
        raise MoneyError(
            f"{name!r} holds an amount whose {currency!r} is empty; drop that row "
            "or fill its currency first."
        )


def _decimals(values: Any, codes: Any, uniques: Any) -> list[Decimal | None]:
    """Convert decimals one by one, as Arrow has no type for the product."""
    filled = values.astype(object).where(values.notna(), None)
    return [
        # Without a currency only 0 is left, which stays what it is.
        value if value is None or code < 0 else to_decimal(value, uniques[code])
        for value, code in zip(filled, codes, strict=True)
    ]
