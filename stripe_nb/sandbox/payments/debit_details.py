"""What a charge tells of the bank account or cash balance that it draws on."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.wire import Json

__all__ = ["details", "fee", "outcome"]

_OF_IBANS = ("bank_code", "branch_code", "country", "fingerprint", "last4")
_OF_US_ACCOUNTS = (
    "account_holder_type",
    "account_type",
    "bank_name",
    "fingerprint",
    "last4",
    "routing_number",
)

_ACH_PER_THOUSAND = 8
_ACH_MOST = 500
_SEPA_FEE = 35


def details(call: Call, method: Json, mandate: str | None) -> Json:
    """Return the ``payment_method_details`` of a charge that is no card's."""
    kind = method["type"]
    shown = method.get(kind) or {}
    told: Json = {}
    if kind == "us_bank_account":
        told = {name: shown[name] for name in _OF_US_ACCOUNTS}
        told["payment_reference"] = call.secret(15, "payment_reference")
        if mandate:
            told["mandate"] = mandate
    elif kind == "sepa_debit":
        told = {**{name: shown[name] for name in _OF_IBANS}, "mandate": mandate}
    return {kind: {key: told[key] for key in sorted(told)}, "type": kind}


def outcome(*, blocked: bool = False) -> Json:
    """Return a charge's outcome where no card network is asked."""
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "not_sent_to_network" if blocked else "approved_by_network",
        "reason": "highest_risk_level" if blocked else None,
        "risk_level": "highest" if blocked else "not_assessed",
        "seller_message": "Stripe blocked this payment as too risky."
        if blocked
        else "Payment complete.",
        "type": "blocked" if blocked else "authorized",
    }


def fee(kind: str, amount: int) -> int:
    """Return what Stripe keeps of a payment that is no card's.

    Examples
    --------
    >>> fee("us_bank_account", 10_000), fee("us_bank_account", 1_000_000)
    (80, 500)
    """
    if kind == "us_bank_account":
        return min((amount * _ACH_PER_THOUSAND + 500) // 1000, _ACH_MOST)
    return _SEPA_FEE if kind == "sepa_debit" else 0
