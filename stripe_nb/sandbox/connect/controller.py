"""Who controls a connected account: the three types and the properties behind them.

https://docs.stripe.com/connect/migrate-to-controller-properties maps each type to
its properties; an account that is made of properties alone has the type ``none``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.wire import Json

__all__ = ["collected_by_stripe", "controller"]

# type: who pays the fees, who bears losses, who collects, which dashboard
_TYPES = {
    "standard": ("account", "stripe", "stripe", "full"),
    "express": ("application_express", "application", "stripe", "express"),
    "custom": ("application_custom", "application", "application", "none"),
}


def controller(params: Mapping[str, Any]) -> tuple[str, Json]:
    """Return the ``type`` and ``controller`` of an account to be created.

    Parameters
    ----------
    params
        Those of the request.

    Raises
    ------
    InvalidRequest
        If both are given, or the properties contradict each other.

    Examples
    --------
    >>> kind, properties = controller({"type": "express"})
    >>> properties["stripe_dashboard"]
    {'type': 'express'}
    """
    given = params.get("controller")
    if given is None:
        kind = params.get("type") or "standard"
        return kind, _controller(*_TYPES[kind])
    if params.get("type"):
        raise InvalidRequest(
            "You may not provide the `type` parameter and `controller` parameters "
            "simultaneously. They are mutually exclusive.",
            param="type",
        )
    payer = (given.get("fees") or {}).get("payer") or "account"
    losses = (given.get("losses") or {}).get("payments") or "stripe"
    collection = given.get("requirement_collection") or "stripe"
    dashboard = (given.get("stripe_dashboard") or {}).get("type") or "full"
    if collection == "application" and (losses == "stripe" or dashboard != "none"):
        raise InvalidRequest(
            "When `controller[requirement_collection]=application`, you must also set "
            "`controller[losses][payments]=application` and "
            "`controller[stripe_dashboard][type]=none`.",
            param="controller[requirement_collection]",
        )
    return "none", _controller(payer, losses, collection, dashboard)


def _controller(payer: str, losses: str, collection: str, dashboard: str) -> Json:
    return {
        "fees": {"payer": payer},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
        "type": "application",
    }


def collected_by_stripe(account: Json) -> bool:
    """Tell whether Stripe itself asks the account for what it requires."""
    return bool(account["controller"].get("requirement_collection") != "application")
