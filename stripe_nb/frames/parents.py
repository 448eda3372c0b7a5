"""Lists that Stripe gives for one parent at a time, read for all of them.

Where the parents hold the list themselves, as subscriptions their items, its
first page comes with them and only what is longer is asked for; else each
parent's list is asked for. Every row tells its parent's id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count, islice
from typing import Any, TypeAlias

import stripe

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Kind, Operation, Resource
from stripe_nb.clock import wall_time
from stripe_nb.frames.background import Sink
from stripe_nb.frames.decoding import Decode
from stripe_nb.frames.exploding import items_of
from stripe_nb.frames.objects import Object
from stripe_nb.frames.paging import PAGE, LostError, Mark, Step
from stripe_nb.frames.pull import Pull
from stripe_nb.frames.query import LIFTING, lacked_parent
from stripe_nb.frames.reader import PIECE, InTurn, Objects, Piece, Progress
from stripe_nb.frames.schema import Column, Schema, Shape
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.sender import Sender
from stripe_nb.frames.spans import Span

__all__ = ["pull_of"]

# Lists under way at once; the account's rate is what limits them.
_AT_ONCE = 32
# So many more are begun than can be handed on, that one long list holds up none.
_AHEAD = 4 * _AT_ONCE
_NOT_FOUND = 404

# Of one parent: some at a time, then None.
_Rows: TypeAlias = "asyncio.Queue[list[Object] | None]"


def pull_of(asked: Selection, **options: Any) -> Pull:
    """Return what reads a list; for all parents, if it needs one and has none.

    Parameters
    ----------
    asked
        Which rows and columns, and for whom.
    **options
        Of `Pull`.

    Raises
    ------
    FrameError
        If the list lacks something else, or its parents can't be listed.
    """
    lacked = None
    if asked.search is None:
        lacked = lacked_parent(str(asked.resource), asked.params)
    parents = lacked and _listable_parent(*lacked)
    if lacked is None or parents is None:
        return Pull(asked, **options)
    return _OfAllParents(asked, lacked[1], parents, **options)


def _listable_parent(operation: Operation, parameter: str) -> Resource | None:
    """Return the resource that a parameter names one of, if it has a list."""
    resources = load().resources
    if parameter in operation.path_parameters:
        above = operation.name.removesuffix(".list").rpartition(".")[0]
        found = [spec for spec in resources.values() if spec.plural == above]
    else:
        space = operation.returns.rpartition(".")[0]
        names = (f"{space}.{parameter}", parameter)
        found = [resources[name] for name in names if name in resources]
    for spec in found[:1]:
        if spec.list_operation and spec.plural:
            return spec if lacked_parent(spec.plural, {}) is None else None
    return None


class _EnoughError(Exception):
    """As many rows have come as were asked for."""


class _OfAllParents(Pull):
    """The lists of all parents as one.

    Parameters
    ----------
    asked
        The list, without a parent.
    parameter
        What stands for the parent.
    parents
        Their resource.
    todo
        Ranges of the parents' ``created``, where they hold the list.
    **options
        Of `Pull`.
    """

    def __init__(
        self,
        asked: Selection,
        parameter: str,
        parents: Resource,
        *,
        todo: Sequence[Span] | None = None,
        **options: Any,
    ) -> None:
        one = {**asked.params, parameter: "{parent}"}
        super().__init__(replace(asked, params=one), **options)
        self._parameter = parameter
        self._asked = asked
        self._column = parents.name.replace(".", "_")
        self._field = _holding(parents, self.query.resource, asked)
        self._parents = Pull(
            Selection(
                resource=str(parents.plural),
                fields=["id"],
                explode=[self._field] if self._field else [],
                client=asked.client,
                account=asked.account,
                params=_lifting(parents),
            ),
            todo=todo,
            after=self._after if self._field else None,
            serial=asked.limit is not None,
            sparing=self._sparing,
            budget=self._budget,
        )
        self._parents.tally = self.tally
        self._gone = 0
        self.schema, self._is_added = _with_parent(self.schema, self._column)
        operation = self.query.operation
        params = {k: v for k, v in self.query.params.items() if k != parameter}
        self.query = replace(self.query, path=operation.path, params=params)

    @property
    def can_be_divided(self) -> bool:
        """Whether the list can be read in ranges of ``created``: each its own."""
        return False

    @property
    def attrs(self) -> dict[Any, Any]:
        """How the rows came about, as plain JSON."""
        attrs, above = super().attrs, self._parents.attrs
        attrs["hidden_filters"] = {**above["hidden_filters"], **attrs["hidden_filters"]}
        proof = attrs["certificate"]
        proof["left_out_by_stripe"] = attrs["hidden_filters"]
        proof["nested_lists_followed"] += above["certificate"]["nested_lists_followed"]
        proof["parents"] = {
            "resource": above["resource"],
            "path": above["certificate"]["path"],
            "read": self._parents.rows,
            "gone_meanwhile": self._gone,
            "verdict": above["certificate"]["verdict"],
        }
        return attrs

    async def _read(self, sender: Sender, give: Sink[Objects], decode: Decode) -> None:
        del decode  # Rows are given their parents' ids, so they are dictionaries.
        self._fetched_at = int(wall_time())
        self._progress = Progress(is_sorted=False)
        if self.left == 0:
            return
        every = self._read_inlined if self._field else self._read_each
        is_cut = False
        try:
            await every(sender, partial(self._give, give))
        except* _EnoughError:
            is_cut = True
        self._progress.is_whole = self._parents.complete and not is_cut

    async def _give(self, give: Sink[Objects], piece: Objects) -> None:
        """Hand on a piece, of which no more rows than were asked for."""
        left = len(piece.rows) if self.left is None else self.left - self.rows
        is_cut = self.left is not None and len(piece.rows) >= left
        if is_cut:
            piece = replace(
                piece, rows=piece.rows[:left], covered=None, after=None, times=()
            )
        self._progress.rows += len(piece.rows)
        self._note(piece.rows)
        await give(piece)
        if is_cut:
            raise _EnoughError

    async def _read_inlined(self, sender: Sender, give: Sink[Objects]) -> None:
        async def taken(piece: Objects) -> None:
            rows: list[Object] = []
            times: list[int | None] = []
            for parent in piece.rows:
                found = items_of(parent, str(self._field))
                items = [self._row(item, parent.get("id")) for item in found]
                rows += self._of_kind(items)
                times += [parent.get("created")] * (len(rows) - len(times))
            await give(replace(piece, rows=rows, times=times))

        await self._parents.read_objects(sender, taken)

    def _of_kind(self, rows: list[Object]) -> list[Object]:
        # Some lists mix several kinds, such as cards and bank accounts.
        if not self.query.operation.variants:
            return rows
        return [row for row in rows if row.get("object") == self.query.resource]

    async def _read_each(self, sender: Sender, give: Sink[Objects]) -> None:
        waiting = iter(_left(await self._ids(sender), self._after))
        # One after the other where the first of all rows are wanted.
        slots = asyncio.Semaphore(_AT_ONCE if self.limit is None else 1)
        under_way: deque[tuple[str, _Rows]] = deque()
        rows: list[Object] = []
        done: deque[str] = deque(maxlen=PAGE)
        numbers = count()
        async with asyncio.TaskGroup() as group:

            def begin(most: int) -> None:
                for parent in islice(waiting, most):
                    its: _Rows = asyncio.Queue(1)
                    group.create_task(self._read_one(sender, parent, its, slots))
                    under_way.append((parent, its))

            begin(1 if self.limit is not None else _AHEAD)
            since = 0
            while under_way:
                parent, its = under_way.popleft()
                while (some := await its.get()) is not None:
                    rows += some
                    if len(rows) >= PIECE:
                        await give(Piece(rows, None, next(numbers), None))
                        rows = []
                begin(1)
                done.append(parent)
                since += 1
                if not under_way or since == PAGE:
                    after = Mark(Step(), tuple(done))
                    await give(Piece(rows, None, next(numbers), None, after))
                    rows, since = [], 0

    async def _ids(self, sender: Sender) -> list[str]:
        found: list[Objects] = []

        async def noted(piece: Objects) -> None:
            found.append(piece)

        await self._parents.read_objects(sender, noted)
        found.sort(key=lambda piece: piece.place)
        return [str(parent["id"]) for piece in found for parent in piece.rows]

    async def _read_one(
        self, sender: Sender, parent: str, its: _Rows, slots: asyncio.Semaphore
    ) -> None:
        one = Pull(
            replace(
                self._asked, params={**self._asked.params, self._parameter: parent}
            ),
            budget=self._budget,
        )
        one.tally = self.tally
        order = InTurn(one.spans)

        async def give(piece: Objects) -> None:
            await its.put([self._row(item, parent) for item in piece.rows])

        async def taken(piece: Objects) -> None:
            for each in order.take(piece):
                await give(each)

        try:
            async with slots:
                await one.read_objects(sender, taken)
                for piece in order.rest():
                    await give(piece)
        except* stripe.InvalidRequestError as errors:
            if not all(_is_gone(error) for error in errors.exceptions):
                raise
            self._gone += 1
        self._progress.recoveries += one.progress.recoveries
        self._progress.cursors += one.progress.cursors
        self._followed += one.followed
        await its.put(None)

    def _row(self, item: Object, parent: Any) -> Object:
        if self._is_added:
            item[self._column] = parent
        return item


def _left(ids: list[str], after: Mark | None) -> list[str]:
    """Return those of a list's parents that come after a mark, in its order."""
    if after is None:
        return ids
    places = {name: number for number, name in enumerate(ids)}
    found = (places[name] for name in reversed(after.trail) if name in places)
    last = next(found, None)
    if last is None:
        raise LostError("none of the parents that were read last exists any more.")
    return ids[last + 1 :]


