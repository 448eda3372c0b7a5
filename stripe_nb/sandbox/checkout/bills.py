"""The invoice of a session that was a single payment, where the shop wants one."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import items, selling
from stripe_nb.sandbox.invoicing import automatic_tax
from stripe_nb.sandbox.resources import invoice as invoices
from stripe_nb.sandbox.resources import invoiceitem
from stripe_nb.sandbox.wire import Json

__all__ = ["is_wanted", "write"]


def is_wanted(session: Json) -> bool:
    """Return whether a session ends with an invoice of its own."""
    return bool((session["invoice_creation"] or {}).get("enabled"))


def write(call: Call, session: Json, discounts: Sequence[str]) -> Json:
    """Write the invoice of a paid session; what paid the session paid it.

    Parameters
    ----------
    call
        What it happens in.
    session
        With its customer.
    discounts
        The stored discounts that the session used.
    """
    customer = call.get("customer", session["customer"])
    told = session["invoice_creation"]["invoice_data"]
    values: Json = {name: told[name] for name in _TAKEN_OVER if told[name]}
    asked = session["automatic_tax"]
    if asked["enabled"]:
        automatic_tax.locate(call, customer["id"])
        values["automatic_tax"] = automatic_tax.of_invoice(call, customer, asked)
    draft = invoices.open_draft(
        call,
        customer=customer,
        currency=session["currency"],
        billing_reason="manual",
        period_start=call.now(),
        period_end=call.now(),
        discounts=list(discounts),
        shipping_cost=session["shipping_cost"],
        **values,
    )
    for item in items.of(call, session["id"]):
        given = selling.as_sold(call, item)
        price = given.pop("price", None)
        pricing = {"pricing": {"price": price}} if price else {}
        params = {"currency": session["currency"], **given, **pricing}
        invoiceitem.put(call, draft, invoiceitem.make(call, customer, params, draft))
    intent = call.find("payment_intent", session["payment_intent"])
    return invoices.finalize(call, draft, auto_pay=False, paid_by=intent)


_TAKEN_OVER = ("account_tax_ids", "custom_fields", "description", "footer", "metadata")
