"""What a webhook says: the exact bytes, in the version that its endpoint is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from stripe_nb.sandbox import shapes
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.delivery.ledger import Delivery
from stripe_nb.sandbox.delivery.thin import notification
from stripe_nb.sandbox.events import changes
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.call import Call
    from stripe_nb.sandbox.engine import Engine

__all__ = ["contents"]

_PREVIOUS = "previous_attributes"


def contents(engine: Engine, event: Json, endpoint: Json, delivery: Delivery) -> bytes:
    """Return the bytes to sign and send.

    Parameters
    ----------
    engine
        Whose event.
    event, endpoint
        What is sent where, as stored.
    delivery
        Of which account it is, and how many get it.
    """
    if event["object"] == "event":
        content = _in_version(engine, event, endpoint, delivery.account)
        content["pending_webhooks"] = delivery.pending
    else:
        content = notification(event)
    if delivery.owner != delivery.account:
        key = "account" if event["object"] == "event" else "context"
        content = in_order({**content, key: delivery.account})
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _in_version(engine: Engine, event: Json, endpoint: Json, account: str) -> Json:
    """Return an event as it is under the version that its endpoint is for."""
    version = endpoint.get("api_version") or endpoint.get("snapshot_api_version")
    if not version:
        return event
    call = engine.internal_call()
    call.account, call.version = account, version
    return {**event, "api_version": version, "data": _older(call, event["data"])}


def _older(call: Call, data: Json) -> Json:
    """Return what an event tells, in the shape of the call's version."""
    if not shapes.was_otherwise(call.version):
        return data
    after = data["object"]
    told = {**data, "object": shapes.older(call, after)}
    if _PREVIOUS in data:
        before = _overlaid(after, dict(data[_PREVIOUS] or {}))
        told[_PREVIOUS] = changes(shapes.older(call, before), told["object"])
    return told


def _overlaid(after: Json, previous: Json) -> Json:
    """Return what an object was before its change: `events.changes` backwards."""
    before = dict(after)
    for key, old in previous.items():
        new = after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            before[key] = _overlaid(new, old)
        else:
            before[key] = old
    return before
