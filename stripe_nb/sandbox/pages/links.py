"""The address of a payment link: it opens a checkout session and leads to it."""

from __future__ import annotations

from starlette.responses import Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.pages import leave, render
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.resources.payment_link import open_from
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.wire import Json

__all__ = ["PATH", "open_link"]

PATH = "/pay/{secret}"
_GONE = 410


def open_link(visit: Visit) -> Response:
    """Open a session of a payment link, a new one for each visit."""
    call = visit.engine.internal_call("checkout.sessions.create")
    call.base_url = visit.base_url
    link = _find(call, f"/pay/{visit.path['secret']}")
    if link is None:
        return render(
            "message.html", title="Nothing to pay", message="No such link.", status=404
        )
    if not link["active"]:
        told = link["inactive_message"] or "This link is no longer active."
        return render("message.html", title="Closed", message=told, status=_GONE)
    try:
        with visit.engine.writing():
            session = open_from(call, link)
    except ApiError as error:
        return render(
            "message.html",
            title="Nothing to pay",
            message=error.message,
            status=error.http_status,
        )
    return leave(session["url"])


def _find(call: Call, end: str) -> Json | None:
    """Return the link whose address ends so, of any account."""
    ends_so = Condition("substr(json_extract(body, '$.url'), ?) = ?", (-len(end), end))
    own = call.account
    for account in (own, *(each["id"] for each in call.objects("account"))):
        call.account = account
        found = call.objects("payment_link", [ends_so])
        if found:
            return found[0]
    call.account = own
    return None
