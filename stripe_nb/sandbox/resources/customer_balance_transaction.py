"""Customer balance transactions: what a customer has to its credit, or owes."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.wire import Json

__all__ = ["CustomerBalanceTransaction", "book", "record", "settle"]

# currency: the least that Stripe charges; elsewhere 50 minor units
_LEAST = {"aed": 200, "gbp": 30, "huf": 17500, "mxn": 1000, "thb": 1000}
_LEAST_ELSEWHERE = 50


class CustomerBalanceTransaction(Behaviour):
    """`Balance <https://docs.stripe.com/api/customer_balance_transactions>`_."""

    name = "customer_balance_transaction"

    def on_create(self, call: Call) -> Json:
        """Adjust a customer's balance."""
        check_metadata(call.params)
        customer = call.get("customer", call.path["customer"], param="customer")
        amount = call.params["amount"]
        if amount == 0:
            raise ParameterInvalid(
                "The amount of a balance transaction can't be 0.", param="amount"
            )
        currency = check_currency(call.params["currency"])
        if customer["currency"] not in (None, currency):
            raise InvalidRequest(
                f"The customer's balance is in {customer['currency']}; it can't be "
                f"adjusted in {currency}.",
                param="currency",
            )
        return book(
            call,
            customer,
            amount,
            "adjustment",
            currency,
            description=call.params.get("description"),
            metadata=call.params.get("metadata") or {},
        )


def settle(total: int, balance: int, currency: str) -> tuple[int, int]:
    """Return what is due for a bill, and the customer's balance after it.

    A negative balance is credit that pays; a positive one is a debt that is
    collected with it. What is too little to charge stays on the balance.

    Examples
    --------
    >>> settle(2000, -500, "usd"), settle(300, -500, "usd"), settle(20, 0, "usd")
    ((1500, 0), (0, -200), (0, 20))
    """
    wanted = total + balance
    if wanted < _LEAST.get(currency, _LEAST_ELSEWHERE):
        return 0, wanted
    return wanted, 0


def record(
    call: Call, customer: Json, amount: int, kind: str, currency: str, **values: Any
) -> Json:
    """Store a transaction of a customer whose balance is the new one already."""
    return call.insert(
        call.new(
            "customer_balance_transaction",
            amount=amount,
            currency=currency,
            customer=customer["id"],
            ending_balance=customer["balance"],
            type=kind,
            **values,
        )
    )


def book(
    call: Call, customer: Json, amount: int, kind: str, currency: str, **values: Any
) -> Json:
    """Change a stored customer's balance; return the transaction."""
    customer = call.update(
        customer,
        balance=customer["balance"] + amount,
        currency=customer["currency"] or currency,
        announce="customer.updated",
    )
    return record(call, customer, amount, kind, currency, **values)
