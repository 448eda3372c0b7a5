"""Plans: recurring prices under their older name.

A plan has no state of its own: each is the price of the same id, seen through
`price.as_plan`.
"""

from __future__ import annotations

from typing import Any

import orjson

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterMissing,
    ResourceMissing,
)
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.resources import price
from stripe_nb.sandbox.store import Condition, Page
from stripe_nb.sandbox.wire import Json

__all__ = ["Plan"]

# parameter of a plan: what a price calls it
_AMOUNTS = {
    "amount": "unit_amount",
    "amount_decimal": "unit_amount_decimal",
    "transform_usage": "transform_quantity",
}
_SAME = ("active", "billing_scheme", "currency", "metadata", "nickname", "tiers_mode")
_RECURRING = ("interval", "interval_count", "meter", "trial_period_days", "usage_type")


class _Plans(Listing):
    """A page of prices, answered as plans."""

    def to_json(self) -> Json:
        """Return Stripe's list envelope."""
        envelope = super().to_json()
        return {**envelope, "data": [price.as_plan(each) for each in envelope["data"]]}

    def to_bytes(self) -> bytes:
        """Return the same as JSON text."""
        return orjson.dumps(self.to_json())


class Plan(Behaviour):
    """`Plan <https://docs.stripe.com/api/plans>`_."""

    name = "plan"
    missing_param = "plan"

    def on_create(self, call: Call) -> Json:
        """Make a recurring price."""
        params = call.params
        chosen = params.get("id")
        if chosen and call.find("price", chosen):
            raise InvalidRequest(
                "Plan already exists.", code="resource_already_exists", param="id"
            )
        given = {name: params[name] for name in _SAME if name in params}
        for name, said in _AMOUNTS.items():
            if name in params:
                given[said] = params[name]
        if params.get("tiers"):
            given["tiers"] = params["tiers"]
        given["recurring"] = {
            name: params[name] for name in _RECURRING if params.get(name) is not None
        }
        given["product"] = _product(call)
        return price.as_plan(price.make(call, {**given, "id": chosen}))

    def on_retrieve(self, call: Call) -> Json:
        """Answer a plan."""
        return price.as_plan(_price(call))

    def on_update(self, call: Call) -> Json:
        """Change a plan, and so its price."""
        found, params = _price(call), call.params
        check_metadata(params, found["metadata"])
        if "trial_period_days" in params:
            raise NotSimulated("the parameter trial_period_days of a plan's update")
        call.given("product", "product")
        changed = dict(found)
        price.assign_to(
            call,
            changed,
            {
                name: params[name]
                for name in ("active", "metadata", "nickname", "product")
                if name in params
            },
        )
        return price.as_plan(price.change(call, found, changed))

    def on_delete(self, call: Call) -> Json:
        """Delete a plan, and so its price."""
        found = _price(call)
        call.delete(found)
        call.emit("plan.deleted", price.as_plan(found))
        call.emit("price.deleted", found)
        return {"id": found["id"], "object": "plan", "deleted": True}

    def on_list(self, call: Call) -> Listing:
        """Answer a page of recurring prices as plans."""
        prices = call.engine.behaviour("price")
        recurring = Condition("json_extract(body, '$.type') = 'recurring'")
        page: Page = prices.listing(call, [*prices.conditions(call), recurring]).page
        return _Plans(page, "/v1/plans")

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return a plan's tiers."""
        if name == "tiers":
            return call.private(obj["id"], "price")["tiers"]
        return super().expanded(call, obj, name)


def _price(call: Call) -> Json:
    """Return the price behind the plan that the path names."""
    name = call.path["plan"]
    found = call.find("price", name)
    if found is None or not found["recurring"]:
        raise ResourceMissing("plan", name, param="plan")
    return found


def _product(call: Call) -> str:
    """Return the id of a plan's product, made now if it is described."""
    given = call.params.get("product")
    if given is None:
        raise ParameterMissing("product")
    if isinstance(given, dict):
        return str(price.make_product(call, given)["id"])
    found = call.get("product", given, param="product", http_status=400)
    return str(found["id"])
