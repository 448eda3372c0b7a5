"""`stripe-nb notebooks`: run notebooks, or check their stored outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stripe_nb.errors import NotebookError

__all__ = ["command"]

_PATHS = click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))


@click.group("notebooks")
def command() -> None:
    """Run notebooks, or check that their outputs still come out."""


@command.command()
@_PATHS
@click.option(
    "-p",
    "--parameter",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A value for the parameters cell; may be repeated.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("stripe-nb-runs"),
    show_default=True,
    help="Where the executed copies go.",
)
def run(
    paths: tuple[Path, ...], parameters: tuple[tuple[str, str], ...], output: Path
) -> None:
    """Execute the notebooks at PATHS (default: all) with papermill."""
    from stripe_nb.runner import run_notebook

    values = {name: _value(text) for name, text in parameters}
    failures = 0
    for notebook in _notebooks(paths):
        try:
            done = run_notebook(notebook, output / notebook.name, parameters=values)
            click.echo(f"{'ok':6} {done.seconds:6.1f} s  {notebook.name}")
        except NotebookError as error:
            failures += 1
            click.echo(f"{'FAILED':6} {'':8}  {error}")
    click.echo(f"Executed copies: {output}")
    sys.exit(1 if failures else 0)


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


def _notebooks(paths: Sequence[Path]) -> list[Path]:
    from stripe_nb.paths import notebooks_path

    found: list[Path] = []
    for path in paths or (notebooks_path(),):
        found += sorted(path.glob("*.ipynb")) if path.is_dir() else [path]
    if not found:
        raise NotebookError(f"There are no notebooks in {paths[0]}.")
    return found


def _value(text: str) -> Any:
    """Read a number, a boolean or a list as JSON, and all else as text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
