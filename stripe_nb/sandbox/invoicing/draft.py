"""Draft invoices: opened, filled with lines, and summed up after each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from stripe_nb.sandbox.billing.tax import Rate
from stripe_nb.sandbox.billing.totals import sum_up
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.platform import on_platform
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.events import changes
from stripe_nb.sandbox.invoicing import automatic_tax, prorations
from stripe_nb.sandbox.resources import customer_balance_transaction as balances
from stripe_nb.sandbox.resources import discount, line_item
from stripe_nb.sandbox.wire import Json

__all__ = [
    "add_line",
    "announce",
    "announce_change",
    "blank_invoice",
    "build_line",
    "check_editable",
    "leave_draft",
    "open_draft",
    "put_line",
    "recalculate",
    "remove_lines",
    "subscription_of",
    "tax_rates_of",
    "totals",
]

DAY = 24 * 60 * 60
DRAFT_SECONDS = 60 * 60


def open_draft(
    call: Call,
    *,
    customer: Json,
    currency: str,
    billing_reason: str,
    collection_method: str = "charge_automatically",
    subscription: Json | None = None,
    period_start: int,
    period_end: int,
    **values: Any,
) -> Json:
    """Store a new draft without lines.

    Nothing is announced yet: ``invoice.created`` goes out with the lines, from
    `announce`, `leave_draft` or `finalize`, whichever comes first.

    Parameters
    ----------
    call
        What it happens in.
    customer, currency, billing_reason, collection_method
        As in the invoice.
    subscription
        What it bills; its discounts and default tax rates hold for the invoice.
    period_start, period_end
        The invoice's own period, in Unix seconds.
    values
        More fields; ``days_until_due`` sets the due date.
    """
    days = values.pop("days_until_due", None)
    if days is not None:
        values["due_date"] = call.now() + days * DAY
    invoice = blank_invoice(
        call,
        customer=customer,
        currency=currency,
        billing_reason=billing_reason,
        collection_method=collection_method,
        subscription=subscription,
        period_end=period_end,
        period_start=period_start,
        **values,
    )
    known = discount.reductions(call, invoice["discounts"], currency)
    invoice.update(totals(invoice, [], {}, known))
    return call.insert(
        invoice, private={"announced": False, "days_until_due": days, "lines": []}
    )


def blank_invoice(
    call: Call,
    *,
    customer: Json,
    subscription: Json | None = None,
    **values: Any,
) -> Json:
    """Return a new draft with what it takes over from others; not stored."""
    values.setdefault("discounts", discount.inherited(call, customer, subscription))
    if subscription:
        values.setdefault("default_tax_rates", subscription["default_tax_rates"])
        values.setdefault("parent", _subscription_parent(subscription))
        values.setdefault("on_behalf_of", subscription["on_behalf_of"])
        if subscription["automatic_tax"]["enabled"]:
            asked = subscription["automatic_tax"]
            values["automatic_tax"] = automatic_tax.of_invoice(call, customer, asked)
    values.setdefault("auto_advance", values.get("billing_reason") != "manual")
    invoice = call.new(
        "invoice",
        **{**_account(call), **_customer(call, customer), **_NOTHING_YET, **values},
    )
    invoice["lines"] = line_item.envelope(invoice, [])
    return invoice


_NOTHING_YET: Json = {
    "amount_due": 0,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_remaining": 0,
    "attempt_count": 0,
    "issuer": {"type": "self"},
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "status": "draft",
}


def _account(call: Call) -> Json:
    account = on_platform(call).get("account", call.account)
    profile = account["business_profile"] or {}
    return {
        "account_country": account["country"],
        "account_name": profile.get("name"),
    }


def _customer(call: Call, customer: Json) -> Json:
    """Return what an invoice keeps of its customer."""
    return {
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [
            {"type": tax_id["type"], "value": tax_id["value"]}
            for tax_id in reversed(call.objects("tax_id", customer=customer["id"]))
        ],
        "starting_balance": customer["balance"],
        "test_clock": customer["test_clock"],
    }


def _subscription_parent(subscription: Json) -> Json:
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": subscription["metadata"],
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }


def subscription_of(invoice: Json) -> str | None:
    """Return the id of the subscription that an invoice bills, if any."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def add_line(
    call: Call,
    invoice: Json,
    *,
    tax_rates: Sequence[Json] = (),
    **line: Any,
) -> Json:
    """Add a line to a stored draft and sum it up; return the invoice.

    The dictionary `invoice` itself is brought up to date as well.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        A draft.
    tax_rates
        Tax rate objects of the line's own, instead of the invoice's.
    line
        What `build_line` takes: amount, description, period, price, quantity …
    """
    put_line(call, invoice, build_line(call, invoice, **line), tax_rates)
    return recalculate(call, invoice)


