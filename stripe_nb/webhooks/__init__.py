"""Webhooks: received, verified, handled once, replayed.

`listen` brings them into a notebook or a shell; `Endpoint` is for an
application of your own, and `verify` for one that does the rest itself.
"""

from __future__ import annotations

from stripe_nb.webhooks.endpoint import Answer, Endpoint
from stripe_nb.webhooks.inbox import Inbox, listen
from stripe_nb.webhooks.received import Received
from stripe_nb.webhooks.store import EventStore
from stripe_nb.webhooks.verification import verify

__all__ = [
    "Answer",
    "Endpoint",
    "EventStore",
    "Inbox",
    "Received",
    "listen",
    "verify",
]
