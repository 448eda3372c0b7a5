"""What a client asked of Stripe and what came of it: kept, logged and told.

One record serves the three: `CallLog` keeps the last of them, the logger
``stripe_nb`` writes a line for each with its parts as attributes, and observers
are told at once. Secrets are masked before a record is made, so that no reader
has to think of them.

A record stands for a call as the user made it: tries that the SDK repeats are
counted in it, not recorded one by one.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stripe_nb.clock import monotonic
from stripe_nb.redaction import redact, redact_text
from stripe_nb.transport.parameters import parameters

__all__ = ["Asked", "CallLog", "RecordedCall"]

_logger = logging.getLogger("stripe_nb")
# Without it, Python prints warnings of loggers that nobody set up.
_logger.addHandler(logging.NullHandler())

_KEPT = 1000
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call to Stripe, and what came of it.

    Attributes
    ----------
    number
        Counts the client's calls from 1.
    method
        Such as ``"post"``.
    path
        Where to, without the query: ``"/v1/customers"``.
    status
        The answer's HTTP status; None if no answer came.
    seconds
        From the first try to the last answer.
    request_id
        Stripe's name for the request, to quote to its support.
    idempotency_key
        What lets Stripe tell a repeated try from a new call.
    body
        The parameters, from the query or the body, with secrets masked.
    error
        The code of Stripe's error, or a sentence where it has none.
    retries
        How often the SDK tried again.
    """

    number: int
    method: str
    path: str
    status: int | None
    seconds: float
    request_id: str | None
    idempotency_key: str | None
    body: dict[str, Any] | None
    error: str | None
    retries: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for, with secrets masked; see `RecordedCall`."""

    method: str
    path: str
    idempotency_key: str | None
    body: dict[str, Any] | None

    @classmethod
    def of(
        cls, method: str, url: str, headers: Mapping[str, str] | None, body: object
    ) -> Asked:
        """Return what a request asks for, as it is about to be sent."""
        headers = headers or {}
        keys = (value for name, value in headers.items() if _is_idempotency_key(name))
        return cls(
            method.lower(),
            redact_text(urlsplit(url).path),
            next(keys, None),
            redact(parameters(url, headers, body)),
        )

    def further(self, params: Mapping[str, str]) -> Asked:
        """Return the same call with more parameters, as the next page's is."""
        more = {name: redact(value, name) for name, value in params.items()}
        body = {**(self.body or {}), **more}
        return Asked(self.method, self.path, self.idempotency_key, body)


@dataclass(slots=True)
class Try:
    """One try of a call; whoever sends it says here what was answered."""

    status: int | None = None
    request_id: str | None = None
    error: str | None = None

    def answered(self, answer: tuple[Any, int, Mapping[str, str]]) -> None:
        """Note an answer as the SDK's HTTP clients return it."""
        content, self.status, headers = answer
        ids = (value for name, value in headers.items() if _is_request_id(name))
        self.request_id = next(ids, None)
        if self.status >= _FIRST_ERROR:
            self.error = _said(content) or f"HTTP {self.status}"


@dataclass(slots=True)
class _Pending:
    """A call under way; nothing is asked until its first try has ended."""

    started: float = field(default_factory=monotonic)
    asked: Asked | None = None
    last: Try = field(default_factory=Try)
    tries: int = 0


class CallLog:
    """Keeps a client's last calls; `Client.calls` is one.

    Parameters
    ----------
    kept
        How many calls it keeps.

    Examples
    --------
    >>> CallLog().all
    ()
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._lock = threading.Lock()
        self._calls: deque[RecordedCall] = deque(maxlen=kept)
        self._last = 0
        self._observers: list[Callable[[RecordedCall], None]] = []
        self._under_way: ContextVar[_Pending | None] = ContextVar("call", default=None)

    @property
    def all(self) -> tuple[RecordedCall, ...]:
        """The calls that are kept, oldest first."""
        with self._lock:
            return tuple(self._calls)

    @property
    def mark(self) -> int:
        """The number of the last call; 0 before the first."""
        with self._lock:
            return self._last

    def since(self, mark: int) -> tuple[RecordedCall, ...]:
        """Return the calls after a `mark`, oldest first.

        Parameters
        ----------
        mark
            What `mark` said then.
        """
        return tuple(call for call in self.all if call.number > mark)

    def observe(self, callback: Callable[[RecordedCall], None]) -> Callable[[], None]:
        """Tell each call to a function from now on; return what ends that.

        Parameters
        ----------
        callback
            Called with each call, in the thread that made it.
        """
        with self._lock:
            self._observers = [*self._observers, callback]

        def stop() -> None:
            with self._lock:
                kept = [each for each in self._observers if each is not callback]
                self._observers = kept

        return stop

    @contextmanager
    def one_call(self) -> Iterator[None]:
        """Count the tries within as one call."""
        pending = _Pending()
        token = self._under_way.set(pending)
        try:
            yield
        finally:
            self._under_way.reset(token)
            self._record(pending)

    @contextmanager
    def one_try(self, asked: Asked) -> Iterator[Try]:
        """Note one try, of the call under way or of one that ends with it."""
        pending = self._under_way.get()
        within = pending is not None
        pending = pending or _Pending()
        made = Try()
        try:
            yield made
        except Exception as error:
            made.error = redact_text(_sentence(error))
            raise
        finally:
            pending.asked = pending.asked or asked
            pending.last = made
            pending.tries += 1
            if not within:
                self._record(pending)

    def _record(self, pending: _Pending) -> None:
        asked, last = pending.asked, pending.last
        if asked is None:
            return
        seconds = monotonic() - pending.started
        with self._lock:
            self._last += 1
            call = RecordedCall(
                number=self._last,
                method=asked.method,
                path=asked.path,
                status=last.status,
                seconds=seconds,
                request_id=last.request_id,
                idempotency_key=asked.idempotency_key,
                body=asked.body,
                error=last.error,
                retries=pending.tries - 1,
            )
            self._calls.append(call)
            observers = self._observers
        _write(call)
        for observer in observers:
            try:
                observer(call)
            except Exception:
                # The call itself went well; its caller has no part in this.
                _logger.exception("An observer of calls failed")


def _is_request_id(name: str) -> bool:
    return name.lower() == "request-id"


def _is_idempotency_key(name: str) -> bool:
    return name.lower() == "idempotency-key"


def _said(content: object) -> str | None:
    """Return the code or the sentence of an error's body."""
    if not isinstance(content, str | bytes):
        # A stream is its reader's.
        return None
    try:
        error = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(error, str):
        return redact_text(error)
    said = error.get("code") or error.get("message") if isinstance(error, dict) else ""
    return redact_text(str(said)) if said else None


def _sentence(error: Exception) -> str:
    """Return an exception's last line: the SDK puts the network's words there."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip("()") if lines else type(error).__name__


def _write(call: RecordedCall) -> None:
    failed = call.status is None or call.status >= _FIRST_SERVER_ERROR
    level = logging.WARNING if failed else logging.INFO
    if not _logger.isEnabledFor(level):
        return
    _logger.log(
        level,
        "%s %s: %s in %.3f s, %s%s",
        call.method.upper(),
        call.path,
        call.status or "no answer",
        call.seconds,
        call.request_id or "no request id",
        f" ({call.error})" if call.error else "",
        extra={f"stripe_{name}": value for name, value in asdict(call).items()},
    )
