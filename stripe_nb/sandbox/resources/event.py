"""Events: they are made by every change, and only read through the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.outbox import ENDPOINT
from stripe_nb.sandbox.errors import InvalidRequest, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.unlisted import unlisted
from stripe_nb.sandbox.wire import Json

__all__ = ["Event"]

_KEPT_SECONDS = 30 * 24 * 60 * 60
_MOST_TYPES = 20
_TYPE = "json_extract(body, '$.\"type\"')"


class Event(Behaviour):
    """`Event <https://docs.stripe.com/api/events>`_."""

    name = "event"
    unlisted = (
        # What `stripe events resend` calls.
        unlisted(
            "events.retry",
            "post",
            "/v1/events/{id}/retry",
            "event",
            Field("account", Type(Kind.STRING)),
            Field("for_stripecli", Type(Kind.BOOLEAN)),
            Field("webhook_endpoint", Type(Kind.STRING)),
        ),
    )

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

    def on_retry(self, call: Call) -> Json:
        """Send an event again: to one endpoint, to the CLI, or to all that take it."""
        account = _happened_on(call)
        event = self.target(replace(call, account=account))
        outbox = call.engine.outbox
        named = call.given(ENDPOINT, "webhook_endpoint")
        if named:
            outbox.send_again(account, event, named["id"], call.account)
        elif call.params.get("for_stripecli"):
            if not outbox.tell_listeners(account, event):
                raise InvalidRequest(
                    "No CLI endpoints found to retry delivery. Run 'stripe listen' and "
                    "retry the request to see the event in the CLI, or provide a "
                    "specific webhook endpoint.",
                    param="for_stripecli",
                )
        else:
            for endpoint, owner in outbox.recipients(account, event):
                outbox.send_again(account, event, endpoint, owner)
        return event

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


def _happened_on(call: Call) -> str:
    """Return the account whose event is meant: the caller's, or a connected one."""
    account = call.params.get("account") or call.account
    if account != call.account and not (
        call.account == call.engine.account and call.engine.is_connected(account)
    ):
        raise ResourceMissing("account", account, param="account", http_status=400)
    return str(account)


def _escaped(text: str) -> str:
    """Take the special meaning from a pattern's characters."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)
