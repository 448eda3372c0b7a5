"""Which writer belongs to which suffix.

A format is one module in `formats` with something decorated by `writes`; it is
found by looking, and no list has to be kept. Costs nothing until a writer is
asked for.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from stripe_nb.errors import ExportError
from stripe_nb.export import formats

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Begin", "Options", "Writer", "writer_for", "writes"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a format may want to know beside the rows.

    Attributes
    ----------
    suffix
        The one that chose the format.
    neutralise_formulas
        Whether texts must not be run by a spreadsheet.
    """

    suffix: str
    neutralise_formulas: bool = True


class Writer(Protocol):
    """Writes tables of one schema, in turn, to a file that it doesn't close."""

    def write(self, table: pa.Table) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write what comes after the last row."""


class Begin(Protocol):
    """Begins a file, with what comes before the first row."""

    def __call__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> Writer:
        """Return what goes on with it."""


# Files that only an URL tells from others.
_OF_SQLITE = (".db", ".sqlite", ".sqlite3")

_Begin = TypeVar("_Begin", bound=Begin)
_writers: dict[str, Begin] = {}


def writes(*suffixes: str) -> Callable[[_Begin], _Begin]:
    """Register a class or a function as what writes files with these suffixes."""

    def register(writer: _Begin) -> _Begin:
        _writers.update(dict.fromkeys(suffixes, writer))
        return writer

    return register


@cache
def _found() -> Mapping[str, Begin]:
    for module in pkgutil.iter_modules(formats.__path__):
        import_module(f"{formats.__name__}.{module.name}")
    return _writers


def writer_for(path: str) -> tuple[Begin, str]:
    """Return the writer for a file's path and the suffix that it goes by.

    Raises
    ------
    ExportError
        If no format has the suffix.
    """
    known = _found()
    name = Path(path).name
    fitting = [suffix for suffix in known if name.lower().endswith(suffix)]
    if not fitting and name.lower().endswith(_OF_SQLITE):
        raise ExportError(
            f"{name!r} may be one of SQLite's; write its URL, sqlite:///{path}."
        )
    if not fitting:
        raise ExportError(
            f"{name!r} has no suffix that tells a format; end it in one of "
            f"{', '.join(sorted(known))}, .duckdb, or / for a folder of Parquet."
        )
    suffix = max(fitting, key=len)
    return known[suffix], suffix
