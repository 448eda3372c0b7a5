"""Subscription items, changed one by one."""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.subscriptions import changes
from stripe_nb.sandbox.wire import Json

__all__ = ["SubscriptionItem"]

# What is said of the change as a whole, not of the item.
_OF_THE_CHANGE = (
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
)


class SubscriptionItem(Behaviour):
    """`Subscription item <https://docs.stripe.com/api/subscription_items>`_."""

    name = "subscription_item"
    missing_param = "item"

    def on_create(self, call: Call) -> Json:
        """Add an item to a subscription."""
        params = call.params
        name = params["subscription"]
        subscription = call.get(
            "subscription", name, param="subscription", http_status=400
        )
        known = {item["id"] for item in subscription["items"]["data"]}
        after = _change(call, subscription, {})
        return next(item for item in after["items"]["data"] if item["id"] not in known)

    def on_update(self, call: Call) -> Json:
        """Change an item."""
        item = self._item(call)
        subscription = call.get("subscription", item["subscription"])
        _change(call, subscription, {"id": item["id"]})
        return call.get(self.name, item["id"])

    def on_delete(self, call: Call) -> Json:
        """Take an item away."""
        item = self._item(call)
        subscription = call.get("subscription", item["subscription"])
        _change(call, subscription, {"deleted": True, "id": item["id"]})
        return {"id": item["id"], "object": self.name, "deleted": True}

    def _item(self, call: Call) -> Json:
        name = call.path["item"]
        found = call.find(self.name, name)
        if found is None:
            raise InvalidRequest(
                f"Invalid subscription_item id: {name}", param="item", http_status=404
            )
        return found

    def generic_retrieve(self, call: Call) -> Json:
        """Answer an item."""
        return self._item(call)


def _change(call: Call, subscription: Json, entry: Json) -> Json:
    """Change a subscription by one entry of its items."""
    entry = {
        **{
            name: value
            for name, value in call.params.items()
            if name not in (*_OF_THE_CHANGE, "expand", "subscription")
        },
        **entry,
    }
    whole = {name: call.params[name] for name in _OF_THE_CHANGE if name in call.params}
    return changes.update(
        replace(call, params={**whole, "items": [entry]}), subscription
    )
