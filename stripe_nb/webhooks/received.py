"""A webhook as an inbox shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

from stripe_nb.redaction import redact

__all__ = ["Outcome", "Received"]

_LARGEST = 64 * 1024

Outcome = Literal["handled", "failed", "duplicate", "unhandled", "refused"]


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook that came in, and what came of it.

    Attributes
    ----------
    id, type, api_version
        The event's; empty or None where a refused body tells none.
    created
        When it happened, in Unix seconds.
    payload
        The event as it was sent, with secrets masked.
    previous_attributes
        What an update changed, with the values from before; None with others.
    is_verified
        Whether its signature is Stripe's.
    problem
        Why it was refused, or why its handler failed.
    outcome
        ``"handled"``, ``"failed"``, ``"duplicate"`` (handled before),
        ``"unhandled"`` (nobody asked for this type) or ``"refused"``.
    attempts
        How often it came in.
    received_at
        When it came in first, in Unix seconds.
    """

    id: str
    type: str
    created: int
    api_version: str | None
    payload: dict[str, Any]
    previous_attributes: dict[str, Any] | None
    is_verified: bool
    problem: str | None
    outcome: Outcome
    attempts: int
    received_at: float

    def __repr__(self) -> str:
        # Short, and the same in each run: a payload fills screens.
        return f"<Received {self.type or 'nothing'}: {self.outcome}>"

    @classmethod
    def of(
        cls,
        event: dict[str, Any],
        outcome: Outcome,
        *,
        at: float,
        attempts: int = 1,
        problem: str | None = None,
    ) -> Self:
        """Return what is shown of an event."""
        data = event.get("data")
        previous = data.get("previous_attributes") if isinstance(data, dict) else None
        return cls(
            id=_text(event.get("id")),
            type=_text(event.get("type")),
            created=_seconds(event.get("created")),
            api_version=_text(event.get("api_version")) or None,
            payload=redact(event),
            previous_attributes=redact(previous)
            if isinstance(previous, dict)
            else None,
            is_verified=outcome != "refused",
            problem=problem,
            outcome=outcome,
            attempts=attempts,
            received_at=at,
        )

    @classmethod
    def refused(cls, body: Any, problem: str, *, at: float) -> Self:
        """Return what is shown of a body that nobody vouches for."""
        # Anybody can send these, so that little of each is kept.
        is_text = isinstance(body, str | bytes | bytearray)
        try:
            said = json.loads(body) if is_text and len(body) <= _LARGEST else None
        except (ValueError, RecursionError):
            said = None
        event = said if isinstance(said, dict) else {}
        return cls.of(event, "refused", at=at, problem=problem)

    def now(self, outcome: Outcome, attempts: int, problem: str | None) -> Self:
        """Return it as it is after another attempt."""
        return replace(self, outcome=outcome, attempts=attempts, problem=problem)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> int:
    """Read the time of a snapshot event, or of a thin one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return int(datetime.fromisoformat(_text(value)).timestamp())
    except ValueError:
        return 0
