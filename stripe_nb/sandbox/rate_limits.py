"""Rate limits, as a Stripe sandbox has them; only where they are switched on.

Stripe: https://docs.stripe.com/rate-limits. The time is the machine's, since
that is what a client that sends too fast has to wait for.
"""

from __future__ import annotations

from stripe_nb.catalog.model import Operation
from stripe_nb.clock import monotonic
from stripe_nb.sandbox.errors import RateLimited

__all__ = ["PER_SECOND", "RateLimits"]

# Requests of one account, and to each of its endpoints.
PER_SECOND = 25
# Endpoints whose own limit is another one: of all searches, and of files.
_PER_SECOND_OF_A_GROUP = 20


class RateLimits:
    """Buckets of requests, filled again as time goes by.

    There is one for each endpoint of an account, where searches count as one and
    so do the reading and the writing of files; and one for the account itself.

    Parameters
    ----------
    per_second
        How fast an account's fills, and how much it holds; ``None`` for no limit.
    """

    def __init__(self, per_second: int | None = PER_SECOND) -> None:
        self.per_second = per_second
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def check(self, account: str, operation: Operation) -> None:
        """Take one request from its endpoint's bucket and from its account's.

        Raises
        ------
        RateLimited
            If one of them is empty; nothing is taken from the other then.
        """
        if self.per_second is None:
            return
        endpoint, size = self._endpoint(operation, self.per_second)
        now = monotonic()
        of_endpoint = self._left((account, endpoint), size, now)
        of_account = self._left((account, ""), self.per_second, now)
        if of_endpoint < 1:
            raise RateLimited("endpoint-rate")
        if of_account < 1:
            raise RateLimited("global-rate")
        self._buckets[account, endpoint] = (of_endpoint - 1, now)
        self._buckets[account, ""] = (of_account - 1, now)

    def _left(self, bucket: tuple[str, str], size: int, now: float) -> float:
        left, since = self._buckets.get(bucket, (size, now))
        return min(size, left + (now - since) * size)

    @staticmethod
    def _endpoint(operation: Operation, per_second: int) -> tuple[str, int]:
        of_group = min(per_second, _PER_SECOND_OF_A_GROUP)
        if operation.answer == "search":
            return "search", of_group
        if operation.name.startswith("files."):
            reads = operation.method == "get"
            return f"files.{'read' if reads else 'write'}", of_group
        return operation.name, per_second
