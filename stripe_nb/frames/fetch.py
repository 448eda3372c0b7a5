"""A whole list of Stripe's, read into a typed DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from stripe_nb.errors import FrameError
from stripe_nb.frames.build import Builder
from stripe_nb.frames.exploding import explode as explode_list
from stripe_nb.frames.layout import DtypeBackend, check_backend, in_backend
from stripe_nb.frames.objects import Object
from stripe_nb.frames.parents import pull_of
from stripe_nb.frames.pull import Pull, pieces_of
from stripe_nb.frames.reader import Piece
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.spans import Span
from stripe_nb.frames.window import Window
from stripe_nb.session import Client

if TYPE_CHECKING:
    import stripe

__all__ = ["Piece", "Pull", "Span", "frame", "frame_each", "pieces_of", "pull_of"]


def frame(
    resource: str | type[stripe.StripeObject],
    *,
    created: Window | None = None,
    limit: int | None = None,
    expand: Sequence[str] = (),
    fields: Sequence[str] | None = None,
    explode: str | None = None,
    search: str | None = None,
    client: Client | None = None,
    account: str | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
    engine: Literal["pandas", "dask"] = "pandas",
    progress: bool | None = None,
    **params: Any,
) -> pd.DataFrame:
    """Read a whole list of Stripe objects into a typed DataFrame.

    Reads every page, several at once where that is quicker, as fast as Stripe
    allows. Columns are those of `to_frame`; nested lists are read to their
    ends. Stripe's default filters stay as they are; ``attrs["hidden_filters"]``
    tells what they leave out, such as canceled subscriptions unless
    ``status="all"`` is given.

    Parameters
    ----------
    resource
        Plural or object name, for example ``"customers"``, or the SDK's class;
        also a collection of a parent, for example
        ``"customers.payment_methods"``.
    created
        Start (inclusive) and end (exclusive), each None, an ISO 8601 date or
        time, a date, a datetime, pandas' or NumPy's own, or Unix seconds; without
        a zone it is UTC. A date stands for its first second, so that January is
        ``("2026-01-01", "2026-02-01")``, in one text ``"2026-01-01..2026-02-01"``
        as on the command line, or ``pd.Period("2026-01")``. Also Stripe's own
        operators, for example ``{"gte": "2026-01-15"}``, and a ``pd.Interval``.
    limit
        At most so many rows, newest first.
    expand
        References whose fields become columns too, for example
        ``("customer",)``.
    fields
        Only these columns, by name or by dotted path to any depth; references
        on the way are expanded.
    explode
        A nested list, for example ``"lines"`` of invoices, whose items become
        the rows: see `explode`. Then `fields` are theirs.
    search
        A query in Stripe's search language, for example
        ``"email:'a@example.com'"``, where Stripe has a search.
    client
        From ``connect``; the last connected if not given.
    account
        The connected account to read for.
    dtype_backend
        ``"pyarrow"`` for Arrow's types in all columns.
    engine
        ``"dask"`` for a Dask DataFrame whose partitions are read when they are
        computed, each a part of the time that the list spans.
    progress
        Whether to show a bar; by default once two seconds have passed.
    **params
        The list's own filters, for example ``email="a@example.com"``, and the
        parent's id where there is one, for example ``invoice="in_123"``; the lists
        of all parents are read without, each row with its parent's id.

    Returns
    -------
    DataFrame
        One row per object, newest first. ``attrs`` tells how it came about:
        resource, API version, mode, window, filters, currencies of amounts,
        whether it is complete, and in ``certificate`` what proves that.

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
    check_backend(dtype_backend)
    asked = Selection(
        resource=resource,
        created=created,
        limit=limit,
        expand=expand,
        fields=fields if explode is None else ("id",),
        explode=() if explode is None else (explode,),
        search=search,
        client=client,
        account=account,
        params=params,
    )
    if engine == "dask":
        from stripe_nb.frames.cluster import dask_frame

        lazy: pd.DataFrame = dask_frame(asked, dtype_backend)
        return lazy
    if engine != "pandas":
        raise FrameError(f'engine={engine!r} is none; give "pandas" or "dask".')
    pull = pull_of(asked)
    if explode is not None:
        return in_backend(_exploded(pull, explode, fields, progress), dtype_backend)
    builder = Builder(pull.schema)
    for piece in pull.pieces(progress=progress):
        builder.add_chunk(piece.rows, piece.place)
    return _finished(builder, pull, dtype_backend)


def frame_each(
    resources: Iterable[str],
    *,
    created: Window | None = None,
    client: Client | None = None,
    account: str | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
    progress: bool | None = None,
) -> dict[str, pd.DataFrame]:
    """Read several whole lists at once, at the account's rate.

    Parameters
    ----------
    resources
        As `frame` takes them.
    created
        See `frame`, as for the others. Applies to the lists that have it.

    Returns
    -------
    dict of DataFrame
        By the names as given, each as `frame` returns it.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect():
    ...     frames = frame_each(["customers", "products"])
    >>> list(frames)
    ['customers', 'products']
    """
    check_backend(dtype_backend)
    pulls = {
        name: pull_of(
            Selection(resource=name, created=created, client=client, account=account)
        )
        for name in resources
    }
    builders = {id(pull): Builder(pull.schema) for pull in pulls.values()}
    for pull, piece in pieces_of(list(pulls.values()), progress=progress):
        builders[id(pull)].add_chunk(piece.rows, piece.place)
    return {
        name: _finished(builders[id(pull)], pull, dtype_backend)
        for name, pull in pulls.items()
    }


def _finished(builder: Builder, pull: Pull, backend: DtypeBackend) -> pd.DataFrame:
    result = builder.frame(backend)
    result.attrs = pull.attrs
    return result


def _exploded(
    pull: Pull, column: str, fields: Sequence[str] | None, progress: bool | None
) -> pd.DataFrame:
    rows: list[Object] = []
    for objects in pull.batches(progress=progress):
        rows += objects
    result = explode_list(rows, column, fields=fields, resource=pull.query.resource)
    result.attrs = {**pull.attrs, **result.attrs, "exploded": column}
    return result
