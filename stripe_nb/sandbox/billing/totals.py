"""A bill's sums, from its lines: discounts first, then taxes, then the total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stripe_nb.sandbox.billing.discounts import Item, Reduction, reductions
from stripe_nb.sandbox.billing.tax import Rate, Tax, taxes

__all__ = ["sum_up"]

Json = dict[str, Any]

# A customer's tax status: why it pays no tax.
_EXEMPT = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def sum_up(
    invoice: Json,
    lines: Sequence[Json],
    rates: Mapping[str, Sequence[Rate]],
    known: Mapping[str, Reduction],
    settled: Mapping[str, Mapping[str, int]] | None = None,
) -> Json:
    """Set each line's discounts and taxes, and return the invoice's sums.

    Parameters
    ----------
    invoice
        Its ``discounts``, ``shipping_cost`` and ``customer_tax_exempt``.
    lines
        Its line items; what they come to is set on them.
    rates
        The tax rates of each line, by the line's id.
    known
        Each discount that occurs, by its id.
    settled
        Lines, by their ids, whose discounts are settled already, as those of
        prorations: what each discount takes off.
    """
    settled = settled or {}
    open_to = [_item(line, line["id"] in settled) for line in lines]
    taken = reductions(open_to, known, invoice["discounts"])
    taken = [
        dict(settled.get(line["id"], amounts))
        for line, amounts in zip(lines, taken, strict=True)
    ]
    reason = _EXEMPT.get(invoice.get("customer_tax_exempt") or "")
    within = subtotal = net = 0
    for line, amounts in zip(lines, taken, strict=True):
        own = sum(amounts.get(name, 0) for name in line["discounts"])
        left = line["amount"] - sum(amounts.values())
        line_rates = rates.get(line["id"], ())
        line["discount_amounts"] = _discount_amounts(amounts)
        line["pretax_credit_amounts"] = _credits(line["discount_amounts"])
        line["taxes"] = [_tax(tax, reason) for tax in taxes(left, line_rates)]
        # Stripe's subtotal is after the lines' own discounts, before the bill's.
        subtotal += line["amount"] - own
        within += 0 if reason else _included(line["amount"] - own, line_rates)
        net += left
    total_taxes = _total_taxes(lines)
    total_discounts = _total_discounts(taken)
    shipping = (invoice.get("shipping_cost") or {}).get("amount_total", 0)
    total = net + _sum(total_taxes, "exclusive") + shipping
    return {
        "amount_shipping": shipping,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - within,
        "total": total,
        "total_discount_amounts": total_discounts,
        "total_excluding_tax": total - sum(tax["amount"] for tax in total_taxes),
        "total_pretax_credit_amounts": _credits(total_discounts),
        "total_taxes": total_taxes,
    }


def _item(line: Json, is_settled: bool) -> Item:
    details = (line["pricing"] or {}).get("price_details") or {}
    return Item(
        amount=line["amount"],
        product=details.get("product"),
        discountable=line["discountable"] and not is_settled,
        own=() if is_settled else tuple(line["discounts"]),
    )


def _discount_amounts(amounts: Mapping[str, int]) -> list[Json]:
    return [{"amount": amount, "discount": name} for name, amount in amounts.items()]


def _credits(amounts: Sequence[Json]) -> list[Json]:
    return [{**each, "type": "discount"} for each in amounts]


def _total_discounts(taken: Sequence[Mapping[str, int]]) -> list[Json]:
    sums: dict[str, int] = {}
    for amounts in taken:
        for name, amount in amounts.items():
            sums[name] = sums.get(name, 0) + amount
    return _discount_amounts(sums)


def _tax(tax: Tax, reason: str | None) -> Json:
    """Return a line's tax; it is nothing where there is a reason for that."""
    return {
        "amount": 0 if reason else tax.amount,
        "tax_behavior": "inclusive" if tax.rate.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax.rate.id},
        "taxability_reason": reason or "not_available",
        "taxable_amount": 0 if reason else tax.taxable,
        "type": "tax_rate_details",
    }


def _total_taxes(lines: Sequence[Json]) -> list[Json]:
    """Add the lines' taxes up by their rates."""
    sums: dict[str, Json] = {}
    for tax in (tax for line in lines for tax in line["taxes"]):
        rate = tax["tax_rate_details"]["tax_rate"]
        before = sums.get(rate, {**tax, "amount": 0, "taxable_amount": 0})
        sums[rate] = {
            **before,
            "amount": before["amount"] + tax["amount"],
            "taxable_amount": before["taxable_amount"] + tax["taxable_amount"],
        }
    return list(sums.values())


def _included(amount: int, rates: Sequence[Rate]) -> int:
    return sum(tax.amount for tax in taxes(amount, rates) if tax.rate.inclusive)


def _sum(total_taxes: Sequence[Json], behavior: str) -> int:
    return sum(tax["amount"] for tax in total_taxes if tax["tax_behavior"] == behavior)
