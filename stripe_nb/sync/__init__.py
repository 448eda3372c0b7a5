"""Tables that follow Stripe: ``sync`` reads all once, and then what has changed.

Kept free of pandas and Arrow, so that the name costs nothing until it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from stripe_nb.session import Client

__all__ = ["sync"]


def sync(
    resources: str | Iterable[str],
    target: str | os.PathLike[str],
    *,
    full: bool = False,
    client: Client | None = None,
    account: str | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Bring tables of a database up to date with Stripe.

    The first time, and whenever the last is longer ago than Stripe keeps events
    (30 days), each list is read whole. Else the events since then tell which
    objects have changed, and these are read as they are now; ten minutes are read
    twice, for what arrived late. What no event tells of, and what is read in a few
    pages, is read whole each time; once a week, so is what can be edited without
    an event, as payment intents can. A key that may not read events has all lists
    read whole.

    Canceled subscriptions and archived prices are there too, although Stripe leaves
    them out of a plain list. Lists of a parent, such as
    ``"customers.payment_methods"``, are read for all parents.

    Each table has the columns of ``frame``, and ``is_deleted`` and ``deleted_at``:
    when its event says, or else when a sync found it missing. A row is never
    removed, and only rows that differ are written. A table changes in one
    transaction, together with its line in the table ``stripe_nb_runs``. After a
    kill the next call goes on from where this one was.

    Parameters
    ----------
    resources
        One or more, for example ``["customers", "charges"]``.
    target
        A ``.duckdb`` file, or a database's SQLAlchemy URL, such as
        ``"postgresql://…"`` or ``"sqlite:///shop.db"``.
    full
        Read every list whole, whatever the events say.
    client
        From ``connect``; the last connected if not given.
    account
        The connected account to read for.
    progress
        Whether to show a bar; by default once two seconds have passed.

    Returns
    -------
    DataFrame
        A row per table: how it was read (``mode``), how many objects were read,
        how many rows were written and marked as deleted, and how many it has.

    Raises
    ------
    SyncError
        If another sync of the target is running, a resource can't be followed, or
        one failed; the others are up to date then. A table of something else, or
        of another account's objects, is left as it is.
    ExportError
        If the target can't be opened.

    Examples
    --------
    >>> import tempfile
    >>> from stripe_nb.session import connect
    >>> with connect(), tempfile.TemporaryDirectory() as folder:
    ...     done = sync(["coupons", "products"], f"sqlite:///{folder}/shop.db")
    >>> done["mode"].tolist()
    ['full', 'full']
    """
    # Late, because it loads pandas and Arrow.
    from stripe_nb.sync.engine import run

    names = [resources] if isinstance(resources, str) else list(resources)
    place = os.fspath(target)
    return run(
        names, place, full=full, client=client, account=account, progress=progress
    )
