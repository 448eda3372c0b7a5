"""What a period of an item costs ahead, once discounts are taken off."""

from __future__ import annotations

from stripe_nb.sandbox.billing import discounts
from stripe_nb.sandbox.billing.proration import remaining
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing.draft import subscription_of
from stripe_nb.sandbox.resources import discount, line_item, price
from stripe_nb.sandbox.subscriptions.items import cycle, is_metered, of
from stripe_nb.sandbox.wire import Json

__all__ = ["credit", "debit"]


def credit(call: Call, subscription: Json, item: Json, at: int) -> int | None:
    """Return what the rest of an item's period is given back for; at most nothing.

    That is a part of what it was billed for: a discount of that time counts, one of
    later does not. ``None`` for metered items, which aren't billed ahead.
    """
    worth = _worth(call, subscription, item)
    if worth is None:
        return None
    period, whole = _period(item), _whole(subscription, item)
    changed = call.private(item["id"]).get("changed")
    if changed and changed["of"] == [*period, worth]:
        return remaining(-int(changed["cost"]), at, whole)
    billed = _billed(call, subscription, item, remaining(worth, period[0], whole))
    if billed is not None:
        return remaining(-billed, at, period)
    return remaining(-_discounted(call, subscription, item, worth), at, whole)


def debit(call: Call, subscription: Json, item: Json, at: int) -> int | None:
    """Return what the rest of an item's period costs, less the discounts now in force.

    ``None`` for metered items.
    """
    worth = _worth(call, subscription, item)
    if worth is None:
        return None
    cost = _discounted(call, subscription, item, worth)
    call.set_private(item["id"], changed={"of": [*_period(item), worth], "cost": cost})
    return remaining(cost, at, _whole(subscription, item))


def _worth(call: Call, subscription: Json, item: Json) -> int | None:
    """Return what a whole period costs before discounts; ``None`` if metered."""
    if is_metered(item):
        return None
    return price.amount_for(
        call, item["price"], item["quantity"], subscription["currency"]
    )


def _period(item: Json) -> tuple[int, int]:
    return item["current_period_start"], item["current_period_end"]


def _whole(subscription: Json, item: Json) -> tuple[int, int]:
    """Return the period that a price is for; a first one may be cut short."""
    period = _period(item)
    whole = cycle(subscription, item).containing(period[0])
    return whole if whole[1] == period[1] else period


def _billed(call: Call, subscription: Json, item: Json, gross: int) -> int | None:
    """Return what an item's period was billed for, if it was for that gross sum."""
    for invoice in call.objects("invoice", customer=subscription["customer"]):
        if (
            subscription_of(invoice) != subscription["id"]
            or invoice["status"] == "void"
        ):
            continue
        found = [
            line for line in line_item.of(call, invoice) if _is_for_period(line, item)
        ]
        if found and sum(line["amount"] for line in found) == gross:
            taken = sum(
                int(discount["amount"])
                for line in found
                for discount in line["discount_amounts"] or ()
            )
            return gross - taken
    return None


def _is_for_period(line: Json, item: Json) -> bool:
    details = (line["parent"] or {}).get("subscription_item_details") or {}
    return (
        details.get("subscription_item") == item["id"]
        and not details["proration"]
        and (line["period"]["start"], line["period"]["end"]) == _period(item)
    )


def _discounted(call: Call, subscription: Json, item: Json, worth: int) -> int:
    """Return a whole period's cost less the discounts that are in force now.

    A sum off the bill is shared out over all items, as it would be on an invoice.
    """
    customer = call.get("customer", subscription["customer"])
    on_bill = discount.inherited(call, customer, subscription)
    beside = [
        other
        for other in of(call, subscription)
        if other["id"] != item["id"] and not is_metered(other)
    ]
    names = [
        *on_bill,
        *(name for each in (item, *beside) for name in each["discounts"]),
    ]
    if not names:
        return worth
    reductions = discounts.reductions(
        [
            _as_line(item, worth),
            *(
                _as_line(other, _worth(call, subscription, other) or 0)
                for other in beside
            ),
        ],
        discount.reductions(call, names, subscription["currency"]),
        on_bill,
    )
    return worth - sum(reductions[0].values())


def _as_line(item: Json, worth: int) -> discounts.Item:
    return discounts.Item(
        worth, product=item["price"]["product"], own=tuple(item["discounts"])
    )
