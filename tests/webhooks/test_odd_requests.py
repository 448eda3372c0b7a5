"""Requests that no framework should send and somebody will: refused in words."""

from __future__ import annotations

import gzip
import json
import socket
import traceback
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from stripe_nb.errors import WebhookError
from stripe_nb.webhooks import Endpoint, Inbox, verify

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"


def nested(depth: int) -> bytes:
    inner = b"[" * depth + b"]" * depth
    return b'{"object":"event","id":"evt_1","type":"invoice.paid","x":' + inner + b"}"


@pytest.mark.parametrize("depth", [100, 600, 900, 5000])
def test_a_body_that_is_nested_deeply_is_refused_like_any_other(
    endpoint: Endpoint, depth: int
) -> None:
    assert endpoint.receive(nested(depth), None).status == 400
    assert endpoint.received[0].outcome == "refused"


@pytest.mark.parametrize("depth", [100, 600, 900])
def test_a_signed_body_that_is_nested_deeply_never_fails_the_endpoint(
    endpoint: Endpoint, sign: Sign, depth: int
) -> None:
    assert endpoint.receive(*sign(nested(depth))).status == 200


def test_of_what_strangers_send_little_is_kept(endpoint: Endpoint) -> None:
    for body in (b'{"a": "' + b"x" * 100_000 + b'"}', b'{"a": 1}'):
        assert endpoint.receive(body, None).status == 400
    assert [each.payload for each in endpoint.received] == [{}, {"a": 1}]


@pytest.mark.parametrize("name", ["id", "type"])
def test_half_a_character_is_no_name(endpoint: Endpoint, sign: Sign, name: str) -> None:
    event = {"object": "event", "id": "evt_1", "type": "invoice.paid", name: "\ud800"}
    answer = endpoint.receive(*sign(json.dumps(event).encode()))
    assert (answer.status, "no id or no type" in answer.text) == (400, True)


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf"], ids=["empty", "a mark"])
def test_what_is_signed_is_refused_alike_by_both(
    endpoint: Endpoint, sign: Sign, body: bytes
) -> None:
    signed = sign(body and body + sign()[0])
    assert "it is no event" in endpoint.receive(*signed).text
    with pytest.raises(WebhookError, match="it is no event"):
        verify(*signed, SECRET)


@pytest.mark.parametrize("form", [gzip.compress, lambda body: b"\xff\xfe" + body])
def test_a_body_in_another_form_is_refused_in_words(
    endpoint: Endpoint, sign: Sign, form: Any
) -> None:
    body, header = sign()
    assert "not UTF-8" in endpoint.receive(form(body), header).text


@pytest.mark.parametrize("body", [{"id": "evt_1"}, None, memoryview(b"{}")])
def test_a_body_that_a_framework_parsed_is_refused_in_words(
    endpoint: Endpoint, body: Any
) -> None:
    answer = endpoint.receive(body, "t=1,v1=00")
    assert (answer.status, "raw body" in answer.text) == (400, True)


def test_text_and_a_buffer_are_taken_as_bytes_are(
    endpoint: Endpoint, sign: Sign
) -> None:
    body, header = sign()
    assert endpoint.receive(body.decode(), header).status == 200
    assert endpoint.store.body("evt_1") == body
    other, header = sign(event_id="evt_2")
    assert endpoint.receive(bytearray(other), header).status == 200
    assert endpoint.store.body("evt_2") == other


