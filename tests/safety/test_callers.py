"""Only programs and pages of this machine reach the sandbox."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest

from stripe_nb.sandbox import Sandbox

from .conftest import Wire

HERE = "Host: 127.0.0.1"
BALANCE = "GET /v1/balance"


def test_it_listens_on_loopback_alone(running: Sandbox) -> None:
    port = int(running.url.rpartition(":")[2])
    listening = [
        entry.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for entry in Path(table).read_text().splitlines()[1:]
        if entry.split()[3] == "0A" and entry.split()[1].endswith(f":{port:04X}")
    ]
    assert listening == ["0100007F:" + f"{port:04X}"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4242",
        "localhost",
        "LOCALHOST:1",
        "app.localhost",
        "[::1]:80",
        "localhost.",
        "127.0.0.1.:80",
        "[0:0:0:0:0:0:0:1]",
    ],
)
def test_this_machine_s_names_are_taken(wire: Wire, host: str) -> None:
    assert wire.ask(BALANCE, f"Host: {host}") == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["evil.example"],
        ["127.0.0.1.evil.example"],
        ["localhost@evil.example"],
        ["evil.example:80@localhost"],
        ["api.stripe.com"],
        ["0.0.0.1"],
        ["10.0.0.1"],
        ["[::]"],
        ["127.0.0.1", "evil.example"],
        ["127.0.0.1, evil.example"],
        ["127.0.0.1/x"],
        ["127.0.0.1:x"],
        ["localhost.evil.example"],
        ["evil.localhost.example"],
        ["2130706433"],
        ["0x7f000001"],
        ["127.1"],
        ["[::1%25lo]"],
        ["[::ffff:10.0.0.1]"],
    ],
)
def test_a_name_of_elsewhere_is_refused(wire: Wire, hosts: list[str]) -> None:
    assert wire.ask(BALANCE, *(f"Host: {host}" for host in hosts)) == 400


def test_a_unix_socket_takes_stripe_s_name(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with Sandbox(seed=1, uds=path) as sandbox:
        for host, expected in (("api.stripe.com", 200), ("evil.example", 400)):
            connection = http.client.HTTPConnection(host)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(path)
            key = {"Authorization": f"Bearer {sandbox.key}"}
            connection.request("GET", "/v1/balance", headers=key)
            assert connection.getresponse().status == expected
            connection.close()


@pytest.mark.parametrize(
    "origins",
    [
        ["https://evil.example"],
        ["http://127.0.0.1.evil.example"],
        ["http://127.0.0.1@evil.example"],
        ["file://127.0.0.1"],
        ["chrome-extension://abc"],
        ["null"],
        ["NULL"],
        ["http://localhost.evil.example"],
        ["http://localhost:1@evil.example"],
        ["http://127.0.0.1\\\\@evil.example"],
        ["http://evil.example#localhost"],
        ["http://localhost%2eevil.example"],
        ["http://127.1"],
        ["about:blank"],
        [""],
        ["http://localhost", "https://evil.example"],
    ],
)
@pytest.mark.parametrize(
    "line", [BALANCE, "POST /v1/customers", "GET /v3/", "POST /c/pay/cs_test_1"]
)
def test_a_page_of_elsewhere_is_refused(
    wire: Wire, line: str, origins: list[str]
) -> None:
    told = [f"Origin: {origin}" for origin in origins]
    assert wire.ask(line, HERE, *told) == 403
    assert wire.ask(line, HERE, *told, "Sec-Fetch-Site: cross-site") == 403


def test_a_page_of_elsewhere_opens_no_websocket(wire: Wire) -> None:
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    head = [
        "GET /_sandbox/stripecli HTTP/1.1",
        HERE,
        *upgrade,
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Origin: https://evil.example",
    ]
    answer = wire.send("\r\n".join(head).encode() + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_a_call_that_a_page_of_elsewhere_makes_without_origin_is_refused(
    wire: Wire,
) -> None:
    for path, expected in (("/v1/balance", 403), ("/%761/balance", 403), ("/v3/", 200)):
        told = wire.ask(f"GET {path}", HERE, "Sec-Fetch-Site: cross-site")
        assert told == expected
    assert wire.ask(BALANCE, HERE, "Sec-Fetch-Site: none") == 200


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8888"]
)
def test_a_page_of_this_machine_may_ask_and_read(wire: Wire, origin: str) -> None:
    key = f"Authorization: Bearer {wire.key}"
    head = [f"{BALANCE} HTTP/1.1", HERE, key, f"Origin: {origin}", "Connection: close"]
    answer = wire.send("\r\n".join(head).encode() + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    allowed = f"access-control-allow-origin: {origin}\r\n".encode()
    assert allowed in answer.lower()
    assert b"access-control-allow-credentials" not in answer.lower()


def test_no_call_is_answered_without_a_key(running: Sandbox) -> None:
    bare = Wire(int(running.url.rpartition(":")[2]), "")
    lines = (BALANCE, "POST /v1/customers", "DELETE /v1/customers/cus_1", "GET /v1/")
    for line in lines:
        assert bare.ask(line, HERE) in (401, 404)


def test_a_client_of_long_ago_has_to_say_whom_it_asks(wire: Wire) -> None:
    key = f"Authorization: Bearer {wire.key}"
    for head, expected in (([key], b" 400 "), ([key, HERE], b" 200 ")):
        lines = ["GET /v1/balance HTTP/1.0", *head]
        answer = wire.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        assert expected in answer.split(b"\r\n")[0] + b" "


@pytest.mark.parametrize("line", ["CONNECT evil.example:443", "OPTIONS *"])
def test_it_is_no_proxy(wire: Wire, line: str) -> None:
    assert wire.ask(line, HERE) == 404
    assert wire.ask(line, "Host: evil.example") == 400


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://127.0.0.1/v1/balance", 200),
        ("http://localhost:4242/v1/balance?expand[]=a", 400),
        ("HTTP://[::1]:80/v1/balance", 200),
        ("https://127.0.0.1/v1/balance", 200),
        ("http://127.0.0.1", 404),
        ("http://127.0.0.1?limit=1", 404),
        ("http://evil.example/v1/balance", 400),
        ("http://127.0.0.1@evil.example/v1/balance", 400),
        ("http://127.0.0.1.evil.example/v1/balance", 400),
        ("http:///v1/balance", 400),
        ("ftp://127.0.0.1/v1/balance", 404),
        ("/http://127.0.0.1/v1/balance", 404),
    ],
)
def test_a_whole_address_is_read_as_its_path_and_its_host(
    wire: Wire, target: str, expected: int
) -> None:
    # RFC 9112, 3.2.2: the host that counts is the address's.
    assert wire.ask(f"GET {target}", HERE) == expected
    is_read = target.lower().startswith("http")
    assert wire.ask(f"GET {target}", "Host: evil.example") == (
        expected if is_read else 400
    )


def test_a_page_elsewhere_gains_nothing_by_a_whole_address(wire: Wire) -> None:
    line = "GET http://127.0.0.1/v1/balance"
    assert wire.ask(line, HERE, "Sec-Fetch-Site: cross-site") == 403
    assert wire.ask(line, HERE, "Origin: https://evil.example") == 403
    assert wire.ask(line) == 400


def test_what_a_whole_address_asks_for_is_done(running: Sandbox, wire: Wire) -> None:
    line = f"POST {running.url}/v1/customers?email=whole@example.com HTTP/1.1"
    key = f"Authorization: Bearer {wire.key}"
    head = f"{line}\r\n{HERE}\r\n{key}\r\nContent-Length: 0\r\nConnection: close"
    answer = wire.send(f"{head}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"whole@example.com" in answer


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]
)
def test_no_header_makes_another_method_of_one(wire: Wire, header: str) -> None:
    told = wire.ask("POST /v1/customers", HERE, f"{header}: DELETE")
    assert told == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v3/../../../etc/passwd",
        "/v3/%2e%2e/%2e%2e/etc/passwd",
        "/_sandbox/..%2f..%2fstore.py",
        "/_sandbox/pages.css/../base.html",
        "/v1/files/..%2f..%2fetc%2fpasswd/contents",
        "/links/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/v3/%00",
    ],
)
def test_no_path_leads_to_a_file_of_this_machine(wire: Wire, path: str) -> None:
    assert wire.ask(f"GET {path}", HERE) in (400, 404)
