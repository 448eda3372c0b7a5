"""Everything Stripe does, in a notebook.

The names to type, each loaded when it is first used, so that
``import stripe_nb`` costs next to nothing. Nothing inside the package imports
from here.

Examples
--------
>>> import stripe_nb as snb
>>> "connect" in dir(snb)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Not lazy, and cheap: these functions share their names with the packages that
# they live in, and whoever imports a package later must not put it in the place.
from stripe_nb.export import export
from stripe_nb.sync import sync

if TYPE_CHECKING:
    from stripe_nb import catalog, errors, money, webhooks
    from stripe_nb.errors import (
        CatalogError,
        ExportError,
        FrameError,
        LiveKeyError,
        LiveWriteError,
        MissingDependencyError,
        NotebookError,
        OutOfReachError,
        SandboxError,
        SettingsError,
        StripeNbError,
        SyncError,
        UnknownOperationError,
        UnknownResourceError,
        WebhookError,
        WidgetError,
    )
    from stripe_nb.frames import explode, frame, normalize, to_frame
    from stripe_nb.magics import load_ipython_extension, unload_ipython_extension
    from stripe_nb.sandbox import Sandbox
    from stripe_nb.session import connect
    from stripe_nb.widgets import (
        ErrorLab,
        PaymentForm,
        RequestLog,
        StateDiagram,
        SubscriptionTimeline,
        WebhookInbox,
        explore,
    )

__version__ = "0.1.0"

__all__ = [
    "CatalogError",
    "ErrorLab",
    "ExportError",
    "FrameError",
    "LiveKeyError",
    "LiveWriteError",
    "MissingDependencyError",
    "NotebookError",
    "OutOfReachError",
    "PaymentForm",
    "RequestLog",
    "Sandbox",
    "SandboxError",
    "SettingsError",
    "StateDiagram",
    "StripeNbError",
    "SubscriptionTimeline",
    "SyncError",
    "UnknownOperationError",
    "UnknownResourceError",
    "WebhookError",
    "WebhookInbox",
    "WidgetError",
    "catalog",
    "connect",
    "errors",
    "explode",
    "explore",
    "export",
    "frame",
    "load_ipython_extension",
    "money",
    "normalize",
    "sync",
    "to_frame",
    "unload_ipython_extension",
    "webhooks",
]

# Public name: the module that defines it.
_HOMES = {
    "ErrorLab": "stripe_nb.widgets",
    "PaymentForm": "stripe_nb.widgets",
    "RequestLog": "stripe_nb.widgets",
    "Sandbox": "stripe_nb.sandbox",
    "StateDiagram": "stripe_nb.widgets",
    "SubscriptionTimeline": "stripe_nb.widgets",
    "WebhookInbox": "stripe_nb.widgets",
    "connect": "stripe_nb.session",
    "explode": "stripe_nb.frames",
    "explore": "stripe_nb.widgets",
    "frame": "stripe_nb.frames",
    "load_ipython_extension": "stripe_nb.magics",
    "normalize": "stripe_nb.frames",
    "to_frame": "stripe_nb.frames",
    "unload_ipython_extension": "stripe_nb.magics",
}
_MODULES = frozenset({"catalog", "errors", "money", "webhooks"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    home = import_module(_HOMES.get(name, "stripe_nb.errors"))
    return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
