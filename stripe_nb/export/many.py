"""Several lists at once, each into a table or a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import stripe

from stripe_nb.catalog import load
from stripe_nb.errors import ExportError
from stripe_nb.export.engine import sweep, write
from stripe_nb.export.fetched import fingerprint
from stripe_nb.export.finished import Finished
from stripe_nb.export.request import Request
from stripe_nb.export.targets import is_warehouse, target_for
from stripe_nb.export.warehouse_target import open_warehouse, table_name
from stripe_nb.frames.selection import Selection

__all__ = ["Outcome", "export_many", "listable"]

# Most lists of an account are short, so that what counts is waiting for them.
_AT_ONCE = 4
# Not enabled, not permitted, not there; and what a sandbox doesn't simulate.
_REFUSALS = frozenset({400, 403, 404, 501})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resource.

    Attributes
    ----------
    written
        Where it is; None if it was skipped.
    skipped
        Why the account can't read it.
    earlier
        Whether an attempt that was broken off had written it.
    """

    resource: str
    written: str | None = None
    skipped: str | None = None
    earlier: bool = False


def listable() -> list[str]:
    """Return the resources with a list that needs no parent and no parameter.

    Examples
    --------
    >>> {"customers", "charges"} <= set(listable())
    True
    >>> "setup_attempts" in listable()
    False
    """
    return [
        operation.name.removesuffix(".list")
        for operation in load().operations.values()
        if operation.answer == "list"
        and operation.action == "list"
        and not operation.path_parameters
        and not any(item.required for item in operation.parameters.values())
    ]


def export_many(resources: Sequence[str], request: Request) -> Iterator[Outcome]:
    """Write several lists to a database or a folder; tell of each when it is done.

    A list that the account may not read, or has no use of, is skipped. If it is
    broken off, the same call goes on for a day with what isn't written yet.

    Raises
    ------
    ExportError
        If the target is a single file, or rows shall be added to what is there.
    """
    place = request.place
    if request.append:
        raise ExportError(
            "append adds to one table; for several lists leave it out, or keep them "
            "up to date with sync."
        )
    if not is_warehouse(place) and not place.endswith("/"):
        raise ExportError(
            f"{place!r} holds one list; for several give a .duckdb file, a database's "
            "URL, or a folder with / at its end."
        )
    if "://" not in place and place.endswith("/"):
        Path(place).mkdir(exist_ok=True)
    # One at a time may write to a database; they wait for Stripe, not for that.
    lock = Lock()

    finished = Finished(place)

    def one(resource: str) -> Outcome:
        asked = _request_for(resource, request)
        name = fingerprint(
            Selection(resource=resource, fields=asked.fields, **asked.pull), asked.place
        )
        if finished.holds(name):
            with lock:
                if _is_there(asked):
                    return Outcome(resource, written=_shown(asked), earlier=True)
        try:
            done = write(resource, asked, lock, sweeps=not is_warehouse(place))
        except stripe.StripeError as error:
            if error.http_status not in _REFUSALS:
                raise
            return Outcome(resource, skipped=error.user_message or str(error))
        finished.add(name)
        return Outcome(resource, written=str(done))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield from pool.map(one, resources)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    finished.forget()
    if is_warehouse(place):
        # Not before: a list's table tells nothing of whose rows are kept.
        sweep(target_for(request).spool(""))


def _request_for(resource: str, request: Request) -> Request:
    table = _table(resource)
    if is_warehouse(request.place):
        return replace(request, table=table)
    return replace(request, place=f"{request.place}{table}/")


def _is_there(asked: Request) -> bool:
    """Tell whether what was written is still there."""
    if asked.table is not None:
        with open_warehouse(asked.place) as warehouse:
            return bool(warehouse.columns(asked.table))
    if "://" in asked.place:
        from stripe_nb.export.remote_target import is_there

        return is_there(asked.place)
    return Path(asked.place).is_dir()


def _shown(asked: Request) -> str:
    # As it is there already, nothing would be said against another place.
    return str(target_for(replace(asked, overwrite=True)).shown)


def _table(resource: str) -> str:
    # Two versions of the API have lists of one name.
    returns = load().operations[f"{resource}.list"].returns
    return table_name(returns) if returns else resource.replace(".", "_")
