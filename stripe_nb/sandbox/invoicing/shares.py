"""Who gets what of an invoice: the platform's fee, and where the money goes on to."""

from __future__ import annotations

from decimal import Decimal

from stripe_nb.sandbox.billing.rounding import half_up
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.invoicing.draft import subscription_of
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.wire import Json

__all__ = ["check_percent", "of_invoice", "take"]

_ALL = 100


def check_percent(call: Call) -> None:
    """Refuse a subscription's shares that no account is there to take.

    Raises
    ------
    InvalidRequest
        If a fee is asked for where no platform stands beside an account, or the
        destination gets a part while the platform takes a fee.
    ParameterInvalid
        If a share is no percentage.
    """
    params = call.params
    connect.check(call)
    data = params.get("transfer_data") or {}
    fee, part = params.get("application_fee_percent"), data.get("amount_percent")
    for name, percent in (
        ("application_fee_percent", fee),
        ("transfer_data[amount_percent]", part),
    ):
        if percent and not 0 <= percent <= _ALL:
            raise ParameterInvalid(
                f"{name} must be a number between 0 and 100.", param=name
            )
    if fee and part:
        raise InvalidRequest(
            "You may only specify one of these parameters: application_fee_percent, "
            "transfer_data[amount_percent]."
        )
    direct = call.account != call.engine.account
    if fee and not direct and not data.get("destination"):
        raise InvalidRequest(
            "Can only apply an application_fee_percent when the subscription is made "
            "on a connected account (using the Stripe-Account header) or has a "
            "`transfer_data[destination]`.",
            param="application_fee_percent",
        )


def take(call: Call, invoice: Json) -> None:
    """Keep what a request says of an invoice's shares, which it does not show."""
    params = call.params
    connect.check(call)
    hidden = ("application_fee_amount", "transfer_data")
    kept = {name: params[name] for name in hidden if name in params}
    if kept:
        call.set_private(invoice["id"], **kept)
    if "on_behalf_of" in params:
        invoice["on_behalf_of"] = params["on_behalf_of"]


def of_invoice(call: Call, invoice: Json, amount: int) -> Json:
    """Return the fields of the payment intent that say who gets what of an amount.

    Parameters
    ----------
    call
        What it happens in.
    invoice
        What is to be paid; its own terms go before those of its subscription.
    amount
        How much of it the intent asks for.
    """
    kept = call.private(invoice["id"])
    subscription = call.find("subscription", subscription_of(invoice)) or {}
    data = kept.get("transfer_data") or subscription.get("transfer_data") or {}
    fee = kept.get("application_fee_amount")
    if fee is None:
        fee = _part(amount, subscription.get("application_fee_percent"))
    fields: Json = {
        "application_fee_amount": None if fee is None else min(fee, amount),
        "on_behalf_of": invoice["on_behalf_of"],
    }
    if data:
        part = data.get("amount", _part(amount, data.get("amount_percent")))
        sums = {} if part is None else {"amount": min(part, amount)}
        fields["transfer_data"] = {**sums, "destination": data["destination"]}
    return fields


def _part(amount: int, percent: float | None) -> int | None:
    return half_up(amount * Decimal(str(percent)) / _ALL) if percent else None
