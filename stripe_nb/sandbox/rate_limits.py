"""Rate limits, as a Stripe sandbox has them; only where they are switched on.

Stripe: https://docs.stripe.com/rate-limits. The time is the machine's, since
that is what a client that sends too fast has to wait for.
"""

from __future__ import annotations

from stripe_nb.clock import monotonic
from stripe_nb.sandbox.errors import RateLimited

__all__ = ["PER_SECOND", "RateLimits"]

# Requests to one endpoint, of one account.
PER_SECOND = 25


class RateLimits:
    """A bucket of requests for each endpoint, filled again as time goes by.

    Parameters
    ----------
    per_second
        How fast it fills, and how much it holds; ``None`` for no limit.
    """

    def __init__(self, per_second: int | None = PER_SECOND) -> None:
        self.per_second = per_second
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def check(self, account: str, endpoint: str) -> None:
        """Take one request from an endpoint's bucket.

        Raises
        ------
        RateLimited
            If it is empty.
        """
        if self.per_second is None:
            return
        now = monotonic()
        size = float(self.per_second)
        left, since = self._buckets.get((account, endpoint), (size, now))
        left = min(size, left + (now - since) * self.per_second)
        allowed = left >= 1
        self._buckets[account, endpoint] = (left - 1 if allowed else left, now)
        if not allowed:
            raise RateLimited("endpoint-rate")
