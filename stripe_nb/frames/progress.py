"""A bar with rows, their rate, requests and tries that were repeated."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stripe_nb.clock import monotonic

if TYPE_CHECKING:
    from stripe_nb.frames.pull import Pull

__all__ = ["Bar"]

# Quick pulls print nothing, so that committed notebooks stay as they are.
_DELAY = 2.0


class Bar:
    """Shows how far some pulls have come.

    Parameters
    ----------
    pulls
        Which.
    shown
        Whether to show it; None for once two seconds have passed.
    """

    def __init__(self, pulls: Sequence[Pull], shown: bool | None) -> None:
        self._pulls = pulls
        self._is_hidden = shown is False
        self._due = monotonic() + (0 if shown else _DELAY)
        self._bar: Any = None
        if shown:
            self._bar = self._made()

    def _made(self) -> Any:
        # Late: in a notebook it brings ipywidgets along, and most pulls are quick.
        from tqdm.auto import tqdm

        limits = [pull.limit for pull in self._pulls]
        return tqdm(
            desc=", ".join(pull.query.resource for pull in self._pulls),
            total=None if None in limits else sum(n for n in limits if n),
            unit=" rows",
            leave=False,
        )

    def refresh(self) -> None:
        """Show what has come by now."""
        if self._is_hidden or monotonic() < self._due:
            return
        if self._bar is None:
            self._bar = self._made()
            # Its rate is that of all the time.
            self._bar.start_t -= _DELAY
        tallies = [pull.tally for pull in self._pulls]
        requests = sum(tally.requests for tally in tallies)
        retries = sum(tally.retries for tally in tallies)
        self._bar.set_postfix(requests=requests, retries=retries, refresh=False)
        self._bar.update(sum(pull.rows for pull in self._pulls) - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
