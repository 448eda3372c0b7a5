"""Lists inside objects, of which Stripe sends the first ten items or so.

Followed to their ends only where they have more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Kind
from stripe_nb.errors import FrameError
from stripe_nb.frames.asking import Asker
from stripe_nb.frames.decoding import lists_of
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import PAGE, Step, rows_of
from stripe_nb.frames.schema import Path, Schema

__all__ = ["Nested", "nested_lists", "unsent_lists"]

# Not always there, and yet not to be asked for: Stripe sends it to whom it
# concerns (https://docs.stripe.com/api/accounts/object).
_SENT = {("account", "external_accounts")}

# Requests that one batch of rows may have under way.
_AT_ONCE = 16


def nested_lists(schema: Schema, *, also: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return the paths of the lists that a schema's columns hold.

    Parameters
    ----------
    schema
        Whose columns matter.
    also
        Dotted paths that matter whatever the columns.
    """
    fields = load().resource(schema.resource).fields
    wanted = {column.path for column in schema.columns if len(column.path) == 1}
    found = [path for path in wanted if _is_page(fields, path[0])]
    return (*sorted(found), *(tuple(name.split(".")) for name in also))


def unsent_lists(resource: str, names: Iterable[str]) -> list[str]:
    """Return those of an object's lists that Stripe sends only where expanded."""
    fields = load().resource(resource).fields
    return [
        name
        for name in names
        if _is_page(fields, name)
        and not fields[name].required
        and (resource, name) not in _SENT
    ]


def _is_page(fields: Any, name: str) -> bool:
    return name in fields and fields[name].type.kind is Kind.PAGE


class Nested:
    """Completes the nested lists of rows.

    Parameters
    ----------
    paths
        Where the lists are.
    asker
        Of the endpoints that go on with them.
    """

    def __init__(self, paths: tuple[Path, ...], asker: Asker) -> None:
        self.followed = 0
        self._paths = paths
        self._asker = asker
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def complete(self, rows: list[Object]) -> None:
        """Read the rest of the rows' lists into them."""
        lists = list(self._unfinished(rows))
        if not lists:
            return
        self.followed += len(lists)
        async with asyncio.TaskGroup() as group:
            for envelope in lists:
                group.create_task(self._follow(envelope))

    def _unfinished(self, rows: list[Object]) -> Iterator[Object]:
        for path in self._paths:
            found: list[Any] = rows
            for name in path:
                found = [v for v in lists_of(found, name) if v and isinstance(v, dict)]
            yield from (nested for nested in found if nested.get("has_more"))

    async def _follow(self, envelope: Object) -> None:
        url = urlsplit(str(envelope.get("url"))).path
        items: list[Object] = envelope["data"]
        async with self._slots:
            more = bool(items)
            while more:
                last = items[-1].get("id")
                if not isinstance(last, str):
                    raise FrameError(f"{url} has more items, and they have no ids.")
                step = Step(params={"starting_after": last})
                answer, _ = await self._asker.ask(url, {"limit": PAGE}, step)
                page = rows_of(answer, url)
                items.extend(page)
                more = bool(answer.get("has_more") and page)
        envelope["has_more"] = False
