"""What happened to a subscription and what is to come, as marks on a time axis.

Reads the API alone. Events don't help here: on a test clock they keep the time
at which the clock was moved, while the objects know the clock's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import stripe

from stripe_nb import money

__all__ = ["LANES", "History", "Mark", "read_history"]

# From top to bottom.
LANES = ("Status", "Phases", "Invoices", "Payments", "Changes")
_MOST_INVOICES = 100
_INVOICE_TONES = {"paid": "good", "open": "warn", "draft": "muted"}
_STATUS_TONES = {
    "active": "good",
    "trialing": "info",
    "past_due": "warn",
    "incomplete": "warn",
    "paused": "muted",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing on the axis.

    Attributes
    ----------
    lane
        One of `LANES`.
    start, end
        In Unix seconds; `end` is None for what happens at once.
    what
        In words.
    tone
        ``good``, ``bad``, ``warn``, ``info`` or ``muted``.
    id
        The object's id, if it has one.
    """

    lane: str
    start: int
    end: int | None
    what: str
    tone: str = "info"
    id: str = ""

    def row(self) -> dict[str, str]:
        """Return it as the table shows it.

        Examples
        --------
        >>> Mark("Status", 0, 86400, "trial").row()["until"]
        '1970-01-02 00:00'
        """
        until = _minute(self.end) if self.end else ""
        return {
            "from": _minute(self.start),
            "until": until,
            "lane": self.lane,
            "what": self.what,
            "id": self.id,
        }


@dataclass(frozen=True, slots=True)
class History:
    """A subscription's marks, in the order of time.

    Attributes
    ----------
    now
        Its present: the test clock's, or else the newest time there is.
    renewal
        When its period ends; None if it is over.
    latest
        How far Stripe lets its test clock be moved at once.
    """

    subscription: str
    status: str
    clock: str | None
    now: int
    renewal: int | None
    latest: int
    marks: tuple[Mark, ...]


def read_history(client: stripe.StripeClient, subscription: str) -> History:
    """Read a subscription's history.

    Parameters
    ----------
    client
        Where it is.
    subscription
        Its id.

    Raises
    ------
    stripe.StripeError
        If Stripe refuses, for one because there is no such subscription.
    """
    expand = ["items.data.price.product", "schedule", "test_clock"]
    found = client.v1.subscriptions.retrieve(subscription, {"expand": expand})
    told = found.to_dict()
    clock = told["test_clock"]
    if clock and clock.get("deleted"):
        clock = None
    invoices = _invoices(client, subscription)
    pending = _pending(client, told) if told["status"] != "canceled" else []
    marks = [
        *_phases(told["schedule"]),
        *(mark for invoice in invoices for mark in _of_invoice(client, invoice)),
        *_plan_changes(
            [*(line for each in invoices for line in _lines(each)), *pending]
        ),
    ]
    begun = [mark.start for mark in marks if mark.lane != "Phases"]
    now = clock["frozen_time"] if clock else max([told["created"], *begun])
    marks += _statuses(told, now)
    items = told["items"]["data"]
    over = told["ended_at"] is not None
    return History(
        subscription=subscription,
        status=told["status"],
        clock=clock["id"] if clock else None,
        now=now,
        renewal=None
        if over or not items
        else min(item["current_period_end"] for item in items),
        latest=min(
            (_two_periods_on(now, item["price"]) for item in items), default=now
        ),
        marks=tuple(sorted(marks, key=_order)),
    )


def _two_periods_on(now: int, price: dict[str, Any]) -> int:
    """Return when two periods of a price are over, which Stripe allows at once."""
    # Two months are sometimes 59 days, and sometimes 62.
    recurring = price["recurring"]
    periods = {f"{recurring['interval']}s": 2 * recurring["interval_count"]}
    after: pd.Timestamp = pd.Timestamp(now, unit="s") + pd.DateOffset(**periods)
    return int(after.timestamp())


def _order(mark: Mark) -> tuple[int, int, int, str]:
    return mark.start, LANES.index(mark.lane), mark.end or 0, mark.id


