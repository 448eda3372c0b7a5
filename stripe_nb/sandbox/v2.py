"""What the objects of Stripe's v2 API have in common: pages, times, ``include``.

Their bodies are JSON, their times RFC 3339, and a page tells the URL of the next.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stripe_nb.clock import parse_time
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import ParameterInvalid
from stripe_nb.sandbox.store import Condition, Row
from stripe_nb.sandbox.wire import Json, encode_form

__all__ = ["between", "page_of"]

_DEFAULT_LIMIT = 20
_LARGEST_LIMIT = 100
_LARGEST = 2**63 - 1
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page_of(
    call: Call,
    resource: str,
    conditions: Sequence[Condition],
    show: Callable[[Row], Json] = lambda row: row.obj,
) -> Json:
    """Answer a page of a v2 collection.

    Parameters
    ----------
    call
        With ``limit`` and ``page``, the token of a page's URL.
    resource
        Whose objects.
    conditions
        All must hold.
    show
        Gives the object that a row is answered as.
    """
    limit = call.params.get("limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= _LARGEST_LIMIT:
        raise ParameterInvalid(
            f"limit must be from 1 to {_LARGEST_LIMIT}, and not {limit}.",
            code="invalid_limit",
            param="limit",
        )
    back, row = _position(call.params.get("page"), resource)
    page = call.engine.store.page(
        call.account,
        resource,
        conditions,
        limit=limit,
        after=None if back else row,
        before=row if back else None,
    )
    more_before = page.has_more if back else row is not None
    more_after = True if back else page.has_more
    first, last = (page.rows[0], page.rows[-1]) if page.rows else (None, None)
    return {
        "data": [show(row) for row in page.rows],
        "next_page_url": _url(call, last, "n") if more_after else None,
        "previous_page_url": _url(call, first, "p") if more_before else None,
    }


def between(created: Mapping[str, str] | None) -> Iterator[Condition]:
    """Give the conditions of a ``created`` filter."""
    for name, text in (created or {}).items():
        try:
            bound = parse_time(text or "")
        except (OverflowError, ValueError):
            raise ParameterInvalid(
                f"created.{name} is no RFC 3339 time: {text}", param=f"created.{name}"
            ) from None
        # Beyond what SQLite's integers hold, the nearest of them says the same.
        yield Condition(
            f"created {_COMPARISONS[name]} ?", (max(-_LARGEST, min(bound, _LARGEST)),)
        )


def _url(call: Call, row: Row | None, direction: str) -> str | None:
    if row is None:
        return None
    place = f"{direction}.{row.created}.{row.seq}".encode()
    token = urlsafe_b64encode(place).decode().rstrip("=")
    params: dict[str, Any] = {**call.params, "page": token}
    return f"{call.operation.path.format_map(call.path)}?{encode_form(params)}"


def _stored(text: str) -> int:
    """Read a number as SQLite can hold it."""
    number = int(text)
    if not -_LARGEST <= number <= _LARGEST:
        raise ValueError(number)
    return number


def _position(token: str | None, resource: str) -> tuple[bool, Row | None]:
    """Read where a page begins, and whether it goes backwards."""
    if not token:
        return False, None
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        direction, created, seq = text.split(".")
        row = Row(_stored(seq), "", resource, _stored(created), deleted=False, body=b"")
    except (Base64Error, ValueError):
        raise ParameterInvalid(
            "The page is none that a page before gave.", param="page"
        ) from None
    return direction == "p", row
