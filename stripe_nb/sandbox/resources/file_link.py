"""Links that show a file to anyone who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.pages import HEADERS, page
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.pages.visit import Visit

__all__ = ["PATH", "FileLink", "linked_file", "new_link"]

PATH = "/links/{secret}"

_SECRET_LENGTH = 32
_LINKED = frozenset(
    {
        "business_icon",
        "business_logo",
        "customer_signature",
        "dispute_evidence",
        "finance_report_run",
        "financial_account_statement",
        "pci_document",
        "sigma_scheduled_query",
        "tax_document_user_upload",
        "terminal_reader_splashscreen",
    }
)


class FileLink(Behaviour):
    """`FileLink <https://docs.stripe.com/api/file_links>`_."""

    name = "file_link"
    missing_param = "link"

    def on_create(self, call: Call) -> Json:
        """Make a link to a file."""
        check_metadata(call.params)
        file = call.get("file", call.params["file"], param="file", http_status=400)
        return new_link(
            call,
            file,
            call.params.get("expires_at"),
            call.params.get("metadata") or {},
        )

    def on_update(self, call: Call) -> Json:
        """Move the time of its end; ``now`` ends it at once."""
        link = self.target(call)
        if link["expired"]:
            raise InvalidRequest("You can't update an expired file link.")
        given = call.params.pop("expires_at", link["expires_at"])
        changed = self.change(call, link, **_expiry(call, given))
        if changed["expires_at"] and not changed["expired"]:
            call.later(changed["expires_at"], "expire", changed)
        _show(call, changed)
        return changed

    def due_expire(self, call: Call, link: Json) -> None:
        """End a link, unless its end was moved meanwhile."""
        if link["expires_at"] == call.now():
            _show(call, call.update(link, expired=True))


def new_link(call: Call, file: Json, expires_at: Any, metadata: Json) -> Json:
    """Store a new link to a file.

    Raises
    ------
    InvalidRequest
        If such files can't be linked to, or its end is past.
    """
    if file["purpose"] not in _LINKED:
        raise InvalidRequest(
            f"File links can't be made for files with the purpose {file['purpose']}.",
            param="file",
        )
    secret = call.secret(_SECRET_LENGTH, of="file_link")
    host = call.base_url or "https://files.stripe.com"
    link = call.insert(
        call.new(
            "file_link",
            file=file["id"],
            metadata=metadata,
            url=f"{host}/links/{secret}",
            **_expiry(call, expires_at),
        ),
        private={"secret": secret},
    )
    if link["expires_at"]:
        call.later(link["expires_at"], "expire", link)
    _show(call, link)
    return link


def _expiry(call: Call, given: Any) -> Json:
    if given == "now":
        return {"expired": True, "expires_at": call.now()}
    if given is not None and given <= call.now():
        raise InvalidRequest(
            "The expires_at time must be in the future.", param="expires_at"
        )
    return {"expired": False, "expires_at": given}


def _show(call: Call, link: Json) -> None:
    """Keep the list of links that the file object shows."""
    file = call.find("file", link["file"])
    if file is not None:
        shown = call.objects("file_link", file=file["id"])
        call.update({**file, "links": {**file["links"], "data": shown}})


def linked_file(visit: Visit) -> Response:
    """Answer the file behind a link, to whoever has it."""
    from stripe_nb.sandbox.resources.file import content_of

    call = visit.engine.internal_call()
    link = _find(call, visit.path["secret"])
    file = call.find("file", link["file"]) if link else None
    if file is None:
        return page("No such file", "<p>This link is no longer valid.</p>", 404)
    download = content_of(call, file)
    return Response(download.content, 200, HEADERS, download.type)


def _find(call: Call, secret: str) -> Json | None:
    """Return the link with a secret, of any account; the call is its account's."""
    for account in (call.account, *(each["id"] for each in call.objects("account"))):
        call.account = account
        for link in call.objects("file_link", expired=False):
            ends = link["expires_at"]
            if call.private(link["id"])["secret"] == secret:
                return link if ends is None or call.now() < ends else None
    return None
