"""Bank accounts as the sources of customers, and where payouts go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["TEST_DETAILS", "BankAccount", "make"]

TEST_DETAILS: Mapping[str, Any] = {
    "account_holder_name": "Jane Austen",
    "account_holder_type": "individual",
    "account_number": "000123456789",
    "country": "US",
    "currency": "usd",
    "routing_number": "110000000",
}
# The two amounts that verify a test account.
_AMOUNTS = [32, 45]
_US_DIGITS = 9
# What only the bank accounts of connected accounts have.
_OF_ACCOUNTS = (
    "account",
    "available_payout_methods",
    "default_for_currency",
    "future_requirements",
    "requirements",
)
_CURRENCIES = {"AU": "aud", "CA": "cad", "GB": "gbp", "JP": "jpy", "US": "usd"}


class BankAccount(Behaviour):
    """`BankAccount <https://docs.stripe.com/api/customer_bank_accounts>`_."""

    name = "bank_account"
    said = "source"

    def on_customers_payment_sources_verify(self, call: Call) -> Json:
        """Verify a customer's bank account by the amounts that it was sent."""
        account = call.get("bank_account", call.path["id"])
        if account.get("customer") != call.path["customer"]:
            raise InvalidRequest(
                f"No such source: '{account['id']}'",
                code="resource_missing",
                param="id",
                http_status=404,
            )
        if account["status"] == "verified":
            raise InvalidRequest(
                "This bank account has already been verified.",
                code="bank_account_verification_failed",
            )
        if sorted(call.params.get("amounts") or ()) != _AMOUNTS:
            raise InvalidRequest(
                "The amounts provided do not match the amounts that were sent to the "
                "bank account.",
                code="bank_account_verification_failed",
                param="amounts",
            )
        return call.update(
            account, status="verified", announce="customer.source.updated"
        )


def make(call: Call, details: Mapping[str, Any]) -> tuple[Json, Json]:
    """Return a bank account, not stored, and what the sandbox alone knows of it.

    Parameters
    ----------
    call
        The request.
    details
        Number, routing number, country and holder, as a token has them.

    Raises
    ------
    ParameterInvalid
        If the routing number is none.
    """
    number = details["account_number"].replace(" ", "")
    routing = details.get("routing_number")
    country = details["country"]
    if country == "US" and not (
        routing and routing.isdigit() and len(routing) == _US_DIGITS
    ):
        raise ParameterInvalid(
            "Invalid routing number",
            code="routing_number_invalid",
            param="bank_account",
        )
    account = call.new(
        "bank_account",
        account_holder_name=details.get("account_holder_name"),
        account_holder_type=details.get("account_holder_type"),
        account_type=details.get("account_type"),
        bank_name="STRIPE TEST BANK",
        country=country,
        currency=(details.get("currency") or _CURRENCIES.get(country, "eur")).lower(),
        fingerprint=call.engine.ids.stable(16, of=f"fingerprint/{routing}/{number}"),
        last4=number[-4:],
        routing_number=routing,
        status="new",
    )
    kept = {name: value for name, value in account.items() if name not in _OF_ACCOUNTS}
    return in_order(kept), {"number": number}
