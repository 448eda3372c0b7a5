"""Links to the pages where an account's owner tells Stripe about it."""

from __future__ import annotations

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.controller import collected_by_stripe
from stripe_nb.sandbox.connect.onboarding import open_page
from stripe_nb.sandbox.connect.platform import account_of, on_platform
from stripe_nb.sandbox.errors import InvalidRequest, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.return_urls import check_url
from stripe_nb.sandbox.wire import Json

__all__ = ["AccountLink"]

_SECONDS = 300


class AccountLink(Behaviour):
    """`AccountLink <https://docs.stripe.com/api/account_links>`_."""

    name = "account_link"

    def on_create(self, call: Call) -> Json:
        """Make a link that can be opened once, within five minutes."""
        account = account_of(call, call.params["account"])
        for name in ("refresh_url", "return_url"):
            if not call.params.get(name):
                raise ParameterMissing(name)
            check_url(call.params[name], name)
        if call.params["type"] == "account_update" and collected_by_stripe(account):
            raise InvalidRequest(
                "You cannot create `account_update` type Account Links for this "
                "account.",
                param="type",
            )
        expires = call.now() + _SECONDS
        page = open_page(
            on_platform(call),
            account["id"],
            return_url=call.params["return_url"],
            refresh_url=call.params["refresh_url"],
            expires_at=expires,
        )
        return in_order(
            {
                "object": "account_link",
                "created": call.now(),
                "expires_at": expires,
                "url": page,
            }
        )
