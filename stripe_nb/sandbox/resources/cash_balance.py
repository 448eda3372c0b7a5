"""Cash balances: what customers have sent ahead by bank transfer."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.payments import cash
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["CashBalance"]


class CashBalance(Behaviour):
    """`CashBalance <https://docs.stripe.com/api/cash_balance>`_."""

    name = "cash_balance"

    def on_customers_cash_balance_retrieve(self, call: Call) -> Json:
        """Answer a customer's cash balance."""
        return cash.view(call, _customer(call))

    def on_customers_cash_balance_update(self, call: Call) -> Json:
        """Choose who pays the customer's intents with it: Stripe, or requests."""
        customer = _customer(call)
        mode = (call.params.get("settings") or {}).get("reconciliation_mode")
        if mode:
            kept = None if mode == "merchant_default" else mode
            call.set_private(customer["id"], reconciliation_mode=kept)
        return cash.view(call, customer)


def _customer(call: Call) -> Json:
    return call.get("customer", call.path["customer"], param="customer")
