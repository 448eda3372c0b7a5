"""The plugin's fixtures, for a checkout that is not installed too.

Installed, pytest finds them by the entry point.
"""

from __future__ import annotations

from stripe_nb.testing import (
    _stripe_sandboxes,
    stripe_client,
    stripe_clock,
    stripe_sandbox,
    stripe_webhooks,
)

__all__ = [
    "_stripe_sandboxes",
    "stripe_client",
    "stripe_clock",
    "stripe_sandbox",
    "stripe_webhooks",
]
