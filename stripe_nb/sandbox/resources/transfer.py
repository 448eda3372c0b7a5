"""Transfers: from the platform's balance to a connected account's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import balance, balance_transaction
from stripe_nb.sandbox.wire import Json

__all__ = ["Transfer", "check_receives", "recipient", "send"]

# Any one of these lets an account take transfers.
_RECEIVING = ("transfers", "crypto_transfers", "legacy_payments")


class Transfer(Behaviour):
    """`Transfer <https://docs.stripe.com/api/transfers>`_."""

    name = "transfer"
    missing_param = "transfer"

    def on_create(self, call: Call) -> Json:
        """Move money to a connected account."""
        params = call.params
        check_metadata(params)
        currency = check_currency(params["currency"])
        check_receives(recipient(call, params["destination"], "destination"))
        charge = call.given("charge", "source_transaction")
        amount = _amount(params, charge)
        check_amount(amount, currency)
        if charge is None:
            balance.check_available(call, amount, currency, what="transfer")
        return send(
            call,
            destination=params["destination"],
            amount=amount,
            currency=currency,
            description=params.get("description"),
            source=charge,
            group=params.get("transfer_group") or _group(charge),
            metadata=params.get("metadata"),
        )


def _group(charge: Json | None) -> str | None:
    if charge is None:
        return None
    return str(charge["transfer_group"] or f"group_{charge['id']}")


def _amount(params: Json, charge: Json | None) -> int:
    """Return what to move; of a charge no more than it took."""
    if "amount" not in params and charge is None:
        raise ParameterMissing("amount")
    if charge is None:
        return int(params["amount"])
    amount = int(params["amount"] if "amount" in params else charge["amount_captured"])
    if amount > charge["amount_captured"]:
        raise InvalidRequest(
            f"The transfer amount ({amount}) is greater than the amount of the source "
            f"transaction ({charge['amount_captured']}).",
            param="amount",
        )
    if params["currency"].lower() != charge["currency"]:
        raise InvalidRequest(
            "The currency of source_transaction's balance transaction "
            f"({charge['currency']}) must be the same as the transfer currency "
            f"({params['currency'].lower()})",
            param="currency",
        )
    return amount


def recipient(call: Call, account: str, param: str) -> Json:
    """Return the connected account that a parameter names.

    Raises
    ------
    ResourceMissing
        If there is none of that id.
    """
    found = call.find("account", account)
    if found is None or account == call.engine.account:
        raise ResourceMissing("destination", account, param=param, http_status=400)
    return found


def check_receives(account: Json) -> None:
    """Refuse to move money to an account that may not take any.

    Raises
    ------
    InvalidRequest
        If none of the capabilities is active that allow it.
    """
    held = account["capabilities"]
    if not any(held.get(name) == "active" for name in _RECEIVING):
        raise InvalidRequest(
            "Your destination account needs to have at least one of the following "
            f"capabilities enabled: {', '.join(_RECEIVING)}",
            code="insufficient_capabilities_for_transfer",
        )


def send(
    call: Call,
    *,
    destination: str,
    amount: int,
    currency: str,
    description: str | None = None,
    source: Json | None = None,
    group: str | None = None,
    metadata: Json | None = None,
    fees: Sequence[Json] = (),
) -> Json:
    """Store a transfer and the payment that the connected account sees.

    Parameters
    ----------
    call
        Acts on the platform.
    destination
        The connected account.
    amount, currency, description, metadata
        Of the transfer.
    source
        The charge whose money it is, if it is one's.
    group
        The transfer group.
    fees
        What is kept of it on arrival, as entries of ``fee_details``.
    """
    transfer = call.new(
        "transfer",
        amount=amount,
        amount_reversed=0,
        currency=currency,
        description=description,
        destination=destination,
        metadata=metadata or {},
        source_transaction=source and source["id"],
        source_type="card",
        transfer_group=group,
    )
    transfer["reversals"] = {
        "object": "list",
        "data": [],
        "has_more": False,
        "total_count": 0,
        "url": f"/v1/transfers/{transfer['id']}/reversals",
    }
    arrival = _arrival(call, source)
    transaction = balance_transaction.book(
        call,
        source=transfer,
        kind="transfer",
        amount=-amount,
        description=description,
        available=arrival,
    )
    payment = _payment(replace(call, account=destination), transfer, arrival, fees)
    transfer["balance_transaction"] = transaction["id"]
    transfer["destination_payment"] = payment["id"]
    return call.insert(transfer, announce="transfer.created")


def _arrival(call: Call, source: Json | None) -> int:
    """Return when the money is there: at once, or when its charge's is."""
    if source is None:
        return call.now()
    transaction = call.find("balance_transaction", source["balance_transaction"])
    return int(transaction["available_on"]) if transaction else call.now()


def _payment(call: Call, transfer: Json, arrival: int, fees: Sequence[Json]) -> Json:
    """Store what a connected account has of a transfer."""
    payment = call.new(
        "charge",
        id=call.new_id("charge", lead="1").replace("ch_", "py_", 1),
        amount=transfer["amount"],
        amount_captured=transfer["amount"],
        amount_refunded=0,
        captured=True,
        currency=transfer["currency"],
        disputed=False,
        fraud_details={},
        paid=True,
        refunded=False,
        source_transfer=transfer["id"],
        status="succeeded",
    )
    transaction = balance_transaction.book(
        call,
        source=payment,
        kind="payment",
        amount=transfer["amount"],
        fees=fees,
        available=arrival,
    )
    payment["balance_transaction"] = transaction["id"]
    return call.insert(payment)
