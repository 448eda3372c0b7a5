"""Lists being read: what is asked for, what has come, and how.

Pages are decoded from raw bytes as they arrive, by several cursors at once
where that is quicker; no object of the SDK is built.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path as File
from typing import Any, TypeVar

from stripe_nb.catalog import load
from stripe_nb.clock import wall_time
from stripe_nb.frames.asking import Asker, Tally
from stripe_nb.frames.background import Sink, results_of
from stripe_nb.frames.budgets import budget_for, pause_for
from stripe_nb.frames.certificate import certificate
from stripe_nb.frames.chunk import Chunk, chunk_in_steps
from stripe_nb.frames.collecting import few_collections
from stripe_nb.frames.decoding import Decode, PageDecoder, as_dictionaries
from stripe_nb.frames.nested import Nested, nested_lists, unsent_lists
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import Mark
from stripe_nb.frames.progress import Bar
from stripe_nb.frames.query import Query, query_for
from stripe_nb.frames.reader import InTurn, Objects, Piece, Progress, Reader
from stripe_nb.frames.schema import Path, Schema, schema_of
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.sender import Sender, sender_for
from stripe_nb.frames.spans import Span
from stripe_nb.frames.window import span_of
from stripe_nb.session import Client, current

__all__ = ["Pull", "pieces_of"]

T = TypeVar("T")


class Pull:
    """One list being read: what is asked for, and what has come.

    Parameters
    ----------
    asked
        Which rows and columns, and for whom.
    todo
        Ranges of ``created`` in Unix seconds, half-open and None for an open
        end, that are still to be read; everything asked for if not given.
    after
        Where a list without ``created`` goes on, as the last `Piece` said.
    had
        How many of the rows that were asked for are there already; they count
        for ``limit``.
    serial
        Whether to read by one cursor, so that rows come in the list's order.
    sparing
        Whether rows are handed on early, so that few are lost by a crash; each
        piece costs something.
    budget
        A file in which processes share the account's rate.

    Attributes
    ----------
    schema
        The columns that its objects become.
    query
        What Stripe is asked.
    tally
        The requests so far.
    """

    def __init__(
        self,
        asked: Selection,
        *,
        todo: Sequence[Span] | None = None,
        after: Mark | None = None,
        had: int = 0,
        serial: bool = False,
        sparing: bool = False,
        budget: File | None = None,
    ) -> None:
        ask = partial(
            query_for,
            str(asked.resource),
            asked.params,
            created=asked.created,
            search=asked.search,
        )
        first = ask()
        self.schema: Schema = schema_of(
            first.resource, expand=asked.expand, fields=asked.fields
        )
        unsent = unsent_lists(first.resource, asked.explode)
        self.query: Query = ask(expand=(*self.schema.expand, *unsent))
        self.limit = asked.limit
        self.client: Client = asked.client or current()
        self.account = asked.account
        self.tally = Tally()
        self._explode = asked.explode
        self._progress = Progress()
        self._livemode: bool | None = None
        self._followed = 0
        self._fetched_at: int | None = None
        self._todo = todo
        self._after = after
        self._had = had
        self._serial = serial
        self._sparing = sparing
        self._budget = budget

    @property
    def progress(self) -> Progress:
        """How far the list has been read."""
        return self._progress

    @property
    def followed(self) -> int:
        """How many nested lists were followed to their ends."""
        return self._followed

    @property
    def rows(self) -> int:
        """How many rows have come."""
        return self._progress.rows

    @property
    def left(self) -> int | None:
        """How many rows were to be read at the beginning; None for all."""
        return None if self.limit is None else self.limit - self._had

    @property
    def complete(self) -> bool:
        """Whether everything asked for has come, with no limit cutting it short."""
        return self._progress.is_whole

    @property
    def attrs(self) -> dict[Any, Any]:
        """How the rows came about, as plain JSON."""
        query = self.query
        return {
            "resource": query.resource,
            "api_version": load().api_version,
            "livemode": self._livemode,
            "account": self.account or self.client.account,
            "window": None if query.window is None else list(query.window),
            "filters": {k: v for k, v in query.params.items() if k != "expand"},
            "hidden_filters": dict(query.hidden),
            "expand": list(self.schema.expand),
            "limit": self.limit,
            "complete": self.complete,
            "amounts": self.schema.amounts,
            "certificate": certificate(
                query,
                self._progress,
                self.tally,
                limit=self.limit,
                nested=self._followed,
                fetched_at=self._fetched_at,
            ),
        }

    def batches(self, *, progress: bool | None = None) -> Iterator[list[Object]]:
        """Yield the objects as Stripe sent them, newest first, some at a time.

        What comes before its turn is held back; `pieces` holds nothing back.
        """
        order = InTurn(self.spans)
        for _, piece in _read([self], Pull.read_objects, progress):
            yield from (its.rows for its in order.take(piece))
        yield from (its.rows for its in order.rest())

    def pieces(self, *, progress: bool | None = None) -> Iterator[Piece[Chunk]]:
        """Yield the rows in pieces, as they come, as typed columns."""
        for _, piece in pieces_of([self], progress=progress):
            yield piece

    async def read(self, sender: Sender, give: Sink[Piece[Chunk]]) -> None:
        """Read the list; hand on its pieces as typed columns.

        Parameters
        ----------
        sender
            An open one, of the pull's client.
        give
            Takes them.

        Raises
        ------
        FrameError
            If a value can't be held in its column without loss.
        """

        # Here and not where they are taken: what was just decoded is at hand.
        async def turned(piece: Objects) -> None:
            chunk = await _in_steps(chunk_in_steps(piece.rows, self.schema))
            if piece.times:
                chunk.created = list(piece.times)
            await give(
                Piece(chunk, piece.end, piece.number, piece.covered, piece.after)
            )

        await self._read(sender, turned, PageDecoder(self.schema, self._paths))

    async def read_objects(self, sender: Sender, give: Sink[Objects]) -> None:
        """Read the list; hand on its pieces as Stripe sent them: see `read`."""
        await self._read(sender, give, as_dictionaries)

    @property
    def _paths(self) -> tuple[Path, ...]:
        return nested_lists(self.schema, also=self._explode)

    async def _read(self, sender: Sender, give: Sink[Objects], decode: Decode) -> None:
        self._fetched_at = int(wall_time())
        budget = budget_for(self.client, self.account, self._budget)
        pause = pause_for(self.client)
        name = self.query.operation.name
        ask = partial(Asker, sender, budget, tally=self.tally, pause=pause)
        nested = Nested(self._paths, ask(f"{name}.nested"))
        reader = Reader(
            self.query,
            ask(name, decode=decode),
            spans=self.spans,
            stamp=self._stamp(),
            limit=self.left,
            serial=self._serial,
            after=self._after,
            sparing=self._sparing,
        )
        self._progress = reader.progress

        async def finished(piece: Objects) -> None:
            await nested.complete(piece.rows)
            self._followed = nested.followed
            self._note(piece.rows)
            await give(piece)

        await reader.read(finished)

    def _note(self, rows: list[Object]) -> None:
        if self._livemode is None and rows:
            self._livemode = rows[0].get("livemode")

    def _stamp(self) -> str | None:
        """Return the field that the list is sorted by, newest first."""
        query = self.query
        if query.operation.version == "v2" or not query.takes("created"):
            return None
        if "order_by" in query.params:
            return None
        fields = load().resource(query.resource).fields
        # Of invoice items ``created`` means their ``date``.
        return next((name for name in ("created", "date") if name in fields), None)

    @property
    def can_be_divided(self) -> bool:
        """Whether the list can be read in ranges of ``created``."""
        return self._stamp() is not None

    @property
    def spans(self) -> Sequence[Span]:
        """The ranges of ``created`` to read, half-open, newest first."""
        if self._todo is not None:
            return sorted(self._todo, key=_newest_first)
        if self._stamp() is None:
            return [(None, None)]
        return [span_of(self.query.params.get("created", {}))]


async def _in_steps(steps: Generator[None, None, T]) -> T:
    """Run something to its end, and let others have a turn after each step."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(0)


