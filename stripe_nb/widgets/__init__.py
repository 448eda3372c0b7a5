"""Widgets: Stripe's objects and flows to see and to click, in every front end.

Each is an anywidget: a class here, its JavaScript and CSS in ``static``, no
build step and nothing from a CDN. Kept free of imports, so that the names cost
nothing until one is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_nb.widgets.base import StripeWidget
    from stripe_nb.widgets.error_lab import ErrorLab
    from stripe_nb.widgets.explorer import explore
    from stripe_nb.widgets.payment_form import PaymentForm
    from stripe_nb.widgets.request_log import RequestLog
    from stripe_nb.widgets.state_diagram import StateDiagram
    from stripe_nb.widgets.subscription_timeline import SubscriptionTimeline
    from stripe_nb.widgets.webhook_inbox import WebhookInbox

__all__ = [
    "ErrorLab",
    "PaymentForm",
    "RequestLog",
    "StateDiagram",
    "StripeWidget",
    "SubscriptionTimeline",
    "WebhookInbox",
    "explore",
]

# Public name: the module that defines it.
_HOMES = {
    "ErrorLab": "error_lab",
    "PaymentForm": "payment_form",
    "RequestLog": "request_log",
    "StateDiagram": "state_diagram",
    "StripeWidget": "base",
    "SubscriptionTimeline": "subscription_timeline",
    "WebhookInbox": "webhook_inbox",
    "explore": "explorer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    home = import_module(f"{__name__}.{_HOMES[name]}")
    return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
