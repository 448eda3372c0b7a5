"""The people behind a connected account, whose secrets are never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.blank import assign, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.requirements import nothing_due
from stripe_nb.sandbox.errors import NotSimulated
from stripe_nb.sandbox.wire import Json

__all__ = ["TEST_COMPANY", "TEST_PERSON", "describe", "new_person", "set_individual"]

_ADDRESS = {
    "city": "San Francisco",
    "country": "US",
    "line1": "1 Market Street",
    "postal_code": "94105",
    "state": "CA",
}
# Who has filled in a hosted page in test mode; values of
# https://docs.stripe.com/connect/testing that pass verification.
TEST_PERSON: Mapping[str, Any] = {
    "address": _ADDRESS,
    "dob": {"day": 1, "month": 1, "year": 1901},
    "email": "jenny.rosen@example.com",
    "first_name": "Jenny",
    "last_name": "Rosen",
    "phone": "+15555550123",
    "ssn_last_4": "0000",
}
TEST_COMPANY: Mapping[str, Any] = {
    "address": _ADDRESS,
    "name": "Rocket Rides",
    "phone": "+15555550123",
    "tax_id": "000000000",
}

# What a person's parameter leaves behind of a secret.
_SECRETS = {
    "id_number": "id_number_provided",
    "id_number_secondary": "id_number_secondary_provided",
    "ssn_last_4": "ssn_last_4_provided",
}
_ROLES = ("authorizer", "director", "executive", "legal_guardian", "owner")


def new_person(platform: Call, account: str) -> Json:
    """Return a person of an account of whom nothing is known; not stored."""
    person = platform.new("person")
    owed = nothing_due()
    del owed["current_deadline"], owed["disabled_reason"]
    return in_order(
        {
            **{name: value for name, value in person.items() if value is not None},
            "account": account,
            "first_name": None,
            "future_requirements": {**owed},
            "id_number_provided": False,
            "last_name": None,
            "metadata": {},
            "relationship": {
                **dict.fromkeys(_ROLES, False),
                "percent_ownership": None,
                "representative": False,
                "title": None,
            },
            "requirements": owed,
            "ssn_last_4_provided": False,
            "verification": {
                "additional_document": _no_document(),
                "details": None,
                "details_code": None,
                "document": _no_document(),
                "status": "unverified",
            },
        }
    )


def _no_document() -> Json:
    return {"back": None, "details": None, "details_code": None, "front": None}


def describe(platform: Call, person: Json, params: Mapping[str, Any]) -> Json:
    """Set what is told of a person, and keep the secrets out of the object."""
    for name in ("person_token", "documents"):
        if params.get(name):
            raise NotSimulated(f"the parameter {name} of persons")
    given = {
        _SECRETS.get(k, k): bool(v) if k in _SECRETS else v for k, v in params.items()
    }
    assign(person, platform.kind("person").fields, given)
    if person["id_number_provided"]:
        person["ssn_last_4_provided"] = True
        person["verification"]["status"] = "verified"
    return person


def set_individual(platform: Call, account: Json, params: Mapping[str, Any]) -> Json:
    """Store the one person that an individual's account is of."""
    for person in platform.objects("person", account=account["id"]):
        if person["relationship"]["representative"]:
            changed = describe(platform, person, params)
            return platform.update(changed, announce="person.updated")
    person = describe(platform, new_person(platform, account["id"]), params)
    person["relationship"]["representative"] = True
    return platform.insert(person, announce="person.created")
