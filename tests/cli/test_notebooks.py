"""`stripe-nb notebooks run` and `test` on notebooks made for it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat import v4

from stripe_nb.cli import main

pytestmark = pytest.mark.notebooks


def _write(path: Path, *cells: str, output: str = "") -> None:
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata.tags = ["parameters"]
    if output:
        stream = v4.new_output("stream", name="stdout", text=output)
        notebook.cells[-1].outputs = [stream]
        notebook.cells[-1].execution_count = 2
    nbformat.write(notebook, path)


def _invoke(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["notebooks", *map(str, arguments)])
    return done.exit_code, done.output


def test_run_takes_parameters_and_writes_a_copy(tmp_path: Path) -> None:
    _write(tmp_path / "double.ipynb", "number = 1", "assert number == 4, number")
    status, output = _invoke(
        "run", tmp_path, "-p", "number", "4", "--output", tmp_path / "runs"
    )
    assert status == 0, output
    assert output.startswith("ok")
    assert (tmp_path / "runs" / "double.ipynb").is_file()


def test_run_goes_on_after_a_failure_and_names_the_cell(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "1 / 0")
    _write(tmp_path / "b.ipynb", "number = 1")
    status, output = _invoke("run", tmp_path, "--output", tmp_path / "runs")
    assert status == 1
    assert "a.ipynb stopped in cell [2] with ZeroDivisionError" in output
    assert "b.ipynb" in output


def test_run_refuses_an_unknown_parameter(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1")
    status, output = _invoke(
        "run", tmp_path, "-p", "nmber", "4", "--output", tmp_path / "runs"
    )
    assert status == 1
    assert "no parameter 'nmber'; it has number" in output


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    status, output = _invoke("run", tmp_path)
    assert status == 1
    assert "There are no notebooks" in output


@pytest.mark.parametrize(("stored", "status"), [("4\n", 0), ("5\n", 1)])
def test_test_compares_stored_outputs(tmp_path: Path, stored: str, status: int) -> None:
    _write(tmp_path / "a.ipynb", "number = 4", "print(number)", output=stored)
    assert _invoke("test", tmp_path)[0] == status
