"""`stripe-nb notebooks`: run notebooks, check their outputs, or make a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from stripe_nb.errors import NotebookError

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
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def _into(flag: str, default: str, shown: str) -> _Option:
    return click.option(
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
@_into("--output", "stripe-nb-runs", "Where the executed copies go.")
@click.option("--html", type=_FOLDER, help="Where to write them as pages, too.")
def run(
    paths: tuple[Path, ...],
    parameters: tuple[tuple[str, str], ...],
    jobs: int,
    output: Path,
    html: Path | None,
) -> None:
    """Execute the notebooks at PATHS (default: all) with papermill."""
    done = _run_all(paths, parameters, jobs, output)
    click.echo(f"Executed copies: {output}")
    if html is not None:
        _write_pages(done, html, show_code=True)
    sys.exit(1 if None in done else 0)


@command.command()
@_PATHS
@_PARAMETERS
@_JOBS
@_into("--html", "stripe-nb-reports", "Where the pages go.")
def report(
    paths: tuple[Path, ...],
    parameters: tuple[tuple[str, str], ...],
    jobs: int,
    output: Path,
) -> None:
    """Make a page of each notebook at PATHS, without its code.

    The pages hold their pictures and styles, and can be sent to somebody.
    """
    from stripe_nb.paths import notebooks_path

    default = (notebooks_path() / "10_payments_report.ipynb",)
    done = _run_all(paths or default, parameters, jobs, output / "notebooks")
    _write_pages(done, output, show_code=False)
    sys.exit(1 if None in done else 0)


@command.command()
@_PATHS
def test(paths: tuple[Path, ...]) -> None:
    """Execute the notebooks at PATHS (default: all) and compare each output."""
    # No settings of a project that this happens to be called in.
    alone = ["-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib"]
    strict = ["--nbval", "--nbval-current-env", "--quiet"]
    files = [str(notebook) for notebook in _notebooks(paths)]
    command = [sys.executable, "-m", "pytest", *alone, *strict, *files]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603  # our own interpreter


def _run_all(
    paths: Sequence[Path],
    parameters: Sequence[tuple[str, str]],
    jobs: int,
    output: Path,
) -> list[Path | None]:
    """Run notebooks side by side; return their copies, None for one that failed."""
    from stripe_nb.runner import run_notebooks

    values = {name: _value(text) for name, text in parameters}
    copies: list[Path | None] = []
    runs = run_notebooks(_notebooks(paths), output, parameters=values, jobs=jobs)
    for done in runs:
        if isinstance(done, NotebookError):
            click.echo(f"{'FAILED':6} {'':8}  {done}")
            copies.append(None)
        else:
            click.echo(f"{'ok':6} {done.seconds:6.1f} s  {done.notebook.name}")
            copies.append(done.output)
    return copies


def _write_pages(copies: Sequence[Path | None], html: Path, *, show_code: bool) -> None:
    from stripe_nb.runner import write_page

    for copy in copies:
        if copy is not None:
            page = write_page(copy, html, show_code=show_code)
            click.echo(f"Page: {page}")


def _notebooks(paths: Sequence[Path]) -> list[Path]:
    from stripe_nb.paths import notebooks_path

    found: list[Path] = []
    for path in paths or (notebooks_path(),):
        found += _within(path) if path.is_dir() else [path]
    if not found:
        raise NotebookError(f"There are no notebooks in {paths[0]}.")
    return found


def _within(folder: Path) -> list[Path]:
    hidden = ".ipynb_checkpoints"
    return sorted(path for path in folder.rglob("*.ipynb") if hidden not in path.parts)


def _value(text: str) -> Any:
    """Read a number, a boolean or a list as JSON, and all else as text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
