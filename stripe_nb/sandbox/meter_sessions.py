"""Sessions for the stream of meter events: a token that opens that one door."""

from __future__ import annotations

from datetime import datetime

from stripe_nb.sandbox.access import key_of
from stripe_nb.sandbox.store import Store, equals
from stripe_nb.sandbox.wire import Request

__all__ = ["LEAD", "SESSION", "admits"]

SESSION = "v2.billing.meter_event_session"
LEAD = "mes_token_"
_STREAM = "/v2/billing/meter_event_stream"


def admits(store: Store, account: str, request: Request, now: int) -> bool:
    """Return whether a request comes with a session's token to where that leads.

    Parameters
    ----------
    store, account
        Where sessions are kept, and whose.
    request
        As it came in.
    now
        The present time, as a session is over after a quarter of an hour.
    """
    token = key_of(request.headers)
    if request.path != _STREAM or not token.startswith(LEAD):
        return False
    found = store.page(account, SESSION, [equals("authentication_token", token)]).rows
    return any(
        datetime.fromisoformat(row.obj["expires_at"]).timestamp() > now for row in found
    )
