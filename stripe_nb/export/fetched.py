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

from stripe_nb.export.certificate import certificate_of
from stripe_nb.export.replacing import telling
from stripe_nb.export.rows import Rows, schema_with
from stripe_nb.export.spans import Span, asked_span, without
from stripe_nb.export.spool import Spool
from stripe_nb.frames.chunk import Chunk
from stripe_nb.frames.fetch import Piece, Pull
from stripe_nb.frames.layout import Layout, to_pandas
from stripe_nb.frames.reader import is_lost
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.window import iso
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
    with telling(folder):
        spool = Spool(folder)
    try:
        with spool:
            attrs = _fill(spool, asked, progress)
            yield _rows(spool, Pull(asked), attrs)
    except BaseException as error:
        if spool.is_kept:
            error.add_note(
                "What has been read is kept: the same export goes on from there."
            )
        raise


def fingerprint(asked: Selection, place: str) -> str:
    """Return what tells a request for a list from every other one.

    The key is in it only by way of a digest that can't be undone.
    """
    pull = Pull(asked)
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


def _fill(spool: Spool, asked: Selection, progress: bool | None) -> dict[str, Any]:
    """Read what the spool lacks; return how all of it came about."""
    if spool.attrs is not None:
        return spool.attrs
    goes_on = bool(spool.covered or spool.after)
    try:
        pull = _read(spool, asked, progress)
    except stripe.InvalidRequestError as error:
        if not spool.after or not is_lost(error):
            raise
        # None of the last rows exists any more, and nothing else tells the place.
        spool.forget()
        goes_on = False
        pull = _read(spool, asked, progress)
    attrs = pull.attrs
    if goes_on:
        attrs["certificate"] = _resumed(spool, attrs.get("certificate", {}))
    spool.finish(attrs)
    return attrs


def _read(spool: Spool, asked: Selection, progress: bool | None) -> Pull:
    todo = _todo(spool, asked)
    pull = Pull(asked, todo=todo, after=spool.after, sparing=True)
    spool.begin()
    for piece in pull.pieces(progress=progress):
        _keep(spool, piece, may_resume=asked.limit is None)
    return pull


def _todo(spool: Spool, asked: Selection) -> list[Span] | None:
    if not spool.covered:
        return None
    bounds = Pull(asked).query.params.get("created", {})
    return without(asked_span(bounds), spool.covered)


def _keep(spool: Spool, piece: Piece[Chunk], *, may_resume: bool) -> None:
    if may_resume:
        spool.add(piece.rows, piece.place, piece.covered, piece.after)
    else:
        spool.add(piece.rows, piece.place, None)


def _resumed(spool: Spool, certificate: dict[str, Any]) -> dict[str, Any]:
    """Say of the whole what was said of its last part."""
    return {
        **certificate,
        "rows": spool.count(),
        "windows": [[_at(a), _at(b)] for a, b in reversed(spool.covered)],
        "attempts": [iso(int(start)) for start in spool.starts],
    }


def _at(seconds: int | None) -> str | None:
    return None if seconds is None else iso(seconds)


def _rows(spool: Spool, pull: Pull, attrs: dict[str, Any]) -> Rows:
    layout = Layout(pull.schema)
    for chunk in spool.chunks():
        layout.see(chunk)

    def tables() -> Iterator[pa.Table]:
        return _portions(layout.table(chunk) for chunk in spool.chunks())

    empty = to_pandas(layout.empty())
    metadata = pa.Schema.from_pandas(empty, preserve_index=False).metadata
    schema = schema_with(layout.arrow_schema.with_metadata(metadata), attrs)
    return Rows(schema, tables, attrs["resource"], certificate_of(attrs))


def _portions(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        held.append(table)
        rows, size = rows + len(table), size + table.nbytes
        if rows >= _PORTION_ROWS or size >= _PORTION_BYTES:
            yield pa.concat_tables(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.concat_tables(held)
