"""A database that is written to in one go, once it can be.

What was read for it took longer than a look that somebody else has at it, and a
DuckDB file is one process's at a time. So it is tried again for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import sleep

from stripe_nb.errors import ExportError
from stripe_nb.export.warehouse_target import open_warehouse
from stripe_nb.export.warehouses import Warehouse

__all__ = ["OutOfReachError", "written"]

# Seconds to wait before each further try.
_PAUSES = (0.5, 1, 2, 4, 8)


class OutOfReachError(Exception):
    """A database can't be written to now.

    None of the package's own errors, for those end what has been read.
    """


@contextmanager
def written(place: str) -> Iterator[Warehouse]:
    """Open a database for one transaction.

    Raises
    ------
    OutOfReachError
        If it can't be opened, or another keeps it locked.
    """
    with ExitStack() as stack:
        yield _begun(place, stack)


def _begun(place: str, stack: ExitStack) -> Warehouse:
    for pause in (*_PAUSES, None):
        with ExitStack() as attempt:
            try:
                warehouse = attempt.enter_context(open_warehouse(place))
                attempt.enter_context(warehouse.transaction())
            except ExportError as error:
                if pause is None:
                    raise OutOfReachError(str(error)) from error
            else:
                stack.enter_context(attempt.pop_all())
                return warehouse
        sleep(pause)
    raise AssertionError("the last try returns or raises")
