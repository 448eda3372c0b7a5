"""The Stripe CLIs that listen: ``stripe listen`` and ``stripe logs tail``.

Each opens a session over the API and then a websocket, on which the sandbox
sends it frames. Knows nothing of sockets: whoever holds one gives a function
that sends text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from stripe_nb.clock import wall_time
from stripe_nb.sandbox.delivery.signing import headers
from stripe_nb.sandbox.delivery.thin import notification
from stripe_nb.sandbox.wire import Json

__all__ = ["Listeners", "Session"]

# Which kind of event a session of each feature gets, by the `object` field.
_FEATURES = {"webhooks": "event", "v2_events": "v2.core.event"}
_LOGS = "request_logs"

# `stripe listen --print-secret` opens a session and never comes for it.
_MOST_IDLE = 100
# A client that never acknowledges is none of Stripe's.
_MOST_UNACKNOWLEDGED = 10_000

# Filter of `stripe logs tail`: what it looks at in an entry.
_LOG_FILTERS: Mapping[str, Callable[[Json], str]] = {
    "filter_account": lambda entry: str(entry.get("account", "")),
    "filter_http_method": lambda entry: entry["method"],
    "filter_ip_address": lambda _entry: "127.0.0.1",
    "filter_request_path": lambda entry: entry["url"],
    "filter_request_status": lambda entry: "FAILED" if entry["error"] else "SUCCEEDED",
    "filter_source": lambda _entry: "API",
    "filter_status_code": lambda entry: str(entry["status"]),
    "filter_status_code_type": lambda entry: f"{entry['status'] // 100}XX",
}


@dataclass(slots=True)
class Session:
    """What one CLI asked to hear, and where it hears it.

    Attributes
    ----------
    id
        Under which its websocket comes.
    account
        Whose events it gets; a platform's session gets those of all.
    secret
        Signs what it gets.
    features
        ``"webhooks"``, ``"v2_events"`` or ``"request_logs"``.
    filters
        Of request logs.
    send
        Sends it a frame; ``None`` while no websocket is open.
    sent
        What it has not acknowledged yet: conversation to account and event.
    """

    id: str
    account: str
    secret: str = field(repr=False)
    features: tuple[str, ...]
    filters: Mapping[str, Any] = field(default_factory=dict)
    send: Callable[[str], None] | None = None
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)


class Listeners:
    """The CLI sessions of a sandbox.

    Parameters
    ----------
    platform
        The account whose sessions hear of all others too.
    """

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._sessions: dict[str, Session] = {}
        self._count = 0

    def open(self, session: Session) -> None:
        """Let a session's websocket come."""
        self._sessions[session.id] = session
        idle = [each.id for each in self._sessions.values() if each.send is None]
        for forgotten in idle[:-_MOST_IDLE]:
            del self._sessions[forgotten]

    def connect(self, session_id: str, send: Callable[[str], None]) -> Session | None:
        """Send a session's frames there from now on, if there is such a session."""
        session = self._sessions.get(session_id)
        if session:
            session.send = send
        return session

    def disconnect(self, session: Session, send: Callable[[str], None]) -> None:
        """Stop sending there; the same session may come again."""
        if session.send is send:
            session.send = None

    def forget_sent(self) -> None:
        """Take no acknowledgement any more of what was sent until now.

        To be called where other objects take the place of those that there were:
        their events may have the same ids.
        """
        for session in list(self._sessions.values()):
            session.sent.clear()

    def count(self, account: str, event: Json) -> int:
        """Count the sessions that will get an event."""
        return len(self._hearing(account, event["object"]))

    def publish(self, account: str, event: Json) -> int:
        """Send an event to who listens; return how many do."""
        hearing = self._hearing(account, event["object"])
        for session in hearing:
            self._send(session, account, event)
        return len(hearing)

    def log(self, entry: Json) -> None:
        """Send an entry of the request log to who tails it."""
        for session in list(self._sessions.values()):
            if session.send and _LOGS in session.features and _passes(session, entry):
                session.send(_log_frame(entry))

    def _hearing(self, account: str, kind: str) -> list[Session]:
        return [
            session
            for session in list(self._sessions.values())
            if session.send
            and session.account in (account, self._platform)
            and any(_FEATURES.get(feature) == kind for feature in session.features)
        ]

    def _send(self, session: Session, account: str, event: Json) -> None:
        if session.send is None:
            return
        self._count += 1
        if event["object"] != "event":
            event = notification(event)
        elif account != session.account:
            event = {**event, "account": account}
        payload = orjson.dumps(
            event, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        signed = headers(payload, session.secret, int(wall_time()))
        if event["object"] == "event":
            conversation = f"wc_{session.id}_{self._count}"
            session.sent[conversation] = (account, event["id"])
            if len(session.sent) > _MOST_UNACKNOWLEDGED:
                del session.sent[next(iter(session.sent))]
            session.send(_event_frame(session, conversation, payload.decode(), signed))
        else:
            session.send(_thin_frame(session, payload.decode(), signed))


def _event_frame(
    session: Session, conversation: str, payload: str, signed: Mapping[str, str]
) -> str:
    return _text(
        {
            "type": "webhook_event",
            "webhook_id": f"we_{session.id}",
            "webhook_conversation_id": conversation,
            # null: the stream of the account's default version
            "endpoint": {"api_version": None},
            "event_payload": payload,
            "http_headers": signed,
        }
    )


def _thin_frame(session: Session, payload: str, signed: Mapping[str, str]) -> str:
    return _text(
        {
            "type": "v2_event",
            "http_headers": signed,
            "payload": payload,
            "destination_id": f"ed_{session.id}",
        }
    )


def _log_frame(entry: Json) -> str:
    return _text(
        {
            "type": "request_log_event",
            "request_log_id": entry["request_id"].replace("req_", "resp_"),
            "event_payload": _text(entry),
        }
    )


def _passes(session: Session, entry: Json) -> bool:
    """Tell whether an entry passes all of a session's filters."""
    for name, wanted in session.filters.items():
        read = _LOG_FILTERS.get(name)
        values = wanted if isinstance(wanted, list) else [wanted]
        if read and any(values) and read(entry) not in map(str, values):
            return False
    return True


def _text(value: Json) -> str:
    return orjson.dumps(value).decode()
