"""The account's balance: the sum of its balance transactions."""

from __future__ import annotations

from collections import defaultdict

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Balance", "available", "check_available", "view"]

_CURRENCY = "usd"

_TOO_LOW = {
    "payout": "You have insufficient funds in your Stripe account for this transfer. "
    "Your card balance is too low. You can use the /v1/balance endpoint to view your "
    "Stripe balance (for more details, see stripe.com/docs/api#balance).",
    "transfer": "You have insufficient available funds in your Stripe account. Try "
    "adding funds directly to your available balance by creating Charges using the "
    "4000000000000077 test card. See: "
    "https://stripe.com/docs/testing#available-balance",
}


class Balance(Behaviour):
    """`Balance <https://docs.stripe.com/api/balance>`_."""

    name = "balance"

    def on_balance_retrieve(self, call: Call) -> Json:
        """Answer what is available and what is pending, by currency."""
        return view(call)


def view(call: Call) -> Json:
    """Return the balance as it now is."""
    account = call.find("account", call.account)
    sums = _sums(call)
    for status in sums.values():
        status[account["default_currency"] if account else _CURRENCY] += 0
    return {
        "object": "balance",
        "available": _listed(sums["available"]),
        "livemode": False,
        "pending": _listed(sums["pending"]),
    }


def available(call: Call, currency: str) -> int:
    """Return how much of a currency can be paid out or transferred."""
    return _sums(call)["available"][currency]


def check_available(call: Call, amount: int, currency: str, *, what: str) -> None:
    """Refuse to move more than is there.

    Raises
    ------
    InvalidRequest
        As Stripe words it for a ``"payout"`` or a ``"transfer"``.
    """
    if amount > available(call, currency):
        raise InvalidRequest(_TOO_LOW[what], code="balance_insufficient")


def _sums(call: Call) -> dict[str, dict[str, int]]:
    """Add up what each currency has."""
    sums: dict[str, dict[str, int]] = {
        "available": defaultdict(int),
        "pending": defaultdict(int),
    }
    for transaction in call.objects("balance_transaction"):
        sums[transaction["status"]][transaction["currency"]] += transaction["net"]
    return sums


def _listed(sums: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]
