"""``create_preview``: what a request wants to see the next invoice of."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.invoicing import automatic_tax
from stripe_nb.sandbox.invoicing.preview import preview
from stripe_nb.sandbox.resources import discount, invoiceitem
from stripe_nb.sandbox.wire import Json

__all__ = ["create", "customer_of", "discounts_of", "items_of"]

_SUBSCRIPTION = ("schedule", "schedule_details", "subscription", "subscription_details")
_BEYOND = ("customer_account", "on_behalf_of")


def create(call: Call) -> Json:
    """Answer a request for a preview; subscriptions make their own."""
    params = call.params
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of previews")
    if any(params.get(name) for name in _SUBSCRIPTION):
        make: Any = getattr(call.engine.behaviour("subscription"), "preview", None)
        if make is None:
            raise NotSimulated("previews of subscriptions")
        shown: Json = make(call)
        return shown
    customer = customer_of(call)
    waiting = call.objects("invoiceitem", customer=customer["id"], invoice=None)
    if not waiting and not params.get("invoice_items"):
        raise InvalidRequest(
            "No upcoming invoices for customer: " + customer["id"],
            code="invoice_upcoming_none",
        )
    currency = _currency(call, customer, waiting)
    with call.undoing():
        return preview(
            call,
            customer=customer,
            currency=currency,
            discounts=discounts_of(call, customer),
            items=items_of(call, customer, currency),
            **taxed(call, customer),
        )


def taxed(call: Call, customer: Json) -> Json:
    """Return what a preview shows of automatic tax, where that is asked for."""
    if not automatic_tax.is_wanted(call.params):
        return {}
    asked = call.params["automatic_tax"]
    return {"automatic_tax": automatic_tax.of_invoice(call, customer, asked)}


def _currency(call: Call, customer: Json, waiting: list[Json]) -> str:
    params = call.params
    named = [params.get("currency")]
    named += [item.get("currency") for item in params.get("invoice_items") or ()]
    named += [item["currency"] for item in waiting]
    named.append(customer["currency"])
    return check_currency(next((each for each in named if each), "usd"))


def customer_of(call: Call) -> Json:
    """Return the customer of a preview: one that is there, or a described one."""
    customer = call.given("customer", "customer")
    described = call.params.get("customer_details")
    if customer is None:
        if not described:
            raise InvalidRequest(
                "You must specify either `customer` or `customer_details`.",
                code="invoice_upcoming_none",
            )
        customer = call.new(
            "customer",
            balance=0,
            invoice_settings={
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            invoice_prefix="PREVIEW",
            next_invoice_sequence=1,
            preferred_locales=[],
            tax_exempt="none",
        )
    if described:
        kept = {
            name: described[name]
            for name in ("address", "shipping", "tax_exempt")
            if described.get(name)
        }
        assign(customer, call.kind("customer").fields, kept)
    return customer


def discounts_of(call: Call, customer: Json) -> list[Json] | None:
    """Return the discounts that a preview names; ``None``: what it inherits."""
    if "discounts" not in call.params:
        return None
    return [
        discount.build(
            call, each, param=f"discounts[{index}]", for_customer=customer["id"]
        )
        for index, each in enumerate(call.params["discounts"] or ())
    ]


def items_of(call: Call, customer: Json, currency: str) -> list[Json]:
    """Return the invoice items that a preview adds to those that wait.

    What they need, such as a price that is described in passing, is stored: the
    caller undoes it.
    """
    items = []
    for given in call.params.get("invoice_items") or ():
        if given.get("invoiceitem"):
            raise NotSimulated("invoiceitem of a preview's invoice_items")
        item = invoiceitem.build(call, customer, _as_item(given, currency))
        item["discounts"] = invoiceitem.discounts_of(call, item, given.get("discounts"))
        items.append(item)
    return items


def _as_item(given: Json, currency: str) -> Json:
    """Say a preview's item as an invoice item is said."""
    item = {"currency": currency, **given}
    if item.get("price"):
        item["pricing"] = {"price": item.pop("price")}
    if item.get("unit_amount") is not None:
        item["unit_amount_decimal"] = str(item.pop("unit_amount"))
    return item
