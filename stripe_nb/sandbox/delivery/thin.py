"""Thin events, Stripe's second form: what happened to which object, and no more.

Those about v1 objects mirror the snapshot event of the same name with ``v1.``
before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.call import Call

__all__ = ["mirror", "notification", "rfc3339", "thin_event"]

_OBJECT = "v2.core.event"

# What a delivery leaves out: it is fetched with the event.
_ONLY_FETCHED = ("changes", "data")


def rfc3339(seconds: int) -> str:
    """Write a time as the v2 API does.

    Examples
    --------
    >>> rfc3339(1_767_225_600)
    '2026-01-01T00:00:00.000Z'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def thin_event(
    call: Call,
    event_type: str,
    *,
    related: Json | None = None,
    data: Json | None = None,
    **values: object,
) -> Json:
    """Return a new thin event; not stored.

    Parameters
    ----------
    call
        What makes it happen.
    event_type
        Such as ``"v2.core.event_destination.ping"``.
    related
        The object that it is about: ``id``, ``type`` and ``url``.
    data
        What only this type of event tells.
    **values
        More of its fields, such as ``snapshot_event``.
    """
    made = call.new(_OBJECT, **values)
    made["created"] = rfc3339(call.told_at())
    made["type"] = event_type
    if related:
        made["related_object"] = related
    if data:
        made["data"] = data
    if call.request_id and call.idempotency_key:
        request = {"id": call.request_id, "idempotency_key": call.idempotency_key}
        made["reason"] = {"type": "request", "request": request}
    return made


def mirror(call: Call, snapshot: Json) -> Json:
    """Return the thin form of a snapshot event; not stored."""
    obj = snapshot["data"]["object"]
    related = None
    if "id" in obj:
        kind = call.kind(obj["object"])
        plural = (kind.plural or kind.name).replace(".", "/")
        related = {
            "id": obj["id"],
            "type": obj["object"],
            "url": f"/v1/{plural}/{obj['id']}",
        }
    return thin_event(
        call, f"v1.{snapshot['type']}", related=related, snapshot_event=snapshot["id"]
    )


def notification(event: Json) -> Json:
    """Return what is sent of a thin event."""
    return {key: value for key, value in event.items() if key not in _ONLY_FETCHED}
