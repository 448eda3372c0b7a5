"""Tax ids of customers, and of the account itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import NotSimulated, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour, Listing
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["TaxId", "make"]

# Types that Stripe asks a register about, and what its test values answer there.
_VERIFIABLE = ("au_abn", "eu_vat", "gb_vat")
_OUTCOMES = {"000000000": "verified", "111111111": "unverified"}
_SECONDS_TO_VERIFY = 60
_EU_PREFIX = 2


class TaxId(Behaviour):
    """`Tax id <https://docs.stripe.com/api/tax_ids>`_."""

    name = "tax_id"

    def on_create(self, call: Call) -> Json:
        """Make a tax id of a customer's, or of the account's own."""
        owner = call.params.get("owner") or {"type": "self"}
        if owner["type"] == "self":
            return make(call, None, call.params)
        if owner["type"] != "customer":
            raise NotSimulated(f"tax ids whose owner is of the type {owner['type']}")
        customer = call.get(
            "customer",
            owner.get("customer") or "",
            param="owner[customer]",
            http_status=400,
        )
        return make(call, customer, call.params)

    def on_customers_tax_ids_create(self, call: Call) -> Json:
        """Make a tax id of a customer's."""
        customer = call.get("customer", call.path["customer"], param="customer")
        return make(call, customer, call.params)

    def on_delete(self, call: Call) -> Json:
        """Delete a tax id."""
        found = self.target(call)
        event = "customer.tax_id.deleted" if found["customer"] else None
        return call.delete(found, announce=event)

    def on_customers_tax_ids_delete(self, call: Call) -> Json:
        """Delete a customer's tax id."""
        return self.on_delete(call)

    def on_list(self, call: Call) -> Listing:
        """Answer a page of the account's own tax ids, or of another owner's."""
        return self.listing(call, [*self._owned(call)])

    def _owned(self, call: Call) -> Iterator[Condition]:
        owner = call.params.get("owner") or {"type": "self"}
        if owner["type"] not in ("self", "customer"):
            raise NotSimulated(f"tax ids whose owner is of the type {owner['type']}")
        yield equals("owner.type", owner["type"])
        if owner.get("customer"):
            yield equals("customer", owner["customer"])

    def due_verify(self, call: Call, obj: Json) -> None:
        """Let the register answer."""
        status = _OUTCOMES.get(_digits(obj))
        if status:
            verification = {**obj["verification"], "status": status}
            announce = "customer.tax_id.updated" if obj["customer"] else None
            call.update(obj, verification=verification, announce=announce)


def make(call: Call, customer: Json | None, params: Any) -> Json:
    """Store a tax id; a register, where there is one, answers a minute later."""
    kind, value = params["type"], params["value"]
    if not value.strip():
        raise ParameterInvalid(
            f"Invalid value for {kind}.", code="tax_id_invalid", param="value"
        )
    verifiable = kind in _VERIFIABLE
    made = call.new(
        "tax_id",
        country=_country(kind, value),
        customer=customer and customer["id"],
        owner=_owner(customer),
        type=kind,
        value=value,
        verification={
            "status": "pending" if verifiable else "unavailable",
            "verified_address": None,
            "verified_name": None,
        },
    )
    made = call.insert(made, announce="customer.tax_id.created" if customer else None)
    if verifiable:
        call.later(call.now() + _SECONDS_TO_VERIFY, "verify", made)
    return made


def _owner(customer: Json | None) -> Json:
    if customer is None:
        return {"customer_account": None, "type": "self"}
    return {
        "customer": customer["id"],
        "customer_account": None,
        "type": "customer",
    }


def _country(kind: str, value: str) -> str | None:
    """Return the country that a tax id is of: its type's, or for the EU its own."""
    start = value[:_EU_PREFIX] if kind == "eu_vat" else kind[:_EU_PREFIX]
    return start.upper() if start.isalpha() and kind != "eu_oss_vat" else None


def _digits(obj: Json) -> str:
    return "".join(letter for letter in obj["value"] if letter.isdigit())
