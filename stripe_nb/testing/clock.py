"""A test clock that a test moves on: billing happens as it passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import stripe

from stripe_nb.clock import monotonic, parse_time
from stripe_nb.errors import SandboxError
from stripe_nb.session import Client

__all__ = ["StripeClock"]

_SECONDS_TO_ADVANCE = 30.0
_SECONDS_BETWEEN = 0.01
_SHORTEST_STEP = 3600


class StripeClock:
    """A Stripe test clock; what belongs to its customers lives in its time.

    Parameters
    ----------
    client
        Where to make it.
    start
        Where it stands at first; by default at the sandbox's present.

    Attributes
    ----------
    id
        For the ``test_clock`` of a customer.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7) as client:
    ...     clock = StripeClock(client, "2026-01-15")
    ...     customer = clock.customer(email="ada@example.com")
    ...     clock.advance(days=31)
    ...     f"{clock.now:%Y-%m-%d}"
    '2026-02-15'
    """

    def __init__(
        self, client: Client, start: str | int | datetime | None = None
    ) -> None:
        self._client = client
        self._clocks = client.v1.test_helpers.test_clocks
        begin = _present(client) if start is None else parse_time(start)
        self.id = self._clocks.create({"frozen_time": begin}).id

    @property
    def now(self) -> datetime:
        """Its time, in UTC."""
        return datetime.fromtimestamp(self._frozen_time, UTC)

    def customer(self, **parameters: Any) -> stripe.Customer:
        """Make a customer that lives in its time.

        Parameters
        ----------
        **parameters
            As for any customer.
        """
        asked: Any = {**parameters, "test_clock": self.id}
        return self._client.v1.customers.create(asked)

    def advance(self, *, to: str | int | datetime | None = None, **by: float) -> None:
        """Move on, and return once all that falls due on the way has happened.

        Stripe lets a clock advance by two billing intervals at once; what is
        farther is gone in several steps.

        Parameters
        ----------
        to
            Where to.
        **by
            Or how far, as in a ``timedelta``: ``days=31``, ``hours=1``.

        Raises
        ------
        SandboxError
            If it would not move on, or does not arrive.
        """
        if (to is None) is (not by):
            raise SandboxError("Say where to, or how far: advance(days=31).")
        start = self._frozen_time
        end = parse_time(to) if to is not None else start + _seconds(by)
        if end <= start:
            raise SandboxError("A test clock only moves on: give a later time.")
        step = end - start
        while (here := self._frozen_time) < end:
            step = self._try(here, min(step, end - here))

    def _try(self, here: int, step: int) -> int:
        """Advance by a step, or by a shorter one; return which was right."""
        while True:
            try:
                self._clocks.advance(self.id, {"frozen_time": here + step})
            except stripe.InvalidRequestError:
                if step <= _SHORTEST_STEP:
                    raise
                step = max(step // 2, _SHORTEST_STEP)
            else:
                self._arrive()
                return step

    def _arrive(self) -> None:
        end = monotonic() + _SECONDS_TO_ADVANCE
        while (status := self._clocks.retrieve(self.id).status) != "ready":
            if status == "internal_failure" or monotonic() > end:
                raise SandboxError(
                    f"The test clock did not arrive; its status is {status}."
                )
            sleep(_SECONDS_BETWEEN)

    @property
    def _frozen_time(self) -> int:
        return self._clocks.retrieve(self.id).frozen_time


def _seconds(by: dict[str, float]) -> int:
    try:
        return round(timedelta(**by).total_seconds())
    except TypeError as error:
        raise SandboxError(f"advance takes days=, hours= and so on: {error}") from error


def _present(client: Client) -> int:
    sandbox: Any = client.sandbox
    if sandbox is None:
        raise SandboxError("Say where the clock starts: StripeClock(client, start).")
    return int(sandbox.now)
