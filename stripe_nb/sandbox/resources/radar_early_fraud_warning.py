"""Early fraud warnings: an issuer's word that a payment may be fraud."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["EarlyFraudWarning", "settle", "warn"]

_NAME = "radar.early_fraud_warning"


class EarlyFraudWarning(Behaviour):
    """`EarlyFraudWarning <https://docs.stripe.com/api/radar/early_fraud_warnings>`_."""

    name = _NAME
    said = "early fraud warning"


def warn(call: Call, charge: Json) -> Json:
    """Store a warning about a charge."""
    warning = call.new(
        _NAME,
        actionable=True,
        charge=charge["id"],
        fraud_type="made_with_stolen_card",
    )
    if charge["payment_intent"]:
        warning["payment_intent"] = charge["payment_intent"]
    return call.insert(warning, announce=f"{_NAME}.created")


def settle(call: Call, charge: Json) -> None:
    """Note that nothing can be done any more, after a full refund or a dispute."""
    for warning in call.objects(_NAME, charge=charge["id"]):
        call.update(warning, actionable=False, announce=f"{_NAME}.updated")
