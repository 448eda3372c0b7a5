"""Cards as the sources of customers: how cards were saved before payment methods."""

from __future__ import annotations

from collections.abc import Iterable

from stripe_nb.sandbox import cards
from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import NotSimulated, ResourceMissing
from stripe_nb.sandbox.payments.card_input import declined, test_card
from stripe_nb.sandbox.payments.card_source import make
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.resources import token
from stripe_nb.sandbox.store import Page, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["Card", "add", "card_of", "from_token", "is_stored", "remove_all"]

_KINDS = ("card", "bank_account")
_PAGE = 10
_LARGEST_PAGE = 100


class Card(Behaviour):
    """`Card <https://docs.stripe.com/api/cards>`_."""

    name = "card"
    said = "source"

    def on_customers_payment_sources_create(self, call: Call) -> Json:
        """Save a token's card or bank account with a customer."""
        check_metadata(call.params)
        customer = call.get("customer", call.path["customer"], param="customer")
        return add(call, customer, call.params["source"], call.params.get("metadata"))

    def on_customers_payment_sources_retrieve(self, call: Call) -> Json:
        """Answer one source of a customer."""
        return _owned(call)

    def on_customers_payment_sources_update(self, call: Call) -> Json:
        """Change a source's address, expiry, holder or metadata."""
        source = _owned(call)
        check_metadata(call.params, source["metadata"])
        given = {name: value for name, value in call.params.items() if name != "expand"}
        if "owner" in given:
            raise NotSimulated("the parameter owner of cards and bank accounts")
        for name in ("exp_month", "exp_year"):
            if name in given:
                given[name] = int(given[name])
        assign(source, call.kind(source["object"]).fields, given)
        return call.update(source, announce="customer.source.updated")

    def on_customers_payment_sources_delete(self, call: Call) -> Json:
        """Take a source from a customer."""
        source = _owned(call)
        removed = call.delete(source, announce="customer.source.deleted")
        removed["currency"] = source.get("currency")
        customer = call.get("customer", source["customer"])
        if customer["default_source"] == source["id"]:
            left = list(_of_customer(call, customer["id"]))
            call.update(
                customer,
                default_source=left[-1]["id"] if left else None,
                announce="customer.updated",
            )
        return removed

    def on_sources_detach(self, call: Call) -> Json:
        """Do the same under the path's other name."""
        return self.on_customers_payment_sources_delete(call)

    def on_customers_payment_sources_list(self, call: Call) -> Listing:
        """Answer a page of a customer's cards and bank accounts, newest first."""
        customer = call.get("customer", call.path["customer"], param="customer")
        kind = call.params.get("object")
        url = f"/v1/customers/{customer['id']}/sources"
        if kind:
            if kind not in _KINDS:
                return Listing(Page(), url)
            behaviour = call.engine.behaviour(kind)
            return behaviour.listing(call, [equals("customer", customer["id"])])
        return Listing(_mixed_page(call, customer["id"]), url)


def _mixed_page(call: Call, customer: str) -> Page:
    """Return a page of sources of every kind."""
    found = [call.row(source["id"]) for source in _of_customer(call, customer)]
    rows = sorted((row for row in found if row), key=lambda row: -row.seq)
    ids = [row.id for row in rows]
    limit = min(max(call.params.get("limit", _PAGE), 1), _LARGEST_PAGE)
    begin = 0
    for name in ("starting_after", "ending_before"):
        cursor = call.params.get(name)
        if cursor and cursor not in ids:
            raise ResourceMissing("source", cursor, param=name, http_status=400)
        if cursor and name == "starting_after":
            begin = ids.index(cursor) + 1
        elif cursor:
            rows = rows[: ids.index(cursor)]
            begin = max(len(rows) - limit, 0)
            return Page(rows[begin:], has_more=begin > 0)
    return Page(rows[begin : begin + limit], has_more=begin + limit < len(rows))


def _owned(call: Call) -> Json:
    """Return the source that the path names, if the customer has it."""
    customer = call.get("customer", call.path["customer"], param="customer")
    for kind in _KINDS:
        found = call.find(kind, call.path["id"])
        if found and found["customer"] == customer["id"]:
            return found
    raise ResourceMissing("source", call.path["id"], param="id")


def _of_customer(call: Call, customer: str) -> Iterable[Json]:
    for kind in _KINDS:
        yield from call.objects(kind, customer=customer)


def is_stored(call: Call, value: str) -> bool:
    """Tell whether an id is a saved card's."""
    return call.find("card", value) is not None


def card_of(call: Call, source: Json) -> cards.Card:
    """Return the test card behind a saved card."""
    return test_card(call.private(source["id"])["number"])


def from_token(call: Call, value: str, *, param: str) -> tuple[Json, cards.Card]:
    """Spend a token; return its card, not stored, and the test card behind it.

    Raises
    ------
    ResourceMissing
        If there is no such token.
    """
    spent = token.spend(call, value, param=param)
    if spent.card is None:
        raise NotSimulated("charging a bank account without a payment intent")
    return make(call, spent.card, spent.given, object_id=spent.object_id), spent.card


def add(call: Call, customer: Json, value: str, metadata: Json | None = None) -> Json:
    """Save a token's card or bank account with a customer.

    Raises
    ------
    CardDeclined
        If the card declines being saved.
    """
    spent = token.spend(call, value, param="source")
    if spent.card is not None:
        refusal = spent.card.decline
        if refusal and refusal.on_attach:
            raise declined(refusal)
        source = make(call, spent.card, spent.given, object_id=spent.object_id)
        source["cvc_check"] = source["cvc_check"] and spent.card.cvc_check
        private: Json = {"number": spent.card.number}
    else:
        source, private = spent.bank_account, spent.private
    source = {**source, "customer": customer["id"], "metadata": metadata or {}}
    source = call.insert(source, private=private, announce="customer.source.created")
    if not customer.get("default_source"):
        call.update(customer, default_source=source["id"], announce="customer.updated")
    return source


def remove_all(call: Call, customer: str) -> None:
    """Delete a customer's sources with it."""
    for source in list(_of_customer(call, customer)):
        call.delete(source, announce="customer.source.deleted")
