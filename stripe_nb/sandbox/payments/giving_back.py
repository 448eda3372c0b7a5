"""Where a refund goes to, how it fares, and who else gives back of a share."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.payments.card_input import card_behind
from stripe_nb.sandbox.resources import fee_refund, transfer_reversal
from stripe_nb.sandbox.wire import Json

__all__ = ["Shares", "check", "course", "take_shares"]

_BANKS = {"sepa_debit": "eu_bank_transfer", "us_bank_account": "us_bank_transfer"}


@dataclass(frozen=True, slots=True)
class Shares:
    """What others give back of their shares of a charge."""

    transfer: Json | None = None
    fee: Json | None = None


def course(call: Call, charge: Json) -> tuple[str, Json]:
    """Return how a refund of a charge fares, and its ``destination_details``.

    Raises
    ------
    NotSimulated
        For a connected account's share of another charge.
    """
    details = charge["payment_method_details"] or {"type": "transfer"}
    kind = details["type"]
    if kind == "card":
        card = card_behind(call, charge)
        refunded = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        }
        fares = card.refund if card else "succeeded"
        return fares, {"card": refunded, "type": "card"}
    if kind == "customer_balance":
        told = {"customer_cash_balance": {}, "type": "customer_cash_balance"}
        return "succeeded", told
    if kind not in _BANKS:
        raise NotSimulated(f"a refund of a {kind}")
    bank = _BANKS[kind]
    told = {bank: {"reference": None, "reference_status": "pending"}, "type": bank}
    return "pending_then_succeeded", told


def check(call: Call, charge: Json) -> Shares:
    """Read who else is to give back of a share.

    Raises
    ------
    InvalidRequest
        If nobody had a share.
    """
    transfer = call.find("transfer", charge.get("transfer"))
    if call.params.get("reverse_transfer") and transfer is None:
        raise InvalidRequest(
            f"Cannot reverse transfer on charge {charge['id']}: it has no associated "
            "transfer.",
            param="reverse_transfer",
        )
    fee = call.find("application_fee", charge["application_fee"])
    if call.params.get("refund_application_fee") and fee is None:
        raise InvalidRequest(
            f"Cannot refund the application fee on charge {charge['id']}: it has none.",
            param="refund_application_fee",
        )
    return Shares(
        transfer if call.params.get("reverse_transfer") else None,
        fee if call.params.get("refund_application_fee") else None,
    )


def take_shares(call: Call, charge: Json, refund: Json, shares: Shares) -> Json:
    """Take the shares back in proportion; return the refund's fields of it."""
    if shares.fee:
        fee = shares.fee
        part = _part(fee["amount"], refund, charge)
        fee_refund.give_back(
            call, fee, min(part, fee["amount"] - fee["amount_refunded"]), {}
        )
    if not shares.transfer:
        return {}
    transfer = shares.transfer
    part = _part(transfer["amount"], refund, charge)
    reversal = transfer_reversal.reverse(
        call,
        transfer,
        min(part, transfer["amount"] - transfer["amount_reversed"]),
        source_refund=refund["id"],
    )
    return {"transfer_reversal": reversal["id"]}


def _part(amount: int, refund: Json, charge: Json) -> int:
    return int(amount * refund["amount"] // charge["amount_captured"])
