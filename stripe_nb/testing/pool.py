"""The one sandbox that all tests of a process share, each as if it were its own."""

from __future__ import annotations

from typing import Self

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox

__all__ = ["Pool"]

_SEED = 7
_CLOCK = "2026-01-15"
# Failed webhooks are sent again at once: tests don't wait for hours.
_DELAYS = (0.02, 0.05, 0.1)


class Pool:
    """Keeps a sandbox running from test to test.

    Examples
    --------
    >>> with Pool() as pool:
    ...     pool.fresh() is pool.fresh()
    True
    """

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None

    def fresh(self) -> Sandbox:
        """Return a sandbox that runs and is as at its beginning."""
        if self._sandbox is not None:
            try:
                self._sandbox.reset()
            except SandboxError:
                # A test stopped it, to see what happens then.
                self._sandbox = None
        if self._sandbox is None:
            self._sandbox = Sandbox(seed=_SEED, clock=_CLOCK, webhook_delays=_DELAYS)
        return self._sandbox.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()
