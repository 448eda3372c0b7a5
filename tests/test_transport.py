"""What leaves the machine, seen by a server that writes down what arrives."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from stripe_nb import transport
from stripe_nb.errors import (
    LiveKeyError,
    LiveWriteError,
    SandboxError,
    SettingsError,
    StripeNbError,
)
from stripe_nb.transport import BodyReader, GuardedHTTPClient, Policy
from stripe_nb.transport.defaults import Defaults

BODY = "51Abcdefghijklmnopqrstuv1a2b"
TEST = f"sk_test_{BODY}"
LIVE = f"sk_live_{BODY}"
RESTRICTED_LIVE = f"rk_live_{BODY}"

# The SDK hands httpx a body in a way that httpx has come to warn of.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """A server that writes down requests and answers as Stripe would."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    failures: int = 0

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.seen]

    def answer(self, seen: Seen) -> tuple[int, bytes]:
        self.seen.append(seen)
        parts = urlsplit(seen.path)
        if seen.method == "CONNECT":
            return 502, b""
        if self.failures:
            self.failures -= 1
            return 500, b'{"error": {"type": "api_error", "message": "again"}}'
        if parts.path == "/v1/balance":
            return 401, b'{"error": {"type": "invalid_request_error"}}'
        if parts.path == "/v1/moved":
            return 302, b'{"error": {"message": "moved"}}'
        if parts.path.endswith("/pdf"):
            return 200, b"%PDF-1.7" * 20_000
        if parts.path == "/v1/customers" and seen.method == "GET":
            return 200, _page(parse_qs(parts.query))
        return 200, b'{"id": "x_1", "object": "thing"}'


def _page(query: dict[str, list[str]]) -> bytes:
    name = "cus_2" if "starting_after" in query else "cus_1"
    page = {
        "object": "list",
        "url": "/v1/customers",
        "has_more": name == "cus_1",
        "data": [{"id": name, "object": "customer"}],
    }
    return json.dumps(page).encode()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    record = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body)
            status, answer = record.answer(seen)
            self.send_response(status)
            self.send_header("Request-Id", "req_1")
            self.send_header("Location", f"{record.url}/v1/customers")
            self.send_header("Content-Length", str(len(answer)))
            if status >= 400:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = do_CONNECT = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    record.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield record
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Session:
    """A guarded client, with the ``stripe`` module behind the same guard."""

    client: stripe.StripeClient
    guard: GuardedHTTPClient


Opener = Callable[..., Session]


@pytest.fixture
def open_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    opened: list[Session] = []

    def opener(policy: Policy, *, base: str | None = None, key: str = TEST) -> Session:
        guard = GuardedHTTPClient(policy)
        where: Any = policy.sandbox_url if base is None else base
        names = ("api", "connect", "files", "meter_events")
        addresses: Any = dict.fromkeys(names, where) if where else {}
        client = stripe.StripeClient(
            key, http_client=guard, base_addresses=addresses, max_network_retries=0
        )
        monkeypatch.setattr(stripe, "default_http_client", guard)
        monkeypatch.setattr(stripe, "api_key", key)
        monkeypatch.setattr(stripe, "max_network_retries", 0)
        monkeypatch.setattr(stripe, "api_base", where or stripe.DEFAULT_API_BASE)
        files = where or stripe.DEFAULT_UPLOAD_API_BASE
        monkeypatch.setattr(stripe, "upload_api_base", files)
        opened.append(Session(client, guard))
        return opened[-1]

    yield opener
    for each in opened:
        each.guard.close()


@pytest.fixture
def sandboxed(recorder: Recorder, open_session: Opener) -> Session:
    return open_session(Policy(recorder.url))


