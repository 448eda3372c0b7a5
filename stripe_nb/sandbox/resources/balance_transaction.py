"""Balance transactions: each movement of money, with its fee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import balance
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["BalanceTransaction", "available_on", "book", "processing_fee"]

# Stripe's standard price for cards in the United States.
_FEE_PER_THOUSAND = 29
_FEE_FIXED = 30
_BUSINESS_DAYS_TO_AVAILABLE = 2
_SATURDAY = 5

# Types whose reporting category is called otherwise.
_CATEGORIES = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "refund_failure": "refund_failure",
    "transfer_refund": "transfer_reversal",
}
_ANNOUNCED = frozenset({"charge", "payment"})
_OF_PAYMENTS = frozenset(
    {"adjustment", "charge", "payment", "payment_refund", "refund", "refund_failure"}
)


class BalanceTransaction(Behaviour):
    """`BalanceTransaction <https://docs.stripe.com/api/balance_transactions>`_."""

    name = "balance_transaction"
    said = "balance transaction"

    def condition(self, call: Call, name: str, value: object) -> Condition:
        """Filter by the payout that paid a transaction out as well."""
        if name != "payout":
            return super().condition(call, name, value)
        call.get("payout", str(value), param="payout", http_status=400)
        return Condition(
            "id in (select value from json_each((select json_extract(private, "
            "'$.transactions') from objects where id = ?)))",
            (value,),
        )

    def due_available(self, call: Call, transaction: Json) -> None:
        """Make the money available, once its day has come."""
        call.update(transaction, status="available")
        waiting = call.engine.store.count(
            call.account,
            self.name,
            [
                equals("status", "pending"),
                equals("available_on", transaction["available_on"]),
            ],
        )
        if not waiting:
            self.due_announced(call, transaction)

    def due_announced(self, call: Call, transaction: Json) -> None:
        """Tell that the balance has more that is available."""
        if transaction["net"] > 0:
            call.emit("balance.available", balance.view(call))


def processing_fee(amount: int) -> int:
    """Return what Stripe keeps of a charge, in minor units of its currency.

    A simplification: the fixed part is 30 minor units in every currency (30 yen
    as well as 30 cents), and each charge is booked in its own currency, without
    conversion to the account's default one.

    Examples
    --------
    >>> processing_fee(1000)
    59
    """
    return (amount * _FEE_PER_THOUSAND + 500) // 1000 + _FEE_FIXED


def book(
    call: Call,
    *,
    source: Json,
    kind: str,
    amount: int,
    fee: int = 0,
    fees: Sequence[Json] = (),
    category: str | None = None,
    description: str | None = None,
    available: int | None = None,
    at_once: bool = False,
) -> Json:
    """Store a movement of money.

    Parameters
    ----------
    call
        The request that caused it.
    source
        The charge, refund or other object that it is for.
    kind
        Stripe's type: ``"charge"``, ``"refund"``, ``"adjustment"``…
    amount, fee
        In minor units; what leaves the balance is negative. `fee` is Stripe's.
    fees
        What others keep, as entries of ``fee_details``.
    category
        The reporting category, where the type does not tell it.
    description
        As on the statement.
    available
        When it is available in Unix seconds; ``None`` for the usual time.
    at_once
        Whether it is available without waiting.
    """
    if available is None:
        available = call.now() if at_once else available_on(call.now())
    details = [*_fee_details(fee, source["currency"]), *fees]
    total = sum(entry["amount"] for entry in details)
    transaction = call.insert(
        call.new(
            "balance_transaction",
            id=call.new_id(
                "balance_transaction", lead="3" if kind in _OF_PAYMENTS else "1"
            ),
            amount=amount,
            available_on=available,
            balance_type="payments",
            currency=source["currency"],
            description=description,
            fee=total,
            fee_details=details,
            net=amount - total,
            reporting_category=category or _CATEGORIES.get(kind, kind),
            source=source["id"],
            status="available" if available <= call.now() else "pending",
            type=kind,
        )
    )
    if transaction["status"] == "pending":
        call.later(available, "available", transaction)
    elif transaction["net"] > 0 and kind in _ANNOUNCED:
        call.later(call.now(), "announced", transaction)
    return transaction


def _fee_details(fee: int, currency: str) -> list[Json]:
    if not fee:
        return []
    return [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]


def available_on(now: int, days: int = _BUSINESS_DAYS_TO_AVAILABLE) -> int:
    """Return midnight UTC after some business days.

    Examples
    --------
    >>> available_on(1768521600) - 1768521600 == 4 * 24 * 60 * 60
    True
    """
    day = datetime.fromtimestamp(now, UTC)
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return int(day.timestamp())
