"""Transactions: what was taken from, or given back to, an issued card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.issuing.merchants import merchant
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.wire import Json

__all__ = ["Transaction", "record"]


class Transaction(Behaviour):
    """`Transaction <https://docs.stripe.com/api/issuing/transactions>`_."""

    name = "issuing.transaction"
    said = "issuing transaction"
    missing_param = "transaction"

    def on_update(self, call: Call) -> Json:
        """Set its metadata."""
        found = self.target(call)
        check_metadata(call.params, found["metadata"])
        assign(found, self.resource.fields, call.params)
        return call.update(found, announce="issuing_transaction.updated")

    def on_test_helpers_issuing_transactions_create_force_capture(
        self, call: Call
    ) -> Json:
        """Take money without an authorization."""
        return _without_authorization(call, kind="capture", sign=-1)

    def on_test_helpers_issuing_transactions_create_unlinked_refund(
        self, call: Call
    ) -> Json:
        """Give money back that no known transaction took."""
        return _without_authorization(call, kind="refund", sign=1)

    def on_test_helpers_issuing_transactions_refund(self, call: Call) -> Json:
        """Give the money of a transaction back, or a part of it."""
        taken = self.target(call)
        if taken["type"] != "capture":
            raise InvalidRequest("Only a capture can be refunded.", param="transaction")
        amount = call.params.get("refund_amount", -taken["amount"])
        before = call.private(taken["id"]).get("refunded", 0)
        if not 0 < amount <= -taken["amount"] - before:
            raise InvalidRequest(
                f"The refund_amount ({amount}) must be positive and can't exceed what "
                f"is left of the transaction ({-taken['amount'] - before}).",
                param="refund_amount",
            )
        call.set_private(taken["id"], refunded=before + amount)
        record(
            call,
            call.get("issuing.card", taken["card"]),
            amount=amount,
            kind="refund",
            place=taken["merchant_data"],
            authorization=taken["authorization"],
        )
        return taken


def _without_authorization(call: Call, *, kind: str, sign: int) -> Json:
    params = call.params
    card = call.get("issuing.card", params["card"], param="card", http_status=400)
    currency = params.get("currency")
    if currency and currency.lower() != card["currency"]:
        raise NotSimulated("a transaction in another currency than the card's")
    if params["amount"] <= 0:
        raise InvalidRequest("The amount must be positive.", param="amount")
    return record(
        call,
        card,
        amount=sign * params["amount"],
        kind=kind,
        place=merchant(params.get("merchant_data")),
        details=params.get("purchase_details"),
    )


def record(
    call: Call,
    card: Json,
    *,
    amount: int,
    kind: str,
    place: Json,
    details: Mapping[str, Any] | None = None,
    authorization: str | None = None,
) -> Json:
    """Store a transaction of a card, announced.

    Parameters
    ----------
    call
        The request.
    card
        The issued card.
    amount
        Negative where the card's holder pays.
    kind
        ``"capture"`` or ``"refund"``.
    place
        The merchant.
    details
        The parameter ``purchase_details``.
    authorization
        The id of what allowed it.
    """
    made = call.new(
        "issuing.transaction",
        amount=amount,
        amount_details={"atm_fee": None, "cashback_amount": None},
        authorization=authorization,
        card=card["id"],
        cardholder=card["cardholder"]["id"],
        currency=card["currency"],
        merchant_amount=amount,
        merchant_currency=card["currency"],
        merchant_data=place,
        type=kind,
    )
    for name in ("purchase_details", "token", "treasury"):
        made.pop(name, None)
    if details:
        _describe(call, made, details)
    stored = call.insert(made, announce="issuing_transaction.created")
    if (details or {}).get("receipt"):
        call.emit("issuing_transaction.purchase_details_receipt_updated", stored)
    return stored


def _describe(call: Call, made: Json, details: Mapping[str, Any]) -> None:
    for name in ("fleet", "flight", "fuel", "lodging"):
        if details.get(name):
            raise NotSimulated(f"the parameter purchase_details[{name}]")
    made["purchase_details"] = {
        "fleet": None,
        "flight": None,
        "fuel": None,
        "lodging": None,
        "receipt": [
            {
                "description": line.get("description"),
                "quantity": float(line["quantity"]) if line.get("quantity") else None,
                "total": line.get("total"),
                "unit_cost": line.get("unit_cost"),
            }
            for line in details.get("receipt") or ()
        ],
        "reference": details.get("reference"),
    }
