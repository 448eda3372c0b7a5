"""Line items of checkout sessions and payment links, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stripe_nb.sandbox.billing.totals import sum_up
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ParameterMissing,
    ResourceMissing,
)
from stripe_nb.sandbox.invoicing.draft import tax_rates_of
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.resources import discount, price, tax_rate
from stripe_nb.sandbox.wire import Json

__all__ = [
    "adjust",
    "check_count",
    "envelope",
    "is_metered",
    "is_recurring",
    "of",
    "revise",
    "store",
    "sums",
]

_MOST_ITEMS = 100
_MOST_OF_ONE = 999_999
_ADJUSTABLE = {"maximum": 99, "minimum": 0}


def store(call: Call, given: Json, currency: str | None, param: str) -> Json:
    """Store a new line item of what a request says.

    Parameters
    ----------
    call
        The request.
    given
        One of its ``line_items``.
    currency
        What is to be paid in, if that is settled.
    param
        Where it stands in the request.

    Raises
    ------
    InvalidRequest
        For a price that can't be sold so.
    """
    found = _price(call, given, param)
    rates = tax_rate.given(call, given.get("tax_rates"), f"{param}[tax_rates]")
    check_metadata(given)
    item = call.new(
        "item",
        adjustable_quantity=_adjustable(given.get("adjustable_quantity")),
        amount_discount=0,
        amount_subtotal=0,
        amount_tax=0,
        amount_total=0,
        currency=currency or found["currency"],
        description=_name(call, found),
        metadata=given.get("metadata") or {},
        price=found,
        quantity=_quantity(given, found, param),
    )
    private = {"inline": bool(given.get("price_data")), "tax_rates": rates}
    return call.insert(item, private=private)


def _price(call: Call, given: Json, param: str) -> Json:
    named, described = given.get("price"), given.get("price_data")
    if (named is None) == (described is None):
        raise ParameterMissing(
            f"{param}[price]",
            f"You must specify either `price` or `price_data` in {param}.",
        )
    if described is None:
        found = call.get("price", str(named), param=f"{param}[price]", http_status=400)
        price.check_usable(found, f"{param}[price]")
    else:
        found = _described(call, described, f"{param}[price_data]")
    if found["custom_unit_amount"]:
        raise NotSimulated("a price that the customer chooses in Checkout")
    return found


def _described(call: Call, data: Json, param: str) -> Json:
    """Make a price, and its product, out of the catalogue."""
    data = {**data, "active": False}
    described = data.pop("product_data", None)
    if described:
        data["product"] = price.make_product(call, described)["id"]
    elif data.get("product"):
        call.get("product", data["product"], param=f"{param}[product]", http_status=400)
    else:
        raise ParameterMissing(f"{param}[product_data]")
    return price.make(call, data)


def _name(call: Call, found: Json) -> str | None:
    product = call.find("product", found["product"])
    return str(product["name"]) if product else None


def _adjustable(given: Json | None) -> Json | None:
    if not given:
        return None
    if not given["enabled"]:
        return {"enabled": False, "maximum": None, "minimum": None}
    return {**_ADJUSTABLE, **given}


def is_recurring(item: Json) -> bool:
    """Return whether an item is billed again and again."""
    return bool(item["price"]["type"] == "recurring")


def is_metered(item: Json) -> bool:
    """Return whether an item is billed for its usage, after the period."""
    recurring = item["price"]["recurring"]
    return bool(recurring and recurring["usage_type"] == "metered")


def _quantity(given: Json, found: Json, param: str) -> int | None:
    quantity = given.get("quantity")
    if is_metered({"price": found}):
        if quantity is not None:
            raise InvalidRequest(
                "Quantity should not be specified where usage_type is `metered`. "
                f"Remove `quantity` from `{param}`",
                param=f"{param}[quantity]",
            )
        return None
    if quantity is None:
        raise InvalidRequest(
            f"Quantity is required. Add `quantity` to `{param}`",
            param=f"{param}[quantity]",
        )
    if not 1 <= quantity <= _MOST_OF_ONE:
        raise ParameterInvalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=f"{param}[quantity]",
        )
    return int(quantity)


def revise(
    call: Call, names: Sequence[str], given: Sequence[Json], currency: str
) -> list[str]:
    """Return the ids of a list's items after a request that gives it anew.

    An entry with an ``id`` changes that item, another is new; what is not in the
    request is taken off.
    """
    kept = []
    for index, entry in enumerate(given):
        param = f"line_items[{index}]"
        if not entry.get("id"):
            kept.append(store(call, entry, currency, param)["id"])
            continue
        if entry["id"] not in names:
            raise ResourceMissing(
                "line item", entry["id"], param=f"{param}[id]", http_status=400
            )
        item = call.get("item", entry["id"])
        if entry.get("quantity") is not None:
            item["quantity"] = _quantity(entry, item["price"], param)
        if "adjustable_quantity" in entry:
            item["adjustable_quantity"] = _adjustable(entry["adjustable_quantity"])
        kept.append(call.update(item)["id"])
    return kept


def adjust(call: Call, item: Json, quantity: int) -> Json:
    """Set the quantity that a customer chose.

    Raises
    ------
    InvalidRequest
        If the item does not leave that to the customer.
    """
    allowed = item["adjustable_quantity"] or {}
    if quantity == item["quantity"]:
        return item
    if not allowed.get("enabled"):
        raise InvalidRequest(f"The quantity of {item['description']} is fixed.")
    if not max(allowed["minimum"], 1) <= quantity <= allowed["maximum"]:
        raise InvalidRequest(
            f"Choose between {max(allowed['minimum'], 1)} and {allowed['maximum']} of "
            f"{item['description']}."
        )
    return call.update(item, quantity=quantity)


def of(call: Call, owner: str) -> list[Json]:
    """Return the line items of a session or a payment link, in order."""
    return [call.get("item", name) for name in call.private(owner)["items"]]


def envelope(call: Call, owner: str, url: str) -> Json:
    """Return the list of items as it is shown when expanded: the first ten."""
    shown = 10
    found = of(call, owner)
    return {
        "object": "list",
        "data": found[:shown],
        "has_more": len(found) > shown,
        "url": url,
    }


def check_count(given: Sequence[Any] | None) -> None:
    """Refuse more line items than Stripe sells at once."""
    if given and len(given) > _MOST_ITEMS:
        raise InvalidRequest(
            f"You can pass at most {_MOST_ITEMS} line items.", param="line_items"
        )


def sums(
    call: Call,
    found: Sequence[Json],
    *,
    currency: str,
    discounts: Sequence[Json] = (),
    default_rates: Sequence[Json] = (),
    trial: bool = False,
    shipping: int = 0,
) -> Json:
    """Set what each item comes to, store it, and return the session's sums.

    Parameters
    ----------
    call
        What it happens in.
    found
        The line items.
    currency
        What is paid in.
    discounts
        Discounts that are not stored yet.
    default_rates
        Tax rates of items that have none.
    trial
        Whether what recurs costs nothing at first.
    shipping
        What sending the goods costs.
    """
    lines = [_line(call, item, currency, trial=trial) for item in found]
    rates = {
        item["id"]: tax_rates_of(
            call.private(item["id"])["tax_rates"],
            {"default_tax_rates": default_rates},
        )
        for item in found
    }
    names = [each["id"] for each in discounts]
    known = discount.reductions(call, names, currency, unsaved=discounts)
    cost = {"amount_total": shipping}
    summed = sum_up({"discounts": names, "shipping_cost": cost}, lines, rates, known)
    for item, line in zip(found, lines, strict=True):
        _fill(call, item, line, discounts)
    return {
        "amount_subtotal": sum(line["amount"] for line in lines),
        "amount_total": summed["total"],
        "total_details": {
            "amount_discount": sum(item["amount_discount"] for item in found),
            "amount_shipping": shipping,
            "amount_tax": sum(item["amount_tax"] for item in found),
        },
    }


def _line(call: Call, item: Json, currency: str, *, trial: bool) -> Json:
    """Return an item as a line of a bill."""
    free = is_metered(item) or (trial and is_recurring(item))
    return {
        "id": item["id"],
        "amount": 0
        if free
        else price.amount_for(call, item["price"], item["quantity"] or 1, currency),
        "discountable": True,
        "discounts": [],
        "pricing": {"price_details": {"product": item["price"]["product"]}},
    }


def _fill(call: Call, item: Json, line: Json, discounts: Sequence[Json]) -> None:
    discounted = sum(each["amount"] for each in line["discount_amounts"])
    taxes = line["taxes"]
    added = sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")
    item.update(
        amount_discount=discounted,
        amount_subtotal=line["amount"],
        amount_tax=sum(tax["amount"] for tax in taxes),
        amount_total=line["amount"] - discounted + added,
    )
    call.update(item)
    shown = [
        {
            "amount": tax["amount"],
            "rate": call.get("tax_rate", tax["tax_rate_details"]["tax_rate"]),
            "taxability_reason": None,
            "taxable_amount": tax["taxable_amount"],
        }
        for tax in taxes
    ]
    by_id = {each["id"]: each for each in discounts}
    taken = [
        {"amount": each["amount"], "discount": by_id[each["discount"]]}
        for each in line["discount_amounts"]
    ]
    call.set_private(item["id"], taxes=shown, discounts=taken)
