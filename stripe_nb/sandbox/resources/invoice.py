"""Invoices: drafts that are finalized, paid, chased, voided or given up.

Subscriptions and quotes bill with the functions that are exported here; see
`stripe_nb.sandbox.invoicing` for what each does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.invoicing import (
    closing,
    collection,
    editing,
    lines,
    methods,
    opening,
    payments,
    previewing,
)
from stripe_nb.sandbox.invoicing.closing import void
from stripe_nb.sandbox.invoicing.collection import pay
from stripe_nb.sandbox.invoicing.draft import (
    add_line,
    announce,
    announce_change,
    check_editable,
    leave_draft,
    open_draft,
    recalculate,
    subscription_of,
)
from stripe_nb.sandbox.invoicing.finalization import finalize
from stripe_nb.sandbox.invoicing.preview import preview
from stripe_nb.sandbox.older import upcoming
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.resource import Behaviour, check_metadata, created_between
from stripe_nb.sandbox.resources.invoiceitem import merged_metadata, pull_pending_items
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.unlisted import Unlisted
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Invoice",
    "add_line",
    "announce",
    "finalize",
    "leave_draft",
    "open_draft",
    "pay",
    "preview",
    "pull_pending_items",
    "recalculate",
    "subscription_of",
    "void",
]

_PAYABLE = ("draft", "open", "uncollectible")


class Invoice(Behaviour):
    """`Invoice <https://docs.stripe.com/api/invoices>`_."""

    name = "invoice"
    missing_param = "invoice"
    unlisted: ClassVar[tuple[Unlisted, ...]] = upcoming.OPERATIONS
    filters: ClassVar[Mapping[str, str]] = {
        "subscription": "parent.subscription_details.subscription"
    }

    def on_create(self, call: Call) -> Json:
        """Open a draft for a customer, or for a subscription's pending items."""
        invoice = opening.create(call)
        announce(call, invoice)
        self._set_timer(call, invoice)
        return invoice

    def on_update(self, call: Call) -> Json:
        """Change a draft, or the little that stays open to change afterwards."""
        invoice = self.target(call)
        editing.check_supported(call)
        editing.check_update(invoice, call.params)
        check_metadata(call.params, invoice["metadata"])
        method = call.params.get("collection_method")
        if method:
            opening.check_reachable(call.get("customer", invoice["customer"]), method)
        if "days_until_due" in call.params:
            days = call.params["days_until_due"]
            call.set_private(invoice["id"], days_until_due=days)
        before = invoice["automatically_finalizes_at"], invoice["next_payment_attempt"]
        editing.take_parameters(call, invoice)
        if invoice["status"] in ("draft", "open"):
            invoice.update(editing.schedule(call, invoice))
        if invoice["status"] == "draft":
            recalculate(call, invoice, announce="invoice.updated")
        else:
            invoice = call.update(invoice, announce="invoice.updated")
        if before != (
            invoice["automatically_finalizes_at"],
            invoice["next_payment_attempt"],
        ):
            self._set_timer(call, invoice)
        return invoice

    def _set_timer(self, call: Call, invoice: Json) -> None:
        """Let the invoice go on by itself when its fields say so."""
        if invoice["status"] == "draft" and invoice["automatically_finalizes_at"]:
            call.later(invoice["automatically_finalizes_at"], "finalize", invoice)
        elif invoice["status"] == "open" and invoice["next_payment_attempt"]:
            call.later(invoice["next_payment_attempt"], "retry", invoice)

    def on_delete(self, call: Call) -> Json:
        """Delete a draft."""
        return closing.delete(call, self.target(call))

    def on_finalize_invoice(self, call: Call) -> Json:
        """Finalize a draft; it is charged an hour later if it advances by itself."""
        invoice = self.target(call)
        connect.check_charges_enabled(call)
        if invoice["status"] != "draft":
            raise InvalidRequest(
                "This invoice is already finalized, you can't re-finalize a non-draft "
                "invoice."
            )
        advances = bool(call.params.get("auto_advance", invoice["auto_advance"]))
        invoice = finalize(call, {**invoice, "auto_advance": advances}, auto_pay=False)
        if invoice["status"] == "open":
            invoice = call.update({**invoice, **editing.schedule(call, invoice)})
            self._set_timer(call, invoice)
        return invoice

    def on_pay(self, call: Call) -> Json:
        """Pay an invoice now, out of turn; a draft is finalized first."""
        invoice = self.target(call)
        connect.check_charges_enabled(call)
        for name in ("mandate", "forgive"):
            if call.params.get(name):
                raise NotSimulated(f"the parameter {name} of paying an invoice")
        if invoice["status"] == "paid":
            raise InvalidRequest("Invoice is already paid")
        if invoice["status"] not in _PAYABLE:
            raise InvalidRequest(
                f"This invoice is {invoice['status']}, so it can no longer be paid.",
                code="invoice_not_editable",
            )
        method = methods.chosen(call, invoice)
        if invoice["status"] == "draft":
            invoice = finalize(call, invoice, auto_pay=False)
        if invoice["status"] == "paid":
            return invoice
        if call.params.get("paid_out_of_band"):
            return closing.pay_out_of_band(call, invoice)
        off_session = call.params.get("off_session", True)
        invoice, refusal = pay(call, invoice, off_session=off_session, method=method)
        if refusal:
            raise refusal
        return invoice

    def on_send_invoice(self, call: Call) -> Json:
        """Send an invoice to its customer; a draft is finalized first."""
        invoice = self.target(call)
        if invoice["collection_method"] != "send_invoice":
            raise InvalidRequest(
                "You can only manually send an invoice if its collection method is "
                "'send_invoice'."
            )
        if invoice["status"] == "draft":
            invoice = finalize(call, invoice, auto_pay=False)
        if invoice["status"] not in ("open", "paid", "uncollectible"):
            raise InvalidRequest(
                f"You can't send an invoice that is {invoice['status']}."
            )
        call.emit("invoice.sent", invoice)
        return invoice

    def on_void_invoice(self, call: Call) -> Json:
        """Void an invoice."""
        return void(call, self.target(call))

    def on_mark_uncollectible(self, call: Call) -> Json:
        """Give an invoice up."""
        return closing.mark_uncollectible(call, self.target(call))

    def on_attach_payment(self, call: Call) -> Json:
        """Let a payment intent pay for an open invoice."""
        invoice = self.target(call)
        if call.params.get("payment_record"):
            raise NotSimulated("payment records on invoices")
        intent = call.given("payment_intent", "payment_intent")
        if intent is None:
            raise ParameterMissing("payment_intent")
        collection.attach(call, invoice, intent)
        return call.get("invoice", invoice["id"])

    def on_add_lines(self, call: Call) -> Json:
        """Add lines to a draft."""
        invoice = self._edited(call)
        before = dict(invoice)
        for given in call.params["lines"]:
            lines.add(call, invoice, given)
        return _summed(call, before, invoice)

    def on_update_lines(self, call: Call) -> Json:
        """Change lines of a draft."""
        invoice = self._edited(call)
        before = dict(invoice)
        for index, given in enumerate(call.params["lines"]):
            line = lines.find(call, invoice, given["id"], f"lines[{index}][id]")
            lines.change(call, invoice, line, given)
        return _summed(call, before, invoice)

    def on_remove_lines(self, call: Call) -> Json:
        """Take lines off a draft."""
        invoice = self._edited(call)
        before = dict(invoice)
        for index, given in enumerate(call.params["lines"]):
            line = lines.find(call, invoice, given["id"], f"lines[{index}][id]")
            lines.remove(call, invoice, line, given["behavior"])
        return _summed(call, before, invoice)

    def change_line(self, call: Call) -> Json:
        """Change one line of a draft; return the line."""
        invoice = call.get("invoice", call.path["invoice"], param="invoice")
        check_editable(invoice, "changed")
        before = dict(invoice)
        name = call.path["line_item_id"]
        line = lines.find(call, invoice, name, "line_item_id")
        lines.change(call, invoice, line, call.params)
        announce_change(call, before, invoice)
        return call.get("line_item", name)

    def _edited(self, call: Call) -> Json:
        invoice = self.target(call)
        check_editable(invoice, "changed")
        return invoice

    def on_create_preview(self, call: Call) -> Json:
        """Show the next invoice, of a subscription or of pending items."""
        return previewing.create(call)

    def on_invoices_upcoming(self, call: Call) -> Json:
        """Show the same as older versions asked for it."""
        return upcoming.upcoming(call)

    def on_invoices_upcoming_lines(self, call: Call) -> Json:
        """Show its lines, as older versions asked for them."""
        return upcoming.lines(call)

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by bounds of the due date as well."""
        if name == "due_date":
            column = "json_extract(body, '$.due_date')"
            return _all_of([*created_between(value, column)])
        return super().condition(call, name, value)

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return an invoice's payments, and the secret that pays it."""
        if name == "payments":
            return _payments(call, obj)
        if name == "confirmation_secret":
            payment = payments.payment_of(call, obj)
            intent = payment and payments.default_payment(call, obj)
            return intent and {
                "client_secret": intent["client_secret"],
                "type": "payment_intent",
            }
        return super().expanded(call, obj, name)

    # What happens by itself, and what payments tell ---------------------------

    def due_finalize(self, call: Call, invoice: Json) -> None:
        """Finalize a draft whose hour is over, unless that was called off."""
        if (
            invoice["status"] != "draft"
            or invoice["automatically_finalizes_at"] != call.now()
        ):
            return
        try:
            invoice = finalize(call, invoice, auto_pay=True)
        except InvalidRequest as refusal:
            _note_failure(call, invoice, refusal)
            return
        if invoice["collection_method"] == "send_invoice":
            call.emit("invoice.sent", invoice)

    def due_retry(self, call: Call, invoice: Json) -> None:
        """Try again to collect."""
        collection.retry(call, invoice)

    def due_overdue(self, call: Call, invoice: Json) -> None:
        """Note that a sent invoice is not paid in time."""
        if invoice["status"] == "open" and (invoice["due_date"] or 0) <= call.now():
            call.emit("invoice.overdue", invoice)
            collection.tell_subscription(call, invoice, "invoice_overdue")

    def payment_succeeded(self, call: Call, intent: Json) -> None:
        """Book a payment intent of an invoice that succeeded."""
        collection.settle(call, intent)

    def payment_failed(self, call: Call, intent: Json) -> None:
        """Note that a payment intent of an invoice was refused."""
        invoice = call.get("invoice", call.private(intent["id"])["invoice"])
        if invoice["status"] in ("open", "uncollectible"):
            collection.failed(call, invoice)

    def payment_requires_action(self, call: Call, intent: Json) -> None:
        """Note that a payment intent of an invoice waits for the customer."""
        collection.waits_for_customer(call, intent)


def _summed(call: Call, before: Json, invoice: Json) -> Json:
    """Return a draft after a change of its lines, and announce it."""
    if "invoice_metadata" in call.params:
        given = {"metadata": call.params["invoice_metadata"]}
        check_metadata(given, invoice["metadata"])
        invoice["metadata"] = merged_metadata(invoice["metadata"], given)
        call.update(invoice)
    announce_change(call, before, invoice)
    return invoice


def _note_failure(call: Call, invoice: Json, refusal: InvalidRequest) -> None:
    """Tell why a draft could not be finalized by itself."""
    told = {
        "code": refusal.code,
        "message": refusal.message,
        "param": refusal.param,
        "type": "invalid_request_error",
    }
    invoice = call.update(invoice, last_finalization_error=told)
    call.emit("invoice.finalization_failed", invoice)


def _all_of(conditions: list[Condition]) -> Condition:
    return Condition(
        " and ".join(each.sql for each in conditions) or "1",
        tuple(value for each in conditions for value in each.values),
    )


def _payments(call: Call, invoice: Json) -> Json:
    found = call.objects("invoice_payment", invoice=invoice["id"])
    return {
        "object": "list",
        "data": found,
        "has_more": False,
        "url": "/v1/invoices/payments",
    }
