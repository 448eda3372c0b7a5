"""Line items of checkout sessions and payment links."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing.paging import listing
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.wire import Json

__all__ = ["Item"]


class Item(Behaviour):
    """`Line item <https://docs.stripe.com/api/checkout/sessions/line_items>`_."""

    name = "item"

    def on_checkout_sessions_line_items_list(self, call: Call) -> Listing:
        """Answer a page of what a session sells."""
        session = call.get("checkout.session", call.path["session"], param="session")
        return listing(call, call.private(session["id"])["items"])

    def on_payment_links_line_items_list(self, call: Call) -> Listing:
        """Answer a page of what a payment link sells."""
        link = call.get("payment_link", call.path["payment_link"], param="payment_link")
        return listing(call, call.private(link["id"])["items"])

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return an item's taxes and discounts."""
        private = call.private(obj["id"])
        if name == "taxes":
            return private.get("taxes", [])
        if name == "discounts":
            return private.get("discounts", [])
        return super().expanded(call, obj, name)
