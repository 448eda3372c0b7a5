"""Transfer reversals: money back from a connected account."""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.resources import balance_transaction
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["TransferReversal", "reverse"]


class TransferReversal(Behaviour):
    """`TransferReversal <https://docs.stripe.com/api/transfer_reversals>`_."""

    name = "transfer_reversal"
    said = "transfer reversal"

    def on_create(self, call: Call) -> Json:
        """Take a transfer back, or a part of it."""
        check_metadata(call.params)
        transfer = call.get("transfer", call.path["id"])
        if call.params.get("refund_application_fee"):
            raise NotSimulated("the parameter refund_application_fee of reversals")
        left = transfer["amount"] - transfer["amount_reversed"]
        if left == 0:
            raise InvalidRequest(f"Transfer {transfer['id']} is already reversed.")
        amount = call.params.get("amount", left)
        if not 1 <= amount <= left:
            raise InvalidRequest(
                f"Reversal amount ({amount}) is greater than unreversed amount on "
                f"transfer ({left})",
                param="amount",
            )
        return reverse(call, transfer, amount, metadata=call.params.get("metadata"))

    def on_list(self, call: Call) -> Listing:
        """Answer a page of a transfer's reversals."""
        transfer = call.get("transfer", call.path["id"])
        return self.listing(call, [equals("transfer", transfer["id"])])


def reverse(
    call: Call,
    transfer: Json,
    amount: int,
    *,
    metadata: Json | None = None,
    source_refund: str | None = None,
) -> Json:
    """Store a reversal, and move its money back to the platform."""
    reversal = call.new(
        "transfer_reversal",
        amount=amount,
        currency=transfer["currency"],
        metadata=metadata or {},
        source_refund=source_refund,
        transfer=transfer["id"],
    )
    transaction = balance_transaction.book(
        call, source=reversal, kind="transfer_refund", amount=amount, at_once=True
    )
    reversal["balance_transaction"] = transaction["id"]
    reversal["destination_payment_refund"] = _give_back(
        replace(call, account=transfer["destination"]), transfer, amount
    )
    reversal = call.insert(reversal)
    reversed_in_all = transfer["amount_reversed"] + amount
    listed = [reversal, *transfer["reversals"]["data"]]
    call.update(
        {
            **transfer,
            "amount_reversed": reversed_in_all,
            "reversals": {
                **transfer["reversals"],
                "data": listed,
                "total_count": len(listed),
            },
            "reversed": reversed_in_all == transfer["amount"],
        },
        announce="transfer.reversed",
    )
    return reversal


def _give_back(call: Call, transfer: Json, amount: int) -> str:
    """Refund the connected account's payment; return the refund's id."""
    payment = call.get("charge", transfer["destination_payment"])
    refund = call.new(
        "refund",
        id=call.new_id("refund", lead="1").replace("re_", "pyr_", 1),
        amount=amount,
        charge=payment["id"],
        currency=payment["currency"],
        status="succeeded",
    )
    transaction = balance_transaction.book(
        call, source=refund, kind="payment_refund", amount=-amount, at_once=True
    )
    refund["balance_transaction"] = transaction["id"]
    call.insert(refund)
    refunded = payment["amount_refunded"] + amount
    call.update(
        {
            **payment,
            "amount_refunded": refunded,
            "refunded": refunded == payment["amount"],
        }
    )
    return str(refund["id"])
