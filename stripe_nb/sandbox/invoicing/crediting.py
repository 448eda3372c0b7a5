"""What a credit note takes back: its lines, and where their sum goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from stripe_nb.sandbox.billing.rounding import half_up, share
from stripe_nb.sandbox.billing.tax import Rate, taxes
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.invoicing import lines as invoice_lines
from stripe_nb.sandbox.resources import tax_rate
from stripe_nb.sandbox.wire import Json

__all__ = ["build_lines", "sums"]


def build_lines(call: Call, invoice: Json) -> list[Json]:
    """Return the lines of the credit note that a request describes; not stored.

    Raises
    ------
    ParameterMissing
        If it says neither an amount nor lines.
    """
    params = call.params
    if params.get("shipping_cost"):
        raise NotSimulated("crediting shipping costs")
    given, amount = params.get("lines"), params.get("amount")
    if (given is None) == (amount is None):
        raise ParameterMissing(
            "amount",
            "You must specify exactly one of `amount`, `lines` and `shipping_cost`.",
        )
    if given is None:
        return [_custom(call, {"quantity": 1, "unit_amount": amount}, "amount")]
    return [
        _line(call, invoice, each, f"lines[{index}]")
        for index, each in enumerate(given)
    ]


def _line(call: Call, invoice: Json, given: Json, param: str) -> Json:
    if given["type"] == "custom_line_item":
        return _custom(call, given, param)
    return _of_invoice(call, invoice, given, param)


def _custom(call: Call, given: Json, param: str) -> Json:
    """Return a line that is not one of the invoice's."""
    quantity = given.get("quantity", 1)
    unit = given.get("unit_amount_decimal")
    unit = str(given.get("unit_amount")) if unit is None else unit
    if unit == "None":
        raise ParameterMissing(f"{param}[unit_amount]")
    amount = half_up(Decimal(unit) * quantity)
    _check_positive(amount, param)
    rates = tax_rate.given(call, given.get("tax_rates"), f"{param}[tax_rates]")
    return call.new(
        "credit_note_line_item",
        amount=amount,
        description=given.get("description"),
        discount_amount=0,
        metadata=given.get("metadata") or {},
        quantity=quantity,
        tax_rates=rates,
        taxes=_taxes(amount, rates) or _said_taxes(given),
        type="custom_line_item",
        unit_amount=int(Decimal(unit)) if Decimal(unit) % 1 == 0 else None,
        unit_amount_decimal=f"{Decimal(unit).normalize():f}",
    )


def _check_positive(amount: int, param: str) -> None:
    if amount < 1:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=param,
        )


def _taxes(amount: int, rates: Sequence[Json]) -> list[Json]:
    known = [
        Rate(rate["id"], Decimal(str(rate["percentage"])), rate["inclusive"])
        for rate in rates
    ]
    return [
        _tax(tax.rate.id, tax.amount, tax.taxable, inclusive=tax.rate.inclusive)
        for tax in taxes(amount, known)
    ]


def _said_taxes(given: Json) -> list[Json]:
    return [
        _tax(tax["tax_rate"], tax["amount"], tax["taxable_amount"], inclusive=False)
        for tax in given.get("tax_amounts") or ()
    ]


def _tax(rate: str, amount: int, taxable: int, *, inclusive: bool) -> Json:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": "not_available",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


def _of_invoice(call: Call, invoice: Json, given: Json, param: str) -> Json:
    """Return a line that takes back one of the invoice's, or a part of it."""
    name = given.get("invoice_line_item")
    if not name:
        raise ParameterMissing(f"{param}[invoice_line_item]")
    line = invoice_lines.find(call, invoice, name, f"{param}[invoice_line_item]")
    amount, quantity = _credited(line, given, param)
    discounts = _part(line["discount_amounts"], amount, line["amount"])
    return call.new(
        "credit_note_line_item",
        amount=amount,
        description=given.get("description") or line["description"],
        discount_amount=sum(each["amount"] for each in discounts),
        discount_amounts=discounts,
        invoice_line_item=line["id"],
        metadata=given.get("metadata") or {},
        pretax_credit_amounts=[{**each, "type": "discount"} for each in discounts],
        quantity=quantity,
        tax_rates=[
            call.get("tax_rate", tax["tax_rate_details"]["tax_rate"])
            for tax in line["taxes"]
        ],
        taxes=[
            {
                **tax,
                "amount": _fraction(tax["amount"], amount, line["amount"]),
                "taxable_amount": _fraction(
                    tax["taxable_amount"], amount, line["amount"]
                ),
            }
            for tax in line["taxes"]
        ],
        type="invoice_line_item",
        unit_amount=amount // quantity if quantity and not amount % quantity else None,
        unit_amount_decimal=f"{Decimal(amount) / (quantity or 1):.12g}",
    )


def _credited(line: Json, given: Json, param: str) -> tuple[int, int | None]:
    """Return how much of a line is taken back, and how many of its units."""
    whole, units = line["amount"], line["quantity"]
    if given.get("amount") is not None:
        amount, quantity = given["amount"], None
    elif units:
        quantity = given.get("quantity") or units
        amount = half_up(Decimal(whole) * quantity / units)
    else:
        amount, quantity = whole, units
    if not 0 < amount <= whole:
        raise ParameterInvalid(
            f"The line {line['id']} is of {whole}; {amount} of it can't be credited.",
            param=f"{param}[amount]",
        )
    return amount, quantity


def _part(amounts: Sequence[Json], part: int, whole: int) -> list[Json]:
    return [
        {**each, "amount": _fraction(each["amount"], part, whole)} for each in amounts
    ]


def _fraction(amount: int, part: int, whole: int) -> int:
    return share(amount, [part, whole - part])[0]


def sums(lines: Sequence[Json]) -> Json:
    """Return a credit note's sums of its lines'."""
    subtotal = sum(line["amount"] for line in lines)
    discounts = _grouped(lines, "discount_amounts", lambda each: each["discount"])
    taken = sum(each["amount"] for each in discounts)
    total_taxes = _grouped(
        lines, "taxes", lambda tax: tax["tax_rate_details"]["tax_rate"]
    )
    total = subtotal - taken + _behaving(total_taxes, "exclusive")
    return {
        "amount": total,
        "amount_shipping": 0,
        "discount_amount": taken,
        "discount_amounts": discounts,
        "pretax_credit_amounts": [{**each, "type": "discount"} for each in discounts],
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - _behaving(total_taxes, "inclusive"),
        "total": total,
        "total_excluding_tax": total - sum(tax["amount"] for tax in total_taxes),
        "total_taxes": total_taxes,
    }


def _grouped(lines: Sequence[Json], field: str, key: Any) -> list[Json]:
    """Add up what lines have in a list field, by a key."""
    found: dict[str, Json] = {}
    for each in (each for line in lines for each in line[field]):
        before = found.get(key(each))
        found[key(each)] = _added(before, each) if before else dict(each)
    return list(found.values())


def _added(before: Mapping[str, Any], each: Mapping[str, Any]) -> Json:
    numbers = ("amount", "taxable_amount")
    return {
        **before,
        **{name: before[name] + each[name] for name in numbers if name in before},
    }


def _behaving(total_taxes: Sequence[Json], behavior: str) -> int:
    return sum(tax["amount"] for tax in total_taxes if tax["tax_behavior"] == behavior)
