"""Top-ups: money of one's own, added to the balance."""

from __future__ import annotations

from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import balance_transaction
from stripe_nb.sandbox.wire import Json

__all__ = ["Topup"]

_BUSINESS_DAYS = 5
_BEYOND = ("payment_method", "payment_method_options", "source")


class Topup(Behaviour):
    """`Topup <https://docs.stripe.com/api/topups>`_."""

    name = "topup"
    missing_param = "topup"
    said = "topup"

    def on_create(self, call: Call) -> Json:
        """Ask for money from the account's own bank account."""
        params = call.params
        for name in _BEYOND:
            if params.get(name):
                raise NotSimulated(f"the parameter {name} of topups")
        currency = check_currency(params["currency"])
        check_amount(params["amount"], currency)
        expected = balance_transaction.available_on(call.now(), _BUSINESS_DAYS)
        topup = self.draft(
            call,
            expected_availability_date=expected,
            initiated_by="user",
            status="pending",
        )
        topup["currency"] = currency
        transaction = balance_transaction.book(
            call,
            source=topup,
            kind="topup",
            amount=topup["amount"],
            description=topup["description"],
            available=expected,
        )
        topup["balance_transaction"] = transaction["id"]
        topup = self.finish(call, topup)
        call.later(expected, "arrived", topup)
        return topup

    def on_cancel(self, call: Call) -> Json:
        """Call a top-up back that has not arrived yet."""
        topup = self.target(call)
        if topup["status"] != "pending":
            raise InvalidRequest(
                f"Top-up {topup['id']} can't be canceled: only a pending top-up can "
                "be.",
                param="topup",
            )
        balance_transaction.book(
            call,
            source=topup,
            kind="topup_reversal",
            amount=-topup["amount"],
            description=topup["description"],
            available=topup["expected_availability_date"],
        )
        return call.update({**topup, "status": "canceled"}, announce="topup.canceled")

    def due_arrived(self, call: Call, topup: Json) -> None:
        """Let a top-up arrive."""
        if topup["status"] == "pending":
            call.update(topup, status="succeeded", announce="topup.succeeded")
