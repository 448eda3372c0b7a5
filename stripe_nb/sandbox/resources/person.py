"""Persons of a connected account."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.persons import describe, new_person
from stripe_nb.sandbox.connect.platform import account_of, on_platform, settle
from stripe_nb.sandbox.errors import NotSimulated, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.store import equals
from stripe_nb.sandbox.wire import Json

__all__ = ["Person"]


class Person(Behaviour):
    """`Person <https://docs.stripe.com/api/persons>`_."""

    name = "person"
    missing_param = "person"

    def target(self, call: Call) -> Json:
        """Return the person that the path names, of the account that it names."""
        account = account_of(call, call.path["account"])
        found = on_platform(call).find("person", call.path["person"])
        if found is None or found["account"] != account["id"]:
            raise ResourceMissing("person", call.path["person"], param="person")
        return found

    def on_accounts_persons_create(self, call: Call) -> Json:
        """Add a person."""
        account = account_of(call, call.path["account"])
        platform = on_platform(call, about=account["id"])
        check_metadata(call.params)
        person = describe(platform, new_person(platform, account["id"]), call.params)
        added = platform.insert(person, announce="person.created")
        settle(call, account)
        return added

    def on_accounts_persons_retrieve(self, call: Call) -> Json:
        """Answer a person."""
        return self.target(call)

    def on_accounts_persons_update(self, call: Call) -> Json:
        """Change a person."""
        person = self.target(call)
        check_metadata(call.params, person.get("metadata"))
        platform = on_platform(call, about=person["account"])
        changed = platform.update(
            describe(platform, person, call.params), announce="person.updated"
        )
        settle(call, account_of(call, person["account"]))
        return changed

    def on_accounts_persons_delete(self, call: Call) -> Json:
        """Remove a person."""
        person = self.target(call)
        platform = on_platform(call, about=person["account"])
        gone = platform.delete(person, announce="person.deleted")
        settle(call, account_of(call, person["account"]))
        return gone

    def on_accounts_persons_list(self, call: Call) -> Listing:
        """Answer a page of an account's persons."""
        account = account_of(call, call.path["account"])
        conditions = [equals("account", account["id"])]
        for role, wanted in (call.params.get("relationship") or {}).items():
            if role not in self.resource.fields["relationship"].type.fields:
                raise NotSimulated(f"the filter relationship[{role}] of persons")
            conditions.append(equals(f"relationship.{role}", wanted))
        return self.listing(on_platform(call), conditions)
