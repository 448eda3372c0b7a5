"""How a charge is shared with a platform or a connected account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.platform import on_platform
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resources import application_fee, transfer
from stripe_nb.sandbox.wire import Json

__all__ = [
    "Shares",
    "check",
    "check_charges_enabled",
    "check_fee",
    "pay_out",
    "shares",
]


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets what of a charge.

    Attributes
    ----------
    amount
        What the charge takes.
    fee
        The platform's application fee.
    destination
        The connected account that the money goes on to.
    fees
        The entries that this adds to the charge's own ``fee_details``.
    """

    amount: int
    fee: int = 0
    destination: str | None = None
    fees: list[Json] = field(default_factory=list)


def check(call: Call) -> None:
    """Refuse shares that no other account is there to take.

    Raises
    ------
    InvalidRequest
        In Stripe's words.
    """
    params = call.params
    data = params.get("transfer_data") or {}
    destination = data.get("destination")
    if destination:
        account = transfer.recipient(call, destination, "transfer_data[destination]")
        transfer.check_receives(account)
    if params.get("on_behalf_of"):
        transfer.recipient(call, params["on_behalf_of"], "on_behalf_of")
    direct = call.account != call.engine.account
    if params.get("application_fee_amount") and not (destination or direct):
        if call.operation.action != "create":
            return
        raise InvalidRequest(
            "Can only apply an application_fee_amount when the PaymentIntent is "
            "attempting a direct payment (using an OAuth key or Stripe-Account header) "
            "or destination payment (using `transfer_data[destination]`).",
            code="parameter_missing",
            param="application_fee_amount",
        )


def check_charges_enabled(call: Call) -> None:
    """Refuse a direct charge on a connected account that may not charge.

    Raises
    ------
    InvalidRequest
        In Stripe's words.
    """
    account = on_platform(call).get("account", call.account)
    if not account["charges_enabled"]:
        raise InvalidRequest(
            "This Connect account cannot currently make live charges. The "
            "`requirements.disabled_reason` property on the account will provide "
            "information about why this account is currently disabled. If you are a "
            "customer trying to make a purchase, please contact the owner of this "
            "site. Your transaction has not been processed."
        )


def check_fee(fee: int | None, amount: int) -> None:
    """Refuse an application fee that is more than what is paid.

    Raises
    ------
    InvalidRequest
        With both sums.
    """
    if (fee or 0) > amount:
        raise InvalidRequest(
            f"The application_fee_amount ({fee}) must not be greater than the amount "
            f"of the payment ({amount}).",
            param="application_fee_amount",
        )


def shares(call: Call, charge: Json, amount: int) -> Shares:
    """Read who gets what of an amount that a charge takes.

    The fee is capped at what is captured, as Stripe does.
    """
    fee = min(charge["application_fee_amount"] or 0, amount)
    destination = (charge["transfer_data"] or {}).get("destination")
    direct = fee and not destination and call.account != call.engine.account
    fees = [application_fee.detail(call, fee, charge["currency"])] if direct else []
    return Shares(amount, fee, destination, fees)


def pay_out(call: Call, charge: Json, shared: Shares) -> Json:
    """Give each its share; return the fields that the charge has from it."""
    if shared.destination:
        return _send_on(call, charge, shared, shared.destination)
    if not shared.fees:
        return {}
    platform = replace(call, account=call.engine.account)
    fee = application_fee.collect(
        platform, charge, shared.fee, account=call.account, originating=None
    )
    return {"application_fee": fee["id"]}


def _send_on(call: Call, charge: Json, shared: Shares, destination: str) -> Json:
    """Transfer a destination charge, whose fee the connected account pays."""
    data = charge["transfer_data"]
    group = charge["transfer_group"] or f"group_{charge['payment_intent']}"
    fees = (
        [application_fee.detail(call, shared.fee, charge["currency"])]
        if shared.fee
        else []
    )
    sent = transfer.send(
        call,
        destination=destination,
        amount=min(data.get("amount") or shared.amount, shared.amount),
        currency=charge["currency"],
        description=data.get("description"),
        source=charge,
        group=group,
        fees=fees,
    )
    fields: Json = {"transfer": sent["id"], "transfer_group": group}
    if shared.fee:
        connected = replace(call, account=destination)
        payment = connected.get("charge", sent["destination_payment"])
        fee = application_fee.collect(
            call, payment, shared.fee, account=destination, originating=charge["id"]
        )
        connected.update({**payment, "application_fee": fee["id"]})
        fields["application_fee"] = fee["id"]
    return fields
