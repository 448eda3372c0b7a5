"""Events and their objects, read from Stripe instead of from a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stripe_nb import catalog
from stripe_nb.errors import CatalogError, WebhookError
from stripe_nb.session import Client
from stripe_nb.session import current as current_client
from stripe_nb.webhooks.router import fits

__all__ = ["current", "event_bodies", "event_body"]

_PAGE = 100


def event_body(client: Client | None, event_id: str) -> bytes:
    """Return an event as Stripe keeps it."""
    return _client(client).get_bytes(f"/v1/events/{event_id}")


def event_bodies(client: Client | None, since: int, pattern: str) -> Iterator[bytes]:
    """Yield the events since a time, oldest first."""
    found: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        asked = {"created": {"gte": since}, "limit": _PAGE, **after}
        page = json.loads(_client(client).get_bytes("/v1/events", asked))
        found += page["data"]
        if not page["has_more"]:
            break
        after = {"starting_after": found[-1]["id"]}
    wanted = (each for each in reversed(found) if fits(pattern, each["type"]))
    yield from (json.dumps(each, indent=2).encode() for each in wanted)


def current(client: Client | None, event: Any) -> Any:
    """Return the object that an event is about, as it is now."""
    if hasattr(event, "fetch_related_object"):
        return event.fetch_related_object()
    said = event.data.object.to_dict()
    kind, name = said.get("object"), said.get("id")
    try:
        path = _path(str(kind))
    except CatalogError:
        path = None
    if path is None or not name:
        raise WebhookError(
            f"Objects of the kind {kind} can't be read by their id: retrieve what it "
            "belongs to instead."
        )
    asking = _client(client)
    answer = asking.raw_request("get", path.format(id=name))
    return asking.deserialize(answer, api_mode="V1")


def _path(kind: str) -> str | None:
    """Return the path at which an object of a kind is read, if the id is enough."""
    known = catalog.load()
    for name in known.resource(kind).operations:
        operation = known.operation(name)
        parts = operation.path.split("{")
        is_read = operation.method == "get" and operation.path.endswith("}")
        is_read = is_read and operation.returns == kind
        if is_read and len(parts) == 2:  # noqa: PLR2004 - before and after the id
            return f"{parts[0]}{{id}}"
    return None


def _client(client: Client | None) -> Client:
    return client or current_client()
