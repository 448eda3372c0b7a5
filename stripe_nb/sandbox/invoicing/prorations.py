"""Discounts of prorations: settled when they are made, not on the bill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resources import line_item
from stripe_nb.sandbox.wire import Json

__all__ = ["discounts_on", "settled_discounts"]


def discounts_on(call: Call, lines: Sequence[Json]) -> dict[str, dict[str, int]]:
    """Return the settled discounts of an invoice's stored lines."""
    names = [line_item.invoice_item_of(line) for line in lines]
    return settled_discounts(lines, [call.find("invoiceitem", name) for name in names])


def settled_discounts(
    lines: Iterable[Json], items: Iterable[Json | None]
) -> dict[str, dict[str, int]]:
    """Return what was taken off prorations as they were made, by their lines' ids.

    Parameters
    ----------
    lines
        Lines of an invoice.
    items
        The invoice item of each, ``None`` for those that have none.
    """
    return {
        line["id"]: {each["discount"]: each["amount"] for each in details}
        for line, item in zip(lines, items, strict=True)
        if (details := _proration_discounts(item))
    }


def _proration_discounts(item: Json | None) -> list[Json]:
    details = (item or {}).get("proration_details") or {}
    return [each for each in details.get("discount_amounts") or () if each["amount"]]
