"""One request under way: what its handler may read, write and announce."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from stripe_nb.catalog.model import Operation, Resource
from stripe_nb.sandbox.blank import blank, in_order
from stripe_nb.sandbox.delivery.thin import mirror, thin_event
from stripe_nb.sandbox.errors import InvalidRequest, ResourceMissing
from stripe_nb.sandbox.events import changes, event
from stripe_nb.sandbox.store import Condition, Row, equals
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["Call"]

# Ids whose letters begin with a digit, the time and the account, as Stripe's
# newer ones do; those of payments begin with 3.
_LONG_IDS = {
    "payment_intent": "3",
    "charge": "3",
    "refund": "3",
    "balance_transaction": "3",
}
_SHORT_IDS = frozenset({"customer", "product", "subscription_item"})


@dataclass(slots=True)
class Call:
    """A request, decoded and checked, with the sandbox's state within reach.

    Attributes
    ----------
    operation
        Which one of the API's.
    path
        Values of the path's parameters.
    params
        The others, typed; ``None`` asks to unset.
    account
        The account that it acts on.
    version
        The API version that it is served under.
    time, clock
        When it happens and by which test clock, if not by the sandbox's own time.
    about
        The connected account that its events tell of, where they and their objects
        are the platform's.
    """

    engine: Engine
    operation: Operation
    path: Mapping[str, str]
    params: Json
    account: str
    version: str
    request_id: str | None = None
    idempotency_key: str | None = None
    base_url: str = ""
    time: int | None = None
    clock: str | None = None
    about: str | None = None
    _emitted: list[Json] = field(default_factory=list)
    _held: list[tuple[str, bytes]] | None = None

    def now(self) -> int:
        """Return the time at which this happens, in Unix seconds."""
        return self.engine.clock.now() if self.time is None else self.time

    def told_at(self) -> int:
        """Return the time that an event of this carries.

        What a test clock brings about is told as it comes: however far away that
        clock stands, Stripe lists the events of the last 30 days.
        """
        return self.engine.clock.now() if self.clock else self.now()

    def kind(self, resource: str) -> Resource:
        """Return what the catalog knows of a resource."""
        return self.engine.catalog.resource(resource)

    def new_id(self, resource: str, *, lead: str | None = None) -> str:
        """Return a new id in Stripe's form.

        `lead` is the digit that a newer id begins with: 3 for what belongs to a
        payment, else 1.
        """
        prefix = self.kind(resource).id_prefix
        letters = self.engine.ids.letters
        if prefix is None:
            return letters(8, of=resource)
        if resource in _SHORT_IDS:
            return f"{prefix}_{letters(14, of=resource)}"
        lead = lead or _LONG_IDS.get(resource, "1")
        unique = letters(13, of=resource)
        return f"{prefix}_{lead}{unique[:5]}{self.account[-10:]}{unique[5:]}"

    def secret(self, length: int, of: str) -> str:
        """Return letters for a client secret or a fingerprint."""
        return self.engine.ids.letters(length, of=of)

    def new(self, resource: str, **values: Any) -> Json:
        """Return a new object with an id and a time, and some values; not stored."""
        obj = blank(self.kind(resource))
        obj["id"] = values.pop("id", None) or self.new_id(resource)
        if "created" in self.kind(resource).fields:
            obj["created"] = self.now()
        return in_order({**obj, **values})

    def row(self, object_id: str, resource: str | None = None) -> Row | None:
        """Return an object's row, a deleted one's too.

        Ids that the sandbox makes are of one object; those that a request chose may
        be of one of each kind.
        """
        return self.engine.store.row(self.account, object_id, resource)

    def find(self, resource: str, object_id: str | None) -> Json | None:
        """Return an object, or ``None`` if it is not there or deleted."""
        row = self.row(object_id, resource) if object_id else None
        return row.obj if row and not row.deleted else None

    def get(
        self,
        resource: str,
        object_id: str,
        *,
        param: str | None = "id",
        http_status: int = 404,
    ) -> Json:
        """Return an object.

        Raises
        ------
        ResourceMissing
            If it is not there; `param` and `http_status` tell how to say so.
        """
        obj = self.find(resource, object_id)
        if obj is None:
            said, hint = self.engine.spoken(resource)
            raise ResourceMissing(
                said, object_id, param=param, http_status=http_status, hint=hint
            )
        return obj

    def given(self, resource: str, param: str) -> Json | None:
        """Return the object that a parameter names, or ``None`` if it was not given."""
        value = self.params.get(param)
        return (
            self.get(resource, value, param=param, http_status=400) if value else None
        )

    def objects(
        self, resource: str, conditions: Sequence[Condition] = (), **fields: Any
    ) -> list[Json]:
        """Return all objects with these values, newest first."""
        where = [*conditions, *(equals(name, value) for name, value in fields.items())]
        rows = self.engine.store.page(self.account, resource, where).rows
        return [row.obj for row in rows]

    def private(self, object_id: str, resource: str | None = None) -> Json:
        """Return what the sandbox alone knows of an object."""
        row = self.row(object_id, resource)
        return orjson.loads(row.private) if row and row.private else {}

    def set_private(
        self, object_id: str, resource: str | None = None, /, **values: Any
    ) -> None:
        """Keep more of what the sandbox alone knows of an object."""
        row = self.row(object_id, resource)
        if row:
            before = orjson.loads(row.private) if row.private else {}
            self.engine.store.set_private(row, {**before, **values})

    def insert(
        self, obj: Json, *, private: Json | None = None, announce: str | None = None
    ) -> Json:
        """Store a new object, and emit an event of the type `announce`.

        Raises
        ------
        InvalidRequest
            If the id that it was given is another object's.
        """
        obj = in_order(obj)
        created = obj.get("created")
        if not self.engine.store.insert(
            self.account,
            obj,
            created if isinstance(created, int) else self.now(),
            private,
        ):
            raise InvalidRequest(
                f"{obj['object'].replace('_', ' ').capitalize()} already exists.",
                code="resource_already_exists",
                param="id",
            )
        if announce:
            self.emit(announce, obj)
        return obj

    def update(self, obj: Json, *, announce: str | None = None, **values: Any) -> Json:
        """Store a changed object, and emit an event if anything did change."""
        row = self.row(obj["id"], obj["object"])
        before = row.obj if row else {}
        obj = in_order({**obj, **values})
        previous = changes(before, obj)
        if previous:
            self.engine.store.update(self.account, obj)
            if announce:
                self.emit(
                    announce, obj, previous if announce.endswith(".updated") else None
                )
        return obj

    def delete(self, obj: Json, *, announce: str | None = None) -> Json:
        """Delete an object; return what Stripe answers."""
        tombstone = {"id": obj["id"], "object": obj["object"], "deleted": True}
        self.engine.store.delete(self.account, tombstone)
        if announce:
            self.emit(announce, obj)
        return tombstone

    def later(self, at: int, action: str, obj: Json) -> None:
        """Let something happen to an object by itself at a later time.

        Parameters
        ----------
        at
            Unix seconds.
        action
            Calls the method ``due_<action>`` of the object's behaviour.
        obj
            What it happens to.
        """
        self.engine.store.agenda.add(self.account, at, action, obj["id"], self.clock)

    @contextmanager
    def telling_first(
        self, event_type: str, tell: Callable[[], tuple[Json, Json | None] | None]
    ) -> Iterator[None]:
        """Emit an event before those of what happens inside.

        For an event that Stripe sends first, with the object as it is in the end;
        updates of the same object are part of it.

        Parameters
        ----------
        event_type
            Its type.
        tell
            Called at the end: gives the object and its previous attributes, or
            ``None`` if there is nothing to tell.
        """
        outer, self._held = self._held, []
        try:
            yield
            held = self._held
        finally:
            self._held = outer
        told = tell()
        if told:
            self.emit(event_type, *told)
        for kind, body in held:
            obj, previous = orjson.loads(body)
            if told and kind.endswith(".updated") and obj.get("id") == told[0]["id"]:
                continue
            self.emit(kind, obj, previous)

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Undo what happens inside and tell nobody: to see what would be."""
        outer, self._held = self._held, []
        try:
            with self.engine.store.undoing():
                yield
        finally:
            self._held = outer

    def emit(self, event_type: str, obj: Json, previous: Json | None = None) -> None:
        """Announce a change, if Stripe has such an event."""
        if event_type not in self.engine.event_types:
            return
        if self._held is not None:
            # As text, since the object may change before the event is sent.
            self._held.append((event_type, orjson.dumps([obj, previous])))
            return
        made = self._announce(event(self, event_type, obj, previous))
        self._emitted.append(made)
        thin = f"v1.{event_type}"
        if thin in self.engine.thin_event_types and self.engine.outbox.wants_thin(
            self.account, thin
        ):
            self._announce(mirror(self, made))

    def emit_thin(
        self,
        event_type: str,
        *,
        related: Json | None = None,
        data: Json | None = None,
    ) -> Json:
        """Announce what Stripe tells only as a thin event; return that event.

        Parameters
        ----------
        event_type
            Such as ``"v1.billing.meter.no_meter_found"``.
        related
            The object that it is about: ``id``, ``type`` and ``url``.
        data
            What only this type of event tells.
        """
        made = thin_event(self, event_type, related=related, data=data)
        return self._announce(made)

    def _announce(self, made: Json) -> Json:
        made = in_order(made)
        pending = self.engine.outbox.post(self.account, made)
        if made["object"] == "event":
            made["pending_webhooks"] = pending
        self.engine.store.insert(self.account, made, self.told_at())
        return made