def _is_gone(error: BaseException) -> bool:
    return isinstance(error, stripe.InvalidRequestError) and (
        error.http_status == _NOT_FOUND or error.code == "resource_missing"
    )


def _holding(parents: Resource, resource: str, asked: Selection) -> str | None:
    """Return the field in which parents hold the list itself, if there is one."""
    if asked.params or asked.created is not None or asked.expand:
        # Those are the list's own.
        return None
    found = [
        name
        for name, field in parents.fields.items()
        if field.type.kind is Kind.PAGE
        and field.type.item is not None
        and resource in field.type.item.resources
    ]
    return found[0] if len(found) == 1 else None


def _lifting(parents: Resource) -> dict[str, Any]:
    """Return what lets Stripe list parents that it would leave out."""
    operation = load().operations[str(parents.list_operation)]
    return {
        name: values[0]
        for (resource, name), values in LIFTING.items()
        if resource == parents.name and name in operation.parameters
    }


def _with_parent(schema: Schema, name: str) -> tuple[Schema, bool]:
    """Put the parent's id first, unless the objects tell it themselves."""
    if any(column.path == (name,) for column in schema.columns):
        return schema, False
    columns = (Column(name, (name,), Shape.TEXT), *schema.columns)
    known = {path: names | {name} for path, names in schema.known.items() if not path}
    return replace(schema, columns=columns, known={**schema.known, **known}), True
