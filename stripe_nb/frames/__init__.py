"""Stripe objects and lists as typed pandas DataFrames.

Meets Stripe, or the sandbox, only over HTTP through `session`.
"""

from __future__ import annotations

from stripe_nb.frames.build import to_frame
from stripe_nb.frames.exploding import explode, normalize
from stripe_nb.frames.fetch import frame

__all__ = ["explode", "frame", "normalize", "to_frame"]
