"""Handlers of every make: what each does to the event, and to the others."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from stripe_nb.errors import WebhookError
from stripe_nb.webhooks import Endpoint

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

AT_ONCE = 60


def test_a_handler_of_two_patterns_runs_once_for_an_event(
    endpoint: Endpoint, sign: Sign
) -> None:
    ran: list[str] = []

    @endpoint.on("invoice.paid")
    @endpoint.on("invoice.*")
    def both(event: Any) -> None:
        ran.append(event.id)

    endpoint.on("*")(lambda event: ran.append(f"other {event.id}"))
    for _ in range(2):
        assert endpoint.receive(*sign()).status == 200
    assert sorted(ran) == ["evt_1", "other evt_1"]
    endpoint.receive(*sign(event_id="evt_2", event_type="invoice.voided"))
    assert "evt_2" in ran


def test_a_wrapper_of_any_arguments_takes_the_event(
    endpoint: Endpoint, sign: Sign
) -> None:
    ran: list[Any] = []

    def any_number(*events: Any, **_: Any) -> None:
        ran.extend(events)

    def by_default(event: Any = None) -> None:
        ran.append(event)

    def before(prefix: str, event: Any) -> None:
        ran.append(prefix + event.id)

    for handler in (any_number, by_default, functools.partial(before, "order ")):
        endpoint.on("*")(handler)
    assert endpoint.receive(*sign()).status == 200
    assert [getattr(each, "id", each) for each in ran] == [
        "evt_1",
        "evt_1",
        "order evt_1",
    ]


def test_what_would_not_run_is_refused(endpoint: Endpoint) -> None:
    def with_a_yield(event: Any) -> Iterator[Any]:
        yield event

    async def with_a_yield_later(event: Any) -> AsyncIterator[Any]:
        yield event

    def with_more(event: Any, *, database: Any) -> None: ...

    for wrong in (with_a_yield, with_a_yield_later, with_more):
        with pytest.raises(WebhookError, match="a handler"):
            endpoint.on("*")(wrong)


def test_whatever_can_be_awaited_is(endpoint: Endpoint, sign: Sign) -> None:
    ran: list[str] = []

    class Later:
        def __await__(self) -> Iterator[Any]:
            yield from asyncio.sleep(0).__await__()
            ran.append("awaited")

    endpoint.on("*")(lambda _: Later())
    assert endpoint.receive(*sign()).status == 200
    assert ran == ["awaited"]


async def cancel_itself(_: Any) -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr]
    await asyncio.sleep(0)


def raise_several(_: Any) -> None:
    raise ExceptionGroup("two", [ValueError("a"), KeyError("b")])


@pytest.mark.parametrize("handler", [cancel_itself, raise_several])
def test_every_way_to_fail_makes_stripe_send_again(
    endpoint: Endpoint, sign: Sign, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    endpoint.on("*")(handler)
    endpoint.on("*")(lambda event: ran.append(event.id))
    for attempts in (1, 2):
        assert endpoint.receive(*sign()).status == 500
        assert endpoint.received[0].outcome == "failed"
        assert endpoint.received[0].attempts == attempts
    assert ran == ["evt_1"]
    assert caplog.records


def test_handlers_that_await_threads_do_not_wait_for_each_other(
    endpoint: Endpoint, sign: Sign
) -> None:
    """More at once than the event loop has threads, each wanting one more."""
    done: list[str] = []
    server = ContextVar("server", default="none")

    @endpoint.on("*")
    async def look_up(event: Any) -> None:
        # As every asynchronous HTTP client does to find a host.
        await asyncio.to_thread(threading.Event().wait, 0.001)
        done.append(f"{server.get()} {event.id}")

    @endpoint.on("*")
    def look(event: Any) -> None:
        done.append(f"{server.get()} {event.id}")

    async def deliver(number: int) -> int:
        body, header = sign(event_id=f"evt_{number}")
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"stripe-signature", header.encode())]
        scope = {"type": "http", "method": "POST", "headers": headers}
        await endpoint(scope, receive, send)
        return int(sent[0]["status"])

    async def all_of_them() -> list[int]:
        server.set("here")
        work = (deliver(number) for number in range(AT_ONCE))
        return await asyncio.wait_for(asyncio.gather(*work), 60)

    assert asyncio.run(all_of_them()) == [200] * AT_ONCE
    # What the server keeps for a request is there in its handlers, of either kind.
    assert sorted(done) == sorted([f"here evt_{n}" for n in range(AT_ONCE)] * 2)


@pytest.mark.parametrize("way", ["receive", "receive with its loop", "receive_async"])
def test_a_view_that_is_asynchronous_itself_may_hand_a_request_over(
    endpoint: Endpoint, sign: Sign, way: str
) -> None:
    loops: list[bool] = []

    async def view() -> int:
        here = asyncio.get_running_loop()

        @endpoint.on("*")
        async def handle(_: Any) -> None:
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop() is here)

        if way == "receive_async":
            return (await endpoint.receive_async(*sign())).status
        loop = here if way == "receive with its loop" else None
        return endpoint.receive(*sign(), loop=loop).status

    assert asyncio.run(asyncio.wait_for(view(), 60)) == 200
    assert loops == [way == "receive_async"]
