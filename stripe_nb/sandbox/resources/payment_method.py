"""Payment methods: cards and bank accounts as objects, attached to customers or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox import bank_debits, cards
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterMissing,
)
from stripe_nb.sandbox.payments import bank_input, card_source
from stripe_nb.sandbox.payments.card_input import (
    card_block,
    check_details,
    check_expiry,
    declined,
    test_card,
)
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.resources import token as tokens
from stripe_nb.sandbox.store import Page
from stripe_nb.sandbox.wire import Json

__all__ = [
    "PaymentMethod",
    "attach",
    "card_of",
    "check_attachable",
    "debit_of",
    "declined",
    "detach",
    "from_data",
    "get",
    "resolve",
]

_HINT = (
    "; It's possible this PaymentMethod exists on one of your connected accounts, in "
    "which case you should retry this request on that connected account. Learn more "
    "at https://stripe.com/docs/connect/authentication"
)
_DEBITS = (bank_debits.US, bank_debits.SEPA)
# Payment methods that are no more than their name.
_BARE = ("customer_balance",)


class PaymentMethod(Behaviour):
    """`PaymentMethod <https://docs.stripe.com/api/payment_methods>`_."""

    name = "payment_method"
    said = "PaymentMethod"
    missing_param = "payment_method"
    missing_hint = _HINT

    def on_create(self, call: Call) -> Json:
        """Make a payment method of a card's or a bank account's details."""
        if call.params.get("payment_method") or call.params.get("customer"):
            raise NotSimulated("sharing a payment method with a connected account")
        return from_data(call, call.params, "")

    def on_retrieve(self, call: Call) -> Json:
        """Answer a payment method."""
        return get(call, call.path["payment_method"])

    def on_update(self, call: Call) -> Json:
        """Change billing details, expiry, metadata."""
        method = self.target(call)
        card = call.params.pop("card", None) or {}
        if card:
            check_expiry(call, {**method["card"], **card})
            allowed = {
                name: card[name] for name in ("exp_month", "exp_year") if name in card
            }
            method["card"] = {**method["card"], **allowed}
        return self.change(call, method)

    def on_attach(self, call: Call) -> Json:
        """Attach it to a customer, which a declining card refuses."""
        customer = call.given("customer", "customer")
        if customer is None:
            raise ParameterMissing(
                "customer", "Must provide customer or customer_account."
            )
        method = resolve(call, call.path["payment_method"], http_status=404)
        if method["customer"] == customer["id"]:
            return method
        if method["customer"]:
            raise InvalidRequest(
                "The payment method you provided has already been attached to a "
                "customer.",
                param="payment_method",
            )
        check_attachable(call, method)
        return attach(call, method, customer["id"])

    def on_detach(self, call: Call) -> Json:
        """Detach it from its customer, for good."""
        method = self.target(call)
        if not method["customer"]:
            raise InvalidRequest(
                "The payment method you provided is not attached to a customer so "
                "detachment is impossible.",
                param="payment_method",
            )
        return detach(call, method)

    def on_list(self, call: Call) -> Listing:
        """Answer a page of a customer's; none without a customer, as at Stripe."""
        if not call.params.get("customer"):
            return Listing(Page(), "/v1/payment_methods")
        return self.generic_list(call)

    def on_customers_payment_methods_retrieve(self, call: Call) -> Json:
        """Answer one payment method of a customer."""
        call.get("customer", call.path["customer"], param="customer")
        return self.target(call)


def resolve(
    call: Call, value: str, *, param: str = "payment_method", http_status: int = 400
) -> Json:
    """Return the payment method that an id or a test token names.

    A test token such as ``pm_card_visa`` makes a new payment method each time.

    Raises
    ------
    ResourceMissing
        If there is neither.
    """
    card = cards.by_payment_method(value)
    if card is not None:
        return _store_card(call, card, {})
    account = bank_debits.by_payment_method(value)
    if account is not None:
        return _store_debit(call, account, {}, verified=True)
    found = get(call, value, param=param, http_status=http_status)
    if call.private(found["id"]).get("detached"):
        raise InvalidRequest(
            "The provided PaymentMethod was previously used with a PaymentIntent "
            "without Customer attachment, shared with a connected account without "
            "Customer attachment, or was detached from a Customer. It may not be used "
            "again. To use a PaymentMethod multiple times, you must attach it to a "
            "Customer first.",
            param=param,
        )
    return found


