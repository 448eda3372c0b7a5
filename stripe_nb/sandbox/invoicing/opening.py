"""A new draft of what a request says: whose, in what currency, with what on it."""

from __future__ import annotations

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.invoicing import editing
from stripe_nb.sandbox.invoicing.draft import open_draft, recalculate
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.resources.invoiceitem import pull_pending_items
from stripe_nb.sandbox.wire import Json

__all__ = ["check_reachable", "create"]


def create(call: Call) -> Json:
    """Store the draft of a call's parameters; it is not announced yet.

    Raises
    ------
    ParameterMissing
        If it is nobody's.
    """
    editing.check_supported(call)
    connect.check_charges_enabled(call)
    check_metadata(call.params)
    subscription = call.given("subscription", "subscription")
    customer = call.given("customer", "customer")
    if customer is None and subscription:
        customer = call.get("customer", subscription["customer"])
    if customer is None:
        raise ParameterMissing("customer")
    method = call.params.get("collection_method", "charge_automatically")
    check_reachable(customer, method)
    values: Json = {"discounts": []} if "discounts" in call.params else {}
    invoice = open_draft(
        call,
        customer=customer,
        currency=_currency(call, customer, subscription),
        billing_reason="manual",
        collection_method=method,
        subscription=subscription,
        period_start=call.now(),
        period_end=call.now(),
        days_until_due=call.params.get("days_until_due"),
        **values,
    )
    editing.take_parameters(call, invoice)
    invoice.update(editing.schedule(call, invoice))
    behavior = call.params.get("pending_invoice_items_behavior")
    if behavior == "include" or (subscription and behavior != "exclude"):
        pull_pending_items(call, invoice)
    recalculate(call, invoice)
    return invoice


def check_reachable(customer: Json, method: str) -> None:
    """Refuse to send invoices to a customer without an address for them.

    Raises
    ------
    InvalidRequest
        With ``missing_email``.
    """
    if method == "send_invoice" and not customer["email"]:
        raise InvalidRequest(
            "Missing email. In order to create invoices that are sent to the customer, "
            "the customer must have a valid email.",
            code="missing_email",
            param="customer",
        )


def _currency(call: Call, customer: Json, subscription: Json | None) -> str:
    """Return what an invoice is in: as asked, or as its items and customer are."""
    asked = call.params.get("currency")
    if asked:
        return check_currency(asked)
    if subscription:
        return str(subscription["currency"])
    waiting = call.objects("invoiceitem", customer=customer["id"], invoice=None)
    if waiting and call.params.get("pending_invoice_items_behavior") == "include":
        return str(waiting[0]["currency"])
    account = call.find("account", call.account) or {}
    return str(customer["currency"] or account.get("default_currency") or "usd")
