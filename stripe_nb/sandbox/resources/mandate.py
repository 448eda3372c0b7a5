"""Mandates: a customer's word that a payment method may be charged."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Mandate", "accept", "of_method"]


class Mandate(Behaviour):
    """`Mandate <https://docs.stripe.com/api/mandates>`_."""

    name = "mandate"
    missing_param = "mandate"


def of_method(call: Call, method: Json) -> str | None:
    """Return the id of the mandate that a payment method has already."""
    mandate = call.private(method["id"]).get("mandate")
    found = call.find("mandate", mandate)
    return mandate if found and found["status"] == "active" else None


def accept(
    call: Call,
    method: Json,
    data: Any | None = None,
    *,
    single_use: Json | None = None,
) -> Json:
    """Store a mandate for a payment method.

    Parameters
    ----------
    call
        The request.
    method
        The payment method.
    data
        The request's ``mandate_data``; without it the mandate was accepted on a
        page of the sandbox's own.
    single_use
        Amount and currency, where it holds for one payment only.
    """
    given = (data or {}).get("customer_acceptance") or {"type": "online"}
    kind = given["type"]
    mandate = call.new(
        "mandate",
        customer_acceptance={
            "accepted_at": given.get("accepted_at") or call.now(),
            kind: _told(kind, given.get(kind) or {}),
            "type": kind,
        },
        payment_method=method["id"],
        payment_method_details={
            "type": method["type"],
            method["type"]: _details(call, method),
        },
        status="active",
        type="single_use" if single_use else "multi_use",
    )
    mandate["single_use" if single_use else "multi_use"] = single_use or {}
    mandate = call.insert(mandate)
    if not single_use:
        call.set_private(method["id"], mandate=mandate["id"])
    return mandate


def _told(kind: str, given: Json) -> Json:
    if kind == "offline":
        return {}
    return {
        "ip_address": given.get("ip_address"),
        "user_agent": given.get("user_agent"),
    }


def _details(call: Call, method: Json) -> Json:
    if method["type"] != "sepa_debit":
        return {}
    return {
        "reference": call.secret(16, "mandate").upper(),
        "url": "https://hooks.stripe.com/adapter/sepa_debit/file/"
        f"{call.secret(24, 'mandate_url')}",
    }