def pieces_of(
    pulls: Sequence[Pull], *, progress: bool | None = None
) -> Iterator[tuple[Pull, Piece[Chunk]]]:
    """Read several lists at once; yield each one's pieces as they come.

    Lists of one account share its rate.

    Parameters
    ----------
    pulls
        The lists, each read once.
    progress
        Whether to show a bar; by default once two seconds have passed.
    """
    return _read(pulls, Pull.read, progress)


def _read(
    pulls: Sequence[Pull],
    read: Callable[[Pull, Sender, Sink[Piece[T]]], Awaitable[None]],
    progress: bool | None,
) -> Iterator[tuple[Pull, Piece[T]]]:
    async def produce(give: Sink[tuple[Pull, Piece[T]]]) -> None:
        async def one(pull: Pull, sender: Sender) -> None:
            await read(pull, sender, lambda piece: give((pull, piece)))

        async with AsyncExitStack() as stack:
            senders: dict[tuple[int, str | None], Sender] = {}
            async with asyncio.TaskGroup() as group:
                for pull in pulls:
                    whose = (id(pull.client), pull.account)
                    if whose not in senders:
                        opened = sender_for(pull.client, pull.account)
                        senders[whose] = await stack.enter_async_context(opened)
                    group.create_task(one(pull, senders[whose]))

    with few_collections(), Bar(pulls, progress) as bar:
        yield from results_of(produce, tick=bar.refresh)


def _newest_first(span: Span) -> float:
    return -math.inf if span[1] is None else -span[1]
