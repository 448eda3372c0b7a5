"""A customer to bill, for tests of invoices and of what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client


class Desk:
    """A customer, its invoices, and the events since the last look."""

    def __init__(self, client: Client, sandbox: Sandbox) -> None:
        self.v1: Any = client.v1
        self.sandbox = sandbox
        self.customer = self.v1.customers.create({"email": "ada@example.com"})
        self._seen: set[str] = {event.id for event in self._events()}

    def _events(self) -> list[Any]:
        return list(self.v1.events.list({"limit": 100}).auto_paging_iter())

    def events(self) -> list[str]:
        """Return the types of the events since the last call, oldest first."""
        fresh = [event for event in self._events() if event.id not in self._seen]
        self._seen |= {event.id for event in fresh}
        return [event.type for event in reversed(fresh)]

    def last_event(self, event_type: str) -> Any:
        return self.v1.events.list({"type": event_type, "limit": 1}).data[0]

    def card(self, name: str = "pm_card_visa", *, default: bool = True) -> str:
        """Attach a card to the customer; return its id."""
        method = self.v1.payment_methods.attach(name, {"customer": self.customer.id})
        if default:
            settings: Any = {"default_payment_method": method.id}
            self.v1.customers.update(self.customer.id, {"invoice_settings": settings})
        return str(method.id)

    def item(self, amount: int = 2000, **params: Any) -> Any:
        given: Any = {"customer": self.customer.id, "currency": "usd", **params}
        if "pricing" not in params:
            given["amount"] = amount
        return self.v1.invoice_items.create(given)

    def draft(self, *amounts: int, **params: Any) -> Any:
        """Make a draft with one item for each amount."""
        for amount in amounts:
            self.item(amount)
        given: Any = {
            "customer": self.customer.id,
            "pending_invoice_items_behavior": "include",
            **params,
        }
        return self.v1.invoices.create(given)

    def open(self, *amounts: int, **params: Any) -> Any:
        """Make an open invoice."""
        draft = self.draft(*(amounts or (2000,)), **params)
        return self.v1.invoices.finalize_invoice(draft.id)

    def paid(self, *amounts: int, **params: Any) -> Any:
        """Make an invoice that the customer's card paid."""
        self.card()
        return self.v1.invoices.pay(self.open(*amounts, **params).id)

    def reload(self, invoice: Any, **params: Any) -> Any:
        given: Any = params
        return self.v1.invoices.retrieve(invoice.id, given)

    def wait(self, seconds: int) -> None:
        """Let the sandbox's time pass."""
        clock: Any = self.sandbox.engine.clock
        clock.set(self.sandbox.now + seconds)


@pytest.fixture
def desk(client: Client, sandbox: Sandbox) -> Desk:
    return Desk(client, sandbox)
