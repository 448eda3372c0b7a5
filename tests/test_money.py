from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.frames import to_frame
from stripe_nb.money import (
    MoneyError,
    exponent,
    format_amount,
    multiple,
    to_decimal,
    to_major,
    to_minor,
)

# https://docs.stripe.com/currencies#zero-decimal, without UGX, a special case.
ZERO_DECIMAL = [
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
]
# https://docs.stripe.com/currencies#three-decimal
THREE_DECIMAL = ["bhd", "jod", "kwd", "omr", "tnd"]
SOME = ["usd", "eur", "jpy", "kwd", "bhd", "isk", "ugx", "mga", "clf", "bgn"]


@pytest.mark.parametrize("currency", ZERO_DECIMAL)
def test_zero_decimal_currencies_have_no_decimals(currency: str) -> None:
    assert exponent(currency) == 0


@pytest.mark.parametrize("currency", THREE_DECIMAL)
def test_three_decimal_currencies_want_a_last_digit_of_zero(currency: str) -> None:
    assert (exponent(currency), multiple(currency)) == (3, 10)


@pytest.mark.parametrize("currency", ["isk", "ugx"])
def test_special_cases_have_two_decimals_and_no_fractions(currency: str) -> None:
    assert (exponent(currency), multiple(currency)) == (2, 100)


@pytest.mark.parametrize("currency", ["huf", "twd"])
def test_whole_units_are_paid_out_of_two_decimal_currencies(currency: str) -> None:
    assert exponent(currency) == 2
    assert (multiple(currency), multiple(currency, payout=True)) == (1, 100)


@pytest.mark.parametrize("currency", ["USD", "usd", "hrk", "sll", "xcg"])
def test_other_currencies_have_two_decimals_in_either_case(currency: str) -> None:
    assert exponent(currency) == 2


@pytest.mark.parametrize("currency", ["", "dollars", "xau", "zzz", None, 7])
def test_an_unknown_currency_is_named(currency: str) -> None:
    with pytest.raises(MoneyError, match="is no currency code"):
        exponent(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1234, "usd", "12.34 USD"),
        (0, "usd", "0.00 USD"),
        (-5, "eur", "-0.05 EUR"),
        (500, "jpy", "500 JPY"),
        (5120, "kwd", "5.120 KWD"),
        (1, "bhd", "0.001 BHD"),
        (500, "ugx", "5.00 UGX"),
        (Decimal("0.5"), "usd", "0.005 USD"),
        (10**20, "jpy", "100000000000000000000 JPY"),
        (Decimal("0E-12"), "usd", "0.00000000000000 USD"),
    ],
)
def test_format_writes_the_currencys_own_decimals(
    amount: int | Decimal, currency: str, text: str
) -> None:
    assert format_amount(amount, currency) == text


@given(st.integers(-(10**25), 10**25), st.sampled_from(SOME))
def test_minor_units_survive_the_way_there_and_back(amount: int, currency: str) -> None:
    major = to_decimal(amount, currency)
    assert to_minor(major, currency) == amount
    assert to_minor(str(major), currency) == amount


@given(st.decimals(-(10**25), 10**25, allow_nan=False, places=4), st.data())
def test_to_minor_is_exact_or_refuses(value: Decimal, data: st.DataObject) -> None:
    currency = data.draw(st.sampled_from(SOME))
    exact = Fraction(value) * 10 ** exponent(currency)
    if exact.denominator == 1:
        assert to_minor(value, currency) == exact
    else:
        with pytest.raises(MoneyError, match="round it first"):
            to_minor(value, currency)


@pytest.mark.parametrize("value", [0.1, 12.0, True, None, float("nan")])
def test_to_minor_refuses_what_holds_no_money_exactly(value: object) -> None:
    with pytest.raises(MoneyError, match="can't hold money exactly"):
        to_minor(value, "usd")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    ["", "12,34", "NaN", "Infinity", Decimal("sNaN"), "1e999999", "1e-999999999"],
)
def test_to_minor_refuses_texts_that_are_no_amounts(value: str | Decimal) -> None:
    with pytest.raises(MoneyError, match="is no"):
        to_minor(value, "usd")


@pytest.mark.parametrize("amount", [Decimal("0." + "1" * 70), Decimal("NaN")])
def test_to_decimal_never_rounds(amount: Decimal) -> None:
    with pytest.raises(MoneyError, match=r"more digits|no amount"):
        to_decimal(amount, "usd")


def test_numpy_integers_are_amounts() -> None:
    assert to_decimal(np.int64(1234), "usd") == Decimal("12.34")  # type: ignore[arg-type]


