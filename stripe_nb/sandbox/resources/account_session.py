"""Sessions of the components that a platform embeds in its own pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.catalog.model import Field, Kind
from stripe_nb.sandbox.blank import blank, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect.platform import account_of
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["AccountSession"]

_SECONDS = 1800
_SECRET_LENGTH = 43


class AccountSession(Behaviour):
    """`AccountSession <https://docs.stripe.com/api/account_sessions>`_."""

    name = "account_session"

    def on_create(self, call: Call) -> Json:
        """Open a session for the components that are asked for."""
        account = account_of(call, call.params["account"])
        wanted = call.params["components"]
        if not any((part or {}).get("enabled") for part in wanted.values()):
            raise InvalidRequest(
                "You must enable at least one component.", param="components"
            )
        secret = call.secret(_SECRET_LENGTH, of="account_session")
        return in_order(
            {
                **blank(call.kind(self.name)),
                "account": account["id"],
                "client_secret": f"accs_secret__{secret}",
                "components": _components(
                    self.resource.fields["components"].type.fields, wanted
                ),
                "expires_at": call.now() + _SECONDS,
            }
        )


def _components(fields: Mapping[str, Field], wanted: Mapping[str, Any]) -> Json:
    """Show every component: features are on by default where it is enabled."""
    return {name: _component(field, wanted.get(name)) for name, field in fields.items()}


def _component(field: Field, wanted: Mapping[str, Any] | None) -> Json:
    given = wanted or {}
    enabled = bool(given.get("enabled"))
    features = field.type.fields["features"].type.fields
    chosen = given.get("features") or {}
    return {
        "enabled": enabled,
        "features": {
            name: chosen.get(name, enabled and not name.startswith("disable_"))
            for name, feature in features.items()
            if feature.type.kind is Kind.BOOLEAN
        },
    }
