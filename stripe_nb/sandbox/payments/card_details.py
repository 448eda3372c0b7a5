"""What a charge tells of the card that it was made with."""

from __future__ import annotations

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.payments.basis import Basis
from stripe_nb.sandbox.wire import Json

__all__ = ["details", "outcome", "three_d_secure"]

_DAY = 24 * 60 * 60
_DAYS_TO_CAPTURE = 7
_DAYS_TO_CAPTURE_EXTENDED = 30

# level of risk, score, what the merchant reads
_RISK = {
    "normal": (35, "Payment complete."),
    "elevated": (65, "Stripe evaluated this payment as having elevated risk."),
    "highest": (92, "Stripe blocked this payment as too risky."),
}


def outcome(card: cards.Card, refusal: cards.Decline | None) -> Json:
    """Return what Radar and the card's issuer said of a charge."""
    score, message = _RISK[card.risk_level]
    said: Json = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": card.risk_level,
        "risk_score": score,
        "seller_message": message,
        "type": "authorized",
    }
    if card.blocked:
        said.update(
            network_status="not_sent_to_network",
            reason="highest_risk_level",
            seller_message=_RISK["highest"][1],
            type="blocked",
        )
    elif refusal:
        code = refusal.decline_code or refusal.code
        said.update(
            advice_code="do_not_try_again"
            if cards.is_hard(code)
            else "try_again_later",
            network_decline_code="01",
            network_status="declined_by_network",
            reason=code,
            seller_message=_seller_message(code),
            type="issuer_declined",
        )
    return said


def _seller_message(code: str) -> str:
    if code == "generic_decline":
        return "The bank did not return any further details with this decline."
    return f"The bank returned the decline code `{code}`."


def details(
    call: Call,
    basis: Basis,
    method: Json,
    card: cards.Card,
    *,
    authenticated: bool = False,
) -> Json:
    """Return a charge's ``payment_method_details``.

    Parameters
    ----------
    call
        The request that caused the charge.
    basis
        What it is made for.
    method, card
        The payment method, and the test card behind it.
    authenticated
        Whether the cardholder passed 3D Secure.
    """
    shown = method["card"]
    told: Json = {
        "amount_authorized": basis.amount,
        "authorization_code": call.secret(6, "authorization_code").upper(),
        "brand": shown["brand"],
        "checks": {**shown["checks"], **_checks(method, card)},
        "country": shown["country"],
        "electronic_commerce_indicator": "05" if authenticated else None,
        "exp_month": shown["exp_month"],
        "exp_year": shown["exp_year"],
        "fingerprint": shown["fingerprint"],
        "funding": shown["funding"],
        "installments": None,
        "last4": shown["last4"],
        "mandate": None,
        "network": shown["brand"],
        "network_token": {"used": False},
        "network_transaction_id": call.secret(15, "network_transaction_id"),
        "overcapture": {
            "maximum_amount_capturable": basis.amount,
            "status": "unavailable",
        },
        "regulated_status": "unregulated",
        "three_d_secure": three_d_secure(call, card) if authenticated else None,
        "transaction_link_id": None,
        "wallet": None,
        **_asked_for(call, basis),
    }
    return {"card": {key: told[key] for key in sorted(told)}, "type": "card"}


def _asked_for(call: Call, basis: Basis) -> Json:
    """Return what the request asked the card's network for, where it could."""
    held = not basis.capture

    def available(name: str) -> bool:
        return held and basis.card_options.get(f"request_{name}") == "if_available"

    extended = available("extended_authorization")
    told: Json = {
        "extended_authorization": {"status": "enabled" if extended else "disabled"},
        "incremental_authorization": _status(available("incremental_authorization")),
        "multicapture": _status(available("multicapture")),
    }
    if held:
        days = _DAYS_TO_CAPTURE_EXTENDED if extended else _DAYS_TO_CAPTURE
        told["capture_before"] = call.now() + days * _DAY
    return told


def _status(available: bool) -> Json:
    return {"status": "available" if available else "unavailable"}


def _checks(method: Json, card: cards.Card) -> Json:
    """Return the bank's checks of what the payment method gave."""
    address = method["billing_details"]["address"] or {}
    return {
        "address_line1_check": card.address_line1_check
        if address.get("line1")
        else None,
        "address_postal_code_check": card.address_postal_code_check
        if address.get("postal_code")
        else None,
        "cvc_check": card.cvc_check,
    }


def three_d_secure(call: Call, card: cards.Card) -> Json:
    """Return what 3D Secure said of a cardholder who passed."""
    silent = card.three_d_secure == "frictionless"
    return {
        "authentication_flow": "frictionless" if silent else "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": call.secret(36, "three_d_secure"),
        "version": "2.2.0",
    }
