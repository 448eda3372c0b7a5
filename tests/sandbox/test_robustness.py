"""Whatever comes in, the sandbox answers it properly and goes on."""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_nb.clock import monotonic
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15") as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def no_failure_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    bad = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert bad == []


def ask(
    sandbox: Sandbox,
    method: str,
    path: str,
    body: bytes = b"",
    **headers: str,
) -> tuple[int, bytes, dict[str, str]]:
    port = int(sandbox.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(
        method,
        path,
        body,
        {"Authorization": f"Bearer {sandbox.key}", "Content-Type": FORM, **given},
    )
    answer = connection.getresponse()
    content = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, content, found


def alive(sandbox: Sandbox) -> bool:
    client = stripe.StripeClient(sandbox.key, base_addresses={"api": sandbox.url})
    return client.v1.balance.retrieve().object == "balance"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/v1/customers", "/v1/customers/cus_1", "//x"])
def test_methods_that_stripe_lacks_are_refused(
    running: Sandbox, method: str, path: str
) -> None:
    status, _, _ = ask(running, method, path)
    assert 400 <= status < 500


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", FORM),
        (b"name=%ff%fe", FORM),
        (b"a" * 100_000, FORM),
        (b"&" * 100_000, FORM),
        (b"a[" * 5_000 + b"]", FORM),
        (b"a" + b"[b]" * 5_000 + b"=1", FORM),
        (b"metadata" + b"[]" * 500 + b"=1", FORM),
        (b"name[]=1&name[a]=2&name=3", FORM),
        (b"metadata[" + b"k" * 50_000 + b"]=v", FORM),
        (b"{" * 100_000, "application/json"),
        (b'{"name": 1}', "application/json"),
        (b"\x00\x01", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data"),
        (b"<xml/>", "text/xml"),
        (b"name=\x00", FORM),
        (b"balance=" + b"9" * 5_000, FORM),
        (b"balance=1e400", FORM),
        (b"name=%ed%a0%80", FORM),
    ],
)
def test_bodies_that_make_no_sense_are_answered(
    running: Sandbox, body: bytes, kind: str
) -> None:
    for path in ("/v1/customers", "/v2/core/event_destinations", "/v1/files"):
        status, content, _ = ask(running, "POST", path, body, Content_Type=kind)
        assert status != 500
        assert content.startswith(b"{")
    assert alive(running)


def test_a_deep_json_body_is_refused(running: Sandbox) -> None:
    for deep in (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b"[" * 50_000):
        status, _, _ = ask(running, "POST", "/v2/core/event_destinations", deep)
        assert status == 400


def test_a_body_that_is_too_large_is_refused(running: Sandbox) -> None:
    status, content, _ = ask(
        running, "POST", "/v1/customers", b"name=" + b"a" * (17 * 1024 * 1024)
    )
    assert (status, b"too large" in content) == (413, True)
    assert alive(running)


def test_a_request_keeps_its_secrets_to_itself() -> None:
    request = Request(
        "POST", "/v1/tokens", headers={"authorization": "Bearer k3y"}, body=b"4242"
    )
    assert "k3y" not in repr(request)
    assert "4242" not in repr(request)


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/customers?\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_raw_bytes_do_no_harm(running: Sandbox, sent: bytes) -> None:
    port = int(running.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        # It may answer and close before all was sent.
        with contextlib.suppress(OSError):
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            assert b" 500 " not in raw.recv(65_536).split(b"\r\n")[0]
    assert alive(running)


def test_slow_clients_hold_up_nobody(running: Sandbox) -> None:
    port = int(running.url.rpartition(":")[2])
    head = b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    for number, each in enumerate(slow):
        each.sendall(head[: number + 10] if number % 2 else head + b"\r\nna")
    began = monotonic()
    for _ in range(10):
        assert alive(running)
    assert monotonic() - began < 5
    for each in slow:
        each.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "169.254.169.254", "localhost.evil.example", ""]
)
def test_other_hosts_names_are_refused(running: Sandbox, host: str) -> None:
    status, _, _ = ask(running, "GET", "/v1/customers", Host=host)
    assert status == 400


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "http://[", "x"],
)
def test_pages_from_elsewhere_are_refused(running: Sandbox, origin: str) -> None:
    status, _, headers = ask(running, "GET", "/v1/customers", Origin=origin)
    assert status == 403
    assert "access-control-allow-origin" not in headers
    preflight, _, _ = ask(
        running,
        "OPTIONS",
        "/v1/customers",
        Origin=origin,
        Access_Control_Request_Method="POST",
    )
    assert preflight == 403


