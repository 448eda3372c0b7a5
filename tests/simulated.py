"""Which lists of Stripe's the sandbox has."""

from __future__ import annotations

from stripe_nb.export.many import listable
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.coverage import Answer, coverage

__all__ = ["simulated_lists"]


def simulated_lists() -> list[str]:
    """Return those that need no parent, as `listable` does."""
    with Sandbox(seed=7) as box:
        refused = {
            entry.operation.name
            for entry in coverage(box.engine)
            if entry.answer is Answer.REFUSED
        }
    return [name for name in listable() if f"{name}.list" not in refused]
