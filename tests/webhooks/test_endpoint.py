"""What an endpoint does with a request: verify, handle once, answer."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_nb.errors import WebhookError
from stripe_nb.webhooks import Endpoint, EventStore, Received
from stripe_nb.webhooks.router import fits

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"


def test_a_handler_gets_the_sdk_s_event(endpoint: Endpoint, sign: Sign) -> None:
    got: list[stripe.Event] = []
    endpoint.on("invoice.paid")(got.append)
    assert endpoint.receive(*sign()) == ("Thank you.", 200)
    assert isinstance(got[0], stripe.Event)
    (received,) = endpoint.received
    assert (received.id, received.type) == ("evt_1", "invoice.paid")
    assert (received.outcome, received.attempts) == ("handled", 1)
    assert (received.is_verified, received.problem) == (True, None)
    assert (received.created, received.api_version) == (
        1_767_225_600,
        "2026-10-28.endive",
    )


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("invoice.paid", ["invoice.paid"]),
        ("invoice.*", ["invoice.paid", "invoice.payment_failed"]),
        ("*.paid", ["invoice.paid"]),
        ("*", ["invoice.paid", "invoice.payment_failed", "invoiceitem.created"]),
        ("invoice.p*d", ["invoice.paid", "invoice.payment_failed"]),
    ],
)
def test_a_pattern_means_whole_types(pattern: str, fitting: list[str]) -> None:
    types = ("invoice.paid", "invoice.payment_failed", "invoiceitem.created")
    assert [each for each in types if fits(pattern, each)] == fitting


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("invoice.payed", "did you mean invoice.paid"),
        ("paymentintent.*", "no event paymentintent"),
        ("v2.core.acount.updated", "did you mean v2.core.account.updated"),
        ("", "Say which events"),
        (None, "Say which events"),
        ("invoice.[ab]", "no event"),
    ],
)
def test_a_pattern_that_no_event_fits_is_refused(
    endpoint: Endpoint, pattern: Any, hint: str
) -> None:
    with pytest.raises(WebhookError, match=hint):
        endpoint.on(pattern)


def test_a_handler_has_to_take_the_event(endpoint: Endpoint) -> None:
    for wrong in (lambda: None, str.replace, "text"):
        with pytest.raises(WebhookError, match=r"handle|function"):
            endpoint.on("*")(wrong)  # type: ignore[type-var]


def test_who_is_refused_gets_400_and_the_reason(endpoint: Endpoint, sign: Sign) -> None:
    ran: list[object] = []
    endpoint.on("*")(ran.append)
    body, header = sign()
    answer = endpoint.receive(body + b" ", header)
    assert answer.status == 400
    assert "No signature fits" in answer.text
    (received,) = endpoint.received
    assert (received.outcome, received.is_verified) == ("refused", False)
    assert received.problem == answer.text
    assert not ran
    assert endpoint.store.body("evt_1") is None


def test_a_body_of_nonsense_is_refused_too(endpoint: Endpoint) -> None:
    for body in (b"", b"\xff", b"[1]", b"[" * 100_000):
        assert endpoint.receive(body, "t=1,v1=00").status == 400
    assert {each.type for each in endpoint.received} == {""}


def test_an_event_is_handled_once_however_often_it_comes(
    endpoint: Endpoint, sign: Sign
) -> None:
    ran: list[object] = []
    endpoint.on("invoice.*")(ran.append)
    answers = [endpoint.receive(*sign()).status for _ in range(3)]
    assert (answers, len(ran)) == ([200] * 3, 1)
    outcomes = [each.outcome for each in endpoint.received]
    assert outcomes == ["handled", "duplicate", "duplicate"]


def test_an_event_that_nobody_handles_is_taken_all_the_same(
    endpoint: Endpoint, sign: Sign
) -> None:
    assert endpoint.receive(*sign()).status == 200
    assert endpoint.received[0].outcome == "unhandled"


def test_a_failing_handler_makes_stripe_send_again(
    endpoint: Endpoint, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[str] = []

    @endpoint.on("invoice.paid")
    def fail_once(event: stripe.Event) -> None:
        tries.append(event.id)
        if len(tries) == 1:
            raise ValueError("no stock, sk_test_51Abcdefghijklmnopqrstuv1a2b")

    with caplog.at_level(logging.ERROR, "stripe_nb"):
        assert endpoint.receive(*sign()).status == 500
    assert "fail_once" in caplog.text
    assert "sk_test_51Abc" not in caplog.text
    (received,) = endpoint.received
    assert received.problem == "ValueError: no stock, sk_test_…1a2b"
    assert endpoint.receive(*sign()).status == 200
    (received,) = endpoint.received
    assert (received.outcome, received.attempts) == ("handled", 2)
    assert received.problem is None


def test_only_the_handlers_that_failed_run_again(
    endpoint: Endpoint, sign: Sign
) -> None:
    ran: list[str] = []

    @endpoint.on("invoice.paid")
    def fine(_: stripe.Event) -> None:
        ran.append("fine")

    @endpoint.on("*")
    def fails_once(_: stripe.Event) -> None:
        ran.append("fails once")
        if ran.count("fails once") == 1:
            raise ZeroDivisionError

    assert endpoint.receive(*sign()).status == 500
    assert endpoint.receive(*sign()).status == 200
    assert ran == ["fine", "fails once", "fails once"]


def test_what_a_handler_does_to_its_event_the_next_does_not_see(
    endpoint: Endpoint, sign: Sign
) -> None:
    seen = []

    @endpoint.on("invoice.paid")
    def careless(event: stripe.Event) -> None:
        event.data.object["id"] = "in_2"
        event["type"] = "invoice.voided"

    @endpoint.on("invoice.*")
    def careful(event: stripe.Event) -> None:
        seen.append((event.type, event.data.object["id"]))

    assert endpoint.receive(*sign()).status == 200
    assert seen == [("invoice.paid", "in_1")]
    assert endpoint.received[0].payload["data"]["object"]["id"] == "in_1"


def test_a_handler_that_came_later_gets_the_next_delivery(
    endpoint: Endpoint, sign: Sign
) -> None:
    first: list[object] = []
    second: list[object] = []
    endpoint.on("*")(first.append)
    endpoint.receive(*sign())
    endpoint.on("invoice.paid")(second.append)
    endpoint.receive(*sign())
    assert (len(first), len(second)) == (1, 1)


def test_an_asynchronous_handler_is_waited_for(endpoint: Endpoint, sign: Sign) -> None:
    ran: list[str] = []

    @endpoint.on("*")
    async def slow(event: stripe.Event) -> None:
        await asyncio.sleep(0.01)
        ran.append(event.id)

    @endpoint.on("*")
    async def failing(_: stripe.Event) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    assert endpoint.receive(*sign()).status == 500
    assert ran == ["evt_1"]


def test_an_effect_in_the_transaction_and_its_note_are_one(
    tmp_path: Path, sign: Sign
) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as shop:
        shop.execute("create table sales (event text)")
    shop.close()
    with Endpoint(SECRET, store=path) as endpoint:
        tries: list[int] = []

        @endpoint.on("invoice.paid")
        def sell(event: stripe.Event, shop: sqlite3.Connection) -> None:
            shop.execute("insert into sales values (?)", (event.id,))
            tries.append(1)
            if len(tries) == 1:
                raise ValueError("after the effect")

        assert [endpoint.receive(*sign()).status for _ in range(3)] == [500, 200, 200]
    with sqlite3.connect(path) as shop:
        assert shop.execute("select * from sales").fetchall() == [("evt_1",)]
    shop.close()


@pytest.mark.parametrize("way", ["commit", "with", "execute", "script", "savepoint"])
def test_a_handler_can_t_end_the_store_s_transaction(
    endpoint: Endpoint, sign: Sign, way: str
) -> None:
    @endpoint.on("*")
    def meddle(_: stripe.Event, shop: sqlite3.Connection) -> None:
        shop.execute("create table sales (event text)")
        if way == "with":
            with shop:
                shop.execute("insert into sales values ('x')")
        elif way == "script":
            shop.executescript("commit; begin")
        elif way == "execute":
            shop.execute("COMMIT")
        elif way == "savepoint":
            shop.execute("savepoint mine")
        else:
            shop.commit()

    assert endpoint.receive(*sign()).status == 500
    assert "the transaction is the store's" in str(endpoint.received[0].problem)
    assert endpoint.receive(*sign(event_id="evt_2")).status == 500


def test_the_note_of_what_is_done_outlives_the_process(
    tmp_path: Path, sign: Sign
) -> None:
    ran: list[object] = []

    def ship(event: stripe.Event) -> None:
        ran.append(event)

    for _ in range(2):
        with Endpoint(SECRET, store=tmp_path / "events.db") as endpoint:
            endpoint.on("*")(ship)
            endpoint.receive(*sign())
    assert len(ran) == 1
    assert endpoint.received[0].outcome == "duplicate"
    # Bodies are nobody else's business.
    assert (tmp_path / "events.db").stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["events.db"]


def test_while_an_event_is_being_handled_another_delivery_is_put_off(
    endpoint: Endpoint, sign: Sign
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @endpoint.on("*")
    def slow(_: stripe.Event) -> None:
        begun.set()
        assert go_on.wait(10)

    thread = threading.Thread(target=endpoint.receive, args=sign())
    thread.start()
    assert begun.wait(10)
    assert endpoint.receive(*sign()).status == 409
    with pytest.raises(WebhookError, match="just being handled"):
        endpoint.replay("evt_1")
    go_on.set()
    thread.join()
    assert endpoint.receive(*sign()).text == "This event was handled before."


def test_a_hundred_deliveries_at_once_have_one_effect(
    tmp_path: Path, sign: Sign
) -> None:
    with Endpoint(SECRET, store=tmp_path / "events.db") as endpoint:

        @endpoint.on("*")
        def count(event: stripe.Event, shop: sqlite3.Connection) -> None:
            shop.execute("create table if not exists sales (event text)")
            shop.execute("insert into sales values (?)", (event.id,))

        def deliver(number: int) -> None:
            endpoint.receive(*sign(event_id=f"evt_{number % 5}"))

        threads = [threading.Thread(target=deliver, args=(n,)) for n in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with sqlite3.connect(tmp_path / "events.db") as shop:
        sales = shop.execute("select event from sales order by event").fetchall()
    shop.close()
    assert sales == [(f"evt_{number}",) for number in range(5)]


def test_what_another_living_process_handles_is_left_to_it(
    tmp_path: Path, sign: Sign
) -> None:
    path = tmp_path / "events.db"
    other = EventStore(path)
    event = {"id": "evt_1", "type": "invoice.paid"}
    assert other.begin(event, b"{}", ["ship"], at=0.0).state == "mine"
    with Endpoint(SECRET, store=path) as endpoint:
        assert endpoint.receive(*sign()).status == 409
        other.close()
        assert endpoint.receive(*sign()).status == 200


def test_a_kept_body_is_handed_to_the_handlers_again(
    endpoint: Endpoint, sign: Sign
) -> None:
    ran: list[object] = []
    endpoint.on("*")(ran.append)
    endpoint.receive(*sign())
    again = endpoint.replay("evt_1")
    assert (len(ran), again.outcome, again.attempts) == (2, "handled", 2)
    assert len(endpoint.received) == 1


def test_observers_hear_of_everything_new_and_changed(
    endpoint: Endpoint, sign: Sign
) -> None:
    told: list[Received] = []
    leave = endpoint.observe(told.append)
    endpoint.receive(*sign())
    endpoint.receive(b"", None)
    leave()
    endpoint.receive(*sign(event_id="evt_2"))
    assert [each.outcome for each in told] == ["unhandled", "refused"]


def test_an_observer_that_fails_harms_nobody(
    endpoint: Endpoint, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Received) -> None:
        raise ZeroDivisionError

    endpoint.observe(fail)
    assert endpoint.receive(*sign()).status == 200
    assert "An observer of webhooks failed" in caplog.text


def test_waiting_gives_each_event_once_and_tells_what_came_instead(
    endpoint: Endpoint, sign: Sign
) -> None:
    endpoint.receive(*sign())
    endpoint.receive(*sign(event_id="evt_2"))
    assert endpoint.wait_for("invoice.paid").id == "evt_1"
    assert endpoint.wait_for("invoice.paid").id == "evt_2"
    assert endpoint.wait_for("invoice.*").id == "evt_1"
    with pytest.raises(WebhookError, match=r"within 0.01 seconds. What came: invoice"):
        endpoint.wait_for("charge.failed", timeout=0.01)


def test_a_store_that_can_t_be_opened_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(WebhookError, match="can't keep events"):
        EventStore(tmp_path)
    (tmp_path / "text").write_text("This is no database at all. " * 99)
    with pytest.raises(WebhookError, match="can't keep events"):
        EventStore(tmp_path / "text")


def test_nothing_that_is_shown_tells_a_secret(endpoint: Endpoint, sign: Sign) -> None:
    secret = "pi_1_secret_Wq1234567890xyz1"
    body = sign()[0].replace(b'"in_1"', f'"in_1", "client_secret": "{secret}"'.encode())
    endpoint.receive(*sign(body))
    (received,) = endpoint.received
    shown = repr(endpoint) + repr(received) + repr(received.payload)
    assert SECRET not in shown
    assert secret not in shown
    assert received.payload["data"]["object"]["client_secret"] == "pi_1_secret_…xyz1"
