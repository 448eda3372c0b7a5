"""Payment methods: the test cards as objects, attached to customers or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    ApiError,
    CardDeclined,
    InvalidRequest,
    NotSimulated,
    ParameterMissing,
)
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.store import Page
from stripe_nb.sandbox.wire import Json

__all__ = [
    "PaymentMethod",
    "attach",
    "card_of",
    "check_attachable",
    "declined",
    "detach",
    "from_data",
    "resolve",
]

_HINT = (
    "; It's possible this PaymentMethod exists on one of your connected accounts, in "
    "which case you should retry this request on that connected account. Learn more "
    "at https://stripe.com/docs/connect/authentication"
)
_MONTHS = range(1, 13)
_CENTURY = 2000
_YEARS_AHEAD = 50
_CVC_LENGTHS = (3, 4)


class PaymentMethod(Behaviour):
    """`PaymentMethod <https://docs.stripe.com/api/payment_methods>`_."""

    name = "payment_method"
    said = "PaymentMethod"
    missing_param = "payment_method"
    missing_hint = _HINT

    def on_create(self, call: Call) -> Json:
        """Make a payment method of a card's details."""
        if call.params.get("payment_method") or call.params.get("customer"):
            raise NotSimulated("sharing a payment method with a connected account")
        return from_data(call, call.params, "")

    def on_update(self, call: Call) -> Json:
        """Change billing details, expiry, metadata."""
        method = self.target(call)
        card = call.params.pop("card", None) or {}
        if card:
            _check_expiry(call, {**method["card"], **card})
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
    found = call.get("payment_method", value, param=param, http_status=http_status)
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
    if data.get("type") != "card":
        raise NotSimulated(f"payment methods of the type {data.get('type')}")
    check_metadata(data)
    details = data.get("card") or {}
    token = details.get("token")
    if token:
        card = cards.by_token(token)
        if card is None:
            raise InvalidRequest(
                f"No such token: '{token}'",
                code="resource_missing",
                param=f"{prefix}[card][token]" if prefix else "card[token]",
            )
        return _store_card(call, card, data)
    number = details.get("number")
    if not number:
        raise ParameterMissing("card[number]")
    card = _test_card(number)
    _check_expiry(call, details)
    _check_cvc(details)
    return _store_card(call, card, data)


def _test_card(number: str) -> cards.Card:
    """Return a test card by its number.

    Raises
    ------
    CardDeclined
        If it is none: misspelt, or a real card's.
    """
    card = cards.by_number(number)
    if card is None:
        raise declined(cards.refusal(number) or cards.decline("incorrect_number"))
    return card


def _store_card(call: Call, card: cards.Card, data: Mapping[str, Any]) -> Json:
    method = call.new("payment_method", type="card", allow_redisplay="unspecified")
    given = {
        name: data[name]
        for name in ("allow_redisplay", "billing_details", "metadata")
        if data.get(name)
    }
    assign(method, call.kind("payment_method").fields, given)
    details = data.get("card") or {}
    method["card"] = _card_block(call, card, details)
    return call.insert(method, private={"number": card.number})


def _card_block(call: Call, card: cards.Card, details: Mapping[str, Any]) -> Json:
    now = datetime.fromtimestamp(call.now(), UTC)
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if details.get("cvc") else None,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": details.get("exp_month", now.month),
        "exp_year": _full_year(details.get("exp_year", now.year + 1)),
        # The same number always has the same fingerprint within an account.
        "fingerprint": call.engine.ids.stable(16, of=f"fingerprint/{card.number}"),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": list(card.networks), "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure != "not_supported"},
        "wallet": None,
    }


def card_of(call: Call, method: Json) -> cards.Card:
    """Return the test card behind a payment method."""
    number = call.private(method["id"]).get("number")
    if number is None:
        raise NotSimulated(f"payments with a {method['type']}")
    return _test_card(number)


def check_attachable(call: Call, method: Json) -> None:
    """Refuse to save a card that declines being saved.

    Raises
    ------
    CardDeclined
        With the card's own code.
    """
    refusal = card_of(call, method).decline
    if refusal and refusal.on_attach:
        raise declined(refusal, param="")


def attach(call: Call, method: Json, customer: str) -> Json:
    """Attach a payment method to a customer; the bank then has checked the card."""
    checks = {**method["card"]["checks"], "cvc_check": card_of(call, method).cvc_check}
    card = {**method["card"], "checks": checks}
    return call.update(
        {**method, "customer": customer, "card": card},
        announce="payment_method.attached",
    )


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


def declined(refusal: cards.Decline, **extra: Any) -> ApiError:
    """Return a card's no as an error."""
    param = extra.pop("param", refusal.param)
    error = CardDeclined(
        refusal.message,
        code=refusal.code,
        param=param,
        decline_code=refusal.decline_code,
        **extra,
    )
    error.type = refusal.type
    return error


def _check_expiry(call: Call, details: Mapping[str, Any]) -> None:
    month, year = details.get("exp_month"), details.get("exp_year")
    now = datetime.fromtimestamp(call.now(), UTC)
    if month is None:
        raise ParameterMissing("card[exp_month]")
    if year is None:
        raise ParameterMissing("card[exp_year]")
    full = _full_year(year)
    if month not in _MONTHS:
        raise declined(cards.decline("invalid_expiry_month", on_attach=True))
    if not now.year <= full <= now.year + _YEARS_AHEAD:
        raise declined(cards.decline("invalid_expiry_year", on_attach=True))
    if (full, month) < (now.year, now.month):
        raise declined(cards.decline("invalid_expiry_month", on_attach=True))


def _full_year(year: int) -> int:
    return year + _CENTURY if year < _CENTURY // 10 else year


def _check_cvc(details: Mapping[str, Any]) -> None:
    cvc = details.get("cvc")
    if cvc and not (cvc.isdigit() and len(cvc) in _CVC_LENGTHS):
        raise declined(cards.decline("invalid_cvc", on_attach=True))
