"""A list as a Dask DataFrame, each partition a range of ``created``.

Workers connect by their own settings: no key travels. Those on one machine
share one rate by a file.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from stripe_nb.errors import FrameError, MissingDependencyError
from stripe_nb.frames.build import Builder
from stripe_nb.frames.layout import DtypeBackend
from stripe_nb.frames.pull import Pull
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.spans import Span
from stripe_nb.session import Client, connect

__all__ = ["dask_frame"]

_PARTITIONS = 16
_MONTH = 2_592_000
# Further back no account goes; the last partition is open all the same.
_LONGEST = 512 * _MONTH


@dataclass(frozen=True, slots=True)
class _Partition:
    """Reads one range, wherever it is called.

    Attributes
    ----------
    sandbox
        Address of the sandbox to join; None for Stripe.
    """

    asked: Selection
    sandbox: str | None
    budget: str
    dtype_backend: DtypeBackend

    def __call__(self, span: Span) -> pd.DataFrame:
        file = Path(tempfile.gettempdir()) / self.budget
        client = _client(self.sandbox)
        pull = Pull(replace(self.asked, client=client), todo=[span], budget=file)
        builder = Builder(pull.schema)
        for piece in pull.pieces(progress=False):
            builder.add_chunk(piece.rows, piece.place)
        return _same_columns(builder.frame(self.dtype_backend), pull)


_lock = threading.Lock()
_clients: dict[str | None, Client] = {}


def _client(sandbox: str | None) -> Client:
    """Return this process's client: one for all partitions that it reads."""
    with _lock:
        if sandbox not in _clients:
            _clients[sandbox] = connect(sandbox_url=sandbox)
        return _clients[sandbox]


def dask_frame(asked: Selection, dtype_backend: DtypeBackend = "numpy_nullable") -> Any:
    """Return a list as a Dask DataFrame, newest partition first.

    Its columns are those that the catalog knows: of the metadata, name the keys
    with ``fields=["metadata_plan"]``. Categories are texts, since partitions
    may know different ones.

    Raises
    ------
    FrameError
        If the list can't be divided by ``created``.
    MissingDependencyError
        Without Dask.
    """
    try:
        from dask import dataframe
    except ImportError as error:
        raise MissingDependencyError("dask", "dask") from error
    pull = Pull(asked)
    if not pull.can_be_divided or asked.limit is not None or asked.explode:
        raise FrameError(
            "engine='dask' divides a list by created, whole, and without explode; "
            "leave the engine out for this one."
        )
    client = pull.client
    # Partitions that this process itself reads have its own client.
    _clients[client.sandbox_url] = client
    whose = f"{client.target.key} {asked.account or client.account}"
    read = _Partition(
        replace(asked, client=None),
        client.sandbox_url,
        f"stripe_nb-{hashlib.sha256(whose.encode()).hexdigest()[:16]}.rate",
        dtype_backend,
    )
    meta = _same_columns(Builder(pull.schema).frame(dtype_backend), pull)
    spans = _spans(asked, pull)
    return dataframe.from_map(read, spans, meta=meta)  # type: ignore[no-untyped-call]


def _same_columns(frame: pd.DataFrame, pull: Pull) -> pd.DataFrame:
    names = [c.name for c in pull.schema.columns if c.name in frame]
    frame = frame[names]
    categories = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(categories, "string[pyarrow]"))


def _spans(asked: Selection, pull: Pull) -> list[Span]:
    """Divide what is asked for into ranges of equal length."""
    start, end = pull.spans[0]
    newest = _newest(asked, (start, end))
    if newest is None:
        return [(start, end)]
    top = newest + 1 if end is None else end
    bottom = _beginning(asked, top) if start is None else start
    step = max(1, (top - bottom) // _PARTITIONS)
    cuts = list(range(bottom + step, top, step))[: _PARTITIONS - 1]
    edges: list[int | None] = [start, *cuts, top if end is None else end]
    return _pairs(reversed(edges))


def _pairs(edges: Iterable[int | None]) -> list[Span]:
    found = list(edges)
    return [(low, high) for high, low in pairwise(found)]


def _newest(asked: Selection, span: Span) -> int | None:
    pull = Pull(replace(asked, limit=1), todo=[span])
    rows = [row for batch in pull.batches(progress=False) for row in batch]
    return int(rows[0]["created"]) if rows else None


def _beginning(asked: Selection, top: int) -> int:
    """Return a time before which nothing, or next to nothing, was created."""
    reach = _MONTH
    while reach < _LONGEST and _newest(asked, (None, top - reach)) is not None:
        reach *= 2
    return top - reach
