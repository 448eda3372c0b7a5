"""A Starlette shop that ships each order once; FastAPI takes the same route."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe
from starlette.applications import Starlette
from starlette.routing import Route

from stripe_nb.webhooks import Endpoint

__all__ = ["application"]


def application(secret: str, database: str) -> Starlette:
    """Return the shop.

    Parameters
    ----------
    secret
        The signing secret of its webhook endpoint.
    database
        The SQLite file of its orders, in which it notes its events too.
    """
    endpoint = Endpoint(secret, store=database)

    @endpoint.on("payment_intent.succeeded")
    async def ship(event: stripe.Event, orders: sqlite3.Connection) -> None:
        orders.execute("create table if not exists shipped (payment text, amount)")
        paid = event.data.object
        orders.execute("insert into shipped values (?, ?)", (paid.id, paid.amount))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with endpoint:
            yield

    # In FastAPI: FastAPI(lifespan=lifespan).router.routes.append(...)
    return Starlette(routes=[Route("/webhook", endpoint)], lifespan=lifespan)
