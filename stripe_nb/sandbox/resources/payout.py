"""Payouts: from the balance to a bank account."""

from __future__ import annotations

from stripe_nb.sandbox.amounts import check_amount, check_currency
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.platform import on_platform
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import balance, balance_transaction, bank_account
from stripe_nb.sandbox.wire import Json

__all__ = ["Payout"]

# Account numbers of test accounts that a payout can't reach, and why.
_FAILURES = {
    "000111111113": (
        "account_closed",
        "The bank account has been closed.",
    ),
    "000111111116": (
        "no_account",
        "No bank account exists with the details on file.",
    ),
    "000222222227": (
        "insufficient_funds",
        "Your Stripe account has insufficient funds to cover the payout.",
    ),
    "000333333335": (
        "debit_not_authorized",
        "Debit transactions are not approved on your bank account.",
    ),
    "000444444440": (
        "invalid_currency",
        "The bank was unable to process this payout because of its currency.",
    ),
}
_BEYOND = ("payout_method",)


class Payout(Behaviour):
    """`Payout <https://docs.stripe.com/api/payouts>`_."""

    name = "payout"
    missing_param = "payout"

    def on_create(self, call: Call) -> Json:
        """Send money of the available balance to the bank."""
        params = call.params
        for name in _BEYOND:
            if params.get(name):
                raise NotSimulated(f"the parameter {name} of payouts")
        if params.get("method") == "instant":
            raise NotSimulated("instant payouts")
        currency = check_currency(params["currency"])
        amount = check_amount(params["amount"], currency)
        destination = _destination(call, currency)
        balance.check_available(call, amount, currency, what="payout")
        payout = self.draft(
            call,
            arrival_date=balance_transaction.available_on(call.now()),
            automatic=False,
            destination=destination["id"],
            method="standard",
            reconciliation_status="not_applicable",
            source_type=params.get("source_type", "card"),
            status="pending",
            type="bank_account",
        )
        payout.update(currency=currency, destination=destination["id"])
        payout["balance_transaction"] = _book(call, payout, "payout", -amount)
        payout = self.finish(call, payout)
        call.later(balance_transaction.available_on(call.now(), 1), "sent", payout)
        return payout

    def on_cancel(self, call: Call) -> Json:
        """Call a payout back that was not sent yet."""
        payout = self.target(call)
        if payout["status"] != "pending":
            raise InvalidRequest(
                "Payouts can only be canceled when they are in a pending state, and "
                f"{payout['id']} is {payout['status']}.",
                code="payouts_not_allowed" if payout["status"] == "canceled" else None,
                param="payout",
            )
        back = _book(call, payout, "payout_cancel", payout["amount"])
        return call.update(
            {**payout, "failure_balance_transaction": back, "status": "canceled"},
            announce="payout.canceled",
        )

    def on_reverse(self, call: Call) -> Json:
        """Take a payout back from the bank, with a payout the other way."""
        payout = self.target(call)
        if payout["status"] != "paid" or payout["reversed_by"]:
            raise InvalidRequest(
                f"Payout {payout['id']} can't be reversed: only a payout that is paid "
                "and not reversed can be.",
                param="payout",
            )
        amount = -payout["amount"]
        reversal = self.draft(
            call,
            amount=amount,
            arrival_date=balance_transaction.available_on(call.now()),
            automatic=False,
            currency=payout["currency"],
            destination=payout["destination"],
            method=payout["method"],
            original_payout=payout["id"],
            reconciliation_status="not_applicable",
            source_type=payout["source_type"],
            status="pending",
            type=payout["type"],
        )
        reversal["balance_transaction"] = _book(call, reversal, "payout", -amount)
        reversal = self.finish(call, reversal)
        call.update(payout, reversed_by=reversal["id"], announce="payout.updated")
        call.later(balance_transaction.available_on(call.now(), 1), "sent", reversal)
        return reversal

    def due_sent(self, call: Call, payout: Json) -> None:
        """Submit a payout to the bank."""
        if payout["status"] == "pending":
            payout = call.update(payout, status="in_transit", announce="payout.updated")
            call.later(payout["arrival_date"], "arrived", payout)

    def due_arrived(self, call: Call, payout: Json) -> None:
        """Let a payout arrive at the bank, or come back."""
        if payout["status"] != "in_transit":
            return
        number = call.private(payout["destination"]).get("number")
        if number not in _FAILURES:
            call.update(payout, status="paid")
            paid = call.get("payout", payout["id"])
            call.emit("payout.paid", paid)
            return
        code, message = _FAILURES[number]
        back = _book(call, payout, "payout_failure", payout["amount"])
        call.update(
            {
                **payout,
                "failure_balance_transaction": back,
                "failure_code": code,
                "failure_message": message,
                "status": "failed",
            },
            announce="payout.failed",
        )


def _book(call: Call, payout: Json, kind: str, amount: int) -> str:
    transaction = balance_transaction.book(
        call,
        source=payout,
        kind=kind,
        amount=amount,
        description=payout["description"] or "STRIPE PAYOUT",
        at_once=True,
    )
    return str(transaction["id"])


def _check_enabled(account: Json) -> None:
    if not account["payouts_enabled"]:
        raise InvalidRequest(
            f"Account {account['id']} can't be paid out to: its payouts are not "
            "enabled. Its `requirements` tell what it still owes.",
            code="payouts_not_allowed",
        )


def _destination(call: Call, currency: str) -> Json:
    """Return the bank account that a payout goes to.

    Without a name it is the account's own for the currency; the sandbox's
    account has one from the first time it needs one.
    """
    named = call.params.get("destination")
    account = on_platform(call).get("account", call.account)
    _check_enabled(account)
    listed = (account.get("external_accounts") or {}).get("data") or []
    accounts = [*listed, *call.objects("bank_account", currency=currency)]
    for found in accounts:
        own = found.get("customer") is None
        if named is None and own and found["currency"] == currency:
            return dict(found)
        if named is not None and own and found["id"] == named:
            return dict(found)
    if named is not None:
        raise ResourceMissing(
            "external account", named, param="destination", http_status=400
        )
    if call.account != call.engine.account:
        raise InvalidRequest(
            "Sorry, you don't have any external accounts in that currency "
            f"({currency}).",
            param="currency",
        )
    details = {**bank_account.TEST_DETAILS, "currency": currency}
    made, private = bank_account.make(call, details)
    made.pop("customer")
    return call.insert(
        {**made, "account": call.account, "default_for_currency": True},
        private=private,
    )
