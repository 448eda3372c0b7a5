"""Events: what Stripe tells of each change, and how it words the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.call import Call

__all__ = ["changes", "event"]

# The ids of their events begin with evt_3.
_OF_PAYMENTS = frozenset({"charge", "payment_intent", "refund"})


def event(call: Call, event_type: str, obj: Json, previous: Json | None) -> Json:
    """Return the event object for a change."""
    data: Json = {"object": obj}
    if previous:
        data["previous_attributes"] = previous
    connected = call.about or call.account
    origin = {} if connected == call.engine.account else {"account": connected}
    of_payment = obj.get("object") in _OF_PAYMENTS
    return call.new(
        "event",
        id=call.new_id("event", lead="3" if of_payment else None),
        api_version=call.engine.account_version,
        created=call.told_at(),
        data=data,
        pending_webhooks=0,
        request={
            "id": call.request_id,
            "idempotency_key": call.idempotency_key,
        },
        type=event_type,
        **origin,
    )


def changes(before: Json, after: Json) -> Json:
    """Return the former values of what differs, nested objects key by key.

    Lists are given whole, and a key that is new was ``None`` before.

    Examples
    --------
    >>> changes({"name": "A", "metadata": {"k": "1"}}, {"name": "A", "metadata": {}})
    {'metadata': {'k': '1'}}
    """
    found: Json = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        found[key] = _former(old, new)
    return found


def _former(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return changes(old, new)
    return old
