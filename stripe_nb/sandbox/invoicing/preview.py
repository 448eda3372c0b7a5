"""Previews: the invoice that would be made, with nothing of it stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing import draft, prorations
from stripe_nb.sandbox.resources import discount, invoiceitem
from stripe_nb.sandbox.wire import Json

__all__ = ["preview"]


def preview(
    call: Call,
    *,
    customer: Json,
    currency: str,
    lines: Iterable[Mapping[str, Any]] = (),
    items: Iterable[Json] = (),
    discounts: Sequence[Json] | None = None,
    include_pending: bool = True,
    **values: Any,
) -> Json:
    """Return the invoice that would be made.

    Parameters
    ----------
    call
        What asks for it.
    customer, currency
        Whose, and in what.
    lines
        What `add_line` takes for each line of a subscription.
    items
        Invoice items that are not stored.
    discounts
        Discount objects, stored or not, instead of those that it would inherit.
    include_pending
        Whether items that wait for an invoice of this kind come first.
    values
        As `open_draft` takes them.
    """
    if discounts is not None:
        values["discounts"] = [each["id"] for each in discounts]
    invoice = draft.blank_invoice(
        call,
        **{
            "billing_reason": "upcoming",
            "collection_method": "charge_automatically",
            "period_end": call.now(),
            "period_start": call.now(),
            **values,
        },
        auto_advance=False,
        currency=currency,
        customer=customer,
        id=f"upcoming_{call.new_id('invoice')}",
    )
    waiting = [*items, *(invoiceitem.pending(call, invoice) if include_pending else ())]
    made = [invoiceitem.line_of(call, invoice, item) for item in waiting]
    own = [item["tax_rates"] for item in waiting]
    settled = prorations.settled_discounts(made, waiting)
    for line in lines:
        terms = dict(line)
        own.append(list(terms.pop("tax_rates", ())))
        made.append(draft.build_line(call, invoice, **terms))
    rates = {
        line["id"]: draft.tax_rates_of(rates, invoice)
        for line, rates in zip(made, own, strict=True)
    }
    names = [*invoice["discounts"], *(d for line in made for d in line["discounts"])]
    known = discount.reductions(call, names, currency, discounts or ())
    return {**invoice, **draft.totals(invoice, made, rates, known, settled)}
