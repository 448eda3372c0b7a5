"""Which class writes which suffix.

A format is one module in this package with a class decorated by `writes`; it
is found by looking, and no list has to be kept.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import pyarrow as pa

from stripe_nb.errors import ExportError

__all__ = ["Options", "Writer", "writer_for", "writes"]


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

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        """Begin, with what comes before the first row."""

    def write(self, table: pa.Table) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write what comes after the last row."""


_Class = TypeVar("_Class", bound=type[Any])
_writers: dict[str, type[Writer]] = {}


def writes(*suffixes: str) -> Callable[[_Class], _Class]:
    """Register a class as the writer of files with these suffixes."""

    def register(writer: _Class) -> _Class:
        _writers.update(dict.fromkeys(suffixes, writer))
        return writer

    return register


@cache
def _found() -> Mapping[str, type[Writer]]:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__name__.rpartition('.')[0]}.{module.name}")
    return _writers


def writer_for(path: str) -> tuple[type[Writer], str]:
    """Return the writer for a file's path and the suffix that it goes by.

    Raises
    ------
    ExportError
        If no format has the suffix.
    """
    known = _found()
    name = Path(path).name
    fitting = [suffix for suffix in known if name.lower().endswith(suffix)]
    if not fitting:
        raise ExportError(
            f"{name!r} has no suffix that tells a format; end it in one of "
            f"{', '.join(sorted(known))}, .duckdb, or / for a folder of Parquet."
        )
    suffix = max(fitting, key=len)
    return known[suffix], suffix
