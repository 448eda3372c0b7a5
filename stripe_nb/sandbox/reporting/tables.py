"""The reports that can be written, each a pure function of balance transactions.

https://docs.stripe.com/reports/report-types names the columns. Amounts are in
major units, as in Stripe's files.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stripe_nb import money
from stripe_nb.sandbox.wire import Json

__all__ = ["REPORTS", "Report", "write"]

Rows = Iterable[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Report:
    """A type of report.

    Attributes
    ----------
    name
        As people call it.
    columns
        All that it can have, in order.
    rows
        Makes its rows of all balance transactions and the interval.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Sequence[Json], int, int], Rows]


def write(report: Report, rows: Rows, columns: Sequence[str]) -> bytes:
    r"""Write a report's rows as CSV, with the columns that are asked for.

    Examples
    --------
    >>> write(REPORTS["balance.summary.1"], [("a", "b", "1.00", "usd")], ["category"])
    b'"category"\n"a"\n'
    """
    places = [report.columns.index(column) for column in columns]
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[place] for place in places] for row in rows)
    return text.getvalue().encode()


def _balance_summary(entries: Sequence[Json], start: int, end: int) -> Rows:
    for currency in _currencies(entries):
        own = [entry for entry in entries if entry["currency"] == currency]
        before = sum(e["net"] for e in own if e["created"] < start)
        within = [e for e in own if start <= e["created"] < end]
        activity = sum(e["net"] for e in within if e["type"] != "payout")
        payouts = sum(e["net"] for e in within if e["type"] == "payout")
        for category, description, net in (
            ("starting_balance", "Starting balance", before),
            ("activity", "Balance change from activity", activity),
            ("payouts", "Total payouts", payouts),
            ("ending_balance", "Ending balance", before + activity + payouts),
        ):
            yield category, description, _major(net, currency), currency


def _activity_summary(entries: Sequence[Json], start: int, end: int) -> Rows:
    within = [e for e in entries if start <= e["created"] < end]
    for currency in _currencies(within):
        kinds = sorted({e["reporting_category"] for e in within})
        for kind in kinds:
            own = [
                e
                for e in within
                if (e["reporting_category"], e["currency"]) == (kind, currency)
            ]
            if own and kind != "payout":
                yield (
                    kind,
                    currency,
                    str(len(own)),
                    *(
                        _major(sum(e[part] for e in own), currency)
                        for part in ("amount", "fee", "net")
                    ),
                )


def _activity(entries: Sequence[Json], start: int, end: int) -> Rows:
    for entry in sorted(entries, key=lambda e: (e["created"], e["id"])):
        if start <= entry["created"] < end and entry["type"] != "payout":
            currency = entry["currency"]
            yield (
                entry["id"],
                _utc(entry["created"]),
                _utc(entry["available_on"]),
                currency,
                _major(entry["amount"], currency),
                _major(entry["fee"], currency),
                _major(entry["net"], currency),
                entry["reporting_category"],
                entry["source"] or "",
                entry["description"] or "",
            )


def _payouts(entries: Sequence[Json], start: int, end: int) -> Rows:
    for entry in sorted(entries, key=lambda e: (e["created"], e["id"])):
        if start <= entry["created"] < end and entry["type"] == "payout":
            currency = entry["currency"]
            yield (
                entry["source"] or "",
                _utc(entry["created"]),
                currency,
                _major(entry["amount"], currency),
                _major(entry["fee"], currency),
                _major(entry["net"], currency),
                entry["id"],
                entry["description"] or "",
            )


def _currencies(entries: Iterable[Json]) -> list[str]:
    return sorted({entry["currency"] for entry in entries})


def _major(amount: int, currency: str) -> str:
    return str(money.to_decimal(amount, currency))


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


REPORTS = {
    "balance.summary.1": Report(
        "Balance summary",
        ("category", "description", "net_amount", "currency"),
        _balance_summary,
    ),
    "balance_change_from_activity.summary.1": Report(
        "Balance change from activity summary",
        ("reporting_category", "currency", "count", "gross", "fee", "net"),
        _activity_summary,
    ),
    "balance_change_from_activity.itemized.1": Report(
        "Itemized balance change from activity",
        (
            "balance_transaction_id",
            "created_utc",
            "available_on_utc",
            "currency",
            "gross",
            "fee",
            "net",
            "reporting_category",
            "source_id",
            "description",
        ),
        _activity,
    ),
    "payouts.itemized.1": Report(
        "Itemized payouts",
        (
            "payout_id",
            "effective_at_utc",
            "currency",
            "gross",
            "fee",
            "net",
            "balance_transaction_id",
            "description",
        ),
        _payouts,
    ),
}
