"""A list of Stripe's on its way into a target, by way of a spool.

The columns are known only when the last row is, so rows rest on disk until
then; and what rests there needs not be read again after a failure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import stripe

from stripe_nb.errors import ExportError
from stripe_nb.export.certificate import certificate_of
from stripe_nb.export.rows import Rows, schema_with
from stripe_nb.export.spool import Spool
from stripe_nb.frames.certificate import windows
from stripe_nb.frames.chunk import Chunk
from stripe_nb.frames.fetch import Pull, pull_of
from stripe_nb.frames.layout import Layout, to_pandas
from stripe_nb.frames.paging import LostError
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.spans import Span, without
from stripe_nb.frames.window import iso, span_of
from stripe_nb.session import current

__all__ = ["fetched", "fingerprint"]

# Tables are written in portions that neither fill the memory nor make a file
# of many small parts.
_PORTION_ROWS, _PORTION_BYTES = 50_000, 32_000_000


@contextmanager
def fetched(asked: Selection, folder: Path, *, progress: bool | None) -> Iterator[Rows]:
    """Read a list into a spool, and give its rows until the block ends.

    Parameters
    ----------
    asked
        Which rows and columns, and for whom.
    folder
        Of the spool; what it holds already is not read again.
    progress
        Whether to show a bar.
    """
    with _keeping(folder):
        spool = Spool(folder)
    try:
        with _keeping(folder), spool:
            layout = _fill(spool, asked, progress)
            yield _rows(spool, layout)
    except BaseException as error:
        if spool.is_kept:
            error.add_note(
                "What has been read is kept: the same export goes on from there."
            )
        raise


@contextmanager
def _keeping(folder: Path) -> Iterator[None]:
    """Say of an error of the system where it kept rows from being held."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise ExportError(
            f"can't keep rows in {str(folder.parent)!r} while they are read: {cause}."
        ) from error


def fingerprint(asked: Selection, place: str) -> str:
    """Return what tells a request for a list from every other one.

    The key is in it only by way of a digest that can't be undone.
    """
    pull = pull_of(asked)
    client = asked.client or current()
    parts = {
        "path": pull.query.path,
        "params": pull.query.params,
        "columns": [column.name for column in pull.schema.columns],
        "limit": asked.limit,
        "account": asked.account or client.account,
        "url": client.target.addresses["api"],
        "key": client.target.key,
        "place": place,
        "version": pull.attrs["api_version"],
    }
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fill(spool: Spool, asked: Selection, progress: bool | None) -> Layout:
    """Read what the spool lacks; return what a table of all rows looks like."""
    if spool.attrs is not None:
        return _layout(spool, pull_of(asked))
    after = spool.after
    goes_on = bool(spool.covered or after)
    try:
        pull, layout = _read(spool, asked, progress)
    except (stripe.InvalidRequestError, LostError):
        if after is None:
            raise
        # None of the last rows exists any more, or Stripe has forgotten the page.
        # Nothing else tells the place; if that wasn't it, Stripe says so again.
        spool.forget()
        goes_on = False
        pull, layout = _read(spool, asked, progress)
    attrs = pull.attrs
    if goes_on:
        attrs["certificate"] = _resumed(spool, pull, attrs["certificate"])
        layout = _layout(spool, pull)
    spool.finish(attrs)
    return layout


def _layout(spool: Spool, pull: Pull) -> Layout:
    layout = Layout(pull.schema)
    for chunk in spool.chunks():
        layout.see(chunk)
    return layout


def _read(spool: Spool, asked: Selection, progress: bool | None) -> tuple[Pull, Layout]:
    todo = _todo(spool, asked)
    had = 0 if asked.limit is None else spool.count()
    pull = pull_of(asked, todo=todo, after=spool.after, had=had, sparing=True)
    layout = Layout(pull.schema)
    spool.begin()
    for piece in pull.pieces(progress=progress):
        layout.see(piece.rows)
        spool.add(piece.rows, piece.place, piece.covered, piece.after)
    spool.end()
    return pull, layout


def _todo(spool: Spool, asked: Selection) -> list[Span] | None:
    if not spool.covered:
        return None
    bounds = pull_of(asked).query.params.get("created", {})
    return without(span_of(bounds), spool.covered)


def _resumed(spool: Spool, pull: Pull, certificate: dict[str, Any]) -> dict[str, Any]:
    """Say of the whole what was said of its last part."""
    # A limit cuts a range short, and what parents hold is covered by their times.
    is_covered = pull.can_be_divided and pull.limit is None
    return {
        **certificate,
        "rows": spool.count(),
        "windows": windows(spool.covered if is_covered else ()),
        "attempts": [iso(int(start)) for start in spool.starts],
    }


def _rows(spool: Spool, layout: Layout) -> Rows:
    attrs = spool.attrs
    assert attrs is not None

    def tables() -> Iterator[pa.Table]:
        return _portions(spool.chunks(), layout)

    empty = to_pandas(layout.empty())
    metadata = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    schema = schema_with(layout.arrow_schema.with_metadata(metadata), attrs)
    return Rows(schema, tables, attrs["resource"], certificate_of(attrs))


def _portions(chunks: Iterator[Chunk], layout: Layout) -> Iterator[pa.Table]:
    held: list[Chunk] = []
    rows = size = 0
    for chunk in chunks:
        held.append(chunk)
        rows, size = rows + chunk.rows, size + chunk.nbytes
        if rows >= _PORTION_ROWS or size >= _PORTION_BYTES:
            yield layout.whole(held)
            held, rows, size = [], 0, 0
    if held:
        yield layout.whole(held)
