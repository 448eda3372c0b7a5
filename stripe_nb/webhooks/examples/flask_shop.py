"""A Flask shop that ships each order once: run it with ``flask run``."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import stripe

from stripe_nb.errors import MissingDependencyError
from stripe_nb.webhooks import Answer, Endpoint

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["application"]


def application(secret: str, database: str) -> Flask:
    """Return the shop.

    Parameters
    ----------
    secret
        The signing secret of its webhook endpoint.
    database
        The SQLite file of its orders, in which it notes its events too.
    """
    try:
        from flask import Flask, request
    except ImportError as error:
        raise MissingDependencyError("Flask", "test") from error

    app = Flask(__name__)
    endpoint = Endpoint(secret, store=database)
    # Flask tells nobody of its end: who ends the shop closes this.
    app.extensions["webhooks"] = endpoint

    @endpoint.on("payment_intent.succeeded")
    def ship(event: stripe.Event, orders: sqlite3.Connection) -> None:
        orders.execute("create table if not exists shipped (payment text, amount)")
        paid = event.data.object
        orders.execute("insert into shipped values (?, ?)", (paid.id, paid.amount))

    @app.post("/webhook")
    def webhook() -> Answer:
        # The raw body: what Flask parsed and wrote anew would not fit the signature.
        return endpoint.receive(
            request.get_data(), request.headers.get("Stripe-Signature")
        )

    return app
