"""The state of a Stripe object in the diagram of all that it can have."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import traitlets

from stripe_nb.catalog import load
from stripe_nb.errors import WidgetError
from stripe_nb.frames.objects import Object, plain
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.records import retrieve
from stripe_nb.widgets.state_drawing import drawing, in_words, svg_image, to_svg
from stripe_nb.widgets.states import Machine, states_of

if TYPE_CHECKING:
    import stripe

    from stripe_nb.session import Client

__all__ = ["StateDiagram"]


class StateDiagram(StripeWidget, static="state_diagram"):
    """Show an object's state machine with the present state lit.

    Ways that the state allows are marked with the calls that go them. Another
    state can be chosen to see its ways; an object can be read again.

    Parameters
    ----------
    source
        A Stripe object, or the name of a resource for the diagram alone.
    client
        From ``connect``; the last connected if not given.

    Attributes
    ----------
    resource
        The object's name, ``"payment_intent"``.
    object_id
        Its id; empty for a resource.
    state
        The present state; empty for a resource.
    ways
        All transitions: ``{"source", "target", "by", "call"}`` each, `call` the
        line of Python that does it.
    shapes, size
        The drawing.

    Examples
    --------
    >>> StateDiagram("payment_intent")
    <StateDiagram: payment_intent>
    >>> StateDiagram({"object": "refund", "id": "re_1", "status": "pending"})
    <StateDiagram: refund re_1, pending>
    """

    resource = traitlets.Unicode().tag(sync=True)
    object_id = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    states = traitlets.List(traitlets.Unicode()).tag(sync=True)
    ways = traitlets.List(traitlets.Dict()).tag(sync=True)
    shapes = traitlets.List(traitlets.Dict()).tag(sync=True)
    size = traitlets.List(traitlets.Int(), [0, 0]).tag(sync=True)

    def __init__(
        self,
        source: str | Object | stripe.StripeObject,
        *,
        client: Client | None = None,
    ) -> None:
        super().__init__(client=client)
        if isinstance(source, str):
            self._machine = states_of(source)
            self._show({})
            return
        (obj,), _ = plain([source])
        if "object" not in obj:
            raise WidgetError(
                "This doesn't say what it is: give a Stripe object, or a name such "
                'as "payment_intent".'
            )
        self._machine = states_of(obj["object"])
        self._show(obj)

    def _show(self, obj: Object) -> None:
        machine, state = self._machine, str(obj.get("status") or "")
        if obj and state not in machine.states:
            raise WidgetError(f"{machine.resource} has no state {state!r}.")
        shapes, size = drawing(machine, state)
        with self.hold_sync():
            self.resource, self.object_id = machine.resource, str(obj.get("id") or "")
            self.state, self.states = state, list(machine.states)
            self.shapes, self.size = shapes, list(size)
            self.ways = _ways(machine, self.object_id)

    def on_refresh(self) -> str:
        """Read the object again and show its state."""
        if not self.object_id:
            raise WidgetError("There is no object to read: this shows a resource.")
        self._show(retrieve(self.client, self.resource, self.object_id))
        return self.state

    def describe(self) -> str:
        """Name the object and its state."""
        if not self.object_id:
            return self.resource
        return f"{self.resource} {self.object_id}, {self.state}"

    def fallback_html(self) -> str:
        """Return the picture, and what it shows in words."""
        title = f"States of {self.describe()}"
        picture = svg_image(to_svg(self.shapes, self.size), title)
        words = in_words(self._machine, self.state)
        begin = "Next" if self.state else "Begins as"
        listed = "".join(f"<li>{escape(each)}</li>" for each in words)
        after = f"{begin}:<ul>{listed}</ul>" if words else "It stays so."
        return (
            f"<figure>{picture}"
            f"<figcaption>{escape(title)}. {after}</figcaption></figure>"
        )


def _ways(machine: Machine, object_id: str) -> list[dict[str, Any]]:
    return [
        {
            "source": way.source,
            "target": way.target,
            "by": way.by,
            "call": _call(way.operation, object_id) if way.operation else "",
        }
        for way in machine.transitions
    ]


def _call(name: str, object_id: str) -> str:
    """Return the line of Python that calls an operation."""
    needs_id = load().operations[name].path_parameters
    given = repr(object_id or "id") if needs_id else "{…}"
    return f"client.v1.{name}({given})"
