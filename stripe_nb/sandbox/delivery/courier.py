"""Sends events to webhook endpoints over HTTP, from threads of its own.

Each endpoint has a lane: one delivery after the other, in the order of the
events. What fails is tried again after a while, and what came later does not
wait for it. Only this machine is sent to, unless other hosts are allowed.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from stripe_nb.clock import monotonic, wall_time
from stripe_nb.sandbox.delivery.address import is_allowed
from stripe_nb.sandbox.delivery.contents import contents
from stripe_nb.sandbox.delivery.ledger import Delivery
from stripe_nb.sandbox.delivery.outbox import DESTINATION, ENDPOINT, count_down
from stripe_nb.sandbox.delivery.sending import Sender, said
from stripe_nb.sandbox.delivery.signing import headers
from stripe_nb.sandbox.store import Row

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["RETRY_DELAYS", "Courier", "Parcel"]

_logger = logging.getLogger(__name__)

# Stripe's sandboxes try three times over hours; here nobody should wait so long.
RETRY_DELAYS = (0.5, 1.0, 2.0)

_LINGER_SECONDS = 5.0
_REORDER_SECONDS = 0.25
_SECONDS_TO_END = 2.0
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery with all that its sender needs to know."""

    delivery: Delivery
    url: str
    secret: str = field(repr=False)
    body: bytes
    # Which ledger the delivery stands in: each reset or restore begins another.
    epoch: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.status in _OK


