"""The errors that stripe_nb itself raises, each with its cause and its mend.

What Stripe refuses reaches the caller as the SDK's own exceptions
(``stripe.CardError`` and its kin); nothing here wraps them.

::

    StripeNbError
      x SettingsError           a key or setting that can't be used
        x LiveKeyError          a live key where none was asked for
      x LiveWriteError          a write with a live key that is read-only
      x CatalogError
        x UnknownResourceError
        x UnknownOperationError
      x FrameError
      x ExportError
        x OutOfReachError       a database that can't be written to for now
        x SyncError             a target that can't be brought up to date
      x WebhookError            a webhook that can't be received or handled
      x WidgetError             what a widget can't show or do
      x SandboxError
      x NotebookError           a notebook that did not run to its end
      x MissingDependencyError  names the extra to install
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_nb.explanation import Explanation

__all__ = [
    "CatalogError",
    "ExportError",
    "FrameError",
    "LiveKeyError",
    "LiveWriteError",
    "MissingDependencyError",
    "NotebookError",
    "OutOfReachError",
    "SandboxError",
    "SettingsError",
    "StripeNbError",
    "SyncError",
    "UnknownOperationError",
    "UnknownResourceError",
    "WebhookError",
    "WidgetError",
    "explain",
    "kind_of",
]


def kind_of(value: object) -> str:
    """Return what a sentence calls a value: its type, and not what it holds.

    Examples
    --------
    >>> kind_of(5), kind_of({}), kind_of(None)
    ('an int', 'a dict', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeio" else f"a {name}"


class StripeNbError(Exception):
    """Base of every error that stripe_nb raises."""


class SettingsError(StripeNbError):
    """A key or a setting is malformed or of the wrong kind."""


class LiveKeyError(SettingsError):
    """A live key was found and nobody asked for live mode."""


class LiveWriteError(StripeNbError):
    """A request would have changed live data while live mode is read-only."""


class CatalogError(StripeNbError):
    """The catalog of Stripe's objects and operations can't answer."""


class UnknownResourceError(CatalogError):
    """The installed SDK has no such resource."""


class UnknownOperationError(CatalogError):
    """The installed SDK has no such operation."""


class FrameError(StripeNbError):
    """Objects can't be turned into the frame that was asked for."""


class ExportError(StripeNbError):
    """An export can't be written as asked."""


class OutOfReachError(ExportError):
    """A database can't be written to for now; what was read for it is kept."""


class SyncError(ExportError):
    """A target can't be brought up to date."""


class WebhookError(StripeNbError):
    """A webhook can't be received or handled."""


class WidgetError(StripeNbError):
    """A widget can't show or do what it was asked."""


class SandboxError(StripeNbError):
    """The sandbox can't start, or was used in a way that it can't follow."""


class NotebookError(StripeNbError):
    """A notebook stopped before its end."""


class MissingDependencyError(StripeNbError):
    """A part was used whose optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs {package}, which is not installed: "
            f'pip install "stripe-nb[{extra}]"'
        )


def explain(error: object) -> Explanation:
    """Say what an error means, who must act, and whether to try again.

    See `stripe_nb.explanation.explain`.

    Examples
    --------
    >>> explain(StripeNbError("No key: give one.")).what_happened
    'No key: give one.'
    """
    # Late: this module stands below all others, and the words are data.
    from stripe_nb.explanation import explain as explained

    return explained(error)
