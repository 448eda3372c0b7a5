"""A payment of a customer's, with a name wherever one can stand."""

from __future__ import annotations

from typing import Any

from stripe_nb.session import Client

__all__ = ["pay"]


def pay(client: Client, name: str, amount: int, **more: Any) -> Any:
    customer = client.v1.customers.create({"name": name, "description": name})
    params: Any = {
        "amount": amount,
        "currency": "usd",
        "customer": customer.id,
        "description": f"Order of {name}",
        "payment_method": "pm_card_visa",
        "allowed_payment_method_types": ["card"],
        "confirm": True,
        **more,
    }
    return client.v1.payment_intents.create(params)
