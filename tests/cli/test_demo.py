"""`stripe-nb demo`, as a newcomer types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import nbformat
import pytest
from click.testing import CliRunner

from stripe_nb.cli import main
from stripe_nb.cli.lab import writable_notebooks

# Read by each Python that starts with its folder on the path, kernels included.
_WITHOUT_EXTRAS = """
import sys

class Missing:
    extras = {
        "dask", "distributed", "duckdb", "fsspec", "psycopg", "sqlalchemy", "voila",
        "xlsxwriter",
    }

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.extras:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
_DEMO = """
import sys
from stripe_nb.cli import main
try:
    main(["demo"])
finally:
    from sitecustomize import Missing
    assert not Missing.extras & sys.modules.keys()
"""


@pytest.mark.notebooks
def test_demo_needs_none_of_the_extras(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_WITHOUT_EXTRAS)
    done = subprocess.run(
        [sys.executable, "-c", _DEMO],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "stripe-nb-demo"
    _agree(folder / "customers.csv", folder / "customers.parquet")
    _ran_to_its_end(folder / "00_quickstart.ipynb")


@pytest.mark.notebooks
def test_demo_does_the_main_job_and_says_where_everything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_" + "A1b2C3d4" * 3)
    done = CliRunner().invoke(main, ["demo"])
    assert done.exit_code == 0, done.output
    folder = Path("stripe-nb-demo")
    for name in ("00_quickstart.ipynb", "customers.csv", "customers.parquet"):
        assert (folder / name).stat().st_size > 0
        assert str(folder / name) in done.output
    assert "jupyter lab" in done.output
    _agree(folder / "customers.csv", folder / "customers.parquet")
    _ran_to_its_end(folder / "00_quickstart.ipynb")


def _agree(csv: Path, parquet: Path) -> None:
    counts = [
        duckdb.execute(f"select count(distinct id) from '{path}'").fetchall()
        for path in (csv, parquet)
    ]
    assert counts[0] == counts[1]
    assert counts[0] > [(1,)]


def _ran_to_its_end(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_lab_copies_the_notebooks_once(tmp_path: Path) -> None:
    folder = writable_notebooks(tmp_path / "mine")
    copy = folder / "00_quickstart.ipynb"
    copy.write_text("changed")
    writable_notebooks(tmp_path / "mine")
    assert copy.read_text() == "changed"


def test_lab_opens_the_notebooks_of_a_checkout_in_place(root: Path) -> None:
    assert writable_notebooks(None) == root / "notebooks"
