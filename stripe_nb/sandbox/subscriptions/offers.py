"""What a quote offers: its lines, what they come to, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resources import discount, price, tax_rate
from stripe_nb.sandbox.resources import invoice as invoices_api
from stripe_nb.sandbox.subscriptions import creation, items
from stripe_nb.sandbox.wire import Json

__all__ = ["fulfil", "lines", "page", "totals"]


def lines(call: Call, given: Sequence[Json]) -> list[Json]:
    """Return the lines that a request describes.

    Raises
    ------
    InvalidRequest
        If they are in more than one currency or interval.
    """
    built = [
        _line(call, each, f"line_items[{index}]") for index, each in enumerate(given)
    ]
    if len({line["currency"] for line in built}) > 1:
        raise InvalidRequest(
            "All line items of a quote must have the same currency.",
            param="line_items",
        )
    return built


def _line(call: Call, given: Json, where: str) -> Json:
    if given.get("discounts"):
        raise NotSimulated(f"the parameter {where}[discounts] of quotes")
    found = _price(call, given, where)
    quantity = given.get("quantity")
    return {
        "id": call.new_id("item"),
        "currency": found["currency"],
        "price": found["id"],
        "quantity": 1 if quantity is None else quantity,
        "tax_rates": [
            rate["id"] for rate in tax_rate.given(call, given.get("tax_rates"))
        ],
    }


def _price(call: Call, given: Json, where: str) -> Json:
    described = given.get("price_data")
    if described:
        return price.make(call, {**described, "active": False})
    if not given.get("price"):
        raise ParameterMissing(f"{where}[price]")
    found = call.get("price", given["price"], param=f"{where}[price]", http_status=400)
    price.check_usable(found, f"{where}[price]")
    return found


def totals(call: Call, quote: Json) -> Json:
    """Return what a quote comes to, at first and each time."""
    kept = call.private(quote["id"])
    found = kept.get("lines") or []
    recurring = [line for line in found if _recurring(call, line)]
    upfront = _sums(call, quote, found)
    terms = _recurring(call, recurring[0]) if recurring else None
    return {
        "amount_subtotal": upfront["amount_subtotal"],
        "amount_total": upfront["amount_total"],
        "computed": {
            "recurring": terms
            and {
                **_sums(call, quote, recurring),
                "interval": terms["interval"],
                "interval_count": terms["interval_count"],
            },
            "upfront": upfront,
        },
        "total_details": upfront["total_details"],
    }


def _recurring(call: Call, line: Json) -> Json | None:
    found: Json | None = call.get("price", line["price"])["recurring"]
    return found


def _sums(call: Call, quote: Json, found: Sequence[Json]) -> Json:
    bill = _bill(call, quote, found)
    tax = sum(each["amount"] for each in bill["total_taxes"] or ())
    discounted = sum(each["amount"] for each in bill["total_discount_amounts"] or ())
    return {
        "amount_subtotal": bill["subtotal"],
        "amount_total": bill["total"],
        "total_details": {
            "amount_discount": discounted,
            "amount_shipping": 0,
            "amount_tax": tax,
        },
    }


def _bill(call: Call, quote: Json, found: Sequence[Json]) -> Json:
    """Return the invoice that lines would make; nothing of it is stored."""
    customer = call.find("customer", quote["customer"]) or _nobody(call)
    given = call.private(quote["id"]).get("discounts")
    discounts = (
        [
            discount.build(call, each, param=f"discounts[{index}]")
            for index, each in enumerate(given)
        ]
        if given
        else None
    )
    return invoices_api.preview(
        call,
        customer=customer,
        currency=quote["currency"] or "usd",
        lines=[_billed(call, quote, line) for line in found],
        discounts=discounts,
        include_pending=False,
    )


def _nobody(call: Call) -> Json:
    """Return a customer for a draft that is for nobody yet."""
    return call.new("customer", balance=0, tax_exempt="none")


def _billed(call: Call, quote: Json, line: Json) -> Json:
    sold = call.get("price", line["price"])
    product = call.row(sold["product"])
    rates = line["tax_rates"] or quote["default_tax_rates"]
    metered = sold["recurring"] and sold["recurring"]["usage_type"] == "metered"
    amount = price.amount_for(call, sold, 0 if metered else line["quantity"])
    return {
        "amount": amount,
        "description": product.obj.get("name") if product else None,
        "period": (call.now(), call.now()),
        "price": sold,
        "quantity": line["quantity"],
        "tax_rates": [call.get("tax_rate", name) for name in rates],
    }


def page(call: Call, quote: Json, url: str) -> Json:
    """Return a quote's lines as a list."""
    found = call.private(quote["id"]).get("lines") or []
    bill = _bill(call, quote, found)
    return {
        "object": "list",
        "data": [
            _shown(call, line, billed)
            for line, billed in zip(found, bill["lines"]["data"], strict=False)
        ],
        "has_more": False,
        "url": url,
    }


