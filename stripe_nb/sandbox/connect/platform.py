"""A call seen from the platform, and from inside one of its accounts.

Accounts, their persons and the events of both are the platform's rows; what an
account owns itself is kept under its own id.
"""

from __future__ import annotations

from dataclasses import replace

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.external_accounts import page
from stripe_nb.sandbox.connect.requirements import state
from stripe_nb.sandbox.errors import Forbidden
from stripe_nb.sandbox.wire import Json

__all__ = ["account_of", "inside", "on_platform", "settle"]


def on_platform(call: Call, about: str | None = None) -> Call:
    """Return the call as the platform's own, its events about an account."""
    own = call.engine.account
    return replace(call, account=own, about=None if about == own else about)


def inside(call: Call, account: str) -> Call:
    """Return the call as an account's own."""
    return replace(call, account=account, about=None)


def account_of(call: Call, account: str) -> Json:
    """Return the account that a path or a parameter names.

    Raises
    ------
    Forbidden
        If the caller has no such account; an account sees only itself.
    """
    own = call.engine.account
    seen = call.account in (own, account)
    found = on_platform(call).find("account", account) if seen else None
    if found is None:
        raise Forbidden(
            f"The provided key does not have access to account '{account}' (or that "
            "account does not exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return found


def settle(call: Call, account: Json) -> Json:
    """Store an account with all that follows from its other fields, announced.

    The account's capabilities, requirements and lists are worked out anew.
    """
    name = account["id"]
    platform = on_platform(call, about=name)
    persons = platform.objects("person", account=name)
    private = platform.private(name)
    account = {**account, "external_accounts": page(inside(call, name), name)}
    account.pop("individual", None)
    if account.get("business_type") == "individual":
        for person in persons:
            if (person.get("relationship") or {}).get("representative"):
                account["individual"] = person
    if name == call.engine.account:
        return platform.update(account, announce="account.updated")
    before = account["capabilities"]
    account |= state(
        account, persons, private.get("requested", {}), private.get("rejected", "")
    )
    stored = platform.update(account, announce="account.updated")
    for capability, status in stored["capabilities"].items():
        if before.get(capability) != status:
            _announce(platform, stored, capability)
    return stored


def _announce(platform: Call, account: Json, capability: str) -> None:
    from stripe_nb.sandbox.connect.capabilities import capability_of

    platform.emit("capability.updated", capability_of(platform, account, capability))
