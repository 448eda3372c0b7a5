"""Lines of a draft, added, changed and taken off by requests."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ResourceMissing
from stripe_nb.sandbox.invoicing import draft
from stripe_nb.sandbox.resources import invoiceitem, line_item, price
from stripe_nb.sandbox.wire import Json

__all__ = ["add", "change", "find", "remove"]

# What a line shares with the invoice item that it is made of.
_COUNTED = ("amount", "price_data", "pricing", "quantity", "quantity_decimal")


def add(call: Call, invoice: Json, given: Json) -> None:
    """Put a line on a draft: an item that waits, or a new one."""
    _check_supported(given)
    named = given.get("invoice_item")
    if named:
        item = call.get(
            "invoiceitem", named, param="lines[0][invoice_item]", http_status=400
        )
        if item["invoice"] or item["customer"] != invoice["customer"]:
            raise InvalidRequest(
                f"The invoice item {named} is not a pending one of this customer.",
                param="lines[0][invoice_item]",
            )
        invoiceitem.put(call, invoice, item)
        return
    customer = call.get("customer", invoice["customer"])
    item = invoiceitem.make(call, customer, _with_product(call, given), invoice)
    call.emit("invoiceitem.created", invoiceitem.put(call, invoice, item))


def _with_product(call: Call, given: Json) -> Json:
    """Return a line's parameters with the product that they describe, made."""
    data = given.get("price_data") or {}
    if not data.get("product_data"):
        return given
    data = {**data, "product": price.make_product(call, data["product_data"])["id"]}
    data.pop("product_data")
    return {**given, "price_data": data}


def _check_supported(given: Json) -> None:
    if given.get("tax_amounts"):
        raise NotSimulated("the parameter tax_amounts of invoice lines")


def find(call: Call, invoice: Json, line_id: str, param: str) -> Json:
    """Return a line of an invoice.

    Raises
    ------
    ResourceMissing
        If the invoice has none of that id.
    """
    for line in line_item.of(call, invoice):
        if line["id"] == line_id:
            return line
    raise ResourceMissing("invoice line item", line_id, param=param, http_status=400)


def change(call: Call, invoice: Json, line: Json, given: Json) -> None:
    """Change a line of a draft, and the invoice item that it is made of."""
    _check_supported(given)
    given = _with_product(call, given)
    item = call.find("invoiceitem", line_item.invoice_item_of(line))
    if item:
        changed = invoiceitem.changed(call, item, given)
        invoiceitem.put(call, invoice, call.update(changed))
        return
    if any(name in given for name in ("price_data", "pricing")):
        raise NotSimulated("another price for a subscription's line on an invoice")
    _change_own(call, line, given)
    draft.recalculate(call, invoice)


def _change_own(call: Call, line: Json, given: Json) -> None:
    """Change a line that a subscription made, on this invoice alone."""
    amount = given.get("amount", line["amount"])
    if "quantity" in given and "amount" not in given:
        found = call.get("price", line["pricing"]["price_details"]["price"])
        amount = price.amount_for(call, found, given["quantity"], line["currency"])
    quantity = given.get("quantity", line["quantity"])
    line = {
        **line,
        **{
            name: given[name]
            for name in ("description", "discountable", "period")
            if name in given
        },
        "amount": amount,
        "metadata": invoiceitem.merged_metadata(line["metadata"], given),
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "subtotal": amount,
    }
    if "discounts" in given:
        line["discounts"] = invoiceitem.discounts_of(call, None, given["discounts"])
    call.update(line)
    if "tax_rates" in given:
        rates = invoiceitem.rates_of(call, given["tax_rates"])
        call.set_private(line["id"], tax_rates=rates)


def remove(call: Call, invoice: Json, line: Json, behavior: str) -> None:
    """Take a line off a draft; its item is deleted, or waits for another invoice."""
    item = call.find("invoiceitem", line_item.invoice_item_of(line))
    if item is None and behavior == "unassign":
        raise InvalidRequest(
            f"The line {line['id']} is not made of an invoice item, so it can only be "
            "deleted.",
            param="lines[0][behavior]",
        )
    if item and behavior == "delete":
        call.delete(item, announce="invoiceitem.deleted")
    elif item:
        call.update(item, invoice=None)
    draft.remove_lines(call, invoice, [line])
    draft.recalculate(call, invoice)
