"""Links to the Express dashboard of a connected account."""

from __future__ import annotations

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.platform import account_of
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["LoginLink"]


class LoginLink(Behaviour):
    """`LoginLink <https://docs.stripe.com/api/accounts/login_link>`_."""

    name = "login_link"

    def on_accounts_login_links_create(self, call: Call) -> Json:
        """Make a link, once the account has told what Stripe wants to know."""
        account = account_of(call, call.path["account"])
        dashboard = account["controller"].get("stripe_dashboard") or {}
        if dashboard.get("type") != "express":
            raise InvalidRequest(
                "Cannot create a login link for an account that does not have access "
                "to the Express Dashboard.",
            )
        if not account["details_submitted"]:
            raise InvalidRequest(
                "Cannot create a login link for an account that has not completed "
                "onboarding.",
            )
        secret = call.secret(12, of="login_link")
        return in_order(
            {
                "object": "login_link",
                "created": call.now(),
                "url": f"https://connect.stripe.com/express/{account['id']}/{secret}",
            }
        )
