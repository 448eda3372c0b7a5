"""Billing portal configurations: what customers may do on their own."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.blank import assign
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.wire import Json

__all__ = ["BillingPortalConfiguration", "default_of"]

_CANCEL_REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "other",
)


class BillingPortalConfiguration(Behaviour):
    """`Portal configuration <https://docs.stripe.com/api/customer_portal>`_."""

    name = "billing_portal.configuration"
    missing_param = "configuration"

    def on_create(self, call: Call) -> Json:
        """Make a configuration."""
        configuration = _blank(call)
        check_metadata(call.params)
        self._take_over(call, configuration)
        return self.finish(call, configuration)

    def on_update(self, call: Call) -> Json:
        """Change a configuration."""
        configuration = self.target(call)
        check_metadata(call.params, configuration["metadata"])
        if configuration["is_default"] and call.params.get("active") is False:
            raise InvalidRequest(
                "You can't deactivate the default configuration.", param="active"
            )
        self._take_over(call, configuration)
        configuration["updated"] = call.now()
        return call.update(
            configuration, announce="billing_portal.configuration.updated"
        )

    def _take_over(self, call: Call, configuration: Json) -> None:
        params = call.params
        features = params.get("features") or {}
        if (features.get("subscription_pause") or {}).get("enabled"):
            raise NotSimulated("pausing subscriptions in the billing portal")
        if (params.get("login_page") or {}).get("enabled"):
            raise NotSimulated("the login page of the billing portal")
        _check_updates(features)
        assign(configuration, self.resource.fields, params)


def _check_updates(features: Json) -> None:
    updates = features.get("subscription_update") or {}
    if updates.get("enabled"):
        raise NotSimulated("changing subscriptions in the billing portal")


def _blank(call: Call, **values: Any) -> Json:
    return call.new(
        "billing_portal.configuration",
        active=True,
        business_profile={
            "headline": None,
            "privacy_policy_url": None,
            "terms_of_service_url": None,
        },
        features=_features(),
        is_default=False,
        login_page={"enabled": False, "url": None},
        updated=call.now(),
        **values,
    )


def _features() -> Json:
    return {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": False},
        "payment_method_update": {
            "enabled": False,
            "payment_method_configuration": None,
        },
        "subscription_cancel": {
            "cancellation_reason": {
                "enabled": False,
                "feedback_options": None,
                "options": list(_CANCEL_REASONS),
            },
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_pause": {
            "duration": {"interval_options": [], "type": "indefinite"},
            "enabled": False,
        },
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": [],
            "enabled": False,
            "products": None,
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }


def default_of(call: Call) -> Json:
    """Return the account's default configuration, made when it is first needed."""
    known = call.objects("billing_portal.configuration", is_default=True)
    if known:
        return known[0]
    made = _blank(call)
    made["is_default"] = True
    made["features"] |= {
        "customer_update": {"allowed_updates": ["email", "name"], "enabled": True},
        "invoice_history": {"enabled": True},
        "payment_method_update": {
            "enabled": True,
            "payment_method_configuration": None,
        },
    }
    made["features"]["subscription_cancel"]["enabled"] = True
    return call.insert(made, announce="billing_portal.configuration.created")
