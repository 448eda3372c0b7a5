"""Thin events, as the v2 API reads them."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.v2 import between, page_of
from stripe_nb.sandbox.wire import Json

__all__ = ["V2CoreEvent"]

_KEPT_SECONDS = 30 * 24 * 60 * 60
_TYPE = "json_extract(body, '$.type')"
_RELATED = "json_extract(body, '$.related_object.id')"


class V2CoreEvent(Behaviour):
    """`Event <https://docs.stripe.com/api/v2/core/events>`_."""

    name = "v2.core.event"
    said = "event"

    def on_list(self, call: Call) -> Json:
        """Answer a page of the last 30 days' thin events."""
        found = [Condition("created >= ?", (call.now() - _KEPT_SECONDS,))]
        found += between(call.params.get("created"))
        if call.params.get("object_id"):
            found.append(Condition(f"{_RELATED} = ?", (call.params["object_id"],)))
        types = call.params.get("types")
        if types:
            marks = ", ".join("?" * len(types))
            found.append(Condition(f"{_TYPE} in ({marks})", tuple(types)))
        return page_of(call, self.name, found)

    def on_retrieve(self, call: Call) -> Json:
        """Answer a thin event with all that it tells."""
        return self.target(call)