def _minute(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _statuses(told: dict[str, Any], now: int) -> Iterator[Mark]:
    end = told["ended_at"] or now
    trial_start, trial_end = told["trial_start"], told["trial_end"]
    start = told["start_date"]
    if trial_end:
        yield Mark("Status", trial_start or start, trial_end, "Trial", "info")
        start = max(start, trial_end)
    if start < end and told["status"] != "trialing":
        words = "active" if told["ended_at"] else told["status"].replace("_", " ")
        tone = _STATUS_TONES.get(words.replace(" ", "_"), "bad")
        what = f"{words.capitalize()}: {_plans(told)}"
        yield Mark("Status", start, end, what, tone, told["id"])
    if told["canceled_at"]:
        yield Mark(
            "Changes", told["canceled_at"], None, "Cancellation asked for", "warn"
        )
    if told["cancel_at"] and not told["ended_at"]:
        yield Mark("Status", told["cancel_at"], None, "Will be canceled", "bad")
    if told["ended_at"]:
        yield Mark("Status", told["ended_at"], None, "Ended", "bad")


def _plans(told: dict[str, Any]) -> str:
    return ", ".join(_plan(item) for item in told["items"]["data"])


def _plan(item: dict[str, Any]) -> str:
    price = item["price"]
    product = price["product"]
    name = product.get("name") if isinstance(product, dict) else product
    quantity = item.get("quantity")
    many = f"{quantity} of " if quantity and quantity > 1 else ""
    return f"{many}{price['nickname'] or name}"


def _phases(schedule: dict[str, Any] | None) -> Iterator[Mark]:
    for number, phase in enumerate((schedule or {}).get("phases", ()), start=1):
        what = f"Phase {number}"
        if phase["trial_end"]:
            what += " (with a trial)"
        yield Mark("Phases", phase["start_date"], phase["end_date"], what, "info")


def _invoices(client: stripe.StripeClient, subscription: str) -> list[dict[str, Any]]:
    page = client.v1.invoices.list(
        {
            "subscription": subscription,
            "limit": _MOST_INVOICES,
            "expand": ["data.payments"],
        }
    )
    return [invoice.to_dict() for invoice in page.data]


def _pending(client: stripe.StripeClient, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what of a change stands on no invoice yet, as an invoice's lines are."""
    page = client.v1.invoice_items.list(
        {"customer": told["customer"], "pending": True, "limit": _MOST_INVOICES}
    )
    found = [item.to_dict() for item in page.data]
    return [
        item
        for item in found
        if ((item["parent"] or {}).get("subscription_details") or {}).get(
            "subscription"
        )
        == told["id"]
    ]


def _of_invoice(client: stripe.StripeClient, invoice: dict[str, Any]) -> Iterator[Mark]:
    amount = money.format_amount(invoice["total"], invoice["currency"])
    status = invoice["status"]
    tone = _INVOICE_TONES.get(status, "bad")
    what = f"{amount}, {status}"
    if invoice["next_payment_attempt"]:
        what += f", next try {_minute(invoice['next_payment_attempt'])}"
    covered = [line["period"] for line in _lines(invoice) if not _is_proration(line)]
    end = max((period["end"] for period in covered), default=0)
    until = end if end > invoice["created"] else None
    yield Mark("Invoices", invoice["created"], until, what, tone, invoice["id"])
    yield from _payments(client, invoice)


def _payments(client: stripe.StripeClient, invoice: dict[str, Any]) -> Iterator[Mark]:
    for payment in invoice["payments"]["data"]:
        intent = payment["payment"].get("payment_intent")
        amount = money.format_amount(payment["amount_requested"], payment["currency"])
        paid = payment["status_transitions"]["paid_at"]
        if paid:
            yield Mark("Payments", paid, None, f"{amount} paid", "good", intent or "")
        # A payment that went well at once has no more to tell.
        if intent and not (paid and invoice["attempt_count"] <= 1):
            yield from _failures(client, intent, amount)


def _failures(client: stripe.StripeClient, intent: str, amount: str) -> Iterator[Mark]:
    page = client.v1.charges.list({"payment_intent": intent, "limit": 100})
    for charge in page.data:
        if charge.status == "failed":
            what = f"{amount} failed: {charge.failure_code or charge.failure_message}"
            yield Mark("Payments", charge.created, None, what, "bad", charge.id)


def _lines(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = invoice["lines"]["data"]
    return found


def _is_proration(line: dict[str, Any]) -> bool:
    """Tell of a line of an invoice, or of an invoice item, which say it elsewhere."""
    if "proration" in line:
        return bool(line["proration"])
    parent = line["parent"] or {}
    details = parent.get("subscription_item_details") or parent.get(
        "invoice_item_details"
    )
    return bool((details or {}).get("proration"))


def _plan_changes(lines: list[dict[str, Any]]) -> Iterator[Mark]:
    """Read from prorations when something else was ordered."""
    at: dict[int, dict[str, None]] = {}
    for line in lines:
        if _is_proration(line):
            words = at.setdefault(line["period"]["start"], {})
            words[line["description"] or "Proration"] = None
    for start, words in at.items():
        yield Mark("Changes", start, None, "; ".join(words), "info")
