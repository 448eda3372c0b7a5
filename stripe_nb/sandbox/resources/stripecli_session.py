"""Sessions of the Stripe CLI: what ``stripe listen`` and ``logs tail`` open.

The protocol as CLI 1.52 speaks it; Stripe does not document it.
"""

from __future__ import annotations

from typing import Any

import orjson

from stripe_nb.catalog.model import Field, Kind, Type
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.delivery.listeners import Session
from stripe_nb.sandbox.errors import ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.unlisted import unlisted
from stripe_nb.sandbox.wire import Json

__all__ = ["SOCKET_PATH", "StripecliSession"]

SOCKET_PATH = "/_sandbox/stripecli"

_STRING = Type(Kind.STRING)
_RECONNECT_SECONDS = 86_400


class StripecliSession(Behaviour):
    """What one run of the CLI asks to hear."""

    name = "stripecli.session"
    unlisted = (
        unlisted(
            "stripecli.sessions.create",
            "post",
            "/v1/stripecli/sessions",
            "stripecli.session",
            Field("device_name", _STRING),
            Field("filters", _STRING),
            Field("forward_connect_to_url", _STRING),
            Field("forward_thin_connect_to_url", _STRING),
            Field("forward_thin_to_url", _STRING),
            Field("forward_to_url", _STRING),
            Field("websocket_features", Type(Kind.LIST, item=_STRING)),
        ),
    )

    def on_stripecli_sessions_create(self, call: Call) -> Json:
        """Tell the CLI where to listen, and which secret signs what it will hear."""
        ids = call.engine.ids
        device = call.params.get("device_name") or ""
        # The same for a device each time, as from Stripe.
        secret = f"whsec_{ids.stable(64, of=f'stripecli/{call.account}/{device}')}"
        features = tuple(call.params.get("websocket_features") or ["webhooks"])
        session = Session(
            id=f"ws_{call.secret(24, 'stripecli_session')}",
            account=call.account,
            secret=secret,
            features=features,
            filters=_filters(call.params.get("filters")),
        )
        call.engine.listeners.open(session)
        return {
            "default_version": call.engine.account_version,
            "device_token": ids.stable(24, of=f"stripecli_device/{device}"),
            "display_connect_filter_warning": False,
            "latest_version": call.engine.catalog.api_version,
            "reconnect_delay": _RECONNECT_SECONDS,
            "secret": secret,
            "websocket_authorized_feature": features[0],
            "websocket_id": session.id,
            "websocket_url": "ws" + call.base_url.removeprefix("http") + SOCKET_PATH,
        }


def _filters(text: str | None) -> dict[str, Any]:
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ParameterInvalid("Invalid JSON object", param="filters")
    return value