@pytest.fixture
def proxy(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Stand between us and Stripe: what passes the guard arrives as CONNECT."""
    for name in ("http_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", recorder.url)
    monkeypatch.setenv("https_proxy", recorder.url)
    return recorder


Way = Callable[[Session, str], object]


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def _run(session: Session, call: Callable[[], Any]) -> object:
    async def run() -> object:
        try:
            return await call()
        finally:
            asynchronous = session.guard._async
            if asynchronous is not None:
                await asynchronous.close_async()  # type: ignore[no-untyped-call]
                session.guard._async = None

    return asyncio.run(run())


def _with_module_key(key: str, call: Callable[[], object]) -> object:
    before, stripe.api_key = stripe.api_key, key
    try:
        return call()
    finally:
        stripe.api_key = before


def _upload() -> Any:
    return {"purpose": "dispute_evidence", "file": io.BytesIO(b"scan")}


def _code(key: str) -> Any:
    return {"grant_type": "authorization_code", "code": "ac_1", "client_secret": key}


def _derived(session: Session, key: str) -> object:
    by_hand = stripe.StripeClient(
        key,
        http_client=stripe.default_http_client,
        base_addresses=session.client._requestor.base_addresses,
    )
    return by_hand.with_stripe_context("acct_1").v1.customers.list()


READS: dict[str, Way] = {
    "service": lambda s, k: s.client.v1.customers.list(options={"api_key": k}),
    "search": lambda s, k: s.client.v1.customers.search(
        {"query": "email:'a'"}, {"api_key": k}
    ),
    "v2": lambda s, k: s.client.v2.core.events.list(options={"api_key": k}),
    "raw request": lambda s, k: s.client.raw_request("get", "/v1/customers", api_key=k),
    "stream": lambda s, k: s.client.v1.quotes.pdf("qt_1", options={"api_key": k}),
    "module": lambda _, k: stripe.Customer.list(api_key=k),
    "module's key": lambda _, k: _with_module_key(k, stripe.Customer.list),
    "built by hand": _derived,
    "bearer header": lambda s, k: s.client.v1.customers.list(
        options={"headers": {"Authorization": f"Bearer {k}"}}
    ),
    "second header": lambda s, k: s.client.v1.customers.list(
        options={"headers": {"authorization": f"bearer   {k}"}}
    ),
    "bare header": lambda s, k: s.client.v1.customers.list(
        options={"headers": {"Authorization": k}}
    ),
    "basic header": lambda s, k: s.client.v1.customers.list(
        options={"headers": {"Authorization": _basic(k)}}
    ),
    "bulk": lambda s, k: stripe.StripeClient(
        k,
        http_client=BodyReader(s.guard),
        base_addresses=s.client._requestor.base_addresses,
    ).raw_request("get", "/v1/customers"),
    "asynchronous": lambda s, k: _run(
        s, lambda: s.client.v1.customers.list_async(options={"api_key": k})
    ),
    "asynchronous stream": lambda s, k: _run(
        s, lambda: s.client.v1.quotes.pdf_async("qt_1", options={"api_key": k})
    ),
    "asynchronous raw request": lambda s, k: _run(
        s, lambda: s.client.raw_request_async("get", "/v1/customers", api_key=k)
    ),
}
WRITES: dict[str, Way] = {
    "create": lambda s, k: s.client.v1.customers.create(options={"api_key": k}),
    "delete": lambda s, k: s.client.v1.customers.delete(
        "cus_1", options={"api_key": k}
    ),
    "v2 create": lambda s, k: s.client.v2.core.accounts.create(options={"api_key": k}),
    "raw post": lambda s, k: s.client.raw_request("post", "/v1/payouts", api_key=k),
    "upload": lambda s, k: s.client.v1.files.create(_upload(), {"api_key": k}),
    "meter event": lambda s, k: s.client.v2.billing.meter_event_stream.create(
        {"events": []}, {"api_key": k}
    ),
    "module create": lambda _, k: stripe.Customer.create(api_key=k),
    "module upload": lambda _, k: stripe.File.create(
        purpose="dispute_evidence", file=io.BytesIO(b"scan"), api_key=k
    ),
    "key in the body": lambda s, k: s.client.oauth.token(_code(k)),
    "asynchronous create": lambda s, k: _run(
        s, lambda: s.client.v1.customers.create_async(options={"api_key": k})
    ),
    "asynchronous upload": lambda s, k: _run(
        s, lambda: s.client.v1.files.create_async(_upload(), {"api_key": k})
    ),
}
WAYS = READS | WRITES


def ways(of: dict[str, Way]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", of.values(), ids=of.keys())


def send(way: Way, session: Session, key: str) -> None:
    """Send a request that a proxy answers with an error."""
    with pytest.raises(stripe.APIConnectionError) as caught:
        way(session, key)
    assert BODY not in str(caught.value)


@ways(WAYS)
def test_a_test_key_reaches_the_sandbox(
    way: Way, sandboxed: Session, recorder: Recorder
) -> None:
    way(sandboxed, TEST)
    assert len(recorder.seen) == 1


@ways(WAYS)
@pytest.mark.parametrize("key", [LIVE, RESTRICTED_LIVE], ids=["sk", "rk"])
def test_a_live_key_never_reaches_the_sandbox(
    way: Way, key: str, recorder: Recorder, open_session: Opener
) -> None:
    policy = Policy(recorder.url, allow_live=True, allow_live_writes=True)
    session = open_session(policy)
    with pytest.raises(LiveKeyError, match="to the sandbox") as caught:
        way(session, key)
    assert recorder.seen == []
    assert BODY not in str(caught.value)


def test_an_organizations_key_never_reaches_the_sandbox(
    sandboxed: Session, recorder: Recorder
) -> None:
    with pytest.raises(LiveKeyError):
        READS["service"](sandboxed, f"sk_org_{BODY}")
    assert recorder.seen == []


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize(
    "copied",
    [
        " {}",
        "\t{}",
        "{}\n",
        "{} ",
        "\u200b{}",
        "\ufeff{}",
        "'{}'",
        "Bearer {}",
        "\x00{}",
        f"{TEST} {{}}",
        f"{TEST},{{}}",
    ],
)
@pytest.mark.parametrize("policy", [Policy("http://127.0.0.1:1"), Policy()], ids=str)
def test_what_was_copied_with_a_live_key_does_not_hide_it(
    policy: Policy, copied: str, basic: bool
) -> None:
    url = f"{policy.sandbox_url or 'https://api.stripe.com'}/v1/balance"
    for key in (LIVE, RESTRICTED_LIVE):
        given = copied.format(key)
        header = _basic(given) if basic else f"Bearer {given}"
        with pytest.raises(LiveKeyError):
            policy.check("get", url, {"Authorization": header})


@pytest.mark.parametrize("body", [LIVE, LIVE.encode(), bytearray(LIVE.encode())])
def test_a_live_key_in_any_body_is_seen(body: object) -> None:
    with pytest.raises(LiveKeyError):
        Policy().check("get", "https://api.stripe.com/v1/x", {}, body)


def test_a_live_key_in_a_url_never_reaches_the_sandbox(
    sandboxed: Session, recorder: Recorder
) -> None:
    with pytest.raises(LiveKeyError):
        sandboxed.client.raw_request("get", "/v1/customers", email=LIVE)
    assert recorder.seen == []


@ways(WAYS)
def test_a_sandbox_session_reaches_no_other_host(
    way: Way, proxy: Recorder, open_session: Opener
) -> None:
    session = open_session(Policy("http://127.0.0.1:9"), base=proxy.url)
    with pytest.raises(SandboxError, match="another host"):
        way(session, TEST)
    assert proxy.seen == []


@ways(WAYS)
def test_a_live_key_is_refused_unless_asked_for(
    way: Way, proxy: Recorder, open_session: Opener
) -> None:
    session = open_session(Policy())
    with pytest.raises(LiveKeyError, match="allow_live=True") as caught:
        way(session, LIVE)
    assert proxy.seen == []
    assert BODY not in str(caught.value)


@ways(READS)
@pytest.mark.parametrize("key", [TEST, LIVE, RESTRICTED_LIVE])
def test_live_reads_pass_once_asked_for(
    way: Way, key: str, proxy: Recorder, open_session: Opener
) -> None:
    send(way, open_session(Policy(allow_live=True)), key)
    assert set(proxy.methods) == {"CONNECT"}


@ways(WRITES)
def test_live_writes_are_refused_while_live_mode_is_read_only(
    way: Way, proxy: Recorder, open_session: Opener
) -> None:
    session = open_session(Policy(allow_live=True))
    with pytest.raises(LiveWriteError, match="allow_live_writes=True") as caught:
        way(session, LIVE)
    assert proxy.seen == []
    assert BODY not in str(caught.value)


@ways(WRITES)
def test_live_writes_pass_with_both_switches(
    way: Way, proxy: Recorder, open_session: Opener
) -> None:
    send(way, open_session(Policy(allow_live=True, allow_live_writes=True)), LIVE)
    assert set(proxy.methods) == {"CONNECT"}


@ways(WRITES)
def test_writes_with_a_test_key_pass(
    way: Way, proxy: Recorder, open_session: Opener
) -> None:
    send(way, open_session(Policy()), TEST)
    assert set(proxy.methods) == {"CONNECT"}


@pytest.mark.parametrize(
    "key", [f"sk_org_{BODY}", f"ek_live_{BODY}", f"pk_live_{BODY}", BODY]
)
def test_a_key_that_is_not_known_as_a_test_key_counts_as_live(
    key: str, proxy: Recorder, open_session: Opener
) -> None:
    with pytest.raises(LiveKeyError):
        READS["service"](open_session(Policy()), key)
    with pytest.raises(LiveWriteError):
        WRITES["create"](open_session(Policy(allow_live=True)), key)
    assert proxy.seen == []


@pytest.mark.parametrize(
    "authorization",
    ["Basic %%%", "Basic /w==", _basic(f":{LIVE}"), "Basic", f"Digest {LIVE}"],
)
def test_an_unreadable_authorization_counts_as_live(authorization: str) -> None:
    headers = {"Authorization": authorization}
    with pytest.raises(LiveKeyError):
        Policy().check("get", "https://api.stripe.com/v1/charges", headers)


@pytest.mark.parametrize("headers", [{}, {"Authorization": " "}])
def test_a_request_without_a_key_passes(headers: dict[str, str]) -> None:
    Policy().check("post", "https://api.stripe.com/v1/charges", headers)


@pytest.mark.parametrize("method", ["get", "GET", "head", "HEAD"])
def test_reading_methods_are_told_in_either_case(method: str) -> None:
    headers = {"Authorization": f"Bearer {LIVE}"}
    Policy(allow_live=True).check(method, "https://api.stripe.com/v1/x", headers)


@pytest.mark.parametrize("method", ["post", "DELETE", "put", "patch", "options"])
def test_every_other_method_counts_as_a_write(method: str) -> None:
    headers = {"Authorization": f"Bearer {LIVE}"}
    with pytest.raises(LiveWriteError):
        Policy(allow_live=True).check(method, "https://api.stripe.com/v1/x", headers)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.stripe.com/v1/x",
        "https://api.stripe.com:443/v1/x",
        "https://API.Stripe.com/v1/x",
        "https://meter-events.stripe.com/v2/x",
        "https://files.stripe.com",
    ],
)
def test_stripes_hosts_are_known(url: str) -> None:
    Policy().check("get", url, {"Authorization": f"Bearer {TEST}"})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.stripe.com/v1/x",
        "https://api.stripe.com:8443/v1/x",
        "https://api.stripe.com.example.com/v1/x",
        "https://notstripe.com/v1/x",
        "https://example.com/https://api.stripe.com/",
        "https://api.stripe.com@example.com/v1/x",
        "https://example.com\\@api.stripe.com/v1/x",
        "https://api.stripe.com\\.example.com/v1/x",
        "https://api.stripe.com\n.example.com/v1/x",
        "https://example.com#.stripe.com/",
        "//api.stripe.com/v1/x",
        "http://127.0.0.1:8420/v1/x",
        "",
    ],
)
def test_a_key_goes_to_stripes_hosts_only(url: str) -> None:
    with pytest.raises(SettingsError, match="Stripe's own hosts"):
        Policy().check("get", url, {"Authorization": f"Bearer {TEST}"})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:84201/v1/x",
        "http://127.0.0.1:8420.example.com/v1/x",
        "http://127.0.0.1:8420@example.com/v1/x",
        "http://127x0.0.1:8420/v1/x",
        "https://127.0.0.1:8420/v1/x",
        "https://api.stripe.com/v1/x",
    ],
)
def test_a_sandboxs_address_is_matched_whole(url: str) -> None:
    policy = Policy("http://127.0.0.1:8420")
    policy.check("get", "http://127.0.0.1:8420/v1/x?a=b", {})
    with pytest.raises(SandboxError):
        policy.check("get", url, {})


def test_a_moved_base_address_of_the_module_keeps_the_key_at_home(
    recorder: Recorder, open_session: Opener
) -> None:
    open_session(Policy(), base=recorder.url)
    with pytest.raises(SettingsError):
        stripe.Customer.list()
    assert recorder.seen == []


def test_every_page_is_guarded(recorder: Recorder, open_session: Opener) -> None:
    session = open_session(Policy(recorder.url))
    pages = session.client.v1.customers.list().auto_paging_iter()
    assert next(pages).id == "cus_1"
    session.guard._policy = Policy("http://127.0.0.1:9")
    with pytest.raises(SandboxError):
        next(pages)
    assert len(recorder.seen) == 1


def test_pages_follow_each_other(sandboxed: Session) -> None:
    pages = sandboxed.client.v1.customers.list().auto_paging_iter()
    assert [each.id for each in pages] == ["cus_1", "cus_2"]


def test_asynchronous_pages_follow_each_other(sandboxed: Session) -> None:
    async def collect() -> list[str]:
        first = await sandboxed.client.v1.customers.list_async()
        return [each.id async for each in first.auto_paging_iter()]

    assert asyncio.run(collect()) == ["cus_1", "cus_2"]


def test_a_refusal_is_not_tried_again(
    recorder: Recorder, open_session: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(Policy(recorder.url))
    checks: list[str] = []
    check = Policy.check

    def counting(self: Policy, method: str, *rest: Any) -> None:
        checks.append(method)
        check(self, method, *rest)

    monkeypatch.setattr(Policy, "check", counting)
    with pytest.raises(LiveKeyError) as caught:
        session.client.v1.customers.list(
            options={"api_key": LIVE, "max_network_retries": 3}
        )
    assert checks == ["get"]
    assert caught.value.__cause__ is None


def test_failures_that_may_pass_are_tried_again(
    recorder: Recorder, sandboxed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    recorder.failures = 2
    options: Any = {"max_network_retries": 2}
    sandboxed.client.v1.customers.list(options=options)
    assert len(recorder.seen) == 3


def test_asynchronous_failures_are_tried_again(
    recorder: Recorder, sandboxed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    recorder.failures = 1
    options: Any = {"max_network_retries": 1}
    asyncio.run(sandboxed.client.v1.customers.list_async(options=options))
    assert len(recorder.seen) == 2


def test_stripes_refusals_stay_the_sdks_errors(sandboxed: Session) -> None:
    with pytest.raises(stripe.AuthenticationError):
        sandboxed.client.v1.balance.retrieve()


def test_redirects_are_not_followed(sandboxed: Session, recorder: Recorder) -> None:
    with pytest.raises(stripe.APIError):
        sandboxed.client.raw_request("get", "/v1/moved")
    assert [each.path for each in recorder.seen] == ["/v1/moved"]


def test_netrc_does_not_take_the_keys_place(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    session = transport._Session(trust_env=True)
    with session:
        session.get(recorder.url, headers={"Authorization": f"Bearer {TEST}"})
    assert recorder.seen[0].headers["authorization"] == f"Bearer {TEST}"


@ways({"service": READS["service"], "asynchronous": READS["asynchronous"]})
def test_a_sandbox_session_ignores_proxies(
    way: Way, recorder: Recorder, open_session: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    way(open_session(Policy(recorder.url)), TEST)
    assert recorder.methods == ["GET"]


def test_streams_arrive_whole(sandboxed: Session) -> None:
    whole = b"%PDF-1.7" * 20_000
    stream: Any = sandboxed.client.v1.quotes.pdf("qt_1")
    assert stream.io.read() == whole

    async def read() -> bytes:
        answer: Any = await sandboxed.client.v1.quotes.pdf_async("qt_1")
        body: bytes = await answer.read_async()
        return body

    assert asyncio.run(read()) == whole


def test_uploads_arrive_whole(sandboxed: Session, recorder: Recorder) -> None:
    WRITES["upload"](sandboxed, TEST)
    assert b"scan" in recorder.seen[0].body
    assert recorder.seen[0].headers["content-type"].startswith("multipart/form-data")


def test_without_an_asynchronous_library_stripe_is_reached_through_threads(
    proxy: Recorder, open_session: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "find_spec", lambda _: None)
    session = open_session(Policy())
    send(READS["asynchronous"], session, TEST)
    assert "CONNECT" in proxy.methods


def test_with_httpx_stripe_is_reached_through_it(
    proxy: Recorder, open_session: Opener
) -> None:
    pytest.importorskip("httpx")
    guard = open_session(Policy()).guard
    assert isinstance(guard._async_client(), stripe.HTTPXClient)
    assert guard._async_client() is guard._async_client()
    asyncio.run(guard.close_async())
    assert proxy.seen == []


def test_a_closed_client_says_so(sandboxed: Session, recorder: Recorder) -> None:
    sandboxed.guard.close()
    for way in (READS["service"], READS["asynchronous"], READS["stream"]):
        with pytest.raises(StripeNbError, match="is closed"):
            way(sandboxed, TEST)
    assert recorder.seen == []


def test_threads_share_the_connections(sandboxed: Session, recorder: Recorder) -> None:
    threads = [
        threading.Thread(target=sandboxed.client.v1.customers.list) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.methods == ["GET"] * 8


def test_bulk_reads_hand_the_bytes_on(sandboxed: Session, recorder: Recorder) -> None:
    reader = stripe.StripeClient(
        TEST,
        http_client=BodyReader(sandboxed.guard),
        base_addresses={"api": recorder.url},
    )
    answer = reader.raw_request("get", "/v1/customers")
    assert answer.headers.body == _page({})
    assert answer.request_id == "req_1"
    with pytest.raises(stripe.AuthenticationError):
        reader.raw_request("get", "/v1/balance")


@pytest.fixture
def defaults() -> Iterator[Defaults]:
    before = stripe.new_default_http_client
    guarded = Defaults()
    yield guarded
    guarded.restore()
    assert stripe.new_default_http_client is before


def test_a_client_built_by_hand_is_guarded(defaults: Defaults) -> None:
    defaults.guard(Policy("http://127.0.0.1:1"))
    by_hand = stripe.StripeClient(TEST)
    with pytest.raises(SandboxError, match="belongs to a sandbox"):
        by_hand.v1.customers.list()
    live = {"base_addresses": {"api": "http://127.0.0.1:1"}}
    with pytest.raises(LiveKeyError, match="hand a live key to the sandbox"):
        stripe.StripeClient(LIVE, **live).v1.customers.create()  # type: ignore[arg-type]


def test_a_client_built_by_hand_is_guarded_asynchronously(defaults: Defaults) -> None:
    defaults.guard(Policy("http://127.0.0.1:1"))
    by_hand = stripe.StripeClient(TEST)
    with pytest.raises(SandboxError, match="belongs to a sandbox"):
        asyncio.run(by_hand.v1.customers.list_async())


def test_the_module_without_its_client_is_guarded(
    defaults: Defaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe, "default_http_client", None)
    defaults.guard(Policy("http://127.0.0.1:1"))
    with pytest.raises(SandboxError, match="belongs to a sandbox"):
        stripe.Customer.list(api_key=TEST)


def test_a_client_built_by_hand_keeps_its_proxy(defaults: Defaults) -> None:
    defaults.guard(Policy())
    made = stripe.new_default_http_client(proxy="http://127.0.0.1:9")
    assert isinstance(made, GuardedHTTPClient)
    assert made._options["proxy"] == "http://127.0.0.1:9"


def test_after_the_session_clients_are_the_sdks_again(defaults: Defaults) -> None:
    defaults.guard(Policy("http://127.0.0.1:1"))
    # The policy of the session connected last holds.
    defaults.guard(Policy("http://127.0.0.1:2"))
    assert isinstance(stripe.new_default_http_client(), GuardedHTTPClient)
    defaults.restore()
    assert isinstance(stripe.new_default_http_client(), stripe.RequestsClient)
    held = [
        name
        for name, module in sys.modules.items()
        if name.startswith("stripe.")
        and isinstance(
            getattr(vars(module).get("new_default_http_client"), "__self__", None),
            Defaults,
        )
    ]
    assert held == []


def test_an_sdk_without_the_place_for_the_guard_is_refused(
    defaults: Defaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = sys.modules[stripe.StripeClient.__module__]
    monkeypatch.delattr(home, "new_default_http_client")
    with pytest.raises(StripeNbError, match="can't be guarded: install"):
        defaults.check()
