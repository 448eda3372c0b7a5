"""CSV, plain or packed: UTF-8, ISO 8601 times, nothing that a sheet would run.

A null is an empty cell and an empty text is ``""``, for readers that tell them
apart (DuckDB with ``allow_quoted_nulls=false``); numbers stand without quotes;
`texts` tells how other types are written.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import check_finite, written

__all__ = ["CsvWriter"]

# What spreadsheets take for the beginning of a formula, also in the wide and the
# small forms that some type, and also behind what they skip or trim: blanks of all
# kinds, control characters, and those that nobody sees, such as a byte order mark.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = r"^(?:[\t\r\n]|[\s\p{Z}\p{Cc}\p{Cf}]*[=+\-@＝＋－＠﹦﹢﹣﹫])"  # noqa: RUF001
# It begins as one, and runs nothing.
_NUMBER = r"^-[0-9]+(?:\.[0-9]+)?$"


@writes(".csv", ".csv.gz", ".csv.zst")
class CsvWriter:
    """Writes tables as CSV.

    Parameters
    ----------
    file
        To write to.
    schema
        Of every table.
    options
        Whether to neutralise formulas, and to compress.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, options: Options) -> None:
        self._guards = options.neutralise_formulas
        self._file = file
        self._packed = packing(file, options.suffix)
        empty = self._convert(schema.empty_table())
        self._writer = pacsv.CSVWriter(self._packed, empty.schema)

    def write(self, table: pa.Table) -> None:
        """Write rows."""
        self._writer.write_table(self._convert(table))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        if self._packed is not self._file:
            self._packed.close()

    def _convert(self, table: pa.Table) -> pa.Table:
        names = [self._guarded_name(name) for name in table.column_names]
        columns = list(map(self._cells, table.column_names, table.columns))
        return pa.Table.from_arrays(columns, names=names)

    def _guarded_name(self, name: str) -> str:
        guarded: str = self._guarded(pa.array([name]))[0].as_py()
        return guarded

    def _guarded(self, texts: Any) -> Any:
        if not self._guards:
            return texts
        is_meant = pc.match_substring_regex(texts, _FORMULA)
        if not pc.any(is_meant).as_py():
            return texts
        is_number = pc.match_substring_regex(texts, _NUMBER)
        quoted = pc.utf8_replace_slice(texts, start=0, stop=0, replacement="'")
        return pc.if_else(pc.and_not(is_meant, is_number), quoted, texts)

    def _cells(self, name: str, values: Any) -> Any:
        kind = values.type
        if pa.types.is_decimal(kind):
            # Digits, which are no text of anybody's.
            return written(values)
        if pa.types.is_nested(kind):
            check_finite(values, name, "JSON")
        values = written(values)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            return self._guarded(values)
        return values
