"""`stripe-nb lab`: JupyterLab on the notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

__all__ = ["command", "writable_notebooks"]


@click.command("lab", context_settings={"ignore_unknown_options": True})
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the notebooks are, or are copied to. Default: those of the "
    "checkout, or else ./stripe-nb-notebooks.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(folder: Path | None, options: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab.

    Installed notebooks are copied first, so that you may change them; a copy
    that is already there stays as it is. OPTIONS go to JupyterLab as they are,
    for example --no-browser.
    """
    target = writable_notebooks(folder)
    click.echo(f"Opening {target} in JupyterLab; stop it with Ctrl+C.")
    command = [sys.executable, "-m", "jupyterlab", str(target), *options]
    if os.name == "posix":
        # In this process's place, so that whoever ends it ends JupyterLab.
        sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606 - our own interpreter
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - the same


def writable_notebooks(folder: Path | None) -> Path:
    """Return a folder with the notebooks that may be changed.

    Parameters
    ----------
    folder
        Where to copy them; None for the checkout's own, if there is one.
    """
    from stripe_nb.paths import notebooks_path

    source = notebooks_path()
    installed = source.parent.name == "stripe_nb"
    if folder is None and not installed:
        return source
    target = folder or Path("stripe-nb-notebooks")
    target.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(source.rglob("*.ipynb")):
        copy = target / notebook.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(notebook.read_bytes())
    return target
