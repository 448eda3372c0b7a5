"""Balance transactions: each movement of money, with its fee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["BalanceTransaction", "book", "processing_fee"]

# Stripe's standard price for cards in the United States; it charges the fixed
# part in the currency of the balance.
_FEE_PER_THOUSAND = 29
_FEE_FIXED = 30
_BUSINESS_DAYS_TO_AVAILABLE = 2
_SATURDAY = 5


class BalanceTransaction(Behaviour):
    """`BalanceTransaction <https://docs.stripe.com/api/balance_transactions>`_."""

    name = "balance_transaction"
    said = "balance transaction"

    def due_available(self, call: Call, transaction: Json) -> None:
        """Make the money available, once its day has come."""
        call.update(transaction, status="available")


def processing_fee(amount: int) -> int:
    """Return what Stripe keeps of a charge, in minor units of its currency.

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
    description: str | None = None,
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
        In minor units; what leaves the balance is negative.
    description
        As on the statement.
    at_once
        Whether it is available without waiting.
    """
    available = call.now() if at_once else _available_on(call.now())
    transaction = call.insert(
        call.new(
            "balance_transaction",
            amount=amount,
            available_on=available,
            balance_type="payments",
            currency=source["currency"],
            description=description,
            fee=fee,
            fee_details=_fee_details(fee, source["currency"]),
            net=amount - fee,
            reporting_category=kind,
            source=source["id"],
            status="available" if at_once else "pending",
            type=kind,
        )
    )
    if not at_once:
        call.later(available, "available", transaction)
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


def _available_on(now: int) -> int:
    """Return midnight UTC after two business days."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    left = _BUSINESS_DAYS_TO_AVAILABLE
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return int(day.timestamp())
