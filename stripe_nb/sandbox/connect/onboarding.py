"""The page where the owner of a connected account tells Stripe about it.

In test mode there is nothing to fill in: one button gives Stripe's own test
values for all that the account still owes, another goes away without.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.pages import HEADERS, page

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["PATH", "onboarding", "open_page"]

PATH = "/_sandbox/connect/{account}/{secret}"
_SECRET_LENGTH = 20

_QUESTION = """<p>Stripe would now ask the owner of <strong>{account}</strong> about
the business, its people and its bank account. Here test values are filled in.</p>
<ul>{due}</ul>
<form method="post">
<button name="outcome" value="complete">Fill in test data</button>
<button name="outcome" value="later">Save for later</button>
</form>"""


def open_page(
    platform: Call,
    account: str,
    *,
    return_url: str,
    refresh_url: str,
    expires_at: int,
) -> str:
    """Return the address of a page for an account, good until a time.

    Parameters
    ----------
    platform
        A call of the platform's.
    account
        Whose owner is asked.
    return_url, refresh_url
        Where the page leads, and where it leads if it is too old.
    expires_at
        Unix seconds.
    """
    secret = platform.secret(_SECRET_LENGTH, of="account_link")
    platform.set_private(
        account,
        onboarding={
            "secret": secret,
            "return_url": return_url,
            "refresh_url": refresh_url,
            "expires_at": expires_at,
        },
    )
    return platform.base_url + PATH.format(account=account, secret=secret)


def onboarding(
    engine: Engine, account_id: str, secret: str, body: str, *, method: str
) -> Response:
    """Show the page, or carry out what was chosen on it."""
    from stripe_nb.sandbox.resources.account import onboard

    call = engine.internal_call()
    account = call.find("account", account_id)
    link = call.private(account_id).get("onboarding") if account else None
    if account is None or not link or link["secret"] != secret:
        return page("Nothing to do", "<p>This link is no longer valid.</p>", 404)
    if link["expires_at"] <= call.now():
        return RedirectResponse(link["refresh_url"], 303, HEADERS)
    if method == "GET":
        due = account["requirements"]["currently_due"]
        items = "".join(f"<li>{escape(fact)}</li>" for fact in due)
        return page(
            "Tell Stripe about your business",
            _QUESTION.format(account=escape(account_id), due=items),
        )
    outcome = parse_qs(body).get("outcome", [""])[0]
    try:
        if outcome == "complete":
            with engine.writing():
                onboard(call, account)
    except ApiError as error:
        return page("Onboarding", f"<p>{escape(error.message)}</p>", error.http_status)
    return RedirectResponse(link["return_url"], 303, HEADERS)
