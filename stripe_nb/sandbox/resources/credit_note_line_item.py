"""Lines of credit notes."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import crediting
from stripe_nb.sandbox.invoicing.paging import listing
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.wire import Json

__all__ = ["CreditNoteLineItem"]


class CreditNoteLineItem(Behaviour):
    """`Line items <https://docs.stripe.com/api/credit_notes/line_item>`_."""

    name = "credit_note_line_item"

    def on_list(self, call: Call) -> Listing:
        """Answer a page of a credit note's lines."""
        note = call.get("credit_note", call.path["credit_note"])
        return listing(call, call.private(note["id"])["lines"])

    def on_credit_notes_preview_lines_list(self, call: Call) -> Json:
        """Answer the lines that a credit note would have."""
        invoice = call.get(
            "invoice", call.params["invoice"], param="invoice", http_status=400
        )
        return {
            "object": "list",
            "data": crediting.build_lines(call, invoice),
            "has_more": False,
            "url": "/v1/credit_notes/preview/lines",
        }
