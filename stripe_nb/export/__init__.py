"""Stripe objects to files and databases: ``export`` and what it can write to.

Kept free of pandas and Arrow, so that the name costs nothing until it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import stripe

    from stripe_nb.frames.window import Window
    from stripe_nb.session import Client

__all__ = ["export"]


@overload
def export(source: Any, path: os.PathLike[str], **options: Any) -> Path: ...


@overload
def export(source: Any, path: str, **options: Any) -> Path | str: ...


def export(
    source: str | pd.DataFrame | Iterable[Any] | stripe.StripeObject,
    path: str | os.PathLike[str],
    *,
    created: Window | None = None,
    limit: int | None = None,
    expand: Sequence[str] = (),
    fields: Sequence[str] | None = None,
    search: str | None = None,
    table: str | None = None,
    append: bool = False,
    certificate: bool = True,
    neutralise_formulas: bool = True,
    overwrite: bool = True,
    client: Client | None = None,
    account: str | None = None,
    progress: bool | None = None,
    **params: Any,
) -> Path | str:
    """Write a whole list of Stripe objects, or those at hand, to where it is needed.

    The path says what is written:

    * a file, by its suffix: ``.csv``, ``.jsonl`` (both also ``.gz`` or ``.zst``),
      ``.parquet``, ``.feather``, ``.xlsx``;
    * with a slash at its end, a folder of Parquet partitioned by the month of
      ``created``;
    * a table of a ``.duckdb`` file, or of a database by its SQLAlchemy URL, such
      as ``postgresql://…`` or ``sqlite:///shop.db``;
    * a file or a folder on a store that fsspec knows, such as ``s3://…``.

    Rows and columns are those of ``frame``; what a format has no type for is text,
    the same in all: times and durations in ISO 8601, bytes in base64, lists and
    objects as JSON, decimals with all their digits. Rows pass through temporary files,
    so that the memory stays small however long the list. What is written appears
    in one piece when it is complete; after a failure what was there is still as it
    was. If a list is broken off, be it by a power cut, the same call goes on where
    it stopped, for a day: only what was not yet on disk, a few thousand rows at
    most, is read twice.

    Parameters
    ----------
    source
        A resource, for example ``"customers"``, a DataFrame, or what
        ``to_frame`` takes: objects, or one page of a list.
    path
        Where to; its folder must exist.
    created
        See ``frame``, as for the other parameters that are not told here.
    limit
        At most so many rows, newest first.
    expand
        References whose fields become columns too.
    fields
        Only these columns.
    search
        A query in Stripe's search language.
    table
        In a database, the table's name; by default the resource's plural.
    append
        In a database, add to the table's rows in the place of replacing them.
    certificate
        Whether to write, for a list, how it came about and whether it is
        complete: beside a file as ``<name>.certificate.json``, in a database as a
        row of ``stripe_nb_certificates``.
    neutralise_formulas
        In CSV, put an apostrophe before texts that a spreadsheet may run: those
        that begin with ``= + - @``, wide or not, also after blanks and characters
        that nobody sees, or with a tab or a line break. It also meets telephone
        numbers that begin with ``+``, and no plain number such as ``-12.50``.
        Only without it are texts read back exactly as they were. In Excel, where
        texts are texts, they are marked so that they stay it when edited.
    overwrite
        Whether a file or a table that exists may be replaced.
    client
        From ``connect``; the last connected if not given.
    account
        The connected account to read for.
    progress
        Whether to show a bar; by default once two seconds have passed.
    **params
        The list's own filters.

    Returns
    -------
    Path or str
        The file; for a URL, the URL without its password.

    Raises
    ------
    ExportError
        If it can't be written so; also where a number such as NaN or infinity would
        become a null, as in JSON.
    FrameError
        If the list can't be read so.
    MissingDependencyError
        If the format or the target needs a package that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from stripe_nb.session import connect
    >>> with connect(), tempfile.TemporaryDirectory() as folder:
    ...     file = export("customers", f"{folder}/customers.csv", fields=["id"])
    ...     file.name
    'customers.csv'
    """
    # Late, because it loads pandas and Arrow.
    from stripe_nb.export.engine import write
    from stripe_nb.export.request import Request

    asked = {
        "created": created,
        "limit": limit,
        "expand": expand or None,
        "search": search,
        "client": client,
        "account": account,
        "params": params or None,
    }
    request = Request(
        place=os.fspath(path),
        fields=fields,
        pull={name: value for name, value in asked.items() if value is not None},
        table=table,
        append=append,
        certificate=certificate,
        neutralise_formulas=neutralise_formulas,
        overwrite=overwrite,
        progress=progress,
    )
    return write(source, request)
