"""The account's balance: the sum of its balance transactions."""

from __future__ import annotations

from collections import defaultdict

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Balance"]


class Balance(Behaviour):
    """`Balance <https://docs.stripe.com/api/balance>`_."""

    name = "balance"

    def on_balance_retrieve(self, call: Call) -> Json:
        """Answer what is available and what is pending, by currency."""
        sums: dict[str, dict[str, int]] = {
            "available": defaultdict(int),
            "pending": defaultdict(int),
        }
        account = call.get("account", call.account)
        for status in sums.values():
            status[account["default_currency"]] += 0
        for transaction in call.objects("balance_transaction"):
            sums[transaction["status"]][transaction["currency"]] += transaction["net"]
        return {
            "object": "balance",
            "available": _listed(sums["available"]),
            "livemode": False,
            "pending": _listed(sums["pending"]),
        }


def _listed(sums: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]
