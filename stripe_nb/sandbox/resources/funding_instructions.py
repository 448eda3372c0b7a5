"""Funding instructions: where a customer sends money to."""

from __future__ import annotations

from stripe_nb.sandbox.amounts import check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.payments import bank_transfers
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["FundingInstructions"]


class FundingInstructions(Behaviour):
    """`Funding instructions <https://docs.stripe.com/api/funding_instructions>`_."""

    name = "funding_instructions"

    def on_customers_funding_instructions_create(self, call: Call) -> Json:
        """Answer the account of a customer's cash balance."""
        customer = call.get("customer", call.path["customer"], param="customer")
        currency = check_currency(call.params["currency"])
        kind = call.params["bank_transfer"]["type"]
        if bank_transfers.TYPES.get(currency) != kind:
            raise InvalidRequest(
                f"The bank transfer type {kind} is not available in {currency}.",
                param="bank_transfer[type]",
            )
        return {
            "object": "funding_instructions",
            "bank_transfer": {
                "country": bank_transfers.country_of(kind),
                "financial_addresses": bank_transfers.addresses(
                    call, customer["id"], kind
                ),
                "type": kind,
            },
            "currency": currency,
            "funding_type": "bank_transfer",
            "livemode": False,
        }
