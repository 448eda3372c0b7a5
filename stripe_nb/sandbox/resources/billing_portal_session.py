"""Billing portal sessions: a customer's own page, for a short time."""

from __future__ import annotations

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources.billing_portal_configuration import default_of
from stripe_nb.sandbox.return_urls import check_url
from stripe_nb.sandbox.wire import Json

__all__ = ["BillingPortalSession"]

_BEYOND = ("after_expiration", "customer_account", "flow_data", "on_behalf_of")


class BillingPortalSession(Behaviour):
    """`Portal session <https://docs.stripe.com/api/customer_portal/sessions>`_."""

    name = "billing_portal.session"

    def on_create(self, call: Call) -> Json:
        """Open the portal for a customer."""
        params = call.params
        for name in _BEYOND:
            if params.get(name):
                raise NotSimulated(f"the parameter {name} of portal sessions")
        customer = call.given("customer", "customer")
        if customer is None:
            raise ParameterMissing("customer")
        if params.get("return_url"):
            check_url(params["return_url"], "return_url")
        configuration = call.given("billing_portal.configuration", "configuration")
        if configuration is None:
            configuration = default_of(call)
        if not configuration["active"]:
            raise InvalidRequest(
                f"The configuration {configuration['id']} is not active.",
                param="configuration",
            )
        session = call.new(self.name)
        assign(session, self.resource.fields, params)
        secret = call.secret(40, "portal_session")
        base = call.base_url or "https://billing.stripe.com"
        session.update(
            configuration=configuration["id"],
            customer=customer["id"],
            return_url=params.get("return_url") or configuration["default_return_url"],
            url=f"{base}/p/session/{session['id']}/{secret}",
        )
        return self.finish(call, session, private={"secret": secret})