def _shown(call: Call, line: Json, billed: Json) -> Json:
    off = sum(each["amount"] for each in billed["discount_amounts"] or ())
    tax = sum(
        each["amount"]
        for each in billed["taxes"] or ()
        if each["tax_behavior"] == "exclusive"
    )
    return {
        "id": line["id"],
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": off,
        "amount_subtotal": billed["amount"],
        "amount_tax": tax,
        "amount_total": billed["amount"] - off + tax,
        "currency": line["currency"],
        "description": billed["description"],
        "metadata": {},
        "price": call.get("price", line["price"]),
        "quantity": line["quantity"],
    }


def fulfil(call: Call, quote: Json) -> Json:
    """Make what an accepted quote offers; return the fields that name it."""
    kept = call.private(quote["id"])
    recurring = [line for line in kept["lines"] if _recurring(call, line)]
    once = [line for line in kept["lines"] if not _recurring(call, line)]
    if not recurring:
        return {"invoice": _invoice(call, quote, once)["id"]}
    params = _subscription(call, quote, recurring, once)
    start = quote["subscription_data"]["effective_date"]
    if start and start > call.now():
        return _scheduled(call, quote, params, start)
    made = creation.create(replace(call, params=params), drafts=True)
    return {"invoice": made["latest_invoice"], "subscription": made["id"]}


def _subscription(
    call: Call, quote: Json, recurring: Sequence[Json], once: Sequence[Json]
) -> Json:
    settings, data = quote["invoice_settings"], quote["subscription_data"]
    params: Json = {
        "collection_method": quote["collection_method"],
        "customer": quote["customer"],
        "default_tax_rates": quote["default_tax_rates"],
        "description": data["description"],
        "discounts": call.private(quote["id"]).get("discounts") or [],
        "items": [_as_item(call, line) for line in recurring],
        "add_invoice_items": [
            {name: line[name] for name in ("price", "quantity", "tax_rates")}
            for line in once
        ],
        "metadata": data["metadata"] or {},
    }
    if quote["collection_method"] == "send_invoice":
        params["days_until_due"] = settings["days_until_due"]
    if data["trial_period_days"]:
        params["trial_period_days"] = data["trial_period_days"]
    return params


def _as_item(call: Call, line: Json) -> Json:
    item = {"price": line["price"], "tax_rates": line["tax_rates"]}
    if not items.is_metered({"price": call.get("price", line["price"])}):
        item["quantity"] = line["quantity"]
    return item


def _scheduled(call: Call, quote: Json, params: Json, start: int) -> Json:
    """Plan a subscription that is to begin later."""
    if params["discounts"] or params["add_invoice_items"]:
        raise NotSimulated("discounts and one-time lines of quotes that begin later")
    phase = {name: params[name] for name in ("items", "collection_method", "metadata")}
    schedules = call.engine.behaviour("subscription_schedule")
    operation = call.engine.catalog.operation("subscription_schedules.create")
    wanted = {"customer": quote["customer"], "phases": [phase], "start_date": start}
    made = schedules.handler(operation)(
        replace(call, operation=operation, params=wanted)
    )
    return {"subscription_schedule": made["id"]} if isinstance(made, dict) else {}


def _invoice(call: Call, quote: Json, once: Sequence[Json]) -> Json:
    """Open a draft of lines that are paid once."""
    settings = quote["invoice_settings"]
    draft = invoices_api.open_draft(
        call,
        customer=call.get("customer", quote["customer"]),
        currency=quote["currency"],
        billing_reason="manual",
        collection_method=quote["collection_method"],
        period_start=call.now(),
        period_end=call.now(),
        auto_advance=False,
        days_until_due=settings["days_until_due"],
        description=settings["description"],
        discounts=discount.take(
            call,
            call.private(quote["id"]).get("discounts"),
            for_customer=quote["customer"],
            currency=quote["currency"],
        ),
        footer=settings["footer"],
        parent={
            "quote_details": {"quote": quote["id"]},
            "subscription_details": None,
            "type": "quote_details",
        },
    )
    for line in once:
        draft = invoices_api.add_line(call, draft, **_billed(call, quote, line))
    invoices_api.announce(call, draft)
    return draft
