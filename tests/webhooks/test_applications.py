"""The example applications, behind real servers, with real webhooks."""

from __future__ import annotations

import socket
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn

from stripe_nb.clock import monotonic
from stripe_nb.session import Client
from stripe_nb.webhooks import Endpoint
from stripe_nb.webhooks.examples import flask_shop, starlette_shop


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def flask_server(secret: str, database: str) -> Iterator[int]:
    shop = flask_shop.application(secret, database)
    with shop.extensions["webhooks"], wsgi_server(shop) as port:
        yield port


@contextmanager
def bare_wsgi_server(secret: str, database: str) -> Iterator[int]:
    endpoint = Endpoint(secret, store=database)

    @endpoint.on("payment_intent.succeeded")
    def ship(event: Any, orders: sqlite3.Connection) -> None:
        orders.execute("create table if not exists shipped (payment text, amount)")
        orders.execute("insert into shipped values (?, 500)", (event.data.object.id,))

    with endpoint, wsgi_server(endpoint.wsgi) as port:
        yield port


@contextmanager
def wsgi_server(application: Any) -> Iterator[int]:
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def starlette_server(secret: str, database: str) -> Iterator[int]:
    # It closes its endpoint itself, as the server tells it of its end.
    with asgi_server(starlette_shop.application(secret, database)) as port:
        yield port


@contextmanager
def bare_asgi_server(secret: str, database: str) -> Iterator[int]:
    endpoint = Endpoint(secret, store=database)

    @endpoint.on("payment_intent.succeeded")
    async def ship(event: Any, orders: sqlite3.Connection) -> None:
        orders.execute("create table if not exists shipped (payment text, amount)")
        orders.execute("insert into shipped values (?, 500)", (event.data.object.id,))

    with endpoint, asgi_server(endpoint) as port:
        yield port


@contextmanager
def asgi_server(application: Any) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application, log_config=None, lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        end = monotonic() + 10
        while not server.started and monotonic() < end:
            threading.Event().wait(0.01)
        try:
            assert server.started
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


SERVERS = [flask_server, bare_wsgi_server, starlette_server, bare_asgi_server]


@pytest.mark.parametrize("server", SERVERS, ids=lambda each: each.__name__)
def test_a_shop_ships_each_order_once(
    server: Any, hasty: Client, settle: Callable[[], None], tmp_path: Path
) -> None:
    database = tmp_path / "shop.db"
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        made = hasty.v1.webhook_endpoints.create(
            {
                "url": f"http://127.0.0.1:{reserved.getsockname()[1]}/webhook",
                "enabled_events": ["payment_intent.succeeded"],
            }
        )
    with server(str(made.secret), str(database)) as port:
        url = f"http://127.0.0.1:{port}/webhook"
        hasty.v1.webhook_endpoints.update(made.id, {"url": url})
        paid = hasty.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "payment_method": "pm_card_visa",
                "allowed_payment_method_types": ["card"],
                "confirm": True,
            }
        )
        settle()
        event = hasty.v1.events.list({"type": "payment_intent.succeeded"}).data[0]
        hasty.raw_request(
            "post", f"/v1/events/{event.id}/retry", webhook_endpoint=made.id
        )
        settle()
        assert refusal(url, b"{}") == 400
        assert refusal(url, None) == 405
    sandbox: Any = hasty.sandbox
    assert {each.status for each in sandbox.deliveries} == {200}
    with closing(sqlite3.connect(database)) as shop:
        assert shop.execute("select * from shipped").fetchall() == [(paid.id, 500)]


def refusal(url: str, body: bytes | None) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, body, timeout=10)
    caught.value.close()
    return caught.value.code
