"""CSV, plain or packed: UTF-8, ISO 8601 times, nothing that a sheet would run.

A null is an empty cell and an empty text is ``""``, for readers that tell them
apart (DuckDB with ``allow_quoted_nulls=false``); numbers stand without quotes.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from stripe_nb.export.compression import packing
from stripe_nb.export.registry import Options, writes
from stripe_nb.export.texts import iso_times, plain
from stripe_nb.frames.objects import canonical_json

__all__ = ["CsvWriter"]

# What spreadsheets take for the beginning of a formula:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = "^([=+\\-@\t\r\n])"


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
        columns = [self._cells(values) for values in table.columns]
        return pa.Table.from_arrays(columns, names=names)

    def _guarded_name(self, name: str) -> str:
        guarded: str = self._guarded(pa.array([name]))[0].as_py()
        return guarded

    def _guarded(self, texts: Any) -> Any:
        if not self._guards:
            return texts
        return pc.replace_substring_regex(texts, pattern=_FORMULA, replacement=r"'\1")

    def _cells(self, values: Any) -> Any:
        kind = values.type
        if pa.types.is_dictionary(kind):
            values = pc.cast(values, kind.value_type)
            kind = values.type
        if pa.types.is_timestamp(kind):
            return iso_times(values)
        if pa.types.is_decimal(kind):
            texts = [v if v is None else plain(v) for v in values.to_pylist()]
            return pa.array(texts, pa.string())
        if pa.types.is_nested(kind):
            texts = [v if v is None else canonical_json(v) for v in values.to_pylist()]
            return self._guarded(pa.chunked_array([pa.array(texts, pa.string())]))
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._guarded(values)
        return values
