"""Authorizations: an issued card is used, and Stripe says yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.issuing.controls import reason
from stripe_nb.sandbox.issuing.merchants import merchant
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources.issuing_transaction import record
from stripe_nb.sandbox.wire import Json

__all__ = ["Authorization", "authorize"]

_BEYOND = (
    "amount_details",
    "fleet",
    "fuel",
    "merchant_amount",
    "merchant_currency",
    "network_data",
    "risk_assessment",
    "wallet",
)
_NOT_PRESENT = ("keyed_in", "online")


class Authorization(Behaviour):
    """`Authorization <https://docs.stripe.com/api/issuing/authorizations>`_."""

    name = "issuing.authorization"
    said = "issuing authorization"
    missing_param = "authorization"

    def on_update(self, call: Call) -> Json:
        """Set its metadata."""
        return self._changed(call, self.target(call), call.params)

    def on_approve(self, call: Call) -> Json:
        """Approve it, if that is still to be decided."""
        raise _decided(self.target(call))

    def on_decline(self, call: Call) -> Json:
        """Decline it, if that is still to be decided."""
        raise _decided(self.target(call))

    def on_test_helpers_issuing_authorizations_create(self, call: Call) -> Json:
        """Use a card in a test."""
        for name in _BEYOND:
            if call.params.get(name):
                raise NotSimulated(f"the parameter {name} of test authorizations")
        return authorize(call, call.params["card"], call.params)

    def on_test_helpers_issuing_authorizations_capture(self, call: Call) -> Json:
        """Let the merchant take the money, or a part of it."""
        held = _pending(self.target(call))
        amount: int = held["amount"]
        if call.params.get("capture_amount") is not None:
            amount = call.params["capture_amount"]
        if amount <= 0:
            raise InvalidRequest(
                "The capture_amount must be positive.", param="capture_amount"
            )
        taken = record(
            call,
            call.get("issuing.card", held["card"]["id"]),
            amount=-amount,
            kind="capture",
            place=held["merchant_data"],
            details=call.params.get("purchase_details"),
            authorization=held["id"],
        )
        closes = call.params.get("close_authorization", True)
        return self._changed(
            call,
            held,
            {},
            amount=0 if closes else max(held["amount"] - amount, 0),
            status="closed" if closes else "pending",
            transactions=[*held["transactions"], taken],
        )

    def on_test_helpers_issuing_authorizations_expire(self, call: Call) -> Json:
        """Let it lapse."""
        held = _pending(self.target(call))
        return self._changed(call, held, {}, amount=0, status="expired")

    def on_test_helpers_issuing_authorizations_increment(self, call: Call) -> Json:
        """Let the merchant hold more."""
        held = _pending(self.target(call))
        more = call.params["increment_amount"]
        entry = _entry(call, held["amount"] + more, held["currency"], "card_active")
        return self._changed(
            call,
            held,
            {},
            amount=held["amount"] + more,
            merchant_amount=held["merchant_amount"] + more,
            request_history=[*held["request_history"], entry],
        )

    def on_test_helpers_issuing_authorizations_reverse(self, call: Call) -> Json:
        """Let the merchant give the hold back, or a part of it."""
        held = _pending(self.target(call))
        less = call.params.get("reverse_amount", held["amount"])
        if less > held["amount"]:
            raise InvalidRequest(
                f"The reverse_amount ({less}) is greater than the amount that is held "
                f"({held['amount']}).",
                param="reverse_amount",
            )
        rest = held["amount"] - less
        return self._changed(
            call, held, {}, amount=rest, status="pending" if rest else "reversed"
        )

    def _changed(
        self, call: Call, held: Json, params: Mapping[str, Any], **values: Any
    ) -> Json:
        metadata = params.get("metadata")
        if "metadata" in params:
            merged = {**held["metadata"], **(metadata or {})} if metadata else {}
            values["metadata"] = {k: v for k, v in merged.items() if v is not None}
        return call.update(held, announce="issuing_authorization.updated", **values)


def authorize(
    call: Call, card_id: str, params: Mapping[str, Any], *, http_status: int = 400
) -> Json:
    """Store the authorization of a use of a card, approved or not.

    Who listens for it hears the question first, with the authorization pending.
    Nobody answers within the request: Stripe then decides by the card's own rules.
    """
    card = call.get("issuing.card", card_id, param="card", http_status=http_status)
    amount, currency = params.get("amount", 0), params.get("currency")
    if currency and currency.lower() != card["currency"]:
        raise NotSimulated("an authorization in another currency than the card's")
    place = merchant(params.get("merchant_data"))
    earlier = [
        one
        for one in call.objects("issuing.authorization")
        if one["card"]["id"] == card["id"]
    ]
    why = reason(card, amount, place, earlier, call.now())
    approved = why == "webhook_approved"
    method = params.get("authorization_method") or "online"
    held = call.new(
        "issuing.authorization",
        amount=0,
        amount_details={"atm_fee": None, "cashback_amount": None},
        approved=False,
        authorization_method=method,
        card=card,
        card_presence="not_present" if method in _NOT_PRESENT else "present",
        cardholder=card["cardholder"]["id"],
        currency=card["currency"],
        merchant_amount=amount,
        merchant_currency=card["currency"],
        merchant_data=place,
        pending_request={
            "amount": amount,
            "amount_details": {"atm_fee": None, "cashback_amount": None},
            "currency": card["currency"],
            "is_amount_controllable": bool(params.get("is_amount_controllable")),
            "merchant_amount": amount,
            "merchant_currency": card["currency"],
            "network_risk_score": None,
        },
        status="pending",
        verification_data=_checks(params.get("verification_data") or {}),
    )
    for name in ("fraud_challenges", "token", "treasury"):
        held.pop(name, None)
    if approved:
        call.emit("issuing_authorization.request", held)
    decision = "card_active" if approved else why
    held |= {
        "amount": amount if approved else 0,
        "approved": approved,
        "pending_request": None,
        "request_history": [_entry(call, amount, card["currency"], decision)],
        "status": "pending" if approved else "closed",
    }
    return call.insert(held, announce="issuing_authorization.created")


def _entry(call: Call, amount: int, currency: str, why: str) -> Json:
    approved = why == "card_active"
    return {
        "amount": amount,
        "amount_details": {"atm_fee": None, "cashback_amount": None},
        "approved": approved,
        "authorization_code": call.secret(6, of="authorization_code").upper()
        if approved
        else None,
        "created": call.now(),
        "currency": currency,
        "merchant_amount": amount,
        "merchant_currency": currency,
        "network_risk_score": None,
        "reason": why,
        "reason_message": None,
        "requested_at": call.now(),
    }


def _checks(given: Mapping[str, Any]) -> Json:
    return {
        "address_line1_check": given.get("address_line1_check") or "not_provided",
        "address_postal_code_check": given.get("address_postal_code_check")
        or "not_provided",
        "authentication_exemption": given.get("authentication_exemption"),
        "cvc_check": given.get("cvc_check") or "match",
        "expiry_check": given.get("expiry_check") or "match",
        "postal_code": None,
        "three_d_secure": given.get("three_d_secure"),
    }


def _pending(held: Json) -> Json:
    if held["status"] != "pending" or not held["approved"]:
        raise InvalidRequest(
            f"This authorization is {held['status']}: only an approved one that is "
            "pending can be changed."
        )
    return held


def _decided(held: Json) -> InvalidRequest:
    return InvalidRequest(
        f"The authorization {held['id']} has already been "
        f"{'approved' if held['approved'] else 'declined'}."
    )
