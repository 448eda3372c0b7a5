"""What several widgets are tried with."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_nb.session import Client

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def paid(client: Client) -> Any:
    """Return a payment that succeeded, of a customer with a hostile name."""
    customer = client.v1.customers.create({"name": HOSTILE})
    params: Any = {
        "amount": 2500,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": "pm_card_visa",
        "allowed_payment_method_types": ["card"],
        "confirm": True,
    }
    return client.v1.payment_intents.create(params)
