"""Event destinations: where snapshot or thin events are sent to."""

from __future__ import annotations

import orjson

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.address import check_url
from stripe_nb.sandbox.delivery.thin import rfc3339, thin_event
from stripe_nb.sandbox.errors import NotSimulated, ParameterInvalid, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.store import Row
from stripe_nb.sandbox.v2 import page_of
from stripe_nb.sandbox.wire import Json

__all__ = ["V2CoreEventDestination"]

_PING = "v2.core.event_destination.ping"
_URL = "webhook_endpoint.url"
_SECRET = "webhook_endpoint.signing_secret"  # noqa: S105  # a path, not a secret
_PATH = "/v2/core/event_destinations"


class V2CoreEventDestination(Behaviour):
    """`Event destination <https://docs.stripe.com/api/v2/core/event-destinations>`_."""

    name = "v2.core.event_destination"
    said = "event destination"

    def on_create(self, call: Call) -> Json:
        """Make a destination; only this answer can include its secret."""
        params = call.params
        if params["type"] != "webhook_endpoint":
            raise NotSimulated(f"event destinations of the type {params['type']}")
        if not params.get("webhook_endpoint"):
            raise ParameterMissing("webhook_endpoint")
        self._check(call, params["event_payload"])
        url = params["webhook_endpoint"]["url"]
        secret = f"whsec_{call.secret(32, 'webhook_secret')}"
        made = self._new(call)
        call.insert(made, private={"url": url, "secret": secret})
        return self._shown(call, made, {_URL: url, _SECRET: secret})

    def _new(self, call: Call) -> Json:
        now, params = rfc3339(call.now()), call.params
        made = call.new(
            self.name,
            description=params.get("description") or "",
            enabled_events=params["enabled_events"],
            event_payload=params["event_payload"],
            events_from=params.get("events_from") or ["self"],
            metadata=params.get("metadata") or {},
            name=params["name"],
            status="enabled",
            type=params["type"],
            updated=now,
        )
        made["created"] = now
        if params["event_payload"] == "snapshot":
            version = params.get("snapshot_api_version") or call.version
            _check_version(call, version)
            made["snapshot_api_version"] = version
        return in_order(made)

    def on_retrieve(self, call: Call) -> Json:
        """Answer a destination."""
        return self._shown(call, self.target(call))

    def on_list(self, call: Call) -> Json:
        """Answer a page of destinations."""
        return page_of(call, self.name, [], lambda row: self._row_shown(call, row))

    def on_update(self, call: Call) -> Json:
        """Change a destination's name, events or address."""
        before = self.target(call)
        self._check(call, before["event_payload"])
        address = call.params.get("webhook_endpoint") or {}
        if "url" in address:
            call.set_private(before["id"], url=address["url"])
        names = ("description", "enabled_events", "name")
        values = {name: call.params[name] for name in names if name in call.params}
        merged = {**before["metadata"], **(call.params.get("metadata") or {})}
        values["metadata"] = {key: text for key, text in merged.items() if text}
        return self._shown(call, self._changed(call, before, **values))

    def on_enable(self, call: Call) -> Json:
        """Send events there again."""
        before = self.target(call)
        before.pop("status_details", None)
        return self._shown(call, self._changed(call, before, status="enabled"))

    def on_disable(self, call: Call) -> Json:
        """Send no more events there."""
        details = {"disabled": {"reason": "user"}}
        changed = self._changed(
            call, self.target(call), status="disabled", status_details=details
        )
        return self._shown(call, changed)

    def on_v2_core_event_destinations_delete(self, call: Call) -> Json:
        """Delete a destination; what was still to be sent to it is not."""
        target = self.target(call)
        call.engine.store.deliveries.drop(target["id"])
        call.delete(target)
        return {"id": target["id"], "object": self.name}

    def on_v2_core_event_destinations_ping(self, call: Call) -> Json:
        """Send an event of no other meaning there."""
        target = self.target(call)
        related = {
            "id": target["id"],
            "type": self.name,
            "url": f"{_PATH}/{target['id']}",
        }
        event = in_order(thin_event(call, _PING, related=related))
        call.engine.store.insert(call.account, event, call.now())
        call.engine.outbox.send_again(call.account, event, target["id"], call.account)
        return event

    def _changed(self, call: Call, before: Json, **values: object) -> Json:
        return call.update({**before, **values, "updated": rfc3339(call.now())})

    def _check(self, call: Call, payload: str) -> None:
        address = call.params.get("webhook_endpoint") or {}
        if "url" in address:
            hosts = call.engine.webhook_hosts
            check_url(address["url"], hosts, param=_URL)
        engine = call.engine
        known = engine.thin_event_types if payload == "thin" else engine.event_types
        for event_type in call.params.get("enabled_events") or ():
            if event_type != "*" and event_type not in known:
                raise ParameterInvalid(
                    f"{event_type} is no type of {payload} events.",
                    param="enabled_events",
                )

    def _row_shown(self, call: Call, row: Row) -> Json:
        return self._shown(call, row.obj)

    def _shown(
        self, call: Call, obj: Json, known: dict[str, str] | None = None
    ) -> Json:
        """Add what ``include`` asks for."""
        if known is None:
            row = call.row(obj["id"])
            private = orjson.loads(row.private or b"{}") if row else {}
            known = {_URL: private.get("url", "")}
        wanted = call.params.get("include") or ()
        included = {
            path.rpartition(".")[2]: value
            for path, value in known.items()
            if path in wanted
        }
        return in_order({**obj, "webhook_endpoint": included}) if included else obj


def _check_version(call: Call, version: str) -> None:
    if version not in call.engine.catalog.api_versions:
        raise ParameterInvalid(
            f"{version} is no version of the API.", param="snapshot_api_version"
        )
