"""``explore``: a resource as a table to search, and its objects to open and to use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
import stripe
import traitlets

from stripe_nb.errors import WidgetError
from stripe_nb.export import export
from stripe_nb.frames import frame, to_frame
from stripe_nb.frames.objects import Object
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.cards import line
from stripe_nb.widgets.explorer_actions import (
    actions_of,
    collapsed,
    needed_for_actions,
    request,
    told,
)
from stripe_nb.widgets.explorer_columns import chosen, packed, preview, renewed, row_of
from stripe_nb.widgets.explorer_tree import related, related_request, tree
from stripe_nb.widgets.presentation import dashboard_url, mood, title
from stripe_nb.widgets.records import can_be_opened, retrieve
from stripe_nb.widgets.words import in_words

if TYPE_CHECKING:
    from stripe_nb.session import Client

__all__ = ["Explorer", "explore"]

_PREVIEW = 10
_RELATED = 20
# Where Stripe has looked at a call and refused it: bad, declined, gone, in use.
_ANSWERED = frozenset({400, 402, 404, 409})


def explore(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    client: Client | None = None,
    **asked: Any,
) -> Explorer:
    """Show a resource as a table to search, sort and open.

    An object that is opened shows all its fields, leads on to those that it
    refers to and to the lists that belong to it, and offers what can be done
    with it in its state; each call is confirmed first.

    Parameters
    ----------
    source
        A resource, for example ``"customers"``, a frame of one, or objects at hand.
    columns
        The columns to show; by default the few that say most.
    client
        From ``connect``; the last connected if not given.
    **asked
        What ``frame`` takes, such as ``created`` and ``limit``.

    Returns
    -------
    Explorer
        The widget, for the end of a cell.

    Raises
    ------
    WidgetError
        If the frame has no such column, or `asked` can't be used with a frame.
    FrameError
        If the list can't be read so, or what is given holds no objects.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7):
    ...     explore("customers", limit=3)
    <Explorer: 3 customers>
    """
    if isinstance(source, str):

        def read() -> pd.DataFrame:
            return frame(source, client=client, **asked)

        return Explorer(read(), columns=columns, client=client, again=read)
    if asked:
        raise WidgetError(
            f"A frame is read already: {next(iter(asked))!r} needs a resource's name."
        )
    rows = source if isinstance(source, pd.DataFrame) else to_frame(source)
    return Explorer(rows, columns=columns, client=client)


class Explorer(StripeWidget, static="explorer"):
    """The table that `explore` returns.

    Attributes
    ----------
    frame
        All rows.
    query, sort
        What the reader filters by, and the column and direction of the order.
    path
        The objects that were opened, the present one last.
    detail
        What is shown of that; empty while none is open.
    belonging
        The list of related objects that was asked for last.
    """

    resource = traitlets.Unicode().tag(sync=True)
    count = traitlets.Int().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    sort: traitlets.List[Any] = traitlets.List().tag(sync=True)
    path = traitlets.List(traitlets.Dict()).tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    belonging = traitlets.Dict().tag(sync=True)
    can_reload = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        rows: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        client: Client | None = None,
        again: Callable[[], pd.DataFrame] | None = None,
    ) -> None:
        self._columns = chosen(rows, columns)
        self._again = again
        self._obj: Object = {}
        self.frame = rows
        # Before the page hears of the widget, so that all goes in one message.
        super().__init__(
            client=client,
            resource=str(rows.attrs.get("resource") or "object"),
            count=len(rows),
            data=packed(rows, self._columns),
            can_reload=again is not None,
        )

    def describe(self) -> str:
        """Count the rows."""
        name = title(self.resource).lower()
        return f"{self.count:,} {name}{'' if self.count == 1 else 's'}"

    def fallback_html(self) -> str:
        """Return the first rows."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self._columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>"
            for row in preview(self.frame, self._columns, _PREVIEW)
        )
        caption = f"<caption>{escape(self.describe())}</caption>"
        left = self.count - _PREVIEW
        more = f"<p>{left:,} more</p>" if left > 0 else ""
        return f"<table>{caption}<tr>{head}</tr>{body}</table>{more}"

    def on_open(self, resource: str, object_id: str) -> str:
        """Open an object, and remember the one before it."""
        self._show(self._read(resource, object_id))
        opened = {"resource": resource, "id": object_id}
        # A double click opens an object twice, and is left by going back once.
        if self.path[-1:] != [opened]:
            self.path = [*self.path, opened]
        return object_id

    def on_back(self) -> None:
        """Go back to the object that was open before, or to the table."""
        before = self.path[:-1]
        if before:
            self._show(self._read(**_named(before[-1])))
        else:
            self._clear()
        self.path = before

    def on_close(self) -> None:
        """Go back to the table."""
        self._clear()
        self.path = []

    def on_related(self, name: str) -> int:
        """List what belongs to the open object; return how many there are."""
        obj = self._opened()
        kind = str(obj["object"])
        if name not in related(kind):
            raise WidgetError(f"Stripe has no {name} by {kind}.")
        path, query = related_request(name, str(obj["id"]), kind)
        body = self.client.get_bytes(path, {**query, "limit": _RELATED})
        found = orjson.loads(body)
        self.belonging = {
            "name": name,
            "title": related(kind)[name],
            "rows": [_entry(each) for each in found["data"]],
            "more": bool(found.get("has_more")),
        }
        return len(found["data"])

    def on_act(self, label: str, values: dict[str, str] | None = None) -> str:
        """Do something with the open object; the page has asked before."""
        obj = self._opened()
        action = next((one for one in actions_of(obj) if one.label == label), None)
        if action is None:
            raise WidgetError(
                f"{label!r} can't be done with {obj['id']} as it is now: "
                f"{obj.get('status', 'read it again')}."
            )
        method, path, params = request(action, obj, values or {})
        try:
            self.client.raw_request(method, path, **params)
        except stripe.StripeError as error:
            # It may have changed meanwhile, or by the try itself.
            if error.http_status in _ANSWERED:
                self._renew()
            if isinstance(error, stripe.APIConnectionError):
                raise WidgetError(
                    f"{in_words(error)} Whether it was done is not known: press "
                    "Refresh before you try again."
                ) from error
            raise
        self._renew(deleted=method == "delete" and action.label == "Delete")
        before, state = obj.get("status"), self._obj.get("status")
        after = f" It is now {state}." if state and state != before else ""
        self.say(f"{label}: done.{after}")
        return str(state or "")

    def on_refresh(self) -> None:
        """Read the open object again."""
        self._opened()
        self._renew()

    def on_reload(self) -> int:
        """Read the whole list again; return how many rows there are."""
        if self._again is None:
            raise WidgetError("This shows a frame at hand: explore its resource.")
        self.frame = self._again()
        with self.hold_sync():
            self.changes = {}
            self.count = len(self.frame)
            self.data = packed(self.frame, self._columns)
        return self.count

    def on_export(
        self, path: str, rows: list[int] | None = None, *, replace: bool = False
    ) -> int:
        """Write the rows that the reader sees to a file; return how many."""
        part = self.frame if rows is None else self.frame.iloc[rows]
        # What `iloc` leaves of the frame still says what it is of.
        part.attrs = self.frame.attrs
        written = export(part, path, overwrite=replace)
        name = written if isinstance(written, str) else written.name
        plural = "" if len(part) == 1 else "s"
        self.say(f"Wrote {len(part):,} row{plural} to {name}.")
        return len(part)

    def _opened(self) -> Object:
        if not self.path:
            raise WidgetError("No object is open: choose one in the table.")
        if not self._obj:
            self._obj = self._read(**_named(self.path[-1]))
        return self._obj

    def _read(self, resource: str, object_id: str) -> Object:
        return retrieve(
            self.client, resource, object_id, expand=needed_for_actions(resource)
        )

    def _renew(self, *, deleted: bool = False) -> None:
        last = self.path[-1]
        if deleted:
            row = {**self._obj, "status": "deleted"}
            gone = {"object": last["resource"], "id": last["id"], "deleted": True}
            self._show(gone)
        else:
            self._show(self._read(**_named(last)))
            row = self._obj
        if last["resource"] == self.resource and self._has(last["id"]):
            self.frame = renewed(self.frame, collapsed(row))
            told = row_of(self.frame, last["id"], self._columns)
            self.changes = {**self.changes, last["id"]: told}

    def _has(self, object_id: str) -> bool:
        return "id" in self.frame and bool((self.frame["id"] == object_id).any())

    def _show(self, obj: Object) -> None:
        self._obj = obj
        kind, object_id = str(obj["object"]), str(obj["id"])
        livemode = bool(obj.get("livemode"))
        state = str(obj.get("status") or ("deleted" if obj.get("deleted") else ""))
        with self.hold_sync():
            self.belonging = {}
            self.detail = {
                "resource": kind,
                "id": object_id,
                "title": f"{title(kind)} {object_id}",
                "status": state,
                "mood": mood(state),
                "tree": tree(collapsed(obj)),
                "actions": [told(action, obj) for action in actions_of(obj)],
                "related": [
                    {"name": name, "title": text}
                    for name, text in related(kind).items()
                ],
                "url": dashboard_url(kind, object_id, livemode=livemode),
            }

    def _clear(self) -> None:
        self._obj = {}
        with self.hold_sync():
            self.detail, self.belonging = {}, {}


def _named(step: dict[str, str]) -> dict[str, str]:
    return {"resource": step["resource"], "object_id": step["id"]}


def _entry(obj: Object) -> dict[str, str]:
    resource = str(obj.get("object") or "")
    object_id = str(obj.get("id") or "") if can_be_opened(resource) else ""
    return {"resource": resource, "id": object_id, "text": line(obj)}
