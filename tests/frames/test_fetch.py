from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
import stripe

from stripe_nb.errors import FrameError
from stripe_nb.frames import frame, reader, to_frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect, current

START = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    """An account with 250 customers, one a second, and some products."""
    with (
        Sandbox(seed=7, clock=int(START.timestamp())) as sandbox,
        connect(sandbox=sandbox) as client,
    ):
        for number in range(250):
            client.v1.customers.create(
                {"email": f"c{number}@example.com", "metadata": {"n": str(number)}}
            )
        for number in range(3):
            client.v1.products.create({"name": f"Product {number}"})
        yield client


@pytest.fixture
def requests(shop: Client, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The parameters of each page that is asked for."""
    asked: list[dict[str, Any]] = []
    ask = shop.get_bytes

    def watched(path: str, params: Any, **options: Any) -> bytes:
        asked.append(dict(params))
        return ask(path, params, **options)

    monkeypatch.setattr(shop, "get_bytes", watched)
    return asked


def test_all_pages_arrive_once_and_newest_first(
    shop: Client, requests: list[dict[str, Any]]
) -> None:
    customers = frame("customers", client=shop)
    assert customers["metadata_n"].tolist() == [str(n) for n in reversed(range(250))]
    assert customers["id"].is_unique
    assert [page["limit"] for page in requests] == [100, 100, 100]
    assert requests[1]["starting_after"] == customers.loc[99, "id"]


def test_the_frame_is_that_of_the_sdks_objects(shop: Client) -> None:
    listed = shop.v1.customers.list({"limit": 100}).auto_paging_iter()
    by_sdk = to_frame(listed)
    pulled = frame("customers", client=shop)
    pd.testing.assert_frame_equal(pulled, by_sdk, check_like=False)


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])],
)
def test_limit_asks_for_no_more_than_it_needs(
    shop: Client, requests: list[dict[str, Any]], limit: int, sizes: list[int]
) -> None:
    assert len(frame("customers", limit=limit, client=shop)) == limit
    assert [page["limit"] for page in requests] == sizes


@pytest.mark.parametrize(
    ("limit", "complete"), [(None, True), (249, False), (250, True), (1000, True)]
)
def test_attrs_tell_whether_rows_were_left_out(
    shop: Client, limit: int | None, complete: bool
) -> None:
    assert frame("customers", limit=limit, client=shop).attrs["complete"] is complete


def test_a_window_is_half_open(shop: Client) -> None:
    every = frame("customers", client=shop)
    first, last = every["created"].iloc[200], every["created"].iloc[50]
    window = (first.to_pydatetime(), last.to_pydatetime())
    some = frame("customers", created=window, client=shop)
    expected = every[(every["created"] >= first) & (every["created"] < last)]
    assert some["id"].tolist() == expected["id"].tolist()
    assert len(some) == 150


def test_filters_are_stripes(shop: Client) -> None:
    found = frame("customers", email="c7@example.com", client=shop)
    assert found["metadata_n"].tolist() == ["7"]
    assert found.attrs["filters"] == {"email": "c7@example.com"}


def test_no_rows_have_the_columns_of_many(shop: Client) -> None:
    none = frame("customers", email="nobody@example.com", client=shop)
    many = frame("customers", client=shop)
    assert len(none) == 0
    assert none.dtypes.equals(many.drop(columns="metadata_n").dtypes)


def test_rows_of_several_batches_are_those_of_one(
    shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = frame("customers", client=shop)
    monkeypatch.setattr(reader, "CACHED", 100)
    pd.testing.assert_frame_equal(frame("customers", client=shop), whole)


def test_attrs_tell_how_the_rows_came_about(shop: Client) -> None:
    attrs = frame("customers", created=("2026-01-15", None), client=shop).attrs
    assert json.loads(json.dumps(attrs)) == attrs
    assert attrs["resource"] == "customer"
    assert attrs["livemode"] is False
    assert attrs["window"] == ["2026-01-15T00:00:00Z", None]
    assert attrs["amounts"] == {"balance": "currency"}
    assert set(attrs["hidden_filters"]) == {"test_clock"}


def test_expand_and_fields_expand_what_they_need(shop: Client) -> None:
    product = shop.v1.products.list().data[0]
    shop.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 1234}
    )
    expanded = frame("prices", expand=["product"], client=shop)
    assert expanded.loc[0, "product"] == product.id
    assert expanded.loc[0, "product_name"] == product.name
    chosen = frame("prices", fields=["unit_amount", "product.name"], client=shop)
    assert chosen.columns.tolist() == ["unit_amount", "product_name"]
    assert chosen.loc[0, "product_name"] == product.name


def test_errors_of_stripe_are_the_sdks(shop: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        frame("line_item", invoice="in_missing", client=shop)
    assert caught.value.http_status == 404


def test_checks_come_before_the_first_request(
    shop: Client, requests: list[dict[str, Any]]
) -> None:
    for wrong in ({"emial": "x"}, {"limit": -1}, {"fields": ["emial"]}):
        with pytest.raises(FrameError):
            frame("customers", client=shop, **wrong)
    assert requests == []


def test_the_last_connected_client_is_taken(shop: Client) -> None:
    assert shop is current()
    assert len(frame("products")) == 3


def test_quick_pulls_print_nothing(
    shop: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    frame("products", client=shop)
    frame("products", client=shop, progress=False)
    assert capfd.readouterr() == ("", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame("products", client=shop, progress=True)
    assert "product" in capfd.readouterr().err


class Pages:
    """A server of prepared pages, for answers that no sandbox gives."""

    key = "sk_test_0123456789abcdef"

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                page = outer.pages.pop(0) if len(outer.pages) > 1 else outer.pages[0]
                body = json.dumps(page).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Pages]:
    pages = Pages()
    with connect(sandbox=pages):
        yield pages
    pages.stop()


def _row(name: str) -> dict[str, Any]:
    return {"id": name, "object": "customer"}


def test_a_cursor_that_stands_still_is_an_error_and_not_an_endless_loop(
    server: Pages,
) -> None:
    server.pages = [{"data": [_row("cus_1")], "has_more": True}]
    with pytest.raises(FrameError, match="doesn't move on from cus_1"):
        frame("customers")


def test_an_empty_page_ends_the_list(server: Pages) -> None:
    server.pages = [
        {"data": [_row("cus_1")], "has_more": True},
        {"data": [], "has_more": True},
    ]
    assert len(frame("customers")) == 1


def test_rows_without_ids_that_go_on_are_an_error(server: Pages) -> None:
    server.pages = [{"data": [{"object": "customer"}], "has_more": True}]
    with pytest.raises(FrameError, match="no id to go on from"):
        frame("customers")


def test_rows_of_another_kind_are_an_error(server: Pages) -> None:
    server.pages = [{"data": [_row("cus_1"), {"object": "charge"}], "has_more": False}]
    with pytest.raises(FrameError, match="can't hold charge"):
        frame("customers")


def test_v2_goes_on_where_the_answer_says(server: Pages) -> None:
    row = {"object": "v2.core.event", "created": "2026-01-15T00:00:00.000Z"}
    server.pages = [
        {
            "data": [row | {"id": "evt_1"}],
            "next_page_url": "/v2/core/events?page=2&x=1",
        },
        {"data": [row | {"id": "evt_2"}], "next_page_url": None},
    ]
    events = frame("v2.core.events", created=("2026-01-01", None))
    assert events["id"].tolist() == ["evt_1", "evt_2"]
    assert [unquote(path) for path in server.paths] == [
        "/v2/core/events?created[gte]=2026-01-01T00:00:00Z&limit=100",
        "/v2/core/events?page=2&x=1",
    ]


def test_a_class_of_the_sdks_names_its_list(shop: Client) -> None:
    by_class = frame(stripe.Customer, limit=2, client=shop)
    pd.testing.assert_frame_equal(by_class, frame("customers", limit=2, client=shop))


@pytest.mark.parametrize(
    ("resource", "options", "says"),
    [
        (None, {}, "frame takes the name of a resource, such as .* not None"),
        (int, {}, "not a type"),
        ([{"object": "customer"}], {}, "become a frame with to_frame"),
        ("", {}, "the resource needs a name"),
        ("customers", {"limit": "5"}, "limit must be a whole number, .* not '5'"),
        ("customers", {"limit": 5.0}, "limit must be a whole number"),
        ("customers", {"limit": True}, "limit must be a whole number"),
        ("customers", {"limit": -1}, "limit=-1 is negative"),
        ("customers", {"expand": 5}, "expand must be names"),
        ("customers", {"fields": [1]}, "fields must be names"),
        ("customers", {"client": "sk"}, r"client must be what connect\(\) returns"),
        ("customers", {"created": "2026-01-01"}, "is no span of time"),
    ],
)
def test_slips_are_told_in_a_sentence(
    resource: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(FrameError, match=says):
        frame(resource, **options)
