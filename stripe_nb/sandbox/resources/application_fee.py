"""Application fees: what a platform keeps of its connected accounts' payments."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import balance_transaction
from stripe_nb.sandbox.wire import Json

__all__ = ["ApplicationFee", "application", "collect", "detail"]


class ApplicationFee(Behaviour):
    """`ApplicationFee <https://docs.stripe.com/api/application_fees>`_."""

    name = "application_fee"
    said = "application fee"


def application(call: Call) -> str:
    """Return the id of the platform's application."""
    return f"ca_{call.engine.ids.stable(32, of='application')}"


def detail(call: Call, amount: int, currency: str) -> Json:
    """Return what a balance transaction tells of an application fee."""
    return {
        "amount": amount,
        "application": application(call),
        "currency": currency,
        "description": "stripe_nb sandbox application fee",
        "type": "application_fee",
    }


def collect(
    call: Call, charge: Json, amount: int, *, account: str, originating: str | None
) -> Json:
    """Store an application fee and put it on the platform's balance.

    Parameters
    ----------
    call
        Acts on the platform.
    charge
        The connected account's charge that pays it.
    amount
        The fee.
    account
        The connected account.
    originating
        The platform's own charge, of which that charge is a share.
    """
    fee = call.new(
        "application_fee",
        account=account,
        amount=amount,
        amount_refunded=0,
        application=application(call),
        charge=charge["id"],
        currency=charge["currency"],
        fee_source={"charge": charge["id"], "type": "charge"},
        originating_transaction=originating,
        refunded=False,
    )
    fee["refunds"] = {
        "object": "list",
        "data": [],
        "has_more": False,
        "total_count": 0,
        "url": f"/v1/application_fees/{fee['id']}/refunds",
    }
    transaction = balance_transaction.book(
        call, source=fee, kind="application_fee", amount=amount
    )
    fee["balance_transaction"] = transaction["id"]
    return call.insert(fee, announce="application_fee.created")
