"""Webhooks as they arrive: what each says, whether it is genuine, what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import traitlets

from stripe_nb.errors import WidgetError, kind_of
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.webhook_inbox_diff import changes_of

if TYPE_CHECKING:
    from stripe_nb.webhooks import Received

__all__ = ["WebhookInbox"]

_SHOWN = 200
_IN_FALLBACK = 10


class _Inbox(Protocol):
    """What is needed of ``webhooks.listen()``'s inbox."""

    @property
    def received(self) -> Sequence[Received]: ...

    def observe(self, callback: Callable[[Received], None]) -> Callable[[], None]: ...

    def replay(self, event_id: str) -> Received: ...

    def resend(self, event_id: str) -> Any: ...


class WebhookInbox(StripeWidget, static="webhook_inbox"):
    """An inbox of webhooks, in which events appear as they arrive.

    Parameters
    ----------
    inbox
        What ``stripe_nb.webhooks.listen()`` returned.

    Attributes
    ----------
    events
        The newest 200, newest first: ``key``, ``id``, ``type``, ``created``,
        ``is_verified``, ``problem``, ``outcome``, ``attempts``.

    Raises
    ------
    WidgetError
        If it is no inbox.

    Examples
    --------
    >>> WebhookInbox("whsec_...")
    Traceback (most recent call last):
    ...
    stripe_nb.errors.WidgetError: WebhookInbox takes the inbox that ...
    """

    events: traitlets.List[Any] = traitlets.List().tag(sync=True)
    total = traitlets.Int().tag(sync=True)

    def __init__(self, inbox: _Inbox) -> None:
        if not hasattr(inbox, "received") or not hasattr(inbox, "observe"):
            raise WidgetError(
                "WebhookInbox takes the inbox that webhooks.listen() returns, not "
                f"{kind_of(inbox)}."
            )
        super().__init__()
        self._inbox = inbox
        # Events arrive in the receiver's thread, and clicks in the kernel's.
        self._lock = threading.RLock()
        self._forget = inbox.observe(lambda _received: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show what the inbox holds now."""
        with self._lock, self.hold_sync():
            received = self._inbox.received
            self.total = len(received)
            self.events = [_row(each) for each in reversed(received[-_SHOWN:])]

    def close(self) -> None:
        """Stop following the inbox; it keeps receiving."""
        forget = getattr(self, "_forget", None)
        if forget is not None:
            forget()
        super().close()

    def details(self, key: str) -> dict[str, Any]:
        """Return one event in full.

        Parameters
        ----------
        key
            Its ``key`` in `events`, or its id.

        Returns
        -------
        dict
            ``payload`` as indented JSON, and ``changes``: dictionaries of
            ``path``, ``before`` and ``after``.

        Raises
        ------
        WidgetError
            If the inbox doesn't hold it.
        """
        for each in reversed(self._inbox.received):
            if key in (each.id, _key(each)):
                text = orjson.dumps(each.payload, option=orjson.OPT_INDENT_2).decode()
                changes = [asdict(change) for change in changes_of(each.payload)]
                return {"payload": text, "changes": changes}
        raise WidgetError("This event is no longer in the inbox: receive it again.")

    def on_details(self, key: str) -> dict[str, Any]:
        """Return one event in full, for the page."""
        return self.details(key)

    def on_replay(self, event_id: str) -> None:
        """Hand a kept event to the handlers again, for the page."""
        result = self._inbox.replay(event_id)
        self.refresh()
        handed = f"Handed {event_id} to the handlers again"
        if result.outcome == "failed":
            self.say(f"{handed}, which failed: {result.problem}", is_error=True)
        elif result.outcome == "unhandled":
            self.say(f"{handed}: there is none for it.")
        else:
            self.say(f"{handed}.")

    def on_resend(self, event_id: str) -> None:
        """Ask for another delivery, for the page."""
        self._inbox.resend(event_id)
        self.say(f"Asked for another delivery of {event_id}.")

    def describe(self) -> str:
        """Say how many events there are."""
        return f"{self.total} event{'' if self.total == 1 else 's'}"

    def fallback_html(self) -> str:
        """Return the newest events as a table."""
        rows = "".join(
            f"<tr><td>{escape(row['type'])}</td><td>{escape(row['outcome'])}</td></tr>"
            for row in self.events[:_IN_FALLBACK]
        )
        head = "<tr><th>Event, newest first</th><th>Outcome</th></tr>"
        table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
        return f"<p>{self.describe()}</p>{table if rows else ''}"


def _key(received: Received) -> str:
    # What was refused may have no id that can be believed.
    return f"{received.id}@{received.received_at}"


def _row(received: Received) -> dict[str, Any]:
    return {
        "key": _key(received),
        "id": received.id,
        "type": received.type,
        "created": received.created,
        "is_verified": received.is_verified,
        "problem": received.problem,
        "outcome": received.outcome,
        "attempts": received.attempts,
    }
