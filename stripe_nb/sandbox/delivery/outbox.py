"""Events of the transaction under way: who gets them, and when it is time.

What a transaction announces is noted in it and goes out once it is committed;
a transaction that is rolled back never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from stripe_nb.sandbox.store import Row, Store
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.delivery.listeners import Listeners

__all__ = ["DESTINATION", "ENDPOINT", "Outbox", "count_down", "takes"]

ENDPOINT = "webhook_endpoint"
DESTINATION = "v2.core.event_destination"


@dataclass(slots=True)
class Outbox:
    """Where events wait until their transaction is committed.

    Attributes
    ----------
    store
        Holds the endpoints, and the deliveries that are to be made.
    platform
        The account whose Connect endpoints hear of all others.
    listeners
        The Stripe CLIs that listen.
    wake
        Called with the endpoints that something is to be sent to.
    """

    store: Store
    platform: str
    listeners: Listeners
    wake: Callable[[set[str]], None] = lambda _endpoints: None
    _events: list[tuple[str, Json]] = field(default_factory=list)
    _endpoints: set[str] = field(default_factory=set)

    def post(self, account: str, event: Json) -> int:
        """Note where an event is to go; return how many will get it.

        Parameters
        ----------
        account
            On which it happened.
        event
            A snapshot (v1) or thin (v2) event; to be stored by the caller.
        """
        found = list(self.recipients(account, event))
        pending = len(found) + self.listeners.count(account, event)
        for endpoint, owner in found:
            self.store.deliveries.add(endpoint, owner, event["id"], account, pending)
            self._endpoints.add(endpoint)
        self._events.append((account, event))
        return pending

    def send_again(self, account: str, event: Json, endpoint: str, owner: str) -> None:
        """Note that one endpoint is to get an event once more."""
        pending = event.get("pending_webhooks", 1)
        self.store.deliveries.add(endpoint, owner, event["id"], account, pending)
        self._endpoints.add(endpoint)

    def tell_listeners(self, account: str, event: Json) -> bool:
        """Note that the listening CLIs get an event again; tell if there are any."""
        self._events.append((account, event))
        return bool(self.listeners.count(account, event))

    def publish(self) -> None:
        """Let go what the transaction announced: it is committed."""
        if not self._events and not self._endpoints:
            return
        events, endpoints = self._events, self._endpoints
        self.forget()
        for account, event in events:
            self.listeners.publish(account, event)
        if endpoints:
            self.wake(endpoints)

    def forget(self) -> None:
        """Take back what the transaction announced: it never happened."""
        self._events, self._endpoints = [], set()

    def recipients(self, account: str, event: Json) -> Iterator[tuple[str, str]]:
        """Give the endpoints that an event is for, and their accounts."""
        owners = dict.fromkeys((account, self.platform))
        # Some events on a platform are about an account that is connected to it.
        about = event.get("account") or account
        for owner in owners:
            from_others = owner != about
            for kind in (ENDPOINT, DESTINATION):
                for row in self.store.page(owner, kind).rows:
                    if _hears(row, from_others=from_others) and takes(row.obj, event):
                        yield row.id, owner

    def wants_thin(self, account: str, event_type: str) -> bool:
        """Tell whether anybody is to get a thin event of a type."""
        event = {"object": "v2.core.event", "type": event_type}
        return bool(self.listeners.count(account, event)) or any(
            self.recipients(account, event)
        )


def count_down(store: Store, account: str, event_id: str) -> None:
    """Note that one more of those that an event is for has got it."""
    row = store.row(account, event_id)
    left = row.obj.get("pending_webhooks", 0) if row else 0
    if row and left:
        store.update(account, {**row.obj, "pending_webhooks": left - 1})


def takes(endpoint: Json, event: Json) -> bool:
    """Tell whether an endpoint is enabled for an event of that form and type."""
    thin = event["object"] != "event"
    wanted = endpoint["enabled_events"]
    return (
        endpoint["status"] == "enabled"
        and (endpoint.get("event_payload") == "thin") is thin
        and ("*" in wanted or event["type"] in wanted)
    )


def _hears(row: Row, *, from_others: bool) -> bool:
    """Tell whether an endpoint hears of its own account, or of connected ones."""
    if row.object == DESTINATION:
        sources = row.obj.get("events_from") or ["self"]
        return ("other_accounts" if from_others else "self") in sources
    private: dict[str, Any] = orjson.loads(row.private) if row.private else {}
    return bool(private.get("connect")) is from_others
