"""What was asked of the sandbox, and how it answered: the last requests.

Keys and secrets are masked before anything is kept.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.wire import Json, Request

__all__ = ["LoggedRequest", "RequestLog", "logged", "masked_query"]

_KEPT = 1000
_SECRET = re.compile(
    r"secret|token|password|(^|[\[_])(key|number|cvc|cvv|pin|ssn)\]?($|\[)",
    re.IGNORECASE,
)
# Most queries have none of these, and are kept as they are.
_SUSPECT = re.compile("secret|token|password|key|number|cvc|cvv|pin|ssn", re.IGNORECASE)
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and its answer.

    Attributes
    ----------
    request_id
        As in the answer's ``Request-Id``.
    created
        When, in Unix seconds of the sandbox's clock.
    method, path
        What was asked; the path is without the query.
    query
        The query, with secrets masked.
    status
        The answer's HTTP status.
    account
        The account that it was for.
    api_version
        The version that it was served under.
    idempotency_key
        As sent.
    error
        The error's type, code, message and param, or ``None``.
    """

    request_id: str
    created: int
    method: str
    path: str
    query: str
    status: int
    account: str
    api_version: str
    idempotency_key: str | None = None
    error: Json | None = None

    def to_entry(self) -> Json:
        """Return the entry that ``stripe logs tail`` shows."""
        return {
            "account": self.account,
            "created_at": self.created,
            "error": self.error or {},
            "livemode": False,
            "method": self.method,
            "request_id": self.request_id,
            "status": self.status,
            "url": self.path,
        }


class RequestLog:
    """The last requests, oldest first.

    Parameters
    ----------
    size
        How many are kept.
    """

    def __init__(self, size: int = _KEPT) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=size)

    def add(self, entry: LoggedRequest) -> None:
        """Keep one more."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def logged(
    request: Request,
    *,
    request_id: str,
    created: int,
    status: int,
    account: str,
    api_version: str,
    error: ApiError | None,
) -> LoggedRequest:
    """Return the log's entry for a request."""
    return LoggedRequest(
        request_id=request_id,
        created=created,
        method=request.method.upper(),
        path=request.path,
        query=masked_query(request.query),
        status=status,
        account=account,
        api_version=api_version,
        idempotency_key=request.headers.get("idempotency-key"),
        error=None if error is None else _told(error),
    )


def _told(error: ApiError) -> Json:
    told = {
        "type": error.type,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "decline_code": error.extra.get("decline_code"),
    }
    return {key: value for key, value in told.items() if value is not None}


def masked_query(query: str) -> str:
    """Return a query with the values of secret parameters hidden.

    Examples
    --------
    >>> masked_query("limit=3&client_secret=pi_1_secret_2&card[number]=4242")
    'limit=3&client_secret=***&card[number]=***'
    """
    if not _SUSPECT.search(query):
        return query
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    return urlencode(
        [(name, _HIDDEN if _SECRET.search(name) else value) for name, value in pairs],
        safe="[]*",
    )
