"""Files: uploaded, linked to, downloaded."""

from __future__ import annotations

import io
import urllib.error
import urllib.request

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

# Line ends, a boundary's beginning and bytes that are no text.
_PNG = b"\x89PNG\r\n\x1a\n\r\n--\r\n\r\x00\xff\n"


def upload(client: Client, content: bytes = _PNG, **params: object) -> stripe.File:
    return client.v1.files.create(
        {"purpose": "dispute_evidence", "file": io.BytesIO(content), **params}  # type: ignore[typeddict-item]
    )


def read(url: str, key: str | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as got:
        content: bytes = got.read()
        return content


def test_upload_comes_back_byte_for_byte(client: Client, sandbox: Sandbox) -> None:
    file = upload(client)
    assert (file.type, file.size, file.purpose) == (
        "png",
        len(_PNG),
        "dispute_evidence",
    )
    assert file.url is not None
    assert read(file.url, sandbox.key) == _PNG
    assert client.v1.events.list({"type": "file.created"}).data[0].data.object[
        "id"
    ] == (file.id)


def test_contents_need_a_key(client: Client) -> None:
    url = upload(client).url
    assert url is not None
    with pytest.raises(urllib.error.HTTPError) as refused:
        read(url)
    assert refused.value.code == 401
    refused.value.close()


def test_link_shows_the_file_until_it_expires(client: Client, sandbox: Sandbox) -> None:
    file = upload(client)
    link = client.v1.file_links.create(
        {"file": file.id, "expires_at": sandbox.now + 50}
    )
    assert link.url is not None
    assert read(link.url) == _PNG
    ended = client.v1.file_links.update(link.id, {"expires_at": "now"})
    assert ended.expired
    with pytest.raises(urllib.error.HTTPError) as gone:
        read(link.url)
    assert gone.value.code == 404
    gone.value.close()


def test_link_can_be_made_with_the_file(client: Client) -> None:
    file = upload(client, file_link_data={"create": True})
    assert file.links is not None
    assert file.links.data[0].file == file.id
    assert client.v1.files.retrieve(file.id).links == file.links


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"plain words", "must be one of pdf, jpg, png"), (b"", "is empty")],
)
def test_upload_of_the_wrong_kind_is_refused(
    client: Client, content: bytes, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message) as refused:
        upload(client, content)
    assert refused.value.param == "file"


def test_missing_file_is_named(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.file_links.create({"file": "file_nope"})
    assert (missing.value.code, missing.value.param) == ("resource_missing", "file")


def test_link_in_the_past_is_refused(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="in the future"):
        client.v1.file_links.create({"file": upload(client).id, "expires_at": 1})


def test_the_largest_file_is_taken(client: Client) -> None:
    largest = 16 * 1024 * 1024
    content = b"%PDF-".ljust(largest, b"x")
    file = upload(client, content, purpose="pci_document")
    assert file.size == largest
    with pytest.raises(stripe.InvalidRequestError, match="up to 16 MB"):
        upload(client, content + b"x", purpose="pci_document")


def test_link_of_a_connected_account_shows_its_file(client: Client) -> None:
    account = client.v1.accounts.create({"type": "standard"})
    options: stripe.RequestOptions = {"stripe_account": account.id}
    file = client.v1.files.create(
        {"purpose": "dispute_evidence", "file": io.BytesIO(_PNG)}, options
    )
    link = client.v1.file_links.create({"file": file.id}, options)
    assert link.url is not None
    assert read(link.url) == _PNG


def test_link_ends_with_the_sandbox_s_time(client: Client, sandbox: Sandbox) -> None:
    link = client.v1.file_links.create(
        {"file": upload(client).id, "expires_at": sandbox.now + 3}
    )
    assert link.url is not None
    assert read(link.url) == _PNG
    for _ in range(3):
        client.v1.customers.create({})
    with pytest.raises(urllib.error.HTTPError) as gone:
        read(link.url)
    assert gone.value.code == 404
    gone.value.close()
