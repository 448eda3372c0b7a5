"""`stripe-nb notebooks`: run notebooks, check their outputs, or make a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stripe_nb.errors import NotebookError

if TYPE_CHECKING:
    from stripe_nb.runner import Run

__all__ = ["command"]

_PATHS = click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PARAMETERS = click.option(
    "-p",
    "--parameter",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A value for the parameters cell; may be repeated.",
)
_JOBS = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    help="How many run at the same time. Default: one for each processor.",
)
_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long one cell may take.",
)
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def _into(flag: str, default: str, shown: str) -> _Option:
    return click.option(
        "-o",
        flag,
        "output",
        type=_FOLDER,
        default=Path(default),
        show_default=True,
        help=shown,
    )


@click.group("notebooks")
def command() -> None:
    """Run notebooks, check that their outputs still come out, or make reports."""


@command.command()
@_PATHS
@_PARAMETERS
@_JOBS
@_TIMEOUT
@_into("--output", "stripe-nb-runs", "Where the executed copies go.")
@click.option("--html", type=_FOLDER, help="Where to write them as pages, too.")
def run(
    paths: tuple[Path, ...],
    parameters: tuple[tuple[str, str], ...],
    jobs: int,
    timeout: float,
    output: Path,
    html: Path | None,
) -> None:
    """Execute the notebooks at PATHS (default: all) with papermill.

    A folder stands for the notebooks in it. Each notebook takes the parameters
    that it has.
    """
    # Refused before anything runs, if it can't be.
    for folder in (output, html or output):
        folder.mkdir(parents=True, exist_ok=True)
    done = _run_all(paths, parameters, jobs, timeout, output)
    click.echo(f"Executed copies: {output}")
    if html is not None:
        _write_pages(done, html, show_code=True)
    sys.exit(1 if None in done else 0)


@command.command()
@_PATHS
@_PARAMETERS
@_JOBS
@_TIMEOUT
@_into("--html", "stripe-nb-reports", "Where the pages go.")
def report(
    paths: tuple[Path, ...],
    parameters: tuple[tuple[str, str], ...],
    jobs: int,
    timeout: float,
    output: Path,
) -> None:
    """Make a page of each notebook at PATHS, without its code.

    The pages hold their pictures and styles, and can be sent to somebody.
    """
    from stripe_nb.paths import notebooks_path

    default = (notebooks_path() / "10_payments_report.ipynb",)
    output.mkdir(parents=True, exist_ok=True)
    copies = output / "notebooks"
    done = _run_all(paths or default, parameters, jobs, timeout, copies)
    _write_pages(done, output, show_code=False)
    sys.exit(1 if None in done else 0)


@command.command()
@_PATHS
def test(paths: tuple[Path, ...]) -> None:
    """Execute the notebooks at PATHS (default: all) and compare each output."""
    # No settings of a project that this happens to be called in.
    alone = ["-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib"]
    strict = ["--nbval", "--nbval-current-env", "-p", "stripe_nb.kernel_start"]
    look = [
        "--quiet",
        "--tb=short",
        f"--color={'yes' if sys.stdout.isatty() else 'no'}",
    ]
    files = [str(notebook) for notebook in _notebooks(paths)]
    command = [sys.executable, "-m", "pytest", *alone, *strict, *look, *files]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603  # our own interpreter


def _run_all(
    paths: Sequence[Path],
    parameters: Sequence[tuple[str, str]],
    jobs: int,
    timeout: float,
    output: Path,
) -> list[Path | None]:
    """Run notebooks side by side; return their copies, None for one that failed."""
    from stripe_nb.clock import monotonic
    from stripe_nb.workers import run_notebooks

    values = {name: _value(text) for name, text in parameters}
    notebooks = _notebooks(paths)
    started = monotonic()
    runs: list[Run] = []
    failures: list[NotebookError] = []
    for done in run_notebooks(
        notebooks, output, parameters=values, jobs=jobs, timeout=timeout
    ):
        if isinstance(done, NotebookError):
            failures.append(done)
            said = f"FAILED  {done}"
        else:
            runs.append(done)
            said = f"ok      {done.notebook.name}"
        click.echo(f"[{len(runs) + len(failures)}/{len(notebooks)}] {said}")
    runs.sort(key=lambda run: notebooks.index(run.notebook))
    click.echo(_table(runs, len(failures), monotonic() - started))
    return [run.output for run in runs] + [None for _ in failures]


def _table(runs: Sequence[Run], failed: int, seconds: float) -> str:
    """Return what each notebook took, and all of them."""
    rows = [("Notebook", "Cells", "Running", "Kernel")]
    rows += [
        (
            run.notebook.stem,
            str(run.cells),
            f"{run.cell_seconds:.1f} s",
            f"{run.seconds - run.cell_seconds:.1f} s",
        )
        for run in runs
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([name.ljust(widths[0]), *map(str.rjust, rest, widths[1:])])
        for name, *rest in rows
    ]
    told = f"{len(runs)} ran" + (f", {failed} failed" if failed else "")
    return "\n".join(["", *lines, "", f"{told} in {seconds:.1f} s."])


def _write_pages(copies: Sequence[Path | None], html: Path, *, show_code: bool) -> None:
    from stripe_nb.page import write_page

    for copy in copies:
        if copy is not None:
            page = write_page(copy, html, show_code=show_code)
            click.echo(f"Page: {page}")


def _notebooks(paths: Sequence[Path]) -> list[Path]:
    from stripe_nb.paths import notebooks_path

    found: dict[Path, Path] = {}
    for path in paths or (notebooks_path(),):
        within = _within(path) if path.is_dir() else [path]
        if not within:
            raise NotebookError(f"There are no notebooks in {path}.")
        # Named twice, it still runs once.
        found.update((each.resolve(), each) for each in within)
    return list(found.values())


def _within(folder: Path) -> list[Path]:
    hidden = ".ipynb_checkpoints"
    return sorted(path for path in folder.rglob("*.ipynb") if hidden not in path.parts)


def _value(text: str) -> Any:
    """Read a number, a boolean or a list as JSON, and all else as text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
