"""The page where the owner of a connected account tells Stripe about it.

In test mode there is nothing to fill in: one button gives Stripe's own test
values for all that the account still owes, another goes away without.
"""

from __future__ import annotations

from starlette.responses import Response

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.pages import leave, page, render
from stripe_nb.sandbox.pages.visit import Visit

__all__ = ["PATH", "onboarding", "open_page"]

PATH = "/_sandbox/connect/{account}/{secret}"
_SECRET_LENGTH = 20


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


def onboarding(visit: Visit) -> Response:
    """Show the page, or carry out what was chosen on it."""
    from stripe_nb.sandbox.resources.account import onboard

    account_id = visit.path["account"]
    call = visit.engine.internal_call()
    account = call.find("account", account_id)
    link = call.private(account_id).get("onboarding") if account else None
    if account is None or not link or link["secret"] != visit.path["secret"]:
        return page("Nothing to do", "<p>This link is no longer valid.</p>", 404)
    if link["expires_at"] <= call.now():
        return leave(link["refresh_url"])
    if not visit.is_post:
        return render(
            "onboarding.html",
            title="Tell Stripe about your business",
            account=account_id,
            due=account["requirements"]["currently_due"],
            leads_to=[link["return_url"]],
        )
    if visit.form.get("outcome") == "complete":
        with visit.engine.writing():
            onboard(call, account)
    return leave(link["return_url"])
