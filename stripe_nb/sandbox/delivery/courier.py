"""Sends events to webhook endpoints over HTTP, from threads of its own.

Each endpoint has a lane: one delivery after the other, in the order of the
events. What fails is tried again after a while, and what came later does not
wait for it. Only this machine is sent to, unless other hosts are allowed.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import orjson

from stripe_nb.clock import monotonic, wall_time
from stripe_nb.sandbox import shapes
from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.delivery.address import is_allowed
from stripe_nb.sandbox.delivery.ledger import Delivery
from stripe_nb.sandbox.delivery.outbox import DESTINATION, ENDPOINT, count_down
from stripe_nb.sandbox.delivery.signing import headers
from stripe_nb.sandbox.delivery.thin import notification
from stripe_nb.sandbox.store import Row
from stripe_nb.sandbox.wire import Json

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["RETRY_DELAYS", "Courier", "Parcel"]

_logger = logging.getLogger(__name__)

# Stripe's sandboxes try three times over hours; here nobody should wait so long.
RETRY_DELAYS = (0.5, 1.0, 2.0)

_SECONDS_TO_ANSWER = 10.0
_LINGER_SECONDS = 5.0
_REORDER_SECONDS = 0.25
_OK = range(200, 300)
_LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery with all that its sender needs to know."""

    delivery: Delivery
    url: str
    secret: str
    body: bytes


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

    def start(self) -> None:
        """Begin with what is waiting."""
        with self.engine.lock:
            if self._running:
                return
            self._running = True
            self.engine.outbox.wake = self.wake
            waiting = set(self.engine.store.deliveries.waiting())
        self.wake(waiting)

    def stop(self) -> None:
        """Stop sending; what is not sent yet stays noted."""
        with self._lock:
            self._running = False
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join()

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
            self._lanes.pop(lane.endpoint, None)
            return True

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left to send; tell whether it came to that."""
        end = monotonic() + timeout
        while self._waiting():
            left = end - monotonic()
            if left <= 0:
                return False
            with self._settled:
                self._settled.wait(min(left, 0.05))
        return True

    def _waiting(self) -> bool:
        with self.engine.lock:
            return bool(self.engine.store.deliveries.waiting())

    def pick(self, endpoint: str) -> Parcel | float | None:
        """Return what to send next, or when to look again, if ever."""
        with self.engine.lock:
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
            return self._pack(found)

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
            body=self._body(event.obj, endpoint.obj, delivery),
        )

    def _body(self, event: Json, endpoint: Json, delivery: Delivery) -> bytes:
        """Return the exact bytes to sign and send."""
        if event["object"] == "event":
            content = self._in_version(event, endpoint, delivery.account)
            content["pending_webhooks"] = delivery.pending
        else:
            content = notification(event)
        if delivery.owner != delivery.account:
            key = "account" if event["object"] == "event" else "context"
            content = in_order({**content, key: delivery.account})
        return orjson.dumps(
            content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )

    def _in_version(self, event: Json, endpoint: Json, account: str) -> Json:
        """Return an event as it is under the version that its endpoint is for."""
        version = endpoint.get("api_version") or endpoint.get("snapshot_api_version")
        if not version:
            return event
        call = self.engine.internal_call()
        call.account, call.version = account, version
        data = {**event["data"], "object": shapes.older(call, event["data"]["object"])}
        return {**event, "api_version": version, "data": data}

    def record(self, parcel: Parcel, status: int | None, error: str | None) -> None:
        """Note how a delivery went, and when it is to be tried again."""
        delivery = parcel.delivery
        with self.engine.lock, self.engine.aside():
            ledger = self.engine.store.deliveries
            if status in _OK:
                ledger.settle(delivery, "delivered", status, error)
                count_down(self.engine.store, delivery.account, delivery.event)
            elif delivery.attempts < len(self.delays):
                due = wall_time() + self.delays[delivery.attempts]
                ledger.put_off(delivery, due, status, error)
            else:
                ledger.settle(delivery, "failed", status, error)
        with self._settled:
            self._settled.notify_all()


class _Lane(threading.Thread):
    """Sends one endpoint's events."""

    def __init__(self, courier: Courier, endpoint: str) -> None:
        super().__init__(name=f"stripe_nb webhooks to {endpoint}", daemon=True)
        self.courier = courier
        self.endpoint = endpoint
        self.woken = threading.Event()
        self._stopped = False
        self._connection: http.client.HTTPConnection | None = None
        self._to: tuple[str, str] = ("", "")

    def stop(self) -> None:
        """End soon, even in the middle of a request."""
        self._stopped = True
        self.woken.set()
        connection = self._connection
        if connection and connection.sock:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        while not self._stopped:
            self.woken.clear()
            found = self.courier.pick(self.endpoint)
            if isinstance(found, Parcel):
                self._carry(found)
            elif not self._rest(found):
                break
        self._close()

    def _rest(self, seconds: float | None) -> bool:
        """Wait for work; tell whether to go on."""
        woken = self.woken.wait(_LINGER_SECONDS if seconds is None else seconds)
        return woken or seconds is not None or not self.courier.leave(self)

    def _carry(self, parcel: Parcel) -> None:
        times = 1
        if self.courier.engine.faults.strikes("duplicate", self.endpoint):
            times = 2
        outcome = _Outcome()
        for _ in range(times):
            outcome = self._send(parcel)
        if not self._stopped:
            if not outcome.ok:
                said = outcome.error or f"HTTP {outcome.status}"
                _logger.info("Webhook to %s failed: %s", self.endpoint, said)
            self.courier.record(parcel, outcome.status, outcome.error)

    def _send(self, parcel: Parcel) -> _Outcome:
        url = urlsplit(parcel.url)
        if not is_allowed(url.hostname or "", self.courier.hosts):
            return _Outcome(error="The sandbox sends webhooks to this machine only.")
        signed = headers(parcel.body, parcel.secret, int(wall_time()))
        reused = self._reach(url)
        try:
            return self._post(url, parcel.body, signed)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            # A kept connection may have been closed on the other side meanwhile.
            stale = isinstance(error, ConnectionError | http.client.BadStatusLine)
            if not (reused and stale) or self._stopped:
                return _Outcome(error=_said(error))
        self._reach(url)
        try:
            return self._post(url, parcel.body, signed)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            return _Outcome(error=_said(error))

    def _reach(self, url: SplitResult) -> bool:
        """Have a connection to a URL's host; tell whether it was there before."""
        to = (url.scheme, url.netloc)
        if self._connection is not None and self._to == to:
            return True
        self._close()
        self._to = to
        host, port = url.hostname or "", url.port
        self._connection = (
            http.client.HTTPSConnection(
                host,
                port,
                timeout=_SECONDS_TO_ANSWER,
                context=ssl.create_default_context(),
            )
            if url.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_SECONDS_TO_ANSWER)
        )
        return False

    def _post(self, url: SplitResult, body: bytes, signed: dict[str, str]) -> _Outcome:
        connection = self._connection
        if connection is None:
            raise ConnectionError
        path = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
        connection.request("POST", path, body, signed)
        answer = connection.getresponse()
        rest = answer.read(_LARGEST_ANSWER)
        if answer.will_close or len(rest) == _LARGEST_ANSWER:
            self._close()
        return _Outcome(status=answer.status)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


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


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"No answer within {_SECONDS_TO_ANSWER:.0f} seconds."
    return f"{type(error).__name__}: {error}"