def test_the_sandbox_s_own_forms_may_ask(running: Sandbox) -> None:
    # A browser tells no origin for the form of a page without referrers.
    for site, expected in (("same-origin", 200), ("cross-site", 403)):
        status, _, headers = ask(
            running, "GET", "/v1/balance", Origin="null", Sec_Fetch_Site=site
        )
        assert status == expected
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8888"])
def test_pages_of_this_machine_may_ask(running: Sandbox, origin: str) -> None:
    status, _, headers = ask(running, "GET", "/v1/balance", Origin=origin)
    assert (status, headers["access-control-allow-origin"]) == (200, origin)
    status, _, headers = ask(
        running,
        "OPTIONS",
        "/v1/customers",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization",
    )
    assert status == 204
    assert headers["access-control-allow-headers"] == "authorization"


def test_the_id_of_a_deleted_object_can_be_given_again(running: Sandbox) -> None:
    client = stripe.StripeClient(running.key, base_addresses={"api": running.url})
    coupon: stripe.params.CouponCreateParams = {"id": "TEA", "percent_off": 10}
    client.v1.coupons.create({**coupon, "duration": "once"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create({**coupon, "duration": "once"})
    assert caught.value.code == "resource_already_exists"
    client.v1.coupons.delete("TEA")
    again = client.v1.coupons.create({**coupon, "duration": "forever"})
    assert client.v1.coupons.retrieve("TEA").duration == again.duration == "forever"


def test_objects_of_several_kinds_can_be_called_alike(running: Sandbox) -> None:
    client = stripe.StripeClient(running.key, base_addresses={"api": running.url})
    gold: stripe.params.CouponCreateParams = {
        "id": "GOLD",
        "amount_off": 100,
        "currency": "usd",
        "currency_options": {"eur": {"amount_off": 90}},
    }
    client.v1.coupons.create(gold)
    client.v1.products.create({"id": "GOLD", "name": "Gold"})
    client.v1.plans.create(
        {
            "id": "GOLD",
            "product": "GOLD",
            "interval": "month",
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": [{"up_to": "inf", "unit_amount": 500}],
        }
    )
    client.v1.coupons.update("GOLD", {"name": "Less"})
    client.v1.products.update("GOLD", {"name": "More"})
    price = client.v1.prices.retrieve("GOLD", {"expand": ["product", "tiers"]})
    assert isinstance(price.product, stripe.Product)
    assert price.product.name == "More"
    assert price.tiers is not None
    assert price.tiers[0].unit_amount == 500
    coupon = client.v1.coupons.retrieve("GOLD", {"expand": ["currency_options"]})
    assert coupon.name == "Less"
    assert coupon.currency_options is not None
    assert coupon.currency_options["eur"].amount_off == 90
    client.v1.coupons.delete("GOLD")
    assert client.v1.products.retrieve("GOLD").name == "More"
    assert [each.id for each in client.v1.coupons.list().data] != ["GOLD"]


def test_many_clients_at_once_are_all_answered(running: Sandbox) -> None:
    statuses: list[int] = []

    def work() -> None:
        for _ in range(10):
            status, _, _ = ask(running, "POST", "/v1/customers", b"name=A")
            statuses.append(status)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80


paths = st.sampled_from(
    [
        "/v1/customers",
        "/v1/customers/cus_1",
        "/v1/customers/search",
        "/v1/events",
        "/v1/events/evt_1/retry",
        "/v1/payment_intents",
        "/v1/stripecli/sessions",
        "/v1/webhook_endpoints",
        "/v2/core/event_destinations",
        "/v2/core/events",
    ]
) | st.text(max_size=30).map("/v1/".__add__)
names = st.sampled_from(
    [
        "limit",
        "query",
        "page",
        "expand[]",
        "created[gte]",
        "metadata[a]",
        "amount",
        "currency",
        "url",
        "enabled_events[]",
        "starting_after",
        "types[]",
        "filters",
        "websocket_features[]",
    ]
) | st.text(max_size=10)
values = (
    st.text(max_size=20)
    | st.integers().map(str)
    | st.sampled_from(["", "9" * 18, "9223372036854775808", "9" * 40, "1e400", "-1"])
    | st.sampled_from(["created>" + "9" * 30, "created>1e999999", "-created:null"])
)


@settings(max_examples=500, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=paths,
    pairs=st.lists(st.tuples(names, values), max_size=6),
    raw=st.binary(max_size=40),
)
def test_no_request_fails_the_sandbox(
    running: Sandbox, method: str, path: str, pairs: list[tuple[str, str]], raw: bytes
) -> None:
    form = urlencode(pairs, errors="surrogatepass")
    headers = {"authorization": f"Bearer {running.key}"}
    for query, body in ((form, b""), ("", form.encode()), ("", raw)):
        answer = running.handle(Request(method, path, query, headers, body))
        assert answer.status != 500, answer.body
