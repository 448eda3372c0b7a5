"""What a request may set on an invoice, and until when."""

from __future__ import annotations

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ResourceMissing,
)
from stripe_nb.sandbox.invoicing import automatic_tax, draft, shares
from stripe_nb.sandbox.resources import discount, shipping_rate, tax_rate
from stripe_nb.sandbox.wire import Json

__all__ = ["check_supported", "schedule", "take_parameters"]

_BEYOND = (
    "customer_account",
    "from_invoice",
)
# Parameters that are more than a field of the same name.
_HANDLED = frozenset(
    {
        "application_fee_amount",
        "auto_advance",
        "automatic_tax",
        "automatically_finalizes_at",
        "currency",
        "customer",
        "days_until_due",
        "default_tax_rates",
        "discounts",
        "expand",
        "on_behalf_of",
        "pending_invoice_items_behavior",
        "shipping_cost",
        "subscription",
        "transfer_data",
    }
)
# What stays open to change when the sums are final.
_ALWAYS = frozenset(
    {
        "auto_advance",
        "custom_fields",
        "default_payment_method",
        "default_source",
        "description",
        "expand",
        "footer",
        "metadata",
        "payment_settings",
        "rendering",
        "shipping_details",
        "statement_descriptor",
    }
)


def check_supported(call: Call) -> None:
    """Refuse what the sandbox has no effect for."""
    params = call.params
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of invoices")
    if (params.get("issuer") or {}).get("type", "self") != "self":
        raise NotSimulated("invoices that a connected account issues")


def check_update(invoice: Json, params: Json) -> None:
    """Refuse to change what is final.

    Raises
    ------
    InvalidRequest
        With ``invoice_not_editable``.
    """
    if invoice["status"] != "draft" and set(params) - _ALWAYS:
        raise InvalidRequest(
            "Finalized invoices can't be updated in this way",
            code="invoice_not_editable",
        )


def take_parameters(call: Call, invoice: Json) -> None:
    """Set what a request says on an invoice; it is neither summed up nor stored."""
    params = call.params
    kept = {name: value for name, value in params.items() if name not in _HANDLED}
    assign(invoice, call.kind("invoice").fields, kept)
    _check_method(call, invoice)
    shares.take(call, invoice)
    if "automatic_tax" in params:
        _take_automatic_tax(call, invoice, params["automatic_tax"])
    if "default_tax_rates" in params:
        names = params["default_tax_rates"]
        invoice["default_tax_rates"] = tax_rate.given(call, names, "default_tax_rates")
    if "shipping_cost" in params:
        invoice["shipping_cost"] = shipping_rate.cost(
            call, params["shipping_cost"], invoice["currency"]
        )
    if "discounts" in params:
        invoice["discounts"] = discount.take(
            call,
            params["discounts"],
            for_customer=invoice["customer"],
            currency=invoice["currency"],
            invoice=invoice["id"],
        )
    _take_due_date(call, invoice)
    if invoice["number"]:
        _check_number(call, invoice)


def _take_automatic_tax(call: Call, invoice: Json, given: Json) -> None:
    if given["enabled"]:
        customer = call.get("customer", invoice["customer"])
        told = automatic_tax.of_invoice(call, customer, given)
    else:
        told = {**invoice["automatic_tax"], "enabled": False, "status": None}
    invoice["automatic_tax"] = told


def _check_method(call: Call, invoice: Json) -> None:
    """Refuse a payment method that is not the customer's."""
    name = call.params.get("default_payment_method")
    found = call.find("payment_method", name)
    if name and (found is None or found["customer"] != invoice["customer"]):
        raise ResourceMissing(
            "PaymentMethod",
            name,
            param="default_payment_method",
            http_status=400,
            hint="; the customer does not have a payment method with this ID.",
        )


def _take_due_date(call: Call, invoice: Json) -> None:
    """Set when the invoice is due, which only one that is sent can have."""
    params = call.params
    days, date = params.get("days_until_due"), params.get("due_date")
    sent = invoice["collection_method"] == "send_invoice"
    named = "days_until_due" if days else "due_date" if date else None
    if named and not sent:
        raise InvalidRequest(
            f"You can only set `{named}` if the invoice's collection method is "
            "`send_invoice`.",
            param=named,
        )
    if days and date:
        raise InvalidRequest(
            "You may only specify one of these parameters: days_until_due, due_date."
        )
    if days is not None and days < 0:
        raise ParameterInvalid(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param="days_until_due",
        )
    if date and date < call.now():
        raise ParameterInvalid("The due date must be in the future.", param="due_date")
    if days is not None:
        invoice["due_date"] = call.now() + days * draft.DAY
    if not sent:
        invoice["due_date"] = None
    elif invoice["due_date"] is None:
        raise InvalidRequest(
            "If `collection_method` is `send_invoice`, you must set `days_until_due` "
            "or `due_date`.",
            param="days_until_due",
        )


def _check_number(call: Call, invoice: Json) -> None:
    others = call.objects("invoice", number=invoice["number"])
    if any(other["id"] != invoice["id"] for other in others):
        raise InvalidRequest(
            f"An invoice with the number {invoice['number']} already exists.",
            param="number",
        )


def schedule(call: Call, invoice: Json) -> Json:
    """Return when an invoice goes on by itself, as ``auto_advance`` wants it.

    A draft is finalized after an hour; an open invoice that nobody has tried to
    collect is charged after one.
    """
    params = call.params
    advances = bool(params.get("auto_advance", invoice["auto_advance"]))
    charged = invoice["collection_method"] == "charge_automatically"
    if invoice["status"] == "draft":
        at = params.get("automatically_finalizes_at") if advances else None
        at = at or (call.now() + draft.DRAFT_SECONDS if advances else None)
        kept = invoice["automatically_finalizes_at"]
        at = kept if kept and advances and "auto_advance" not in params else at
        return {
            "auto_advance": advances,
            "automatically_finalizes_at": at,
            "next_payment_attempt": at if charged else None,
        }
    if invoice["status"] == "open" and charged and not invoice["attempted"]:
        at = call.now() + draft.DRAFT_SECONDS if advances else None
        return {"auto_advance": advances, "next_payment_attempt": at}
    return {"auto_advance": advances}
