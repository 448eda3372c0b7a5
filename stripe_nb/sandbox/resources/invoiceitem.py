"""Invoice items: what the customer is to be billed for with the next invoice."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
)
from stripe_nb.sandbox.invoicing import draft, item_amounts
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import discount, line_item, tax_rate
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = [
    "InvoiceItem",
    "build",
    "changed",
    "discounts_of",
    "line_of",
    "make",
    "merged_metadata",
    "pending",
    "pull_pending_items",
    "put",
    "rates_of",
    "subscription_id",
]

_BEYOND = ("invoicing_rules", "tax_behavior", "tax_code")
_CHARGE = (*item_amounts.WAYS, "pricing", "quantity", "quantity_decimal")


class InvoiceItem(Behaviour):
    """`Invoice item <https://docs.stripe.com/api/invoiceitems>`_."""

    name = "invoiceitem"
    missing_param = "invoiceitem"

    def on_create(self, call: Call) -> Json:
        """Make an item, pending or on a draft."""
        _check_supported(call.params)
        check_metadata(call.params)
        invoice = call.given("invoice", "invoice")
        customer = call.given("customer", "customer")
        if invoice and not customer:
            customer = call.get("customer", invoice["customer"])
        if customer is None:
            raise ParameterMissing("customer")
        if invoice:
            draft.check_editable(invoice, "added to")
        before = dict(invoice) if invoice else None
        item = make(call, customer, call.params, invoice)
        if invoice:
            item = put(call, invoice, item)
        call.emit("invoiceitem.created", item)
        _announce_change(call, before)
        return item

    def on_update(self, call: Call) -> Json:
        """Change an item that is not final yet."""
        item = self.target(call)
        _check_open(call, item)
        _check_supported(call.params)
        check_metadata(call.params, item["metadata"])
        item = call.update(changed(call, item, call.params))
        before = call.find("invoice", item["invoice"])
        if before:
            put(call, dict(before), item)
        _announce_change(call, before)
        return item

    def on_delete(self, call: Call) -> Json:
        """Delete an item that is not final yet; its line goes with it."""
        item = self.target(call)
        _check_open(call, item)
        before = call.find("invoice", item["invoice"])
        if before:
            draft.remove_lines(call, before, _lines_of(call, before, item))
            draft.recalculate(call, dict(before))
        gone = call.delete(item, announce="invoiceitem.deleted")
        _announce_change(call, before)
        return gone

    def conditions(self, call: Call) -> Iterator[Condition]:
        """Filter by whether an item is on an invoice yet."""
        waiting = call.params.pop("pending", None)
        yield from super().conditions(call)
        if waiting is True:
            yield equals("invoice", None)
        elif waiting is False:
            yield Condition("json_extract(body, '$.invoice') is not null")


def _announce_change(call: Call, before: Json | None) -> None:
    """Announce what has become of the draft that an item is on."""
    if before:
        draft.announce_change(call, before, call.get("invoice", before["id"]))


def _check_supported(params: Json) -> None:
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of invoice items")


def changed(call: Call, item: Json, given: Json) -> Json:
    """Return an item with what a request says of it; not stored."""
    plain = ("description", "discountable", "period")
    item = {**item, **{name: given[name] for name in plain if name in given}}
    item["metadata"] = merged_metadata(item["metadata"], given)
    if any(given.get(name) is not None for name in _CHARGE):
        item.update(item_amounts.of(call, _combined(item, given), item["currency"]))
    if "discounts" in given:
        item["discounts"] = discounts_of(call, item, given["discounts"])
    if "tax_rates" in given:
        item["tax_rates"] = rates_of(call, given["tax_rates"])
    return item


def merged_metadata(before: Json, given: Json) -> Json:
    """Return metadata with a request's changes, key by key."""
    if "metadata" not in given:
        return before
    merged = {**before, **given["metadata"]} if given["metadata"] else {}
    return {key: merged[key] for key in sorted(merged) if merged[key] is not None}


def rates_of(call: Call, names: list[str] | None) -> list[Json]:
    """Return the tax rates that a request names."""
    return tax_rate.given(call, names)


def make(call: Call, customer: Json, params: Json, invoice: Json | None = None) -> Json:
    """Store a pending item; it is not announced yet.

    Parameters
    ----------
    call
        What it happens in.
    customer
        Whose it is.
    params
        As the API takes them, checked for their types; ``proration`` and ``parent``
        may be given as well.
    invoice
        The draft that it is for, whose currency it takes.
    """
    item = build(call, customer, params, invoice)
    item["discounts"] = discounts_of(call, item, params.get("discounts"))
    return call.insert(item)


