"""Every notebook runs with papermill on other parameters, its exercises solved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from stripe_nb.runner import run_notebook

pytestmark = pytest.mark.notebooks

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = sorted(
    path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
WITH_PLOTS = [path for path in NOTEBOOKS if '"image/png"' in path.read_text("utf-8")]
# Each notebook gets those of these that it has.
OTHER: dict[str, Any] = {"seed": 11, "currency": "eur", "folder": "elsewhere"}
# Where more can differ.
OWN: dict[str, dict[str, Any]] = {
    "00_quickstart": {"currency": "jpy", "amount": 1800},
    # The least that may be charged, and a number that the exercise builds on.
    "05_webhooks": {"amount": 50},
    "01_customers": {"number": 4712},
}
OF_A_BUSINESS = [
    path for path in NOTEBOOKS if 'scenario = \\"demo\\"' in path.read_text("utf-8")
]
SOLUTION = re.compile(r"```python\n(.*?)\n```", re.DOTALL)


def _parameters(path: Path) -> dict[str, Any]:
    known = papermill.inspect_notebook(path)
    values = {**OTHER, **OWN.get(path.stem, {})}
    return {name: value for name, value in values.items() if name in known}


def _solve(notebook: Any) -> int:
    """Put each exercise's solution where the answer belongs; return how many."""
    solved = 0
    for at, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "= None  # your answer" in cell.source:
            cell.source = SOLUTION.findall(notebook.cells[at - 1].source)[0]
            solved += 1
    return solved


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_with_other_parameters_and_the_solutions(
    path: Path, tmp_path: Path
) -> None:
    notebook = nbformat.read(path, as_version=4)
    exercises, parameters = _solve(notebook), _parameters(path)
    solved = tmp_path / "solved" / path.name
    solved.parent.mkdir()
    nbformat.write(notebook, solved)
    run = run_notebook(solved, tmp_path / path.name, parameters=parameters)
    text = run.output.read_text(encoding="utf-8")
    assert all(str(value) in text for value in parameters.values())
    assert text.count("Solved.") == exercises
    assert "Not tried yet" not in text


@pytest.mark.parametrize("path", OF_A_BUSINESS, ids=lambda path: path.stem)
def test_what_reads_a_business_runs_on_an_empty_account(
    path: Path, tmp_path: Path
) -> None:
    run_notebook(path, tmp_path / path.name, parameters={"scenario": None})


@pytest.mark.parametrize("resource", ["disputes", "checkout.sessions"])
def test_reference_is_about_any_resource(resource: str, tmp_path: Path) -> None:
    path = FOLDER / "reference" / "api_reference.ipynb"
    run = run_notebook(path, tmp_path / path.name, parameters={"resource": resource})
    assert f"/v1/{resource.replace('.', '/')}" in run.output.read_text("utf-8")


@pytest.mark.parametrize("path", WITH_PLOTS, ids=lambda path: path.stem)
def test_pictures_come_out_the_same_each_time(path: Path, tmp_path: Path) -> None:
    runs = [run_notebook(path, tmp_path / name / path.name) for name in ("a", "b")]
    assert runs[0].output.read_bytes() == runs[1].output.read_bytes()
