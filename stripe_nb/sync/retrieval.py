"""Single objects as they are now, by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import stripe

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Resource
from stripe_nb.frames.asking import Asker, Tally
from stripe_nb.frames.background import Sink, results_of
from stripe_nb.frames.budgets import budget_for, pause_for
from stripe_nb.frames.nested import Nested, nested_lists
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import Step
from stripe_nb.frames.schema import Schema
from stripe_nb.frames.sender import sender_for
from stripe_nb.session import Client

__all__ = ["answer_to", "retrieve_path", "retrieved"]

_Answer = tuple[str, Object | None]

# Enough to use up a rate of 25 a second where an answer takes 0.3 s.
_AT_ONCE = 8


def retrieve_path(spec: Resource, collection: str) -> str | None:
    """Return the path of a single object of a list, with ``{}`` for its id.

    Examples
    --------
    >>> from stripe_nb.catalog import load
    >>> retrieve_path(load().resource("customer"), "/v1/customers")
    '/v1/customers/{}'
    """
    for name in spec.operations:
        operation = load().operations[name]
        if operation.action != "retrieve" or len(operation.path_parameters) != 1:
            continue
        path = operation.path.replace(f"{{{operation.path_parameters[0]}}}", "{}")
        if path == f"{collection}/{{}}":
            return path
    return None


def retrieved(
    path: str, ids: Iterable[str], schema: Schema, client: Client, account: str | None
) -> tuple[dict[str, Object], list[str]]:
    """Return the objects that exist, by id, and the ids of those that don't.

    Parameters
    ----------
    path
        Of one object, with ``{}`` for its id.
    schema
        Of the table's columns: the lists in them are read to their ends.
    """
    names = list(ids)
    found: dict[str, Object] = {}
    gone: list[str] = []
    if not names:
        return found, gone
    produce = partial(_read_all, path, names, schema, client, account)
    for name, obj in results_of(produce, tick=_quietly):
        if obj is None or obj.get("deleted"):
            gone.append(name)
        else:
            found[name] = obj
    return found, gone


def answer_to(
    path: str, params: Mapping[str, Any], client: Client, account: str | None
) -> Object:
    """Return one answer of Stripe's, asked for again if it may come later.

    Unlike the SDK, which gives up when the rate is exceeded.
    """

    async def ask(give: Sink[Object]) -> None:
        async with sender_for(client, account) as sender:
            budget = budget_for(client, account, None)
            asker = Asker(sender, budget, path, Tally(), pause=pause_for(client))
            answer, _ = await asker.ask(path, params, Step())
            await give(answer)

    (answer,) = results_of(ask, tick=_quietly)
    return answer


async def _read_all(
    path: str,
    names: list[str],
    schema: Schema,
    client: Client,
    account: str | None,
    give: Sink[_Answer],
) -> None:
    budget, tally = budget_for(client, account, None), Tally()
    pause = pause_for(client)
    endpoint = f"{schema.resource}.retrieve"
    waiting = iter(names)
    async with sender_for(client, account) as sender:
        asker = Asker(sender, budget, endpoint, tally, pause=pause)
        more = Asker(sender, budget, f"{endpoint}.nested", tally, pause=pause)
        nested = Nested(nested_lists(schema), more)

        async def work() -> None:
            # All take from one iterator, so that each id is read once.
            for name in waiting:
                obj = await _read(asker, path.format(quote(name, safe="")))
                if obj is not None:
                    await nested.complete([obj])
                await give((name, obj))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(names))):
                group.create_task(work())


async def _read(asker: Asker, path: str) -> Object | None:
    try:
        obj: Object
        obj, _ = await asker.ask(path, {}, Step())
    except stripe.InvalidRequestError as error:
        if error.http_status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return obj


def _quietly() -> None:
    """Show nothing while objects come."""
