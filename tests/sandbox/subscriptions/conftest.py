"""A small business on a test clock, for tests of what time does to subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from stripe_nb.session import Client

DAY = 86_400


class World:
    """A client, a product, and a test clock that stands at the start of 2026."""

    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())

    def __init__(self, client: Client) -> None:
        self.client = client
        self.v1 = client.v1
        self.product = self.v1.products.create({"name": "Gold"}).id
        self.clock = self.v1.test_helpers.test_clocks.create(
            {"frozen_time": self.start}
        ).id

    def day(self, number: float) -> int:
        """Return the moment that many days after the start."""
        return self.start + int(number * DAY)

    def price(self, amount: int, interval: str = "month", **more: Any) -> str:
        """Make a recurring price."""
        recurring = {"interval": interval, **more}
        price = self.v1.prices.create(
            {
                "product": self.product,
                "unit_amount": amount,
                "currency": "usd",
                "recurring": recurring,  # type: ignore[typeddict-item]
            }
        )
        return price.id

    def customer(self, card: str | None = "pm_card_visa") -> str:
        """Make a customer on the clock, with a card that is charged by default."""
        params: Any = {"test_clock": self.clock, "email": "ada@example.com"}
        if card:
            params["payment_method"] = card
            params["invoice_settings"] = {"default_payment_method": card}
        return self.v1.customers.create(params).id

    def charge_to(self, customer: str, card: str) -> None:
        """Give a customer another default card."""
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(
            customer, {"invoice_settings": {"default_payment_method": method.id}}
        )

    def subscribe(self, customer: str, price: str, **more: Any) -> Any:
        """Subscribe a customer to a price."""
        params: Any = {"customer": customer, "items": [{"price": price}], **more}
        return self.v1.subscriptions.create(params)

    def advance(self, day: float) -> None:
        """Advance the clock to a day, step by step where that is too far for one."""
        clocks = self.v1.test_helpers.test_clocks
        clocks.advance(self.clock, {"frozen_time": self.day(day)})
        assert clocks.retrieve(self.clock).status == "ready"

    def subscription(self, name: str) -> Any:
        """Return a subscription as it is by now."""
        return self.v1.subscriptions.retrieve(name)

    def item(self, name: str) -> Any:
        """Return a subscription's first item."""
        return self.subscription(name)["items"].data[0]

    def invoices(self, customer: str) -> list[Any]:
        """Return a customer's invoices, oldest first."""
        return self.v1.invoices.list({"customer": customer, "limit": 100}).data[::-1]

    def lines(self, invoice: Any) -> list[tuple[str | None, int]]:
        """Return what an invoice says it is for, and how much each comes to."""
        return [(line.description, line.amount) for line in invoice.lines.data]

    def events(self, *prefixes: str) -> list[str]:
        """Return the types of all events in the order in which they were emitted."""
        stored = self.client.v1.events.list({"limit": 100}).auto_paging_iter()
        found = [event.type for event in stored][::-1]
        return [name for name in found if name.startswith(prefixes or ("",))]


@pytest.fixture
def world(client: Client) -> World:
    return World(client)
