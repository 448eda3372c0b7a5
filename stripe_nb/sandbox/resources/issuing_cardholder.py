"""Cardholders: who uses the cards that the account issues."""

from __future__ import annotations

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.issuing.controls import controls
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.wire import Json

__all__ = ["Cardholder"]

_LONGEST_NAME = 24


class Cardholder(Behaviour):
    """`Cardholder <https://docs.stripe.com/api/issuing/cardholders>`_."""

    name = "issuing.cardholder"
    said = "cardholder"
    missing_param = "cardholder"

    def on_create(self, call: Call) -> Json:
        """Add a cardholder."""
        params = call.params
        name = params["name"]
        if len(name) > _LONGEST_NAME:
            raise InvalidRequest(
                f"The cardholder's name can have up to {_LONGEST_NAME} characters.",
                param="name",
            )
        given = params.pop("spending_controls", None)
        company = params.pop("company", None)
        holder = self.draft(
            call,
            requirements={"disabled_reason": None, "past_due": []},
            spending_controls=_controls(given),
            status="active",
            type="individual",
        )
        if company:
            holder["company"] = {"tax_id_provided": bool(company.get("tax_id"))}
        return call.insert(holder, announce="issuing_cardholder.created")

    def on_update(self, call: Call) -> Json:
        """Change a cardholder, also in the cards that show it."""
        holder = self.target(call)
        check_metadata(call.params, holder["metadata"])
        if "spending_controls" in call.params:
            holder["spending_controls"] = _controls(call.params["spending_controls"])
        company = call.params.get("company") or {}
        if "tax_id" in company:
            holder["company"] = {"tax_id_provided": bool(company["tax_id"])}
        for name in ("company", "spending_controls"):
            call.params.pop(name, None)
        assign(holder, self.resource.fields, call.params)
        changed = call.update(holder, announce="issuing_cardholder.updated")
        for card in call.objects("issuing.card"):
            if card["cardholder"]["id"] == changed["id"]:
                call.update({**card, "cardholder": changed})
        return changed


def _controls(given: Json | None) -> Json:
    currency = (given or {}).get("spending_limits_currency")
    return controls(given, currency or "usd")
