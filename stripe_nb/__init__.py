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

# Not lazy, and cheap: the function shares its name with the package that it
# lives in, and whoever imports that package later must not put it in its place.
from stripe_nb.export import export

if TYPE_CHECKING:
    from stripe_nb import catalog, errors, money
    from stripe_nb.errors import (
        CatalogError,
        ExportError,
        FrameError,
        LiveKeyError,
        LiveWriteError,
        MissingDependencyError,
        NotebookError,
        SandboxError,
        SettingsError,
        StripeNbError,
        UnknownOperationError,
        UnknownResourceError,
    )
    from stripe_nb.frames import frame, to_frame
    from stripe_nb.sandbox import Sandbox
    from stripe_nb.session import connect

__version__ = "0.1.0"

__all__ = [
    "CatalogError",
    "ExportError",
    "FrameError",
    "LiveKeyError",
    "LiveWriteError",
    "MissingDependencyError",
    "NotebookError",
    "Sandbox",
    "SandboxError",
    "SettingsError",
    "StripeNbError",
    "UnknownOperationError",
    "UnknownResourceError",
    "catalog",
    "connect",
    "errors",
    "export",
    "frame",
    "money",
    "to_frame",
]

# Public name: the module that defines it.
_HOMES = {
    "Sandbox": "stripe_nb.sandbox",
    "connect": "stripe_nb.session",
    "frame": "stripe_nb.frames",
    "to_frame": "stripe_nb.frames",
}
_MODULES = frozenset({"catalog", "errors", "money"})


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
