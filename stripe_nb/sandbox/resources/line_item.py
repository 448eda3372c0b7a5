"""Line items: what an invoice is made up of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing.paging import listing
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.wire import Json

__all__ = ["LineItem", "build", "envelope", "of"]

_EMBEDDED = 10


class LineItem(Behaviour):
    """`Line items <https://docs.stripe.com/api/invoice-line-item>`_."""

    name = "line_item"

    def on_list(self, call: Call) -> Listing:
        """Answer a page of an invoice's lines, in their order."""
        invoice = call.get("invoice", call.path["invoice"], param="invoice")
        return listing(call, call.private(invoice["id"])["lines"])

    def on_update(self, call: Call) -> Json:
        """Change a line of a draft; its invoice hears of it."""
        invoices: Any = call.engine.behaviour("invoice")
        changed: Json = invoices.change_line(call)
        return changed


def of(call: Call, invoice: Json) -> list[Json]:
    """Return an invoice's stored lines in Stripe's order."""
    return [
        call.get("line_item", name)
        for name in call.private(invoice["id"]).get("lines", ())
    ]


def build(
    call: Call,
    invoice: Json,
    *,
    amount: int,
    description: str | None,
    period: tuple[int, int],
    quantity: int | None,
    pricing: Json,
    **values: Any,
) -> Json:
    """Return a line of an invoice; not stored."""
    return call.new(
        "line_item",
        amount=amount,
        currency=invoice["currency"],
        description=description,
        discount_amounts=[],
        invoice=invoice["id"],
        period={"end": period[1], "start": period[0]},
        pretax_credit_amounts=[],
        pricing=pricing,
        quantity=quantity,
        quantity_decimal=None if quantity is None else str(quantity),
        subtotal=amount,
        taxes=[],
        **values,
    )


def pricing(price: Json | None, amount: int) -> Json:
    """Return how a line came to its amount."""
    if price is None:
        return {"type": "price_details", "unit_amount_decimal": str(amount)}
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def subscription_parent(
    subscription: str, subscription_item: str, *, proration: bool
) -> Json:
    """Return where a line of a subscription comes from."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription,
            "subscription_item": subscription_item,
        },
        "type": "subscription_item_details",
    }


def invoice_item_parent(
    invoice_item: str, subscription: str | None, *, proration: bool
) -> Json:
    """Return where a line of an invoice item comes from."""
    return {
        "invoice_item_details": {
            "invoice_item": invoice_item,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def envelope(invoice: Json, lines: Sequence[Json]) -> Json:
    """Return the list of lines as an invoice holds it: the first ten."""
    return {
        "object": "list",
        "data": list(lines[:_EMBEDDED]),
        "has_more": len(lines) > _EMBEDDED,
        "total_count": len(lines),
        "url": f"/v1/invoices/{invoice['id']}/lines",
    }


def invoice_item_of(line: Json) -> str | None:
    """Return the invoice item that a line is made of, if any."""
    details = (line["parent"] or {}).get("invoice_item_details")
    return details["invoice_item"] if details else None
