"""API versions: which are known, and what older ones may still send.

Parameters are judged by the installed SDK's types, which are those of its own
API version. What an older version took and today's does not is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stripe_nb.catalog.model import Field, Kind, Operation, Presence, Type
from stripe_nb.sandbox.errors import InvalidRequest

__all__ = ["DEFAULT_VERSION", "parameters", "serves"]

# The version of an account whose requests name none, as the Stripe CLI's don't.
DEFAULT_VERSION = "2026-08-26.dahlia"


@dataclass(frozen=True, slots=True)
class _Legacy:
    """Parameters that operations took before the version `until`."""

    operations: tuple[str, ...]
    until: str
    fields: tuple[Field, ...]


_STRINGS = Type(Kind.LIST, item=Type(Kind.STRING))
_STRING = Type(Kind.STRING)


# Sources: the parameters that changed between SDK 14, 15 and 16, and Stripe's
# changelog entries for 2025-03-31.basil, 2025-09-30.clover and 2026-09-30.endive.
_LEGACY = (
    _Legacy(
        (
            "payment_intents.create",
            "payment_intents.update",
            "payment_intents.confirm",
            "setup_intents.create",
            "setup_intents.update",
            "checkout.sessions.create",
        ),
        "2026-09-30.endive",
        (Field("payment_method_types", _STRINGS),),
    ),
    _Legacy(
        ("customers.create", "customers.update"),
        "2025-03-31.basil",
        (Field("coupon", _STRING), Field("promotion_code", _STRING)),
    ),
    _Legacy(
        ("promotion_codes.create",),
        "2025-09-30.clover",
        (Field("coupon", _STRING),),
    ),
)

# The Stripe CLI's fixtures send these with no version at all.
_FIXTURES_STILL_SEND = (
    ("customers.create", "coupon"),
    ("promotion_codes.create", "coupon"),
)


def serves(version: str, known: tuple[str, ...]) -> None:
    """Refuse a version that Stripe never had.

    Raises
    ------
    InvalidRequest
        In Stripe's words.
    """
    if version not in known:
        raise InvalidRequest(f"Invalid Stripe API version: {version}")


def parameters(
    operation: Operation, version: str, *, named: bool
) -> Mapping[str, Field]:
    """Return what an operation takes under a version.

    Parameters
    ----------
    operation
        From the catalog.
    version
        The version that the request is served under.
    named
        Whether the request itself named it.
    """
    more = {
        field.name: field
        for legacy in _LEGACY
        if operation.name in legacy.operations
        for field in legacy.fields
        if version[:10] < legacy.until[:10]
        or (not named and (operation.name, field.name) in _FIXTURES_STILL_SEND)
    }
    if not more:
        return operation.parameters
    relaxed = {
        # What an older parameter stood for can't be required beside it.
        name: Field(field.name, field.type, Presence.OPTIONAL)
        if name == "promotion" and "coupon" in more
        else field
        for name, field in operation.parameters.items()
    }
    return {**relaxed, **more}
