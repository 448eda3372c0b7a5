"""Movements of customers' cash balances."""

from __future__ import annotations

from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.payments import bank_transfers, cash
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["CustomerCashBalanceTransaction"]

_SENDER = "Jenny Rosen"


class CustomerCashBalanceTransaction(Behaviour):
    """`Cash balance transaction <https://docs.stripe.com/api/cash_balance_transactions>`_."""

    name = "customer_cash_balance_transaction"
    said = "customer cash balance transaction"

    def on_customers_cash_balance_transactions_list(self, call: Call) -> Listing:
        """Answer a page of a customer's movements."""
        customer = call.get("customer", call.path["customer"], param="customer")
        return self.listing(call, [equals("customer", customer["id"])])

    def on_test_helpers_customers_fund_cash_balance(self, call: Call) -> Json:
        """Let a bank transfer of a test customer arrive."""
        customer = call.get("customer", call.path["customer"], param="customer")
        currency = check_currency(call.params["currency"])
        amount = check_amount(call.params["amount"], currency)
        kind = bank_transfers.kind_for(currency)
        if kind is None:
            raise InvalidRequest(
                f"Bank transfers are not available in {currency}.", param="currency"
            )
        told = {
            "bank_transfer": {
                "reference": call.params.get("reference"),
                "type": kind,
                **_sender(kind),
            }
        }
        sent = cash.record(call, customer["id"], currency, amount, "funded", told)
        cash.reconcile(call, customer, currency)
        return sent


def _sender(kind: str) -> Json:
    """Return what a bank tells of the sender."""
    by_kind: dict[str, Json] = {
        "eu_bank_transfer": {
            "bic": "TESTDE00",
            "iban_last4": "3000",
            "sender_name": _SENDER,
        },
        "gb_bank_transfer": {
            "account_number_last4": "2345",
            "sender_name": _SENDER,
            "sort_code": "108800",
        },
        "jp_bank_transfer": {
            "sender_bank": "STRIPE TEST BANK",
            "sender_branch": "STRIPE TEST BRANCH",
            "sender_name": _SENDER,
        },
        "us_bank_transfer": {"network": "ach", "sender_name": _SENDER},
    }
    return {kind: by_kind[kind]} if kind in by_kind else {}