def build(
    call: Call, customer: Json, params: Json, invoice: Json | None = None
) -> Json:
    """Return an item of its parameters, without discounts; not stored."""
    charge = item_amounts.of(call, params, invoice["currency"] if invoice else None)
    if invoice and charge["currency"] != invoice["currency"]:
        raise InvalidRequest(
            f"The invoice is in {invoice['currency']}; an item in "
            f"{charge['currency']} can't be added to it.",
            param="currency",
        )
    period = params.get("period") or {"end": call.now(), "start": call.now()}
    if period["end"] < period["start"]:
        raise ParameterInvalid(
            "The end of a period can't be before its start.", param="period[end]"
        )
    proration = bool(params.get("proration"))
    return call.new(
        "invoiceitem",
        **charge,
        customer=customer["id"],
        date=call.now(),
        description=params.get("description") or item_amounts.named(call, charge),
        discountable=params.get("discountable", not proration),
        discounts=[],
        metadata=dict(params.get("metadata") or {}),
        parent=params.get("parent") or _parent(call, params),
        period=period,
        proration=proration,
        tax_rates=tax_rate.given(call, params.get("tax_rates")),
        test_clock=customer["test_clock"],
    )


def _parent(call: Call, params: Json) -> Json | None:
    if not params.get("subscription"):
        return None
    call.given("subscription", "subscription")
    return {
        "subscription_details": {"subscription": params["subscription"]},
        "type": "subscription_details",
    }


def discounts_of(call: Call, item: Json | None, given: list[Json] | None) -> list[str]:
    """Store the discounts of an item's own that a request names."""
    if item is None:
        return discount.take(call, given)
    return discount.take(
        call,
        given,
        for_customer=item["customer"],
        currency=item["currency"],
        invoice_item=item["id"],
    )


def _combined(item: Json, given: Json) -> Json:
    """Return a change of an item's charge with what stays as it was."""
    ways = [
        name for name in (*item_amounts.WAYS, "pricing") if given.get(name) is not None
    ]
    known: Json = {"quantity": item["quantity"]}
    details = item["pricing"].get("price_details")
    if not ways and details:
        known["pricing"] = {"price": details["price"]}
    elif not ways:
        known["unit_amount_decimal"] = item["pricing"]["unit_amount_decimal"]
    return {**known, **given}


def _check_open(call: Call, item: Json) -> None:
    invoice = call.find("invoice", item["invoice"])
    if invoice:
        draft.check_editable(invoice, "changed")


def pending(call: Call, invoice: Json) -> list[Json]:
    """Return the items that wait for an invoice like this one, newest first."""
    subscription = draft.subscription_of(invoice)
    waiting = call.objects(
        "invoiceitem",
        customer=invoice["customer"],
        currency=invoice["currency"],
        invoice=None,
    )
    return [item for item in waiting if subscription_id(item) in (None, subscription)]


def subscription_id(item: Json) -> str | None:
    """Return the subscription that an item belongs to, if any."""
    details = (item["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def line_of(call: Call, invoice: Json, item: Json) -> Json:
    """Return the line that an item becomes on an invoice; not stored."""
    return line_item.build(
        call,
        invoice,
        amount=item["amount"],
        description=item["description"],
        period=(item["period"]["start"], item["period"]["end"]),
        quantity=item["quantity"],
        discountable=item["discountable"],
        discounts=list(item["discounts"]),
        metadata=dict(item["metadata"]),
        parent=line_item.invoice_item_parent(
            item["id"], subscription_id(item), proration=item["proration"]
        ),
        pricing=item["pricing"],
    )


def put(call: Call, invoice: Json, item: Json, *, first: bool = False) -> Json:
    """Put an item on a stored draft, or its changes; return the item.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        A draft; it is summed up again.
    item
        The item.
    first
        Whether its line comes before those that are there.
    """
    line = line_of(call, invoice, item)
    old = _lines_of(call, invoice, item)
    if old:
        line["id"] = old[0]["id"]
        call.update(line)
        call.set_private(line["id"], tax_rates=item["tax_rates"])
    else:
        draft.put_line(call, invoice, line, item["tax_rates"], first=first)
    draft.recalculate(call, invoice)
    return call.update(item, invoice=invoice["id"])


def _lines_of(call: Call, invoice: Json, item: Json) -> list[Json]:
    return [
        line
        for line in line_item.of(call, invoice)
        if line_item.invoice_item_of(line) == item["id"]
    ]


def pull_pending_items(call: Call, invoice: Json) -> Json:
    """Put all items that wait for an invoice like this one on it; return it.

    The newest comes first, before the lines that are there already.
    """
    for item in reversed(pending(call, invoice)):
        put(call, invoice, item, first=True)
    return invoice
