"""How fast requests may go: a rate for each endpoint, and one for the account.

Every request books the next free moment and waits for it, so that one budget
serves several lists, threads and, by way of a file, processes. A rate begins
below what Stripe allows, grows while answers come, and is halved when Stripe
says 429 for it. A 429 that names no limit, as for an object that others hold,
says little of the rate, which gives way a little.

Stripe: 25 requests a second to one endpoint, 100 to an account in live mode
and 25 in test mode (https://docs.stripe.com/rate-limits). A sandbox has no
limit until it says 429.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, Self

import orjson
from filelock import FileLock

from stripe_nb.clock import monotonic

__all__ = ["Budget", "Memory", "SharedFile", "Store"]

ENDPOINT = 25.0
ACCOUNT_LIVE, ACCOUNT_TEST = 100.0, 25.0
_ACCOUNT = "account"

_BEGINNING = 0.8
_GROWTH, _GROWTH_AFTER_REFUSAL = 0.01, 0.0025
_LESS, _LITTLE_LESS = 0.5, 0.9
_SLOWEST = 1.0
# Requests that may go at once after a silence.
_BURST = 5
# Answers to requests that were on their way together are one refusal.
_ONE_REFUSAL_SECONDS = 0.5

# Of each bucket: rate, when it is empty, when it was last refused.
Bucket = list[float]


class Store(Protocol):
    """Where buckets are kept."""

    def opened(self) -> AbstractContextManager[MutableMapping[str, Bucket]]:
        """Give the buckets, to be changed by nobody else meanwhile."""


class Memory:
    """Buckets of this process."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def opened(self) -> Self:
        """Give the buckets, to be changed by no other thread meanwhile."""
        return self

    def __enter__(self) -> MutableMapping[str, Bucket]:
        self._lock.acquire()
        return self._buckets

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class SharedFile:
    """Buckets of all processes that name the same file.

    Parameters
    ----------
    path
        On a disk of this machine; made when it is first used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(f"{path}.lock")

    @contextmanager
    def opened(self) -> Iterator[MutableMapping[str, Bucket]]:
        """Give the buckets, to be changed by no other process meanwhile."""
        with self._lock:
            text = self._path.read_bytes() if self._path.exists() else b""
            buckets: dict[str, Bucket] = orjson.loads(text or b"{}")
            yield buckets
            self._path.write_bytes(orjson.dumps(buckets))


class Budget:
    """The requests that an account may make.

    Parameters
    ----------
    account
        Requests a second in all; None for no limit until one is met.
    store
        Where to keep count; in this process by default.
    clock
        In seconds; all who share the store read the same.

    Examples
    --------
    >>> budget = Budget(25.0, clock=lambda: 0.0)
    >>> waits = [budget.book("customers.list") for _ in range(7)]
    >>> waits[4], waits[6] > waits[5] > 0
    (0.0, True)
    """

    def __init__(
        self,
        account: float | None,
        *,
        store: Store | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._ceiling = account
        self._store = store or Memory()
        self._clock = clock

    def book(self, endpoint: str) -> float:
        """Book one request; return how many seconds to wait before it.

        Parameters
        ----------
        endpoint
            Each has a rate of its own.
        """
        start = now = self._clock()
        with self._store.opened() as buckets:
            for name in (_ACCOUNT, endpoint):
                if bucket := self._bucket(buckets, name):
                    start = max(start, _take(bucket, now))
        return start - now

    def accepted(self, endpoint: str) -> None:
        """Let the rates grow a little, since Stripe has answered."""
        with self._store.opened() as buckets:
            for name in (_ACCOUNT, endpoint):
                if bucket := self._bucket(buckets, name):
                    ceiling = self._ceiling_of(name)
                    growth = _GROWTH_AFTER_REFUSAL if bucket[2] else _GROWTH
                    bucket[0] = min(ceiling, bucket[0] + growth * ceiling)

    def refused(self, endpoint: str, reason: str, *, pause: float) -> None:
        """Lower a rate, since Stripe has said 429.

        Parameters
        ----------
        reason
            Stripe's: ``"global-rate"`` and its like mean the account's rate,
            others the endpoint's; empty if it names none.
        pause
            Seconds in which nothing shall be sent.
        """
        now = self._clock()
        name = _ACCOUNT if reason.startswith("global") else endpoint
        with self._store.opened() as buckets:
            bucket = self._bucket(buckets, name) or buckets.setdefault(
                name, self._new(name)
            )
            if not bucket[2] or now - bucket[2] > _ONE_REFUSAL_SECONDS:
                less = _LESS if reason else _LITTLE_LESS
                bucket[0] = max(_SLOWEST, less * bucket[0])
                bucket[2] = now
            burst = (_BURST - 1) / bucket[0]
            bucket[1] = max(bucket[1], now + pause + burst)

    def rate(self, endpoint: str) -> float:
        """Return how many requests a second an endpoint gets now."""
        with self._store.opened() as buckets:
            bucket = self._bucket(buckets, endpoint)
            return bucket[0] if bucket else math.inf

    def _bucket(self, buckets: MutableMapping[str, Bucket], name: str) -> Bucket | None:
        if name not in buckets and self._ceiling is not None:
            buckets[name] = self._new(name)
        return buckets.get(name)

    def _new(self, name: str) -> Bucket:
        return [_BEGINNING * self._ceiling_of(name), 0.0, 0.0]

    def _ceiling_of(self, name: str) -> float:
        account = ACCOUNT_TEST if self._ceiling is None else self._ceiling
        return account if name == _ACCOUNT else min(ENDPOINT, account)


def _take(bucket: Bucket, now: float) -> float:
    """Return when the next request may go, and count it."""
    step = 1 / bucket[0]
    start = max(now, bucket[1] - (_BURST - 1) * step)
    bucket[1] = max(bucket[1], now) + step
    return start
