"""What checking the notebooks costs beyond what they do.

Run by hand, since its figures depend on the machine::

    python tests/benchmarks/bench_notebooks.py
    python tests/benchmarks/bench_notebooks.py notebooks/00_quickstart.ipynb

A notebook can't take less than the start of a kernel and the work of its cells,
imports and sandbox included. Both are measured for each: the start by a notebook
without cells, the work by the cells in a plain IPython, less what that takes with
no cell. Their sum, twice, is what nbval and papermill are held against; each
runs one notebook after the other, as the sum does. Then all are run once as CI
would, on every processor.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import v4

from stripe_nb.paths import notebooks_path
from stripe_nb.runner import run_notebook

GOAL, GOAL_SECONDS = 1.5, 240
COMMAND = [str(Path(sys.executable).with_name("stripe-nb")), "notebooks"]


def seconds(command: Sequence[str], folder: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True
    )
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return took


def kernel_start(folder: Path) -> float:
    empty = folder / "empty.ipynb"
    nbformat.write(v4.new_notebook(), empty)
    return min(run_notebook(empty, folder / "copy.ipynb").seconds for _ in range(5))


def work(notebook: Path, folder: Path) -> float:
    """Return how long a notebook's cells take in a plain IPython."""
    cells = nbformat.read(notebook, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    # What a kernel sets by itself.
    first = "%matplotlib inline" if "plt." in "\n".join(code) else ""
    script = folder / f"{notebook.stem}.ipy"
    script.write_text("\n\n".join([first, *code]), encoding="utf-8")
    bare = folder / "bare.ipy"
    bare.write_text("pass", encoding="utf-8")
    run = [sys.executable, "-m", "IPython", "--quick", "--colors=nocolor"]
    return seconds([*run, str(script)], folder) - seconds([*run, str(bare)], folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    given = parser.parse_args().notebooks
    chosen = [path.absolute() for path in given] or sorted(
        notebooks_path().rglob("*.ipynb")
    )
    paths = [str(path) for path in chosen]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = kernel_start(folder)
        works = {path.stem: work(path, folder) for path in chosen}
        for stem, took in works.items():
            print(f"{stem:22} {took:6.1f} s of work")
        least = start * len(chosen) + sum(works.values())
        print(f"a kernel starts in {start:.1f} s; together {least:.1f} s at least")
        nbval = seconds([*COMMAND, "test", *paths], folder)
        run = [*COMMAND, "run", "--output", str(folder / "runs"), "--jobs"]
        papermill = seconds([*run, "1", *paths], folder)
        for tool, took in (("nbval", nbval), ("papermill", papermill)):
            print(f"{tool}: {took:.1f} s, {took / least:.2f} x the least")
        both = nbval + papermill
        print(f"both: {both / least / 2:.2f} x the least (goal {GOAL} at most)")
        jobs = os.cpu_count() or 1
        together = nbval + seconds([*run, str(jobs), *paths], folder)
        print(
            f"nbval, and papermill with {jobs} at a time: {together:.0f} s "
            f"(goal {GOAL_SECONDS} at most)"
        )


if __name__ == "__main__":
    main()