class Courier:
    """Carries a sandbox's events to its endpoints.

    Parameters
    ----------
    engine
        Whose events.
    hosts
        Hosts besides this machine's own that may be sent to; ``"*"`` is any.
    delays
        Seconds to wait before each further try.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        hosts: Sequence[str] = (),
        delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self.engine = engine
        self.hosts = tuple(hosts)
        self.delays = tuple(delays)
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()
        self._settled = threading.Condition()
        self._running = False
        self._ended = False
        self._epoch = 0

    def start(self) -> None:
        """Begin with what is waiting, unless it was stopped."""
        with self.engine.lock:
            with self._lock:
                if self._running or self._ended:
                    return
                self._running = True
            self.engine.outbox.wake = self.wake
            self.wake(self._waiting())

    def stop(self) -> None:
        """Stop sending for good; what is not sent yet stays noted."""
        with self._lock:
            self._running, self._ended = False, True
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.stop()
        end = monotonic() + _SECONDS_TO_END
        for lane in lanes:
            lane.join(max(end - monotonic(), 0.0))
        with self._settled:
            self._settled.notify_all()

    def renew(self) -> None:
        """Go on with another ledger: what is under way belongs to the former one.

        To be called within the engine's lock, as soon as the ledger is replaced.
        """
        self._epoch += 1
        self.wake(self._waiting())

    def wake(self, endpoints: set[str]) -> None:
        """Let the endpoints' lanes look for work."""
        with self._lock:
            if not self._running:
                return
            for endpoint in endpoints:
                lane = self._lanes.get(endpoint)
                if lane is None:
                    lane = self._lanes[endpoint] = _Lane(self, endpoint)
                    lane.start()
                lane.woken.set()

    def leave(self, lane: _Lane) -> bool:
        """Let an idle lane end, unless it was woken meanwhile."""
        with self._lock:
            if lane.woken.is_set():
                return False
            self._remove(lane)
            return True

    def end(self, lane: _Lane) -> None:
        """Let another lane take an ended one's place."""
        with self._lock:
            self._remove(lane)

    def _remove(self, lane: _Lane) -> None:
        if self._lanes.get(lane.endpoint) is lane:
            del self._lanes[lane.endpoint]

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left to send; tell whether it came to that.

        Once stopped, it sends nothing more.
        """
        end = monotonic() + timeout
        while waiting := self._waiting():
            self.wake(waiting - self._at_work())
            left = end - monotonic()
            if left <= 0:
                return False
            with self._settled:
                self._settled.wait(min(left, 0.05))
        return True

    def _waiting(self) -> set[str]:
        with self.engine.lock:
            if not self._running:
                return set()
            return set(self.engine.store.deliveries.waiting())

    def _at_work(self) -> set[str]:
        with self._lock:
            return set(self._lanes)

    def pick(self, endpoint: str) -> Parcel | float | None:
        """Return what to send next, or when to look again, if ever."""
        with self.engine.lock:
            if not self._running:
                return None
            ledger = self.engine.store.deliveries
            now = wall_time()
            found = ledger.next(endpoint, now)
            if found is None:
                due = ledger.next_due(endpoint)
                return None if due is None else max(due - now, 0.0)
            if self._goes_later(found):
                with self.engine.aside():
                    ledger.hold(found, now + _REORDER_SECONDS)
                return 0.0
            try:
                return self._pack(found)
            except Exception as error:
                # One that can't be sent must not hold up all that come after it.
                _logger.exception("%s can't be sent to %s", found.event, endpoint)
                self._note(found, None, said(error))
                return 0.0

    def _goes_later(self, delivery: Delivery) -> bool:
        """Tell whether a fault makes this delivery change its place."""
        if delivery.due:
            return False
        return self.engine.faults.strikes("reorder", delivery.endpoint) is not None

    def _pack(self, delivery: Delivery) -> Parcel | float:
        store = self.engine.store
        endpoint = store.row(delivery.owner, delivery.endpoint)
        event = store.row(delivery.account, delivery.event)
        if endpoint is None or event is None or not _enabled(endpoint):
            with self.engine.aside():
                store.deliveries.drop(delivery.endpoint)
            return 0.0
        return Parcel(
            delivery,
            url=_url(endpoint),
            secret=orjson.loads(endpoint.private or b"{}").get("secret", ""),
            body=contents(self.engine, event.obj, endpoint.obj, delivery),
            epoch=self._epoch,
        )

    def record(self, parcel: Parcel, status: int | None, error: str | None) -> None:
        """Note how a delivery went, and when it is to be tried again."""
        with self.engine.lock:
            # What is no longer in the ledger has nothing to be noted of.
            if self._running and parcel.epoch == self._epoch:
                self._note(parcel.delivery, status, error)
        with self._settled:
            self._settled.notify_all()

    def _note(self, delivery: Delivery, status: int | None, error: str | None) -> None:
        with self.engine.aside():
            ledger = self.engine.store.deliveries
            if status in _OK:
                ledger.settle(delivery, "delivered", status, error)
                count_down(self.engine.store, delivery.account, delivery.event)
            elif delivery.attempts < len(self.delays):
                due = wall_time() + self.delays[delivery.attempts]
                ledger.put_off(delivery, due, status, error)
            else:
                ledger.settle(delivery, "failed", status, error)


class _Lane(threading.Thread):
    """Sends one endpoint's events."""

    def __init__(self, courier: Courier, endpoint: str) -> None:
        super().__init__(name=f"stripe_nb webhooks to {endpoint}", daemon=True)
        self.courier = courier
        self.endpoint = endpoint
        self.woken = threading.Event()
        self._stopped = False
        self._sender = Sender()

    def stop(self) -> None:
        """End soon, even in the middle of a request."""
        self._stopped = True
        self.woken.set()
        self._sender.stop()

    def run(self) -> None:
        try:
            while not self._stopped:
                self.woken.clear()
                found = self.courier.pick(self.endpoint)
                if isinstance(found, Parcel):
                    self._carry(found)
                elif not self._rest(found):
                    break
        finally:
            self._sender.close()
            self.courier.end(self)

    def _rest(self, seconds: float | None) -> bool:
        """Wait for work; tell whether to go on."""
        woken = self.woken.wait(_LINGER_SECONDS if seconds is None else seconds)
        return woken or seconds is not None or not self.courier.leave(self)

    def _carry(self, parcel: Parcel) -> None:
        times = 1
        if self.courier.engine.faults.strikes("duplicate", self.endpoint):
            times = 2
        for _ in range(times - 1):
            self._send(parcel)
            self._sender.drain()
        outcome = self._send(parcel)
        if not self._stopped:
            if not outcome.ok:
                why = outcome.error or f"HTTP {outcome.status}"
                _logger.info("Webhook to %s failed: %s", self.endpoint, why)
            self.courier.record(parcel, outcome.status, outcome.error)
        self._sender.drain()

    def _send(self, parcel: Parcel) -> _Outcome:
        host = urlsplit(parcel.url).hostname or ""
        if not is_allowed(host, self.courier.hosts):
            return _Outcome(error="The sandbox sends webhooks to this machine only.")
        signed = headers(parcel.body, parcel.secret, int(wall_time()))
        try:
            return _Outcome(self._sender.post(parcel.url, parcel.body, signed))
        except (OSError, http.client.HTTPException) as error:
            self._sender.close()
            return _Outcome(error=said(error))
        except Exception as error:
            # Whatever it is, what comes after it is to be sent.
            _logger.exception("Webhook to %s can't be sent", self.endpoint)
            self._sender.close()
            return _Outcome(error=said(error))


def _enabled(endpoint: Row) -> bool:
    return (
        endpoint.object in (ENDPOINT, DESTINATION)
        and not endpoint.deleted
        and endpoint.obj["status"] == "enabled"
    )


def _url(endpoint: Row) -> str:
    obj = endpoint.obj
    if endpoint.object == ENDPOINT:
        return str(obj["url"])
    return str(orjson.loads(endpoint.private or b"{}")["url"])