@pytest.mark.parametrize("header", [b"t=1,v1=00", ["t=1,v1=00"], 5])
def test_a_header_that_is_no_text_is_refused_in_words(
    endpoint: Endpoint, header: Any
) -> None:
    answer = endpoint.receive(b"{}", header)
    assert (answer.status, "has to be text" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "odd",
    ["v1=zz", "v1=é", "v1=", "v1=" + "0" * 64, "v0=00", "=", "", "x=é", "T=1"],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_odd_item_beside_the_right_signature_changes_nothing(
    sign: Sign, odd: str, is_first: bool
) -> None:
    body, header = sign()
    time, _, signature = header.partition(",")
    items = (time, odd, signature) if is_first else (time, signature, odd)
    assert verify(body, ",".join(items), SECRET).id == "evt_1"


@pytest.mark.parametrize(
    "time", ["-5", "1.5", "1e9", "", "0", " 1", "0x10", "9" * 400, "9" * 5000, "١٢"]
)
def test_a_time_that_was_not_signed_is_refused(sign: Sign, time: str) -> None:
    body, header = sign()
    with pytest.raises(WebhookError):
        verify(body, f"t={time},{header.partition(',')[2]}", SECRET)


def test_the_first_time_counts(sign: Sign) -> None:
    body, header = sign()
    assert verify(body, f"{header},t=1", SECRET).id == "evt_1"
    with pytest.raises(WebhookError):
        verify(body, f"t=1,{header}", SECRET)


def test_a_clock_ahead_of_ours_is_no_reason_to_refuse(sign: Sign) -> None:
    assert verify(*sign(age=-3600), SECRET).id == "evt_1"


@pytest.mark.parametrize("secret", [None, [None], b"whsec_0123456789", [SECRET, None]])
def test_a_secret_that_is_not_set_verifies_nothing(sign: Sign, secret: Any) -> None:
    with pytest.raises(WebhookError, match="no signing secret"):
        verify(*sign(), secret)
    with Endpoint(secret) as endpoint:
        assert endpoint.receive(*sign()).status == 400


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        (f"{SECRET}\n", "space or a line break"),
        (f" {SECRET}", "space or a line break"),
        ("sk_test_0123456789abcdefghijklmn", "begin with whsec_"),
    ],
)
def test_a_secret_that_was_copied_wrong_is_hinted_at(
    sign: Sign, secret: str, hint: str
) -> None:
    with pytest.raises(WebhookError, match=hint) as caught:
        verify(*sign(), secret)
    assert secret.strip() not in str(caught.value)


def with_variables(error: WebhookError) -> str:
    """Return the traceback below the test, which knows the secret itself."""
    assert error.__traceback__
    below = error.__traceback__.tb_next
    told = traceback.TracebackException(type(error), error, below, capture_locals=True)
    return "".join(told.format())


@pytest.mark.parametrize("header", [None, "x", "t=1,v1=00"])
@pytest.mark.parametrize("several", [True, False])
def test_a_traceback_with_its_variables_does_not_show_the_secret(
    header: str | None, several: bool
) -> None:
    with pytest.raises(WebhookError) as caught:
        verify(b"{}", header, [SECRET, SECRET] if several else SECRET)
    shown = with_variables(caught.value)
    assert "in verified" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("wrong", [{"tolerance": 0}, {"store": "/"}], ids=str)
def test_an_endpoint_that_can_t_be_does_not_show_the_secret(wrong: Any) -> None:
    with pytest.raises(WebhookError) as caught:
        Endpoint(SECRET, **wrong)
    shown = with_variables(caught.value)
    assert "in __init__" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_turned_away_with_the_one_that_is_taken(
    inbox: Inbox, method: str
) -> None:
    connection = HTTPConnection("127.0.0.1", int(inbox.url.split(":")[2].split("/")[0]))
    connection.request(method, "/webhook")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert bool(answer.read()) is (method != "HEAD")
    connection.close()
    assert not inbox.received


@pytest.mark.parametrize("length", [b"9" * 5000, b"+5", b"5, 5", b"0x5", b"", b"5_0"])
def test_a_length_that_is_none_is_answered(inbox: Inbox, length: bytes) -> None:
    port = int(inbox.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(b"POST /webhook HTTP/1.1\r\nContent-Length: " + length)
        raw.sendall(b"\r\n\r\n{}")
        assert raw.recv(65_536).split()[1] in (b"411", b"413")
