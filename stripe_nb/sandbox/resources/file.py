"""Files: uploaded as evidence or logos, or written by a report."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import ClassVar

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources.file_link import new_link
from stripe_nb.sandbox.unlisted import Unlisted, unlisted
from stripe_nb.sandbox.wire import Download, Json, Upload

__all__ = ["File", "content_of", "store_file"]

# How each type of file begins; its media type.
_SIGNATURES = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"PK\x03\x04", "docx"),
)
_MEDIA_TYPES = {
    "csv": "text/csv",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
}
# https://docs.stripe.com/file-upload: what each purpose takes, and how much of it.
_MEGABYTE = 1024 * 1024
_IMAGES = ("jpg", "png")
_DOCUMENTS = ("pdf", *_IMAGES)
_TAKES = {
    "account_requirement": (_DOCUMENTS, 10),
    "additional_verification": (_DOCUMENTS, 10),
    "business_icon": ((*_IMAGES, "gif"), 0.5),
    "business_logo": ((*_IMAGES, "gif"), 0.5),
    "customer_signature": (_DOCUMENTS, 4),
    "dispute_evidence": (_DOCUMENTS, 5),
    "identity_document": (_DOCUMENTS, 10),
    "issuing_regulatory_reporting": (_DOCUMENTS, 10),
    "pci_document": (("pdf", "docx"), 16),
    "tax_document_user_upload": (("pdf", "csv", "docx", *_IMAGES), 10),
    "terminal_reader_splashscreen": ((*_IMAGES, "gif"), 2),
}


class File(Behaviour):
    """`File <https://docs.stripe.com/api/files>`_."""

    name = "file"
    said = "file upload"
    missing_param = "file"
    unlisted: ClassVar[tuple[Unlisted, ...]] = (
        unlisted(
            "files.contents", "get", "/v1/files/{file}/contents", "file", answer="bytes"
        ),
    )

    def on_create(self, call: Call) -> Json:
        """Take in an upload."""
        upload, purpose = call.params["file"], call.params["purpose"]
        if not isinstance(upload, Upload):
            raise ParameterInvalid(
                "Invalid file: send the request as multipart/form-data, with the "
                "file's content as a part of its own.",
                param="file",
            )
        content = b64decode(upload.content)
        kind = _type_of(upload.filename, content)
        _check(purpose, kind, len(content))
        stored = store_file(
            call, content, filename=upload.filename, purpose=purpose, kind=kind
        )
        link = call.params.get("file_link_data") or {}
        if link.get("create"):
            new_link(call, stored, link.get("expires_at"), link.get("metadata") or {})
            stored = call.get("file", stored["id"])
        return stored

    def on_files_contents(self, call: Call) -> Download:
        """Answer what is in a file."""
        return content_of(call, self.target(call))


def store_file(
    call: Call, content: bytes, *, filename: str, purpose: str, kind: str
) -> Json:
    """Store a new file, announced.

    Parameters
    ----------
    call
        The request.
    content
        What is in it.
    filename, purpose, kind
        Its name, Stripe's purpose and type.
    """
    file = call.new("file")
    host = call.base_url or "https://files.stripe.com"
    file |= {
        "expires_at": None,
        "filename": filename,
        "links": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/file_links?file={file['id']}",
        },
        "purpose": purpose,
        "size": len(content),
        "title": None,
        "type": kind,
        "url": f"{host}/v1/files/{file['id']}/contents",
    }
    return call.insert(
        in_order(file),
        private={"content": b64encode(content).decode()},
        announce="file.created",
    )


def content_of(call: Call, file: Json) -> Download:
    """Return a stored file's content."""
    return Download(
        filename=file["filename"],
        type=_MEDIA_TYPES.get(file["type"], "application/octet-stream"),
        content=b64decode(call.private(file["id"])["content"]),
    )


def _type_of(filename: str, content: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    extension = filename.rpartition(".")[2].lower()
    return "csv" if extension == "csv" else ""


def _check(purpose: str, kind: str, size: int) -> None:
    if purpose not in _TAKES:
        raise NotSimulated(f"files for the purpose {purpose}")
    kinds, megabytes = _TAKES[purpose]
    if not size:
        raise InvalidRequest("The file you uploaded is empty.", param="file")
    if kind not in kinds:
        raise InvalidRequest(
            f"Files for the purpose {purpose} must be one of {', '.join(kinds)}; the "
            "content of this one is none of them.",
            param="file",
        )
    if size > megabytes * _MEGABYTE:
        raise InvalidRequest(
            f"Files for the purpose {purpose} can have up to {megabytes} MB.",
            param="file",
        )
