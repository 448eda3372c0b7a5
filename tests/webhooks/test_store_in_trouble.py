"""A store whose file is locked, full or broken: nothing is lost, Stripe sends again."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stripe_nb.errors import WebhookError
from stripe_nb.webhooks import Endpoint, EventStore, store

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SECONDS_TO_WAIT", 0.05)


def test_a_file_that_another_program_holds_makes_stripe_send_again(
    tmp_path: Path, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    with Endpoint(SECRET, store=tmp_path / "events.db") as endpoint:
        endpoint.on("*")(lambda event: ran.append(event.id))
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute("begin immediate")
        answer = endpoint.receive(*sign())
        assert (answer.status, "send this event again" in answer.text) == (500, True)
        assert not ran
        other.execute("rollback")
        other.close()
        assert endpoint.receive(*sign()).status == 200
    assert ran == ["evt_1"]
    assert "The store of events failed" in caplog.text


def test_a_file_that_is_held_for_long_is_refused_in_words(tmp_path: Path) -> None:
    EventStore(tmp_path / "events.db").close()
    other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(WebhookError, match="can't keep events: database is locked"):
        EventStore(tmp_path / "events.db")
    other.close()


def test_a_full_disk_makes_stripe_send_again_and_is_got_over(
    tmp_path: Path, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    with Endpoint(SECRET, store=tmp_path / "events.db") as endpoint:

        @endpoint.on("*")
        def ship(event: Any, shop: sqlite3.Connection) -> None:
            shop.execute("create table if not exists shipped (event, parcel)")
            shop.execute("insert into shipped values (?, ?)", (event.id, "x" * 20_000))

        assert endpoint.receive(*sign()).status == 200
        database = endpoint.store._db
        (pages,) = database.execute("pragma page_count").fetchone()
        database.execute(f"pragma max_page_count = {pages}")
        large = sign(sign(event_id="evt_2")[0] + b" " * 50_000)
        for _ in range(3):
            assert endpoint.receive(*large).status == 500
        database.execute(f"pragma max_page_count = {pages + 1000}")
        assert endpoint.receive(*large).status == 200
        shipped = database.execute("select event from shipped").fetchall()
    assert shipped == [("evt_1",), ("evt_2",)]
    assert "full" in caplog.text


def test_a_commit_that_fails_leaves_no_transaction_open(
    tmp_path: Path, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    """A constraint that is checked in the end fails the commit alone."""
    with Endpoint(SECRET, store=tmp_path / "events.db") as endpoint:
        database = endpoint.store._db
        database.execute("pragma foreign_keys = on")
        database.execute("create table orders (id primary key)")
        database.execute(
            "create table paid (id references orders deferrable initially deferred)"
        )

        @endpoint.on("*")
        def pay(event: Any, shop: sqlite3.Connection) -> None:
            shop.execute("insert into paid values (?)", (event.id,))

        assert endpoint.receive(*sign()).status == 500
        assert not database.in_transaction
        database.execute("insert into orders values ('evt_1')")
        assert endpoint.receive(*sign()).status == 200
    assert "FOREIGN KEY" in caplog.text


def test_a_broken_file_makes_stripe_send_again(
    tmp_path: Path, sign: Sign, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events.db"
    with Endpoint(SECRET, store=path) as endpoint:
        assert endpoint.receive(*sign()).status == 200
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with Endpoint(SECRET, store=path) as endpoint:
        assert endpoint.receive(*sign()).status == 500
    assert "malformed" in caplog.text
