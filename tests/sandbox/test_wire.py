"""Form encoding: what clients send, decoded."""

from __future__ import annotations

from base64 import b64encode
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stripe_nb.sandbox.errors import ApiError, InvalidRequest
from stripe_nb.sandbox.wire import (
    Request,
    Upload,
    decode_form,
    decode_parameters,
    encode_form,
)

NAMES = st.text("abcxyz_", min_size=1, max_size=6)
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        st.text(max_size=8),
        lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("form", "tree"),
    [
        ("name=Jenny+Rosen", {"name": "Jenny Rosen"}),
        ("metadata[order]=6", {"metadata": {"order": "6"}}),
        ("metadata%5Border%5D=6", {"metadata": {"order": "6"}}),
        ("expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("expand[1]=b&expand[0]=a", {"expand": {"1": "b", "0": "a"}}),
        (
            "items[][price]=x&items[][quantity]=2&items[][price]=y",
            {"items": [{"price": "x", "quantity": "2"}, {"price": "y"}]},
        ),
        ("items[0][price]=x", {"items": {"0": {"price": "x"}}}),
        ("description=", {"description": ""}),
        ("a=1&a=2", {"a": "2"}),
        ("%C3%A5=%E2%82%AC", {"å": "€"}),
        ("", {}),
    ],
)
def test_decode_reads_what_clients_send(form: str, tree: dict[str, Any]) -> None:
    assert decode_form(form) == tree


@pytest.mark.parametrize(
    "form",
    [
        "a=1&a[b]=2",
        "a[b]=2&a=1",
        "a[]=1&a[b]=1",
        "a[b]=1&a[]=1",
        "a[][b][]=1",
        "a=%ff",
        "a" + "[x]" * 25 + "=1",
    ],
)
def test_decode_refuses_what_contradicts_itself(form: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_form(form)


def test_decode_refuses_too_many_parameters() -> None:
    with pytest.raises(InvalidRequest, match="too many"):
        decode_form("&".join(["a=1"] * 20_001))


@given(TREES)
def test_encode_is_undone_by_decode(tree: dict[str, Any]) -> None:
    assert decode_form(encode_form(tree)) == tree


@given(st.text(max_size=60))
def test_decode_never_fails_otherwise_than_by_refusing(form: str) -> None:
    with suppress(ApiError):
        assert isinstance(decode_form(form), dict)


def test_body_and_query_are_both_read() -> None:
    request = Request("POST", "/v1/x", query="expand[]=a", body=b"name=b")

    assert decode_parameters(request) == {"expand": ["a"], "name": "b"}


@pytest.mark.parametrize("body", [b"\xff", b"[1]", b"{", b"null"])
def test_json_body_must_be_an_object(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_parameters(Request("POST", "/v2/x", body=body), json=True)


def multipart(*parts: tuple[str, bytes]) -> Request:
    body = b"".join(
        b"--x\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n"
        % (head.encode(), raw)
        for head, raw in parts
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    return Request("POST", "/v1/files", headers=headers, body=body + b"--x--\r\n")


@given(st.binary(max_size=200))
def test_an_upload_is_taken_byte_for_byte(content: bytes) -> None:
    request = multipart(
        ('name="purpose"', b"dispute_evidence"),
        ('name="file_link_data[create]"', b"true"),
        ('name="file"; filename="a.pdf"', content),
    )
    assume(b"--x" not in content)
    assert decode_parameters(request) == {
        "purpose": "dispute_evidence",
        "file_link_data": {"create": "true"},
        "file": Upload("a.pdf", b64encode(content).decode()),
    }


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "text/plain"])
def test_a_part_s_kind_changes_nothing_of_its_content(kind: str) -> None:
    content = b"Subject: hi\r\n\r\n--y\r\n--xy\n--x\r\n"
    head = f'name="file"; filename="a.eml"\r\nContent-Type: {kind}'
    encoded = f"{head}\r\nContent-Transfer-Encoding: base64"
    for each in (head, encoded):
        found = decode_parameters(multipart((each, content)))
        assert found == {"file": Upload("a.eml", b64encode(content).decode())}


def test_a_form_of_too_many_parts_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="too many parts"):
        decode_parameters(multipart(*[('name="a"', b"")] * 1001))


@pytest.mark.parametrize(("depth", "refused"), [(20, False), (21, True), (900, True)])
def test_a_json_body_may_be_so_deep_and_no_deeper(depth: int, refused: bool) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    request = Request("POST", "/v2/x", body=body)
    with pytest.raises(InvalidRequest) if refused else nullcontext():
        decode_parameters(request, json=True)


def test_a_multipart_form_that_cannot_be_read_is_refused() -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"--x", b"no boundary at all"):
        with pytest.raises(InvalidRequest):
            decode_parameters(Request("POST", "/v1/files", headers=headers, body=body))
