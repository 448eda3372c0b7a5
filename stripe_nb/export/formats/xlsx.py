"""Excel: real dates and numbers, row by row, so that memory stays small.

A text is a text whatever it begins with, and stays one when its cell is
edited. What a spreadsheet can't hold exactly (integers of more than 15 digits,
times before 1900) is written as text, too, and so is what it has no type for: see
`texts`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa

from stripe_nb.errors import ExportError, MissingDependencyError
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import check_finite, decoded, is_odd, written

__all__ = ["XlsxWriter"]

# https://support.microsoft.com/office/excel-specifications-and-limits
_ROWS, _COLUMNS, _TEXT = 1_048_576, 16_384, 32_767
_DIGITS = 15
_FIRST = date(1900, 3, 1)


@writes(".xlsx")
class XlsxWriter:
    """Writes tables as one sheet of a workbook.

    Parameters
    ----------
    file
        To write to.
    schema
        Of every table.
    options
        Whether texts that look like formulas are marked as texts.

    Raises
    ------
    ExportError
        If a sheet has no room for so many columns.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise MissingDependencyError("XlsxWriter", "excel") from error
        if len(schema) > _COLUMNS:
            raise ExportError(
                f"a sheet of Excel holds {_COLUMNS:,} columns, and here are "
                f"{len(schema):,}; choose some with fields=."
            )
        self._workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        self._sheet = self._workbook.add_worksheet()
        self._formats = {
            kind: self._workbook.add_format(look)
            for kind, look in {
                datetime: {"num_format": "yyyy-mm-dd hh:mm:ss"},
                date: {"num_format": "yyyy-mm-dd"},
            }.items()
        }
        quoted = {"quote_prefix": True} if options.neutralise_formulas else {}
        self._text = self._workbook.add_format(quoted)
        self._names = schema.names
        self._row = 0
        self._begin(schema)

    def _begin(self, schema: pa.Schema) -> None:
        self._sheet.freeze_panes(1, 0)
        for column, item in enumerate(schema):
            if pa.types.is_timestamp(item.type) or pa.types.is_date(item.type):
                self._sheet.set_column(column, column, 19)
            self.put_text(column, item.name)
        self._row = 1

    def write(self, table: pa.Table) -> None:
        """Write rows.

        Raises
        ------
        ExportError
            If the sheet is full, or a text is too long for a cell.
        """
        if self._row + len(table) > _ROWS:
            raise ExportError(
                f"a sheet of Excel holds {_ROWS - 1:,} rows, and here are more; take "
                "fewer with created= or limit=, or write .csv or .parquet."
            )
        columns = list(map(_values, table.column_names, table.columns))
        for row in zip(*columns, strict=True):
            for column, value in enumerate(row):
                if value is not None:
                    self._put(column, value)
            self._row += 1

    def close(self) -> None:
        """Write the workbook."""
        self._workbook.close()

    def _put(self, column: int, value: Any) -> None:
        write = _WRITES.get(type(value))
        if write is not None:
            write(self, column, value)
        else:
            # Nanoseconds come as pandas' own kind of time.
            self.put_time(column, value)

    def put_text(self, column: int, value: str) -> None:
        """Write a text, whatever it begins with."""
        # Excel counts in UTF-16.
        if len(value) > _TEXT // 2 and len(value.encode("utf-16-le")) > _TEXT * 2:
            raise ExportError(
                f"a cell of Excel holds {_TEXT:,} characters, and one of column "
                f"{self._names[column]!r} has more; leave it out with fields=, or "
                "write .csv or .parquet."
            )
        self._sheet.write_string(self._row, column, value, self._text)

    def put_truth(self, column: int, value: bool) -> None:
        """Write a truth."""
        self._sheet.write_boolean(self._row, column, value)

    def put_number(self, column: int, value: float | Decimal) -> None:
        """Write a number, as text if a sheet would round it."""
        if _is_held(value):
            self._sheet.write_number(self._row, column, float(value))
        else:
            self.put_text(column, format(value, "f" if _is_exact(value) else ""))

    def put_time(self, column: int, value: datetime | date) -> None:
        """Write a time or a day, as text if a sheet has no such day."""
        if isinstance(value, datetime) and value.tzinfo is not None:
            # A sheet knows no zones: all times are in UTC.
            value = value.astimezone(UTC).replace(tzinfo=None)
        day = value.date() if isinstance(value, datetime) else value
        if day < _FIRST:
            self.put_text(column, value.isoformat())
        else:
            look = self._formats[datetime if isinstance(value, datetime) else date]
            self._sheet.write_datetime(self._row, column, value, look)


def _values(name: str, values: Any) -> list[Any]:
    values = decoded(values)
    if pa.types.is_nested(values.type):
        check_finite(values, name, "JSON")
    found: list[Any] = (written(values) if is_odd(values.type) else values).to_pylist()
    return found


def _is_held(value: float | Decimal) -> bool:
    """Tell whether a binary float is this number, to all its digits."""
    if not math.isfinite(value):
        return False
    if isinstance(value, Decimal):
        return len(value.normalize().as_tuple().digits) <= _DIGITS
    # To mypy every int is a float.
    return type(value) is float or abs(value) < 10**_DIGITS


def _is_exact(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


_WRITES: dict[type, Callable[[XlsxWriter, int, Any], None]] = {
    str: XlsxWriter.put_text,
    bool: XlsxWriter.put_truth,
    int: XlsxWriter.put_number,
    float: XlsxWriter.put_number,
    Decimal: XlsxWriter.put_number,
    datetime: XlsxWriter.put_time,
    date: XlsxWriter.put_time,
}
