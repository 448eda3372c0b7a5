"""Formats are found by looking, and cost nothing before one is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stripe_nb.errors import ExportError
from stripe_nb.export import formats
from stripe_nb.export.registry import writer_for

_LOADED = """
import sys
import stripe_nb.export.registry
heavy = {"pandas", "pyarrow", "duckdb", "sqlalchemy", "xlsxwriter", "fsspec"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_the_registry_loads_nothing_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


def test_each_module_of_formats_brings_a_suffix() -> None:
    modules = {path.stem for path in Path(formats.__path__[0]).glob("[a-z]*.py")}
    with pytest.raises(ExportError) as told:
        writer_for("a.doc")
    known = [word.strip(",;.") for word in str(told.value).split() if word[0] == "."]
    found = {
        writer_for(f"a.{name}")[0].__module__.rpartition(".")[2]
        for name in known
        if name != "duckdb"
    }
    assert found == modules
