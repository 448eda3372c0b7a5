"""What a period of an item costs ahead, once discounts are taken off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from stripe_nb.sandbox.billing import discounts
from stripe_nb.sandbox.billing.proration import remaining
from stripe_nb.sandbox.billing.rounding import share
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.invoicing.draft import subscription_of
from stripe_nb.sandbox.resources import discount, line_item, price
from stripe_nb.sandbox.subscriptions.items import cycle, is_metered, of
from stripe_nb.sandbox.wire import Json

__all__ = ["Cost", "credit", "debit"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a period costs, or the rest of one; negative where it is given back.

    Attributes
    ----------
    gross, net
        Before and after discounts.
    taken
        What each discount takes off, by its id.
    """

    gross: int
    net: int
    taken: Mapping[str, int]

    def rest(self, at: int, period: tuple[int, int], *, sign: int = 1) -> Cost:
        """Return the part of a period's cost that lies after a moment."""
        gross = remaining(sign * self.gross, at, period)
        net = remaining(sign * self.net, at, period)
        parts = share(abs(gross - net), list(self.taken.values()))
        taken = zip(self.taken, (sign * part for part in parts), strict=True)
        return Cost(gross, net, dict(taken))


def credit(call: Call, subscription: Json, item: Json, at: int) -> Cost | None:
    """Return what the rest of an item's period is given back for; at most nothing.

    In flexible billing that is a part of what was billed for it: a discount of that
    time counts, one of later does not, and what was never billed gives nothing back.
    Classic billing goes by what the item would cost, with the discounts of its last
    bill. ``None`` where nothing was billed ahead, as for metered items.
    """
    worth = _worth(call, subscription, item)
    if worth is None:
        return None
    period, whole = _period(item), _whole(subscription, item)
    changed = call.private(item["id"]).get("changed")
    if changed and changed["of"] == [*period, worth]:
        return Cost(**changed["cost"]).rest(at, whole, sign=-1)
    billed = _billed(call, subscription, item)
    if subscription["billing_mode"]["type"] == "flexible":
        return billed and billed.rest(at, period, sign=-1)
    if billed and billed.gross == remaining(worth, period[0], whole):
        return billed.rest(at, period, sign=-1)
    return _discounted(call, subscription, item, worth).rest(at, whole, sign=-1)


def debit(call: Call, subscription: Json, item: Json, at: int) -> Cost | None:
    """Return what the rest of an item's period costs, less the discounts now in force.

    ``None`` for metered items.
    """
    worth = _worth(call, subscription, item)
    if worth is None:
        return None
    cost = _discounted(call, subscription, item, worth)
    changed = {"of": [*_period(item), worth], "cost": asdict(cost)}
    call.set_private(item["id"], changed=changed)
    return cost.rest(at, _whole(subscription, item))


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


def _billed(call: Call, subscription: Json, item: Json) -> Cost | None:
    """Return what an item's running period was billed for, if it was billed ahead."""
    for invoice in call.objects("invoice", customer=subscription["customer"]):
        if (
            subscription_of(invoice) != subscription["id"]
            or invoice["status"] == "void"
        ):
            continue
        found = [
            line for line in line_item.of(call, invoice) if _is_for_period(line, item)
        ]
        if found:
            gross = sum(line["amount"] for line in found)
            taken = _sums(
                discount for line in found for discount in line["discount_amounts"]
            )
            return Cost(gross, gross - sum(taken.values()), taken)
    return None


def _sums(amounts: Iterable[Json]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in amounts:
        sums[each["discount"]] = sums.get(each["discount"], 0) + each["amount"]
    return sums


def _is_for_period(line: Json, item: Json) -> bool:
    details = (line["parent"] or {}).get("subscription_item_details") or {}
    return (
        details.get("subscription_item") == item["id"]
        and not details["proration"]
        and (line["period"]["start"], line["period"]["end"]) == _period(item)
    )


def _discounted(call: Call, subscription: Json, item: Json, worth: int) -> Cost:
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
        return Cost(worth, worth, {})
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
    taken = reductions[0]
    return Cost(worth, worth - sum(taken.values()), taken)


def _as_line(item: Json, worth: int) -> discounts.Item:
    return discounts.Item(
        worth, product=item["price"]["product"], own=tuple(item["discounts"])
    )