def build_line(
    call: Call,
    invoice: Json,
    *,
    amount: int,
    description: str | None,
    period: tuple[int, int],
    price: Json | None = None,
    quantity: int | None = None,
    proration: bool = False,
    subscription_item: str | None = None,
    invoice_item: str | None = None,
    discountable: bool = True,
    discounts: Iterable[str] = (),
    **values: Any,
) -> Json:
    """Return a line of a draft; not stored.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        The draft.
    amount, description, period, quantity, discountable, values
        As in the line item.
    price
        What is billed.
    proration
        Whether it is one; discounts don't reach it then.
    subscription_item, invoice_item
        Where it comes from.
    discounts
        Ids of discounts of the line's own.
    """
    subscription = subscription_of(invoice)
    if subscription_item and subscription:
        values["parent"] = line_item.subscription_parent(
            subscription, subscription_item, proration=proration
        )
    elif invoice_item:
        values["parent"] = line_item.invoice_item_parent(
            invoice_item, subscription, proration=proration
        )
    return line_item.build(
        call,
        invoice,
        amount=amount,
        description=description,
        period=period,
        pricing=line_item.pricing(price, amount),
        quantity=quantity,
        discountable=discountable and not proration,
        discounts=list(discounts),
        **values,
    )


def put_line(
    call: Call,
    invoice: Json,
    line: Json,
    tax_rates: Sequence[Json],
    *,
    first: bool = False,
) -> None:
    """Store a line of a draft, in its place; the draft is not summed up yet."""
    call.insert(line, private={"tax_rates": list(tax_rates)})
    order = call.private(invoice["id"])["lines"]
    order = [line["id"], *order] if first else [*order, line["id"]]
    call.set_private(invoice["id"], lines=order)


def remove_lines(call: Call, invoice: Json, lines: Iterable[Json]) -> None:
    """Take lines off a draft; it is not summed up yet."""
    gone = {line["id"] for line in lines}
    order = call.private(invoice["id"])["lines"]
    call.set_private(invoice["id"], lines=[name for name in order if name not in gone])
    for line in lines:
        call.delete(line)


def check_editable(invoice: Json, what: str) -> None:
    """Refuse to change what an invoice bills once it is final.

    Raises
    ------
    InvalidRequest
        With ``invoice_not_editable``.
    """
    if invoice["status"] != "draft":
        raise InvalidRequest(
            f"Invoice {invoice['id']} is no longer a draft, so its items can't be "
            f"{what}.",
            code="invoice_not_editable",
            param="invoice",
        )


def recalculate(call: Call, invoice: Json, *, announce: str | None = None) -> Json:
    """Sum a stored draft up again from its lines; return it."""
    lines = line_item.of(call, invoice)
    rates = {
        line["id"]: tax_rates_of(call.private(line["id"]).get("tax_rates"), invoice)
        for line in lines
    }
    names = [*invoice["discounts"], *(d for line in lines for d in line["discounts"])]
    known = discount.reductions(call, names, invoice["currency"])
    settled = prorations.discounts_on(call, lines)
    invoice.update(totals(invoice, lines, rates, known, settled))
    for line in lines:
        call.update(line)
    stored = call.update(invoice, announce=announce)
    invoice.update(stored)
    return invoice


def tax_rates_of(own: Sequence[Json] | None, invoice: Json) -> list[Rate]:
    """Return the rates that hold for a line: its own, else the invoice's."""
    return [
        Rate(rate["id"], Decimal(str(rate["percentage"])), rate["inclusive"])
        for rate in own or invoice["default_tax_rates"]
    ]


def totals(
    invoice: Json,
    lines: Sequence[Json],
    rates: Mapping[str, Sequence[Rate]],
    known: Mapping[str, Any],
    settled: Mapping[str, Mapping[str, int]] | None = None,
) -> Json:
    """Return a draft's sums and list of lines; what is due depends on the balance."""
    sums = sum_up(invoice, lines, rates, known, settled)
    due, _ = balances.settle(
        sums["total"], invoice["starting_balance"], invoice["currency"]
    )
    return {
        **sums,
        "amount_due": due,
        "amount_remaining": due,
        "lines": line_item.envelope(invoice, lines),
    }


def announce(call: Call, invoice: Json) -> None:
    """Announce a draft that is complete, once."""
    if call.private(invoice["id"]).get("announced") is False:
        call.set_private(invoice["id"], announced=True)
        call.emit("invoice.created", invoice)


def announce_change(call: Call, before: Json, invoice: Json) -> None:
    """Announce what a change of a draft's lines made of the draft."""
    previous = changes(before, invoice)
    if previous:
        call.emit("invoice.updated", invoice, previous)


def leave_draft(call: Call, invoice: Json) -> Json:
    """Announce a draft and let it be finalized by itself one hour later."""
    at = call.now() + DRAFT_SECONDS
    invoice = call.update(invoice, auto_advance=True, automatically_finalizes_at=at)
    announce(call, invoice)
    call.later(at, "finalize", invoice)
    return invoice
