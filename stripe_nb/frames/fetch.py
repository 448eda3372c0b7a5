"""A whole list of Stripe's, read page by page into a typed DataFrame.

Pages are decoded from raw bytes and turned into columns a few thousand rows at
a time; no object of the SDK is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd

from stripe_nb.catalog import load
from stripe_nb.errors import FrameError
from stripe_nb.frames.build import Builder
from stripe_nb.frames.objects import Object
from stripe_nb.frames.query import Query, query_for
from stripe_nb.frames.schema import Schema, schema_of
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.window import Window
from stripe_nb.session import Client, current

if TYPE_CHECKING:
    import stripe

__all__ = ["Pull", "frame"]

# Stripe: a page holds up to 100 objects.
_PAGE = 100
# Rows that are turned into columns at once: enough to be fast, few enough that
# their dictionaries don't fill the memory.
_BATCH = 5_000
# Quick pulls print nothing, so that committed notebooks stay as they are.
_PROGRESS_DELAY = 2.0


def frame(
    resource: str | type[stripe.StripeObject],
    *,
    created: Window | None = None,
    limit: int | None = None,
    expand: Sequence[str] = (),
    fields: Sequence[str] | None = None,
    client: Client | None = None,
    stripe_account: str | None = None,
    progress: bool | None = None,
    **params: Any,
) -> pd.DataFrame:
    """Read a whole list of Stripe objects into a typed DataFrame.

    Reads every page. Columns are those of `to_frame`. Stripe's default filters
    stay as they are; ``attrs["hidden_filters"]`` tells what they leave out, such
    as canceled subscriptions unless ``status="all"`` is given.

    Parameters
    ----------
    resource
        Plural or object name, for example ``"customers"``, or the SDK's class;
        also a collection of a parent, for example
        ``"customers.payment_methods"``.
    created
        Start (inclusive) and end (exclusive), each None, an ISO 8601 date or
        time, a date, a datetime or Unix seconds; without a zone it is UTC. Also
        Stripe's own operators, for example ``{"gte": "2026-01-15"}``.
    limit
        At most so many rows, newest first.
    expand
        References whose fields become columns too, for example
        ``("customer",)``.
    fields
        Only these columns, by name or by dotted path to any depth; references
        on the way are expanded.
    client
        From ``connect``; the last connected if not given.
    stripe_account
        The connected account to read for.
    progress
        Whether to show a bar; by default once two seconds have passed.
    **params
        The list's own filters, for example ``email="a@example.com"``, and the
        parent's id where there is one, for example ``invoice="in_123"``.

    Returns
    -------
    DataFrame
        One row per object, newest first. ``attrs`` tells how it came about:
        resource, API version, mode, window, filters, currencies of amounts, and
        whether it is complete.

    Raises
    ------
    FrameError
        If the list has no such filter, lacks its parent, or a value doesn't fit.
    UnknownResourceError
        If Stripe has no such resource.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect():
    ...     customers = frame("customers", limit=3, fields=["id", "email"])
    >>> customers.columns.tolist(), len(customers)
    (['id', 'email'], 3)
    """
    asked = Selection(
        resource=resource,
        created=created,
        limit=limit,
        expand=expand,
        fields=fields,
        client=client,
        stripe_account=stripe_account,
        params=params,
    )
    pull = Pull(asked)
    builder = Builder(pull.schema)
    for objects in pull.batches(progress=progress):
        builder.add(objects)
    result = builder.frame()
    result.attrs = pull.attrs
    return result


class Pull:
    """One list being read: what is asked for, and what has come.

    Parameters
    ----------
    asked
        Which rows and columns, and for whom.

    Attributes
    ----------
    schema
        The columns that its objects become.
    rows
        How many have come.
    complete
        Whether everything asked for has come, with no `limit` cutting it short.
    """

    def __init__(self, asked: Selection) -> None:
        name, created = str(asked.resource), asked.created
        first = query_for(name, asked.params, created=created)
        self.schema: Schema = schema_of(
            first.resource, expand=asked.expand, fields=asked.fields
        )
        self.query: Query = query_for(
            name, asked.params, created=created, expand=self.schema.expand
        )
        self.limit = asked.limit
        self.rows = 0
        self.complete = False
        self._client = asked.client or current()
        self._account = asked.stripe_account
        self._livemode: bool | None = None

    @property
    def attrs(self) -> dict[Any, Any]:
        """How the rows came about, as plain JSON."""
        query = self.query
        return {
            "resource": query.resource,
            "api_version": load().api_version,
            "livemode": self._livemode,
            "account": self._account or self._client.account,
            "window": None if query.window is None else list(query.window),
            "filters": {k: v for k, v in query.params.items() if k != "expand"},
            "hidden_filters": dict(query.hidden),
            "expand": list(self.schema.expand),
            "limit": self.limit,
            "complete": self.complete,
            "amounts": self.schema.amounts,
        }

    def batches(self, *, progress: bool | None = None) -> Iterator[list[Object]]:
        """Yield the rows, newest first, some thousands at a time."""
        batch: list[Object] = []
        with _bar(self.query.resource, self.limit, progress) as bar:
            for page in self._pages():
                batch += page
                self._note(page)
                bar.update(len(page))
                if len(batch) >= _BATCH:
                    yield batch
                    batch = []
        yield batch

    def _note(self, page: list[Object]) -> None:
        self.rows += len(page)
        if self._livemode is None and page:
            self._livemode = page[0].get("livemode")

    def _pages(self) -> Iterator[list[Object]]:
        if self.limit == 0:
            return
        path, params = self.query.path, {**self.query.params, **self._size()}
        cursor: Any = None
        while True:
            body = self._client.get_bytes(path, params, account=self._account)
            answer = orjson.loads(body)
            page: list[Object] = answer["data"]
            wanted = page if self.limit is None else page[: self.limit - self.rows]
            following = self._following(answer, page)
            self.complete = following is None and len(wanted) == len(page)
            yield wanted
            if following is None or self.rows == self.limit:
                return
            # A cursor that stands still would never end.
            if following == cursor:
                raise FrameError(f"Stripe's list {path} doesn't move on from {cursor}.")
            cursor = following
            if self.query.operation.version == "v2":
                path, params = cursor, {}
            else:
                params = {**self.query.params, **self._size(), "starting_after": cursor}

    def _size(self) -> dict[str, int]:
        if not self.query.takes("limit"):
            return {}
        left = _PAGE if self.limit is None else self.limit - self.rows
        return {"limit": min(_PAGE, left)}

    def _following(self, answer: Mapping[str, Any], page: list[Object]) -> str | None:
        """Return the cursor of the next page: an id, or for v2 a URL."""
        if self.query.operation.version == "v2":
            url: str | None = answer.get("next_page_url")
            return url
        # The SDK, too, takes an empty page for the end.
        if not answer.get("has_more") or not page:
            return None
        last = page[-1].get("id")
        if not isinstance(last, str) or not self.query.takes("starting_after"):
            raise FrameError(
                f"{self.query.path} has more rows, and its objects have no id to go "
                "on from; narrow it down with a filter."
            )
        return last


def _bar(resource: str, limit: int | None, progress: bool | None) -> Any:
    from tqdm.auto import tqdm

    return tqdm(
        desc=resource,
        total=limit,
        unit=" rows",
        delay=0 if progress else _PROGRESS_DELAY,
        leave=False,
        disable=progress is False,
    )
