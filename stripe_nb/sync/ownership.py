"""Whose objects a table holds, and whether it is one that a sync may change.

Rows that a list lacks are marked as deleted. So a table that holds another
account's, or somebody's own, must be refused before anything is written.
"""

from __future__ import annotations

import re

import stripe

from stripe_nb.errors import SyncError
from stripe_nb.export.tables import CERTIFICATES
from stripe_nb.export.warehouses import Warehouse
from stripe_nb.session import Client
from stripe_nb.sync.history import Run, past
from stripe_nb.sync.retrieval import answer_to

__all__ = ["account_of", "check_is_ours"]

_ACCOUNT = re.compile(r"\bacct_\w+")


def account_of(client: Client, account: str | None) -> str | None:
    """Return the id of the account whose objects are read; None if it isn't told.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect() as client:
    ...     account_of(client, "acct_123")
    'acct_123'
    """
    named = account or client.account
    if named:
        return named
    try:
        return str(answer_to("/v1/account", {}, client, None)["id"])
    except stripe.PermissionError as error:
        # No restricted key may read it, but the refusal names the account:
        # https://github.com/dj-stripe/dj-stripe/pull/1131
        named_there = _ACCOUNT.search(str(error))
        return named_there[0] if named_there else None


def check_is_ours(warehouse: Warehouse, run: Run, *, looks_ours: bool) -> None:
    """Refuse a table of another account's objects, or one that isn't Stripe's.

    Parameters
    ----------
    run
        The one that is about to change the table.
    looks_ours
        Whether it has the columns of the objects.

    Raises
    ------
    SyncError
        Says what is in the table, and what to do.
    """
    table = run.table_name
    there = warehouse.columns(table)
    if not there:
        return
    former = [one for one in past(warehouse, table) if one.status == "succeeded"]
    is_known = bool(former) or looks_ours or _is_certified(warehouse, table)
    # Without ids, as after an export of some columns, no row is known.
    if not is_known or "id" not in there:
        raise SyncError(
            f"the table {table!r} is there already and holds something else; rename "
            "it, or give another database."
        )
    last = next((one for one in reversed(former) if one.account), None)
    if last is None or run.account is None:
        return
    if (last.account, bool(last.livemode)) != (run.account, bool(run.livemode)):
        raise SyncError(
            f"the table {table!r} holds the objects of {_shown(last)}, and these are "
            f"of {_shown(run)}; give each a database of its own."
        )


def _is_certified(warehouse: Warehouse, table: str) -> bool:
    """Tell whether an export made a table."""
    if not warehouse.columns(CERTIFICATES):
        return False
    names = warehouse.query(
        f"SELECT {warehouse.quoted('table_name')} "  # noqa: S608
        f"FROM {warehouse.quoted(CERTIFICATES)}"
    )
    return (table,) in names


def _shown(run: Run) -> str:
    return f"{run.account} ({'live' if run.livemode else 'test'} mode)"
