"""What an item comes to on an invoice: amounts, and Stripe's words for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from stripe_nb import money
from stripe_nb.sandbox.billing import tiers
from stripe_nb.sandbox.billing.proration import remaining
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resources import billing_meter, price
from stripe_nb.sandbox.subscriptions import costs
from stripe_nb.sandbox.subscriptions.items import cycle
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Line",
    "changed",
    "for_period",
    "for_stub",
    "for_trial",
    "for_usage",
]

_TIMES = "\N{MULTIPLICATION SIGN}"
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is to be put on an invoice, or to wait for one.

    Attributes
    ----------
    item
        The subscription item.
    amount, description, period, quantity
        As in the line.
    is_proration
        Whether it is for a part of a period because of a change.
    net
        A proration's amount after discounts.
    taken
        What each discount takes off a proration, by its id; where the subscription's
        prorations are not itemized that is done already, and stands here as nothing.
    """

    item: Json
    amount: int
    description: str
    period: tuple[int, int]
    quantity: int | None = None
    is_proration: bool = False
    net: int | None = None
    taken: Mapping[str, int] = field(default_factory=dict)


def for_period(
    call: Call, subscription: Json, item: Json, period: tuple[int, int]
) -> list[Line]:
    """Return the lines for a whole period of an item that is billed ahead."""
    return _priced(call, subscription, item, item["quantity"], period)


def for_usage(
    call: Call,
    subscription: Json,
    item: Json,
    period: tuple[int, int],
    *,
    so_far: bool = False,
) -> list[Line]:
    """Return the lines for what was used of a metered item in a period.

    What is used at its very end belongs to the next one, unless it is billed
    `so_far`, in the middle of a period: then nothing is billed for nothing.
    """
    span = (period[0], period[1] + so_far)
    used = billing_meter.usage(call, item["price"], subscription["customer"], span)
    if so_far and not used:
        return []
    return _priced(call, subscription, item, used, period)


def for_trial(call: Call, item: Json, period: tuple[int, int]) -> Line:
    """Return the line of a trial, which costs nothing."""
    quantity = item["quantity"]
    described = f"Free trial for {quantity} {_TIMES} {_name(call, item)}"
    return Line(item, 0, described, period, quantity)


def for_stub(
    call: Call, subscription: Json, item: Json, period: tuple[int, int]
) -> list[Line]:
    """Return the lines for a first period that the cycle cuts short."""
    whole = cycle(subscription, item).containing(period[0])
    return [
        replace(line, amount=remaining(line.amount, period[0], whole), period=period)
        for line in for_period(call, subscription, item, period)
    ]


def changed(
    call: Call, subscription: Json, before: Json | None, after: Json | None, at: int
) -> list[Line]:
    """Return the credit for an item as it was, and the charge for what it becomes.

    Parameters
    ----------
    call, subscription
        What it happens in, and to.
    before, after
        The item; ``None`` where it is new, or gone.
    at
        When it changes, in Unix seconds.
    """
    item = before or after
    if item is None:
        return []
    period = (item["current_period_start"], item["current_period_end"])
    if at >= period[1]:
        return []
    rest = (max(at, period[0]), period[1])
    found = []
    back = costs.credit(call, subscription, before, at) if before else None
    if before and back is not None:
        told = _shown(subscription, back)
        found.append(_proration(call, before, told, rest, credit=True))
    cost = costs.debit(call, subscription, after, at) if after else None
    if after and cost is not None:
        told = _shown(subscription, cost)
        found.append(_proration(call, after, told, rest, credit=False))
    return found


def _shown(subscription: Json, cost: costs.Cost) -> costs.Cost:
    """Return a cost as the subscription's prorations tell of it."""
    mode = subscription["billing_mode"]["flexible"] or {}
    if mode.get("proration_discounts") == "itemized":
        return cost
    return costs.Cost(cost.net, cost.net, dict.fromkeys(cost.taken, 0))


def _proration(
    call: Call, item: Json, cost: costs.Cost, rest: tuple[int, int], *, credit: bool
) -> Line:
    quantity = item["quantity"]
    several = f"{quantity} {_TIMES} " if quantity != 1 else ""
    day = datetime.fromtimestamp(rest[0], UTC).strftime("%d %b %Y")
    lead = "Unused time on" if credit else "Remaining time on"
    described = f"{lead} {several}{_name(call, item)} after {day}"
    return Line(
        item,
        cost.gross,
        described,
        rest,
        quantity,
        is_proration=True,
        net=cost.net,
        taken=cost.taken,
    )


def _priced(
    call: Call, subscription: Json, item: Json, quantity: int, period: tuple[int, int]
) -> list[Line]:
    currency, found = subscription["currency"], item["price"]
    scheme = price.scheme(call, found, currency)
    name = _name(call, item)
    if not scheme.tiers:
        said = _per(scheme.unit_amount, currency, found)
        if found["transform_quantity"]:
            said = f"{said} per {scheme.divide_by}"
        described = f"{quantity} {_TIMES} {name} (at {said})"
        amount = tiers.cost(quantity, scheme)
        return [Line(item, amount, described, period, quantity)]
    return list(_tiered(item, name, tiers.steps(quantity, scheme), currency, period))


def _tiered(
    item: Json,
    name: str,
    steps: list[tiers.Step],
    currency: str,
    period: tuple[int, int],
) -> Iterator[Line]:
    for number, step in enumerate(steps, 1):
        said = _per(step.tier.unit_amount, currency, item["price"])
        described = f"{step.quantity} {_TIMES} {name} (Tier {number} at {said})"
        yield Line(item, step.amount, described, period, step.quantity)


def _per(amount: Decimal, currency: str, found: Json) -> str:
    """Write what a unit costs, as in ``$10.00 / month``."""
    recurring = found["recurring"]
    count, interval = recurring["interval_count"], recurring["interval"]
    every = interval if count == 1 else f"every {count} {interval}s"
    return f"{_money(amount, currency)} / {every}"


def _money(amount: Decimal, currency: str) -> str:
    places = money.exponent(currency)
    value = money.to_decimal(amount, currency).normalize()
    digits = max(places, -int(value.as_tuple().exponent))
    symbol = _SYMBOLS.get(currency, f"{currency.upper()} ")
    return f"{symbol}{value:,.{digits}f}"


def _name(call: Call, item: Json) -> str:
    product = call.row(item["price"]["product"])
    return str(product.obj.get("name", product.id)) if product else ""
