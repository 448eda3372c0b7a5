"""The API calls that a cell made, as the Dashboard's log would show them."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any, Self

import traitlets

from stripe_nb.frames.objects import canonical_json
from stripe_nb.widgets.base import StripeWidget

if TYPE_CHECKING:
    from stripe_nb.session import Client
    from stripe_nb.transport.call_log import RecordedCall

__all__ = ["RequestLog"]

_KEPT = 500
_FIRST_ERROR = 400


class RequestLog(StripeWidget, static="request_log"):
    """Show a client's calls: method, path, status, time, ids and masked body.

    ``with RequestLog() as log:`` holds the calls made within; ``RequestLog()``
    alone follows all calls from now on, until `stop`.

    Parameters
    ----------
    client
        From ``connect``; the last connected if not given.

    Attributes
    ----------
    calls
        One dictionary per call, oldest first, at most 500.
    live
        Whether it still follows.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect() as client, RequestLog() as log:
    ...     customers = client.v1.customers.list({"limit": 1})
    >>> log
    <RequestLog: 1 call>
    >>> log.calls[0]["path"], log.calls[0]["status"]
    ('/v1/customers', 200)
    """

    calls = traitlets.List(traitlets.Dict()).tag(sync=True)
    live = traitlets.Bool().tag(sync=True)

    def __init__(self, *, client: Client | None = None) -> None:
        super().__init__(client=client)
        self._lock = threading.Lock()
        self._unobserve = self.client.calls.observe(self._add)
        self.live = True

    def _add(self, call: RecordedCall) -> None:
        # Called in whichever thread made the call.
        with self._lock:
            self.calls = [*self.calls, _told(call)][-_KEPT:]

    def stop(self) -> None:
        """Follow no more; what is shown stays.

        Examples
        --------
        >>> from stripe_nb.session import connect
        >>> with connect():
        ...     log = RequestLog()
        >>> log.stop()
        >>> log.live
        False
        """
        self._unobserve()
        self.live = False

    def on_stop(self) -> None:
        """Stop, as `stop`."""
        self.stop()

    def on_clear(self) -> None:
        """Forget the calls that are shown."""
        with self._lock:
            self.calls = []

    def close(self) -> None:
        """Stop, and take the widget off the page."""
        self.stop()
        super().close()

    def __enter__(self) -> Self:
        # What came between the making and the block is not the block's.
        self.on_clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def describe(self) -> str:
        """Count the calls."""
        count = len(self.calls)
        return f"{count} call{'' if count == 1 else 's'}"

    def fallback_html(self) -> str:
        """Return a table of what is the same in each run of the same cell."""
        rows = "".join(map(_row, self.calls))
        head = "".join(
            f"<th>{name}</th>" for name in ("method", "path", "status", "parameters")
        )
        caption = f"<caption>{escape(self.describe())}</caption>"
        return f"<table>{caption}<tr>{head}</tr>{rows}</table>"


def _told(call: RecordedCall) -> dict[str, Any]:
    return {
        "number": call.number,
        "method": call.method.upper(),
        "path": call.path,
        "status": call.status,
        "failed": call.status is None or call.status >= _FIRST_ERROR,
        "milliseconds": round(call.seconds * 1000, 1),
        "request_id": call.request_id or "",
        "idempotency_key": call.idempotency_key or "",
        "body": canonical_json(call.body) if call.body else "",
        "error": call.error or "",
        "retries": call.retries,
    }


def _row(call: dict[str, Any]) -> str:
    status = " ".join(filter(None, (str(call["status"] or "none"), call["error"])))
    cells = (call["method"], call["path"], status, call["body"])
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
