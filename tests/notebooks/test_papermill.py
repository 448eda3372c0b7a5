"""Every notebook runs with papermill from a clean folder, and reproduces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from stripe_nb.runner import run_notebook

pytestmark = pytest.mark.notebooks

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# Notebook: parameters that differ from its own, each a set of its own.
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "00_quickstart": [
        {"seed": 11, "currency": "jpy", "amount": 1800},
        {"seed": 12, "currency": "kwd", "amount": 4250, "folder": "elsewhere"},
    ],
}
RUNS = [
    pytest.param(path, parameters, id=f"{path.stem}-{number}")
    for path in NOTEBOOKS
    for number, parameters in enumerate(PARAMETERS[path.stem])
]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.parametrize(("path", "parameters"), RUNS)
def test_runs_with_other_parameters(
    path: Path, parameters: dict[str, Any], tmp_path: Path
) -> None:
    run = run_notebook(path, tmp_path / path.name, parameters=parameters)
    text = run.output.read_text(encoding="utf-8")
    assert all(str(value) in text for value in parameters.values())


@each_notebook
def test_running_again_gives_the_committed_bytes(path: Path, tmp_path: Path) -> None:
    run = run_notebook(path, tmp_path / path.name)
    assert _without_images(run.output) == _without_images(path)


@each_notebook
def test_two_runs_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    runs = [run_notebook(path, tmp_path / name / path.name) for name in ("a", "b")]
    assert runs[0].output.read_bytes() == runs[1].output.read_bytes()


def _without_images(path: Path) -> str:
    """Return a notebook's text without what a font's version may change."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
    text: str = nbformat.writes(notebook)
    return text
