"""The runner itself: its own kernel, its own environment, clear errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v3, v4

from stripe_nb.errors import NotebookError
from stripe_nb.runner import run_notebook

pytestmark = pytest.mark.notebooks


def _notebook(folder: Path, *sources: str) -> Path:
    cells = [v4.new_code_cell(source) for source in sources]
    cells[0].metadata.tags = ["parameters"]
    path = folder / "given.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def _printed(path: Path) -> list[str]:
    notebook: Any = nbformat.read(path, as_version=4)
    return [
        output.text.strip()
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def test_kernel_is_this_interpreter_whatever_the_user_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = tmp_path / "kernels" / "python3"
    registered.mkdir(parents=True)
    (registered / "kernel.json").write_text(
        '{"argv": ["false"], "display_name": "Another", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    path = _notebook(tmp_path, "import sys; print(sys.executable)")
    run = run_notebook(path, tmp_path / "out" / "copy.ipynb")
    assert _printed(run.output) == [sys.executable]


def test_environment_and_folder_are_the_kernels_alone(tmp_path: Path) -> None:
    code = "import os; print(os.environ['STRIPE_NB_PROBE'], os.getcwd())"
    here = Path.cwd()
    run = run_notebook(
        _notebook(tmp_path, code),
        tmp_path / "out" / "copy.ipynb",
        environment={"STRIPE_NB_PROBE": "given"},
    )
    assert _printed(run.output) == [f"given {tmp_path / 'out'}"]
    assert "STRIPE_NB_PROBE" not in os.environ
    assert Path.cwd() == here


def test_source_is_left_as_it_is(tmp_path: Path) -> None:
    path = _notebook(tmp_path, "number = 1", "print(number)")
    before = path.read_bytes()
    run_notebook(path, tmp_path / "copy.ipynb", parameters={"number": 2})
    assert path.read_bytes() == before
    assert _printed(tmp_path / "copy.ipynb") == ["2"]


def test_failing_cell_is_named_and_the_copy_is_kept(tmp_path: Path) -> None:
    path = _notebook(tmp_path, "print('first')", "{}['missing']")
    with pytest.raises(NotebookError, match=r"cell \[2\] with KeyError: 'missing'"):
        run_notebook(path, tmp_path / "copy.ipynb")
    copy = nbformat.read(tmp_path / "copy.ipynb", as_version=4)
    kinds = [out.output_type for cell in copy.cells for out in cell.get("outputs", ())]
    assert "stream" in kinds
    assert "error" in kinds


def test_cell_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    path = _notebook(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(NotebookError, match="more than 1 s"):
        run_notebook(path, tmp_path / "copy.ipynb", timeout=1)


def test_kernel_that_dies_is_an_error(tmp_path: Path) -> None:
    path = _notebook(tmp_path, "import os; os._exit(1)")
    with pytest.raises(NotebookError, match="died"):
        run_notebook(path, tmp_path / "copy.ipynb")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b'{"cells": [',
        b"[1, 2]",
        b"\xff\xfe\x00",
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"nbformat": 9, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    ],
)
def test_file_that_is_no_notebook_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "given.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match="is not a notebook") as caught:
        run_notebook(path, tmp_path / "copy.ipynb")
    assert "\n" not in str(caught.value)


def test_notebook_of_an_old_format_runs(tmp_path: Path) -> None:
    cell = v3.new_code_cell("print('old')")
    old = v3.new_notebook(worksheets=[v3.new_worksheet(cells=[cell])])
    path = tmp_path / "given.ipynb"
    path.write_text(v3.writes_json(old), encoding="utf-8")
    assert _printed(run_notebook(path, tmp_path / "copy.ipynb").output) == ["old"]


def test_copy_may_be_the_source_and_is_written_once(tmp_path: Path) -> None:
    seen = "import pathlib; print(pathlib.Path('given.ipynb').stat().st_mtime_ns)"
    path = _notebook(tmp_path, seen)
    before = path.stat().st_mtime_ns
    assert _printed(run_notebook(path, path).output) == [str(before)]
    assert [each.name for each in tmp_path.iterdir()] == ["given.ipynb"]


def test_a_button_that_writes_into_an_output_does_not_hang(tmp_path: Path) -> None:
    # Seen with nbclient: its answers to the widget kept it from the cell's end.
    widgets = (
        "import ipywidgets\n"
        "out, button = ipywidgets.Output(), ipywidgets.Button()\n"
        "def write(_):\n"
        "    with out:\n"
        "        print('clicked')\n"
        "button.on_click(write)\n"
    )
    path = _notebook(
        tmp_path, widgets, "for _ in range(20): button.click()", "print(1)"
    )
    run = run_notebook(path, tmp_path / "copy.ipynb", timeout=60)
    assert _printed(run.output)[-1] == "1"
    assert run.cells == 3
    assert 0 < run.cell_seconds < run.seconds


def test_a_kernel_that_lost_its_port_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _notebook(tmp_path, "print('ran')")
    begun = tmp_path / "begun"
    # A Python that dies at its first start, as for want of its port.
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\n[ -e "{begun}" ] || {{ touch "{begun}"; exit 1; }}\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    run = run_notebook(path, tmp_path / "copy.ipynb")
    assert _printed(run.output) == ["ran"]
    python.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(NotebookError, match="doesn't start"):
        run_notebook(path, tmp_path / "copy.ipynb")
