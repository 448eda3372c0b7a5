"""How subscriptions bill: the first invoice, renewals, and changes in between."""

from __future__ import annotations

from collections.abc import Iterable

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    ApiError,
    CardDeclined,
    InvalidRequest,
    NotSimulated,
)
from stripe_nb.sandbox.invoicing import methods
from stripe_nb.sandbox.resources import invoice as invoices
from stripe_nb.sandbox.resources import invoiceitem, line_item
from stripe_nb.sandbox.subscriptions.lines import Line
from stripe_nb.sandbox.wire import Json

__all__ = [
    "collect",
    "missing_method",
    "one_time_items",
    "open_bill",
    "park",
]


def open_bill(
    call: Call,
    subscription: Json,
    reason: str,
    lines: Iterable[Line],
    *,
    period: tuple[int, int] | None = None,
) -> Json | None:
    """Open a draft with lines and what waits for the next invoice.

    Returns ``None``, and leaves nothing, where there is nothing to bill.
    """
    lines = list(lines)
    customer = call.get("customer", subscription["customer"])
    start, end = period or (call.now(), call.now())
    settings = subscription["invoice_settings"]
    draft = invoices.open_draft(
        call,
        customer=customer,
        currency=subscription["currency"],
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        subscription=subscription,
        period_start=start,
        period_end=end,
        days_until_due=subscription["days_until_due"],
        auto_advance=False,
        account_tax_ids=settings["account_tax_ids"],
        custom_fields=settings["custom_fields"],
        description=settings["description"],
        footer=settings["footer"],
    )
    for line in lines:
        draft = _add(call, draft, line)
    draft = invoices.pull_pending_items(call, draft)
    if not draft["lines"]["data"]:
        call.delete(draft)
        return None
    call.update(
        call.get("subscription", subscription["id"]), latest_invoice=draft["id"]
    )
    return draft


def _add(call: Call, draft: Json, line: Line) -> Json:
    return invoices.add_line(
        call,
        draft,
        amount=line.amount,
        description=line.description,
        period=line.period,
        price=line.item["price"],
        quantity=line.quantity,
        proration=line.is_proration,
        subscription_item=line.item["id"],
        discounts=line.item["discounts"],
        tax_rates=line.item["tax_rates"] or (),
        metadata=line.item["metadata"],
    )


def park(call: Call, subscription: Json, lines: Iterable[Line]) -> list[Json]:
    """Keep lines as pending invoice items, for the next invoice.

    An invoice takes the newest items first; stored the other way round, the credit
    still stands before the charge.
    """
    customer = call.get("customer", subscription["customer"])
    stored = [
        _parked(call, subscription, customer, line) for line in reversed(list(lines))
    ]
    for item in stored[::-1]:
        call.emit("invoiceitem.created", item)
    return stored[::-1]


def _parked(call: Call, subscription: Json, customer: Json, line: Line) -> Json:
    start, end = line.period
    item = invoiceitem.build(
        call,
        customer,
        {
            "amount": line.amount,
            "currency": subscription["currency"],
            "description": line.description,
            "discountable": not line.is_proration,
            "parent": {
                "subscription_details": {
                    "subscription": subscription["id"],
                    "subscription_item": line.item["id"],
                },
                "type": "subscription_details",
            },
            "period": {"end": end, "start": start},
            "proration": line.is_proration,
            "quantity": line.quantity,
        },
    )
    item["pricing"] = line_item.pricing(line.item["price"], line.amount)
    item["tax_rates"] = list(line.item["tax_rates"] or ())
    if line.is_proration:
        item["net_amount"] = line.net
        item["proration_details"] = {
            "credited_items": None,
            "discount_amounts": [
                {"amount": amount, "discount": name}
                for name, amount in line.taken.items()
            ],
        }
        item["discounts"] = [
            name for name in line.item["discounts"] if line.taken.get(name)
        ]
    return call.insert(item)


def one_time_items(call: Call, subscription: Json) -> None:
    """Let what a request adds to the next invoice wait for it."""
    customer = call.get("customer", subscription["customer"])
    for index, given in enumerate(call.params.get("add_invoice_items") or ()):
        if given.get("period"):
            raise NotSimulated(f"the parameter add_invoice_items[{index}][period]")
        price = given.get("price")
        item = invoiceitem.make(
            call,
            customer,
            {
                **{name: value for name, value in given.items() if name != "price"},
                **({"pricing": {"price": price}} if price else {}),
                "parent": {
                    "subscription_details": {
                        "subscription": subscription["id"],
                    },
                    "type": "subscription_details",
                },
            },
        )
        call.emit("invoiceitem.created", item)


def missing_method() -> ApiError:
    """Return Stripe's refusal of a customer that has nothing to be charged to."""
    return InvalidRequest(
        "This customer has no attached payment source or default payment method. "
        "Please consider adding a default payment method. For more information, visit "
        "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
        "#payment-method-priority.",
        code="resource_missing",
    )


def collect(
    call: Call, subscription: Json, draft: Json, *, behavior: str, off_session: bool
) -> ApiError | None:
    """Finalize a bill of a request and charge it; return the refusal, if any.

    Raises
    ------
    InvalidRequest
        If there is nothing to charge it to.
    """
    if subscription["collection_method"] == "send_invoice":
        invoices.leave_draft(call, draft)
        return None
    draft = invoices.finalize(call, draft, auto_pay=False)
    if draft["status"] != "open" or behavior == "default_incomplete":
        return None
    if methods.default_of(call, subscription) is None:
        raise missing_method()
    _, refusal = invoices.pay(call, draft, off_session=off_session)
    if refusal and behavior == "error_if_incomplete":
        raise _undoing(refusal)
    return refusal


def _undoing(refusal: ApiError) -> ApiError:
    """Return a refusal that undoes the whole request, in a subscription's words."""
    if refusal.code == "invoice_payment_intent_requires_action":
        refusal = CardDeclined(
            "Payment for this subscription requires additional user action before it "
            "can be completed successfully. Payment can be completed using the "
            "PaymentIntent associated with subscription.latest_invoice. For additional "
            "information see: https://stripe.com/docs/billing/subscriptions/"
            "overview#requires-action",
            code="subscription_payment_intent_requires_action",
        )
    refusal.keeps_writes = False
    return refusal
