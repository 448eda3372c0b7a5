"""Charges as they were made before payment intents: a source, or a customer's."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    CardDeclined,
    InvalidRequest,
    NotSimulated,
    ParameterMissing,
    ResourceMissing,
)
from stripe_nb.sandbox.payments import connect
from stripe_nb.sandbox.payments.basis import COPIED, Basis
from stripe_nb.sandbox.payments.card_source import as_method
from stripe_nb.sandbox.payments.texts import check_texts
from stripe_nb.sandbox.resource import check_metadata
from stripe_nb.sandbox.resources import card as card_sources
from stripe_nb.sandbox.wire import Json

__all__ = ["Order", "capturable", "read", "with_fee"]

_BEYOND = ("application_fee", "destination")


@dataclass(frozen=True, slots=True)
class Order:
    """A request to charge a source.

    Attributes
    ----------
    basis
        What the charge is for.
    card
        The test card behind the source.
    source
        The source as the charge shows it.
    method
        The source in the form of a payment method.
    """

    basis: Basis
    card: cards.Card
    source: Json
    method: Json


def read(call: Call) -> Order:
    """Read a request for a charge without a payment intent.

    Raises
    ------
    ParameterMissing, CardDeclined
        If nothing is there to charge.
    """
    params = call.params
    check_metadata(params)
    for name in _BEYOND:
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of charges")
    for name in ("amount", "currency"):
        if params.get(name) is None:
            raise ParameterMissing(name)
    currency = check_currency(params["currency"])
    check_amount(params["amount"], currency)
    connect.check_charges_enabled(call)
    connect.check(call)
    connect.check_fee(params.get("application_fee_amount"), params["amount"])
    check_texts(params)
    source, card = _source(call)
    fields: Json = {name: params.get(name) for name in COPIED}
    basis = Basis(
        amount=params["amount"],
        currency=currency,
        capture=params.get("capture", True),
        fields={**fields, "metadata": params.get("metadata") or {}},
    )
    return Order(basis, card, source, as_method(call, source, card))


def _source(call: Call) -> tuple[Json, cards.Card]:
    customer = call.given("customer", "customer")
    value = call.params.get("source")
    if value is None and customer is None:
        raise ParameterMissing("source", "Must provide source or customer.")
    if value is None and customer is not None:
        value = customer.get("default_source")
        if not value:
            raise CardDeclined(
                "Cannot charge a customer that has no active card",
                code="missing",
                param="card",
            )
    if customer is not None and card_sources.is_stored(call, str(value)):
        found = call.get("card", str(value), param="source", http_status=400)
        if found["customer"] != customer["id"]:
            raise ResourceMissing("source", str(value), param="source", http_status=404)
        return found, card_sources.card_of(call, found)
    return card_sources.from_token(call, str(value), param="source")


def capturable(call: Call, charge: Json) -> int:
    """Return how much of an authorized charge a request captures.

    Raises
    ------
    InvalidRequest
        If it can't be captured, or not so much.
    """
    if charge["captured"]:
        raise InvalidRequest(
            f"Charge {charge['id']} has already been captured.",
            code="charge_already_captured",
        )
    if not charge["paid"] or call.private(charge["id"]).get("released"):
        raise InvalidRequest(
            f"Charge {charge['id']} can't be captured: it is not authorized any more.",
            code="charge_expired_for_capture",
        )
    amount = int(call.params.get("amount") or charge["amount"])
    if amount > charge["amount"]:
        raise InvalidRequest(
            f"The amount ({amount}) is greater than the amount that was authorized "
            f"({charge['amount']}).",
            code="amount_too_large",
            param="amount",
        )
    if amount < 1:
        raise InvalidRequest(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
        )
    return amount


def with_fee(call: Call, charge: Json, amount: int) -> Json:
    """Return a charge with the application fee that its capture asks for.

    Raises
    ------
    InvalidRequest
        If it is more than what is captured, or nobody is there to get it.
    """
    fee = call.params.get("application_fee_amount")
    if fee is None:
        return charge
    transfer = charge["transfer_data"]
    if not transfer and call.account == call.engine.account:
        raise InvalidRequest(
            "Can only apply an application_fee_amount when the charge is made on a "
            "connected account, or for one with transfer_data[destination].",
            param="application_fee_amount",
        )
    connect.check_fee(fee, amount)
    return {**charge, "application_fee_amount": fee}
