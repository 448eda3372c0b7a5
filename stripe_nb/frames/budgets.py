"""Which budget a request counts against: one for each account and key."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from weakref import WeakKeyDictionary

from stripe_nb.clock import wall_time
from stripe_nb.frames.limiter import ACCOUNT_LIVE, ACCOUNT_TEST, Budget, SharedFile
from stripe_nb.session import Client

__all__ = ["budget_for"]

_lock = threading.Lock()
# As the SDK waits before it tries again; a sandbox needs no sparing.
_PAUSE, _SANDBOX_PAUSE = 0.5, 0.02

_of_stripe: dict[str, Budget] = {}
_of_sandboxes: WeakKeyDictionary[Client, Budget] = WeakKeyDictionary()


def budget_for(client: Client, account: str | None, file: Path | None) -> Budget:
    """Return the budget that a client's requests count against.

    Parameters
    ----------
    account
        The connected account that they are made for.
    file
        Where processes share it; None for this process alone.
    """
    if file is not None:
        # The wall clock, since all processes read the same.
        return Budget(_ceiling(client), store=SharedFile(file), clock=wall_time)
    with _lock:
        if client.is_sandbox:
            return _of_sandboxes.setdefault(client, Budget(_ceiling(client)))
        # A digest, so that no key is kept in one more place.
        whose = f"{client.target.key} {account or client.account}"
        name = hashlib.sha256(whose.encode()).hexdigest()
        return _of_stripe.setdefault(name, Budget(_ceiling(client)))


def pause_for(client: Client) -> float:
    """Return how many seconds to wait before a client's second try."""
    return _SANDBOX_PAUSE if client.is_sandbox else _PAUSE


def _ceiling(client: Client) -> float | None:
    if client.is_sandbox:
        return None
    return ACCOUNT_LIVE if client.livemode else ACCOUNT_TEST