def get(
    call: Call, value: str, *, param: str = "payment_method", http_status: int = 404
) -> Json:
    """Return a payment method by its id; a saved card of older days is one too.

    Raises
    ------
    ResourceMissing
        If there is none.
    """
    source = call.find("card", value)
    if source:
        card = test_card(call.private(value)["number"])
        return card_source.as_method(call, source, card)
    return call.get("payment_method", value, param=param, http_status=http_status)


def from_data(call: Call, data: Mapping[str, Any], prefix: str) -> Json:
    """Store a payment method of its parameters, as ``payment_method_data`` has them.

    Parameters
    ----------
    call
        The request.
    data
        Checked parameters.
    prefix
        Where they stand in the request, for messages.
    """
    check_metadata(data)
    kind = data.get("type")
    if kind in _DEBITS:
        account = bank_input.account_of(data, prefix)
        return _store_debit(call, account, data, verified=kind == bank_debits.SEPA)
    if kind in _BARE:
        return call.insert({**_new(call, data), str(kind): {}})
    if kind != "card":
        raise NotSimulated(f"payment methods of the type {kind}")
    details = data.get("card") or {}
    if details.get("token"):
        param = f"{prefix}[card][token]" if prefix else "card[token]"
        return _of_token(call, details["token"], data, param)
    number = details.get("number")
    if not number:
        raise ParameterMissing("card[number]")
    card = test_card(number)
    check_details(call, details)
    return _store_card(call, card, data)


def _of_token(call: Call, value: str, data: Mapping[str, Any], param: str) -> Json:
    spent = tokens.spend(call, value, param=param)
    if spent.card is None:
        raise InvalidRequest(f"No such token: '{value}'", param=param)
    return _store_card(call, spent.card, {**data, "card": spent.given})


def _new(call: Call, data: Mapping[str, Any]) -> Json:
    method = call.new(
        "payment_method",
        type=data.get("type", "card"),
        allow_redisplay="unspecified",
    )
    given = {
        name: data[name]
        for name in ("allow_redisplay", "billing_details", "metadata")
        if data.get(name)
    }
    assign(method, call.kind("payment_method").fields, given)
    return method


def _store_card(call: Call, card: cards.Card, data: Mapping[str, Any]) -> Json:
    block = card_block(call, card, data.get("card") or {})
    return call.insert(
        {**_new(call, data), "card": block}, private={"number": card.number}
    )


def _store_debit(
    call: Call, account: bank_debits.Account, data: Mapping[str, Any], *, verified: bool
) -> Json:
    kind = account.kind
    if not data:
        holder = {"name": "Jenny Rosen", "email": "jenny@example.com"}
        data = {"type": kind, "billing_details": holder}
    block = bank_input.block(call, account, data.get(kind) or {})
    private = {"debit": account.number, "verified": verified}
    return call.insert({**_new(call, data), kind: block}, private=private)


def card_of(call: Call, method: Json) -> cards.Card:
    """Return the test card behind a payment method."""
    number = call.private(method["id"]).get("number")
    if number is None:
        raise NotSimulated(f"payments with a {method['type']}")
    return test_card(number)


def debit_of(call: Call, method: Json) -> bank_debits.Account:
    """Return the test bank account behind a payment method."""
    number = call.private(method["id"]).get("debit")
    account = number and bank_debits.by_number(method["type"], number)
    if not account:
        raise NotSimulated(f"payments with a {method['type']}")
    return account


def check_attachable(call: Call, method: Json) -> None:
    """Refuse to save a card that declines being saved.

    Raises
    ------
    CardDeclined
        With the card's own code.
    """
    if method["type"] != "card":
        return
    refusal = card_of(call, method).decline
    if refusal and refusal.on_attach:
        raise declined(refusal, param="")


def attach(call: Call, method: Json, customer: str) -> Json:
    """Attach a payment method to a customer; the bank then has checked the card."""
    attached = {**method, "customer": customer}
    if method["type"] == "card":
        checked = card_of(call, method).cvc_check
        checks = {**method["card"]["checks"], "cvc_check": checked}
        attached["card"] = {**method["card"], "checks": checks}
    return call.update(attached, announce="payment_method.attached")


def detach(call: Call, method: Json) -> Json:
    """Detach a payment method from its customer; it can't be used again."""
    customer = method["customer"]
    call.set_private(method["id"], detached=True)
    detached = call.update({**method, "customer": None})
    call.emit("payment_method.detached", detached, {"customer": customer})
    owner = call.find("customer", customer)
    default = owner and owner["invoice_settings"]["default_payment_method"]
    if owner and default == method["id"]:
        settings = {**owner["invoice_settings"], "default_payment_method": None}
        call.update(owner, invoice_settings=settings, announce="customer.updated")
    return detached
