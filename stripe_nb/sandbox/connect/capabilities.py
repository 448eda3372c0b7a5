"""What a connected account may do: asked for by the platform, granted by Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.requirements import nothing_due
from stripe_nb.sandbox.wire import Json

__all__ = ["capability_of", "request"]


def request(platform: Call, account: str, wanted: Mapping[str, Any]) -> None:
    """Keep which capabilities are asked for, and since when.

    Parameters
    ----------
    platform
        A call of the platform's.
    account
        Whose they are.
    wanted
        As the parameter ``capabilities`` has them.
    """
    requested = dict(platform.private(account).get("requested", {}))
    for name, change in wanted.items():
        if (change or {}).get("requested"):
            requested.setdefault(name, platform.now())
        elif (change or {}).get("requested") is False:
            requested.pop(name, None)
    platform.set_private(account, requested=requested)


def capability_of(platform: Call, account: Json, name: str) -> Json:
    """Return the capability object of an account, which is kept in the account."""
    since = platform.private(account["id"]).get("requested", {}).get(name)
    status = account["capabilities"].get(name, "unrequested")
    owed = account["requirements"] if since else nothing_due()
    return in_order(
        {
            "id": name,
            "object": "capability",
            "account": account["id"],
            "future_requirements": nothing_due(),
            "requested": since is not None,
            "requested_at": since,
            "requirements": owed,
            "status": status,
        }
    )
