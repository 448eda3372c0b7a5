"""Pages of lists that have an order of their own, such as an invoice's lines."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ResourceMissing
from stripe_nb.sandbox.resource import Listing
from stripe_nb.sandbox.store import Page
from stripe_nb.sandbox.wire import Json

__all__ = ["listing"]

_DEFAULT_LIMIT = 10
_LARGEST_LIMIT = 100


def listing(call: Call, names: Sequence[str]) -> Listing:
    """Answer the page of objects, given by their ids in order, that a call asks for.

    Raises
    ------
    InvalidRequest
        If the cursor is none of them, or both cursors are given.
    """
    params = call.params
    if params.get("starting_after") and params.get("ending_before"):
        raise InvalidRequest(
            "Received both starting_after and ending_before parameters. Please "
            "pass in only one."
        )
    limit = min(max(params.get("limit", _DEFAULT_LIMIT), 1), _LARGEST_LIMIT)
    if params.get("ending_before"):
        end = _position(params, names, "ending_before")
        start = max(end - limit, 0)
        more = start > 0
    else:
        start = _position(params, names, "starting_after") + 1
        end = min(start + limit, len(names))
        more = end < len(names)
    rows = [call.row(name) for name in names[start:end]]
    page = Page([row for row in rows if row], more)
    return Listing(page, call.operation.path.format_map(call.path))


def _position(params: Json, names: Sequence[str], param: str) -> int:
    value = params.get(param)
    if not value:
        return -1
    if value not in names:
        raise ResourceMissing("line item", value, param=param, http_status=400)
    return names.index(value)
