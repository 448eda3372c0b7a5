"""Bills add up: every discount, tax and line is found again in the sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.sandbox.billing.discounts import Item, Reduction, reductions
from stripe_nb.sandbox.billing.rounding import half_up, share
from stripe_nb.sandbox.billing.tax import Rate, taxes
from stripe_nb.sandbox.billing.totals import sum_up

_amounts = st.integers(-50_000, 500_000)
_percents = st.decimals(min_value="0.01", max_value="100", places=2)
_rates = st.lists(
    st.builds(
        Rate,
        st.sampled_from(["txr_1", "txr_2", "txr_3"]),
        st.decimals(min_value="0", max_value="40", places=3),
        st.booleans(),
    ),
    max_size=2,
    unique_by=lambda rate: rate.id,
)


def _line(index: int, amount: int, discounts: list[str]) -> dict[str, Any]:
    return {
        "id": f"il_{index}",
        "amount": amount,
        "discountable": True,
        "discounts": discounts,
        "pricing": None,
    }


@st.composite
def _bills(draw: st.DrawFn) -> dict[str, Any]:
    known = {
        "di_share": Reduction("di_share", percent_off=draw(_percents)),
        "di_sum": Reduction("di_sum", amount_off=draw(st.integers(1, 100_000))),
        "di_own": Reduction("di_own", percent_off=draw(_percents)),
    }
    lines = [
        _line(index, amount, draw(st.sampled_from([[], ["di_own"]])))
        for index, amount in enumerate(draw(st.lists(_amounts, max_size=6)))
    ]
    on_bill = draw(st.lists(st.sampled_from(["di_share", "di_sum"]), unique=True))
    return {
        "invoice": {"discounts": on_bill, "shipping_cost": None},
        "lines": lines,
        "rates": {line["id"]: draw(_rates) for line in lines},
        "known": known,
    }


@given(_bills())
def test_a_bill_is_its_lines_less_discounts_plus_taxes(bill: dict[str, Any]) -> None:
    sums = sum_up(bill["invoice"], bill["lines"], bill["rates"], bill["known"])
    lines = bill["lines"]
    amounts = sum(line["amount"] for line in lines)
    taken = sum(each["amount"] for each in sums["total_discount_amounts"])
    own = sum(
        each["amount"]
        for line in lines
        for each in line["discount_amounts"]
        if each["discount"] in line["discounts"]
    )
    added = sum(
        tax["amount"]
        for tax in sums["total_taxes"]
        if tax["tax_behavior"] == "exclusive"
    )
    every_tax = sum(tax["amount"] for tax in sums["total_taxes"])
    assert sums["subtotal"] == amounts - own
    assert sums["total"] == amounts - taken + added
    assert sums["total_excluding_tax"] == sums["total"] - every_tax


@given(_bills())
def test_discounts_never_take_more_than_a_line_has(bill: dict[str, Any]) -> None:
    sum_up(bill["invoice"], bill["lines"], bill["rates"], bill["known"])
    for line in bill["lines"]:
        taken = [each["amount"] for each in line["discount_amounts"]]
        assert all(amount >= 0 for amount in taken)
        assert sum(taken) <= max(line["amount"], 0)


@given(_bills())
def test_total_taxes_are_the_sum_of_the_lines_taxes(bill: dict[str, Any]) -> None:
    sums = sum_up(bill["invoice"], bill["lines"], bill["rates"], bill["known"])
    on_lines = sum(tax["amount"] for line in bill["lines"] for tax in line["taxes"])
    assert on_lines == sum(tax["amount"] for tax in sums["total_taxes"])


@given(
    st.integers(0, 10_000_000),
    st.lists(st.integers(0, 100_000), min_size=1, max_size=8),
)
def test_shares_add_up_and_follow_the_weights(total: int, weights: list[int]) -> None:
    parts = share(total, weights)
    whole = sum(weights)
    if whole == 0:
        assert parts == [0] * len(weights)
        return
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / whole) <= 1


@given(st.integers(0, 10_000_000), _rates)
def test_inclusive_tax_is_within_the_amount(amount: int, rates: list[Rate]) -> None:
    found = taxes(amount, rates)
    within = sum(tax.amount for tax in found if tax.rate.inclusive)
    assert 0 <= within <= amount
    assert {tax.taxable for tax in found} <= {amount - within}


def test_tax_of_a_credit_is_that_of_its_charge_turned_round() -> None:
    rate = Rate("txr_1", Decimal("8.875"))
    [charged], [credited] = taxes(1999, [rate]), taxes(-1999, [rate])
    assert credited.amount == -charged.amount


def test_halves_are_rounded_away_from_zero() -> None:
    values = ("0.5", "1.5", "-0.5", "2.4")
    assert [half_up(Decimal(value)) for value in values] == [1, 2, -1, 2]


def test_a_coupon_for_one_product_leaves_the_others_alone() -> None:
    half = Reduction("di", percent_off=Decimal(50), products=frozenset({"prod_a"}))
    items = [Item(1000, "prod_a"), Item(1000, "prod_b"), Item(1000)]
    assert reductions(items, {"di": half}, ["di"]) == [{"di": 500}, {}, {}]


def test_discounts_follow_one_another_on_what_is_left() -> None:
    known = {
        "di_1": Reduction("di_1", percent_off=Decimal(50)),
        "di_2": Reduction("di_2", amount_off=700),
    }
    assert reductions([Item(1000)], known, ["di_1", "di_2"]) == [
        {"di_1": 500, "di_2": 500}
    ]


def test_what_is_not_discountable_keeps_its_amount() -> None:
    known = {"di": Reduction("di", percent_off=Decimal(100))}
    items = [Item(1000, discountable=False), Item(-300), Item(200)]
    assert reductions(items, known, ["di"]) == [{}, {"di": 0}, {"di": 200}]
