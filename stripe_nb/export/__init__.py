"""Stripe objects to files: ``export`` and the formats that it knows.

Kept free of pandas and Arrow, so that the name costs nothing until it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import stripe

    from stripe_nb.frames.window import Window
    from stripe_nb.session import Client

__all__ = ["export"]


def export(
    source: str | pd.DataFrame | Iterable[Any] | stripe.StripeObject,
    path: str | os.PathLike[str],
    *,
    created: Window | None = None,
    limit: int | None = None,
    expand: Sequence[str] = (),
    fields: Sequence[str] | None = None,
    neutralise_formulas: bool = True,
    overwrite: bool = True,
    client: Client | None = None,
    stripe_account: str | None = None,
    progress: bool | None = None,
    **params: Any,
) -> Path:
    """Write a whole list of Stripe objects, or those at hand, to a file.

    The suffix chooses the format: ``.csv``, ``.csv.gz``, ``.parquet`` or
    ``.jsonl``. Rows and columns are those of ``frame``, and rows pass through a
    temporary file, so that the memory stays small however long the list. The
    file appears in one piece when it is complete; after a failure an older one
    is still as it was.

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
    neutralise_formulas
        In CSV, put an apostrophe before texts that a spreadsheet would run
        (those that begin with ``= + - @``, a tab or a line break). It also
        meets telephone numbers that begin with ``+``.
    overwrite
        Whether a file that exists may be replaced.
    client
        From ``connect``; the last connected if not given.
    stripe_account
        The connected account to read for.
    progress
        Whether to show a bar; by default once two seconds have passed.
    **params
        The list's own filters.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ExportError
        If the file can't be written so.
    FrameError
        If the list can't be read so.

    Examples
    --------
    >>> import tempfile
    >>> from stripe_nb.session import connect
    >>> with connect(), tempfile.TemporaryDirectory() as folder:
    ...     file = export("customers", f"{folder}/customers.csv", fields=["id"])
    ...     file.read_text().splitlines()[0]
    '"id"'
    """
    # Late, because it loads pandas and Arrow.
    from stripe_nb.export.engine import Request, write

    asked = {
        "created": created,
        "limit": limit,
        "expand": expand or None,
        "client": client,
        "stripe_account": stripe_account,
        "params": params or None,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    request = Request(
        Path(path),
        fields=fields,
        pull=given,
        neutralise_formulas=neutralise_formulas,
        overwrite=overwrite,
        progress=progress,
    )
    return write(source, request)
