"""Webhook endpoints: where events are sent to."""

from __future__ import annotations

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.address import check_url
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["WebhookEndpoint"]

_MOST_ENDPOINTS = 16


class WebhookEndpoint(Behaviour):
    """`Webhook endpoint <https://docs.stripe.com/api/webhook_endpoints>`_."""

    name = "webhook_endpoint"
    said = "webhook endpoint"

    def on_create(self, call: Call) -> Json:
        """Make an endpoint; only this answer tells its secret."""
        self._check(call)
        if call.engine.store.count(call.account, self.name) >= _MOST_ENDPOINTS:
            raise InvalidRequest(
                f"You have reached the maximum of {_MOST_ENDPOINTS} test webhook "
                "endpoints."
            )
        secret = f"whsec_{call.secret(32, 'webhook_secret')}"
        endpoint = self.draft(call, status="enabled")
        connect = bool(call.params.get("connect"))
        self.finish(call, endpoint, private={"secret": secret, "connect": connect})
        return in_order({**endpoint, "secret": secret})

    def on_retrieve(self, call: Call) -> Json:
        """Answer an endpoint; nothing is left of a deleted one."""
        return self.target(call)

    def on_update(self, call: Call) -> Json:
        """Change an endpoint, or switch it off and on."""
        self._check(call)
        endpoint = self.target(call)
        status = endpoint["status"]
        if "disabled" in call.params:
            status = "disabled" if call.params["disabled"] else "enabled"
        return self.change(call, endpoint, status=status)

    def on_delete(self, call: Call) -> Json:
        """Delete an endpoint; what was still to be sent to it is not."""
        endpoint = self.target(call)
        call.engine.store.deliveries.drop(endpoint["id"])
        return call.delete(endpoint)

    def _check(self, call: Call) -> None:
        if call.params.get("url") is not None:
            check_url(call.params["url"], call.engine.webhook_hosts)
        if "enabled_events" in call.params and not call.params["enabled_events"]:
            raise ParameterInvalid.empty("enabled_events")
