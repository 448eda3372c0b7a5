"""What a path or a URL means: a file, a folder, a store far away or a database."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from stripe_nb.errors import ExportError, MissingDependencyError
from stripe_nb.export.file_target import FileTarget
from stripe_nb.export.folder_target import FolderTarget
from stripe_nb.export.request import Request
from stripe_nb.export.rows import Rows
from stripe_nb.export.warehouse_target import WarehouseTarget, is_duckdb

__all__ = ["Target", "is_database", "is_warehouse", "target_for"]

# What SQLAlchemy brings a dialect for; others are looked for among its plugins.
_DIALECTS = frozenset(
    {"mariadb", "mssql", "mysql", "oracle", "postgres", "postgresql", "sqlite"}
)


class Target(Protocol):
    """Where rows go; made, it has checked that they can.

    Attributes
    ----------
    shown
        What to tell people of it, without secrets.
    """

    shown: Path | str

    def spool(self, name: str) -> Path:
        """Return the folder where rows may rest until all are there."""

    def write(self, rows: Rows) -> None:
        """Write all rows, or leave everything as it was."""


def target_for(request: Request) -> Target:
    """Return what a request's path or URL means.

    Raises
    ------
    ExportError
        If nothing can be written there.
    MissingDependencyError
        If what is needed for it isn't installed.
    """
    place = request.place
    if not place.strip():
        raise ExportError(
            "give the name of a file, such as customers.csv, or a database's URL."
        )
    if is_warehouse(place):
        return WarehouseTarget(request)
    if request.append or request.table is not None:
        option = "append" if request.append else "table"
        raise ExportError(
            f"{option} is for databases; leave it out, or give a .duckdb file or a "
            "database's URL."
        )
    if "://" in place:
        from stripe_nb.export.remote_target import RemoteTarget

        return RemoteTarget(request)
    if place.endswith(("/", os.sep)):
        return FolderTarget(request)
    # Unlike Path's, these take names that can be none of a folder.
    if os.path.isdir(os.path.expanduser(place)):  # noqa: PTH111, PTH112
        raise ExportError(
            f"{place!r} is a folder; name a file in it, or end it in / for a folder "
            "of Parquet."
        )
    return FileTarget(request)


def is_warehouse(place: str) -> bool:
    """Tell whether a path or a URL is that of a database."""
    return is_database(place) or ("://" not in place and is_duckdb(place))


def is_database(place: str) -> bool:
    """Tell whether a URL is one for SQLAlchemy, rather than for fsspec.

    Raises
    ------
    ExportError
        If it is a URL for neither.
    """
    scheme, colon, _ = place.partition("://")
    if not colon:
        return False
    dialect = scheme.partition("+")[0]
    if "+" in scheme or dialect in _DIALECTS:
        return True
    if _is_store(scheme):
        return False
    if _has_dialect(dialect):
        return True
    if find_spec("fsspec") is None:
        raise MissingDependencyError("fsspec", "remote")
    raise ExportError(
        f"{scheme}:// is the address of no store and no database that is known here; "
        "write for example s3://…, postgresql://… or sqlite:///…"
    )


def _is_store(scheme: str) -> bool:
    if find_spec("fsspec") is None:
        return False
    import fsspec

    return scheme in fsspec.available_protocols()


def _has_dialect(name: str) -> bool:
    if find_spec("sqlalchemy") is None:
        return False
    import sqlalchemy as sa

    try:
        sa.dialects.registry.load(name)
    except sa.exc.NoSuchModuleError:
        return False
    return True
