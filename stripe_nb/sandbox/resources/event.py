"""Events: they are made by every change, and only read through the API."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["Event"]

_KEPT_SECONDS = 30 * 24 * 60 * 60
_MOST_TYPES = 20
_TYPE = "json_extract(body, '$.\"type\"')"


class Event(Behaviour):
    """`Event <https://docs.stripe.com/api/events>`_."""

    name = "event"

    def on_list(self, call: Call) -> Listing:
        """Answer a page of the last 30 days' events."""
        types = call.params.get("types")
        if types and call.params.get("type"):
            raise InvalidRequest(
                "You may only specify one of these parameters: type, types."
            )
        if types and len(types) > _MOST_TYPES:
            raise InvalidRequest(
                f"You may list at most {_MOST_TYPES} types.", param="types"
            )
        since = Condition("created >= ?", (call.now() - _KEPT_SECONDS,))
        return self.listing(call, [since, *self.conditions(call)])

    def on_retrieve(self, call: Call) -> Json:
        """Answer an event."""
        return self.generic_retrieve(call)

    def condition(self, call: Call, name: str, value: Any) -> Condition:
        """Filter by types, with a wildcard at the end."""
        if name == "types":
            marks = ", ".join("?" * len(value))
            return Condition(f"{_TYPE} in ({marks})", tuple(value))
        if name == "type" and value.endswith(".*"):
            return Condition(f"{_TYPE} glob ?", (_escaped(value[:-1]) + "*",))
        if name == "delivery_success":
            return Condition(
                "(json_extract(body, '$.\"pending_webhooks\"') = 0) = ?", (value,)
            )
        return super().condition(call, name, value)


def _escaped(text: str) -> str:
    """Take the special meaning from a pattern's characters."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)
