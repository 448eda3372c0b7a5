"""Refunds of application fees: back from the platform to the account."""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.resources import balance_transaction
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["FeeRefund", "give_back"]


class FeeRefund(Behaviour):
    """`FeeRefund <https://docs.stripe.com/api/fee_refunds>`_."""

    name = "fee_refund"
    said = "application fee refund"

    def on_create(self, call: Call) -> Json:
        """Give an application fee back, or a part of it."""
        fee = call.get("application_fee", call.path["id"])
        left = fee["amount"] - fee["amount_refunded"]
        amount = call.params.get("amount", left)
        if left == 0:
            raise InvalidRequest(
                f"Application fee {fee['id']} has already been refunded.",
                code="charge_already_refunded",
            )
        if not 1 <= amount <= left:
            raise InvalidRequest(
                f"Refund amount ({amount}) is greater than unrefunded amount on "
                f"application fee ({left})",
                param="amount",
            )
        return give_back(call, fee, amount, call.params.get("metadata") or {})

    def on_list(self, call: Call) -> Listing:
        """Answer a page of a fee's refunds."""
        fee = call.get("application_fee", call.path["id"])
        return self.listing(call, [equals("fee", fee["id"])])


def give_back(call: Call, fee: Json, amount: int, metadata: Json) -> Json:
    """Store a refund of an application fee, and move its money."""
    refund = call.new("fee_refund", amount=amount, currency=fee["currency"])
    refund.update(fee=fee["id"], metadata=metadata)
    transaction = balance_transaction.book(
        call, source=refund, kind="application_fee_refund", amount=-amount
    )
    refund["balance_transaction"] = transaction["id"]
    refund = call.insert(refund)
    account = replace(call, account=fee["account"])
    balance_transaction.book(
        account,
        source={**refund, "id": fee["charge"]},
        kind="adjustment",
        amount=amount,
        category="fee",
        description="Application fee refund",
    )
    refunded = fee["amount_refunded"] + amount
    refunds = {**fee["refunds"], "data": [refund, *fee["refunds"]["data"]]}
    refunds["total_count"] = len(refunds["data"])
    call.update(
        {
            **fee,
            "amount_refunded": refunded,
            "refunded": refunded == fee["amount"],
            "refunds": refunds,
        },
        announce="application_fee.refunded",
    )
    return refund
