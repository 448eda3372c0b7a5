"""What an account still owes Stripe, and what it may do meanwhile.

Pure: an account with its persons goes in, the lists and states come out. The
facts asked for are those of a United States business, the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stripe_nb.sandbox.wire import Json

__all__ = ["nothing_due", "outstanding", "state"]

_ACCOUNT = (
    "business_profile.mcc",
    "business_profile.url",
    "business_type",
    "external_account",
    "tos_acceptance.date",
    "tos_acceptance.ip",
)
_PERSON = (
    "address.city",
    "address.line1",
    "address.postal_code",
    "address.state",
    "dob.day",
    "dob.month",
    "dob.year",
    "email",
    "first_name",
    "last_name",
    "phone",
    "ssn_last_4",
)
_COMPANY = (
    "address.city",
    "address.line1",
    "address.postal_code",
    "address.state",
    "name",
    "phone",
    "tax_id",
)
# Facts that Stripe keeps to itself: the object says only whether they are there.
_HIDDEN = {
    "ssn_last_4": ("ssn_last_4_provided", "id_number_provided"),
    "tax_id": ("tax_id_provided",),
}
# Capabilities that are granted before anything is told.
_AT_ONCE = frozenset({"legacy_payments"})
_ALTERNATIVES = {"business_profile.url": "business_profile.product_description"}


def outstanding(account: Json, persons: Iterable[Json]) -> list[str]:
    """Return the facts that an account still has to give, in order.

    Parameters
    ----------
    account
        As Stripe shows it.
    persons
        Those of the account.

    Examples
    --------
    >>> account = {"business_type": "individual", "business_profile": {"mcc": "5734"}}
    >>> outstanding(account, [])[:2]
    ['business_profile.url', 'external_account']
    """
    business = account.get("business_type")
    due = [fact for fact in _ACCOUNT if not _account_has(account, fact)]
    representative = next(
        (p for p in persons if (p.get("relationship") or {}).get("representative")), {}
    )
    if business == "individual":
        due += _missing(representative, _PERSON, "individual")
    else:
        due += _missing(representative, _PERSON, "representative")
    if business not in (None, "individual"):
        due += _missing(account.get("company") or {}, _COMPANY, "company")
    return sorted(due)


def _account_has(account: Json, fact: str) -> bool:
    controller = account.get("controller") or {}
    if fact == "tos_acceptance.ip" and controller.get("requirement_collection") == (
        "stripe"
    ):
        # Stripe sees for itself from where its terms were accepted.
        return True
    if fact == "external_account":
        return bool((account.get("external_accounts") or {}).get("data"))
    other = _ALTERNATIVES.get(fact)
    return _has(account, fact) or bool(other and _has(account, other))


def _missing(node: Json, facts: Iterable[str], prefix: str) -> list[str]:
    return [f"{prefix}.{fact}" for fact in facts if not _has(node, fact)]


def _has(node: Mapping[str, Any], fact: str) -> bool:
    if fact in _HIDDEN:
        return any(node.get(name) for name in _HIDDEN[fact])
    value: Any = node
    for step in fact.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value not in (None, "")


def nothing_due() -> Json:
    """Return the requirements of who owes nothing."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }


def state(
    account: Json, persons: Iterable[Json], requested: Iterable[str], rejected: str
) -> Json:
    """Return the fields of an account that follow from the others.

    Parameters
    ----------
    account, persons
        As they are now.
    requested
        The names of the capabilities that were asked for.
    rejected
        Why the platform rejected it; empty if it did not.
    """
    requested = sorted(requested)
    due = outstanding(account, persons) if requested else []
    able = bool(requested) and not due and not rejected
    requirements = nothing_due()
    requirements |= {"currently_due": due, "eventually_due": due, "past_due": due}
    if rejected or due:
        requirements["disabled_reason"] = rejected or "requirements.past_due"
    return {
        "capabilities": {
            name: "active"
            if able or (name in _AT_ONCE and not rejected)
            else "inactive"
            for name in requested
        },
        "charges_enabled": able,
        "details_submitted": bool(requested) and not due,
        "future_requirements": nothing_due(),
        "payouts_enabled": able,
        "requirements": requirements,
    }