def _charges(rows: list[tuple[int | None, str | None]]) -> pd.DataFrame:
    return to_frame(
        [{"object": "charge", "amount": a, "currency": c} for a, c in rows],
        "charge",
        fields=["id", "amount", "currency"],
    )


def test_to_major_shows_each_row_by_its_own_currency() -> None:
    charges = _charges([(1234, "usd"), (500, "jpy"), (5124, "kwd"), (None, None)])
    shown = to_major(charges)
    assert shown.columns.tolist() == ["id", "amount_display", "currency"]
    assert shown["amount_display"].tolist() == [
        Decimal("12.34"),
        Decimal(500),
        Decimal("5.124"),
        pd.NA,
    ]
    assert charges["amount"].tolist() == [1234, 500, 5124, pd.NA]


def test_to_major_has_one_dtype_whatever_the_rows() -> None:
    inputs: list[list[tuple[int | None, str | None]]] = [
        [],
        [(None, None)],
        [(1, "usd")],
        [(1, "jpy"), (1, "bhd")],
    ]
    dtypes = {to_major(_charges(rows))["amount_display"].dtype for rows in inputs}
    assert dtypes == {pd.ArrowDtype(pa.decimal128(38, 4))}


def test_to_major_keeps_the_other_attrs_and_is_done_once() -> None:
    shown = to_major(_charges([(1, "usd")]))
    assert (shown.attrs["resource"], shown.attrs["amounts"]) == ("charge", {})
    pd.testing.assert_frame_equal(to_major(shown), shown)


def test_to_major_is_exact_for_stripes_decimals() -> None:
    price = {"unit_amount_decimal": "0.000000000001", "currency": "usd"}
    prices = to_frame([price], "price", fields=["unit_amount_decimal", "currency"])
    shown = to_major(prices)["unit_amount_decimal_display"]
    assert shown.tolist() == [Decimal("0.00000000000001")]


def test_to_major_sums_exactly() -> None:
    shown = to_major(_charges([(10, "usd")] * 3))["amount_display"]
    assert shown.sum() == Decimal("0.3")


def test_to_major_takes_zero_without_a_currency_and_refuses_more() -> None:
    assert to_major(_charges([(0, None)]))["amount_display"].tolist() == [0]
    with pytest.raises(MoneyError, match="'currency' is empty"):
        to_major(_charges([(1, None)]))


def test_to_major_names_an_unknown_currency() -> None:
    with pytest.raises(MoneyError, match="'zzz' is no currency"):
        to_major(_charges([(1, "zzz")]))


def test_to_major_of_a_frame_from_elsewhere_needs_to_be_told() -> None:
    bare = pd.DataFrame({"price": [100], "money": ["usd"]})
    with pytest.raises(MoneyError, match="which columns are amounts"):
        to_major(bare)
    shown = to_major(bare, {"price": "money"})
    assert shown["price_display"].tolist() == [Decimal(1)]
    with pytest.raises(MoneyError, match="needs the column 'currency'"):
        to_major(bare, {"price": "currency"})


def test_to_major_refuses_floats() -> None:
    bare = pd.DataFrame({"price": [1.5], "currency": ["usd"]})
    with pytest.raises(MoneyError, match="can't hold money exactly"):
        to_major(bare, {"price": "currency"})


def test_to_major_converts_only_the_columns_asked_for() -> None:
    charge = {"object": "charge", "amount": 1, "amount_refunded": 2, "currency": "usd"}
    shown = to_major(to_frame([charge]), "amount")
    assert {"amount_display", "amount_refunded"} < set(shown.columns)
    with pytest.raises(MoneyError, match="'livemode' is no amount"):
        to_major(to_frame([charge]), ["livemode"])


def test_to_major_shows_every_known_amount_of_an_invoice() -> None:
    invoice = {"object": "invoice", "amount_due": 1234, "total": 99, "currency": "eur"}
    frame = to_frame([invoice])
    shown = to_major(frame)
    amounts = [name for name, by in frame.attrs["amounts"].items() if by]
    assert {"amount_due", "total", "subtotal", "amount_paid"} < set(amounts)
    assert not set(amounts) & set(shown.columns)
    assert shown.loc[0, "total_display"] == Decimal("0.99")


def test_the_largest_integers_are_amounts_too() -> None:
    largest = pd.DataFrame({"a": pd.array([2**64 - 1], "UInt64"), "c": ["jpy"]})
    assert to_major(largest, {"a": "c"})["a_display"].tolist() == [Decimal(2**64 - 1)]


def test_what_is_no_frame_is_told() -> None:
    no_frame: Any = [1200]
    with pytest.raises(MoneyError, match="takes a DataFrame, not a list; to_decimal"):
        to_major(no_frame)
