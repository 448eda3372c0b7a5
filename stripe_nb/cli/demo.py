"""`stripe-nb demo`: the main job from end to end, with nothing set up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stripe_nb.session import RunningSandbox

__all__ = ["command"]

_NOTEBOOK = "00_quickstart.ipynb"


@click.command("demo")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("stripe-nb-demo"),
    show_default=True,
    help="Where to write everything.",
)
def command(output: Path) -> None:
    """Start the sandbox, run the quick-start notebook, export its customers.

    Needs no key and no network: all of it happens on this machine.
    """
    from stripe_nb.paths import notebooks_path
    from stripe_nb.runner import run_notebook
    from stripe_nb.sandbox import Sandbox

    with Sandbox(seed=7, scenario="demo") as sandbox:
        click.echo("1. The sandbox runs, with the demo business in it.")
        run = run_notebook(
            notebooks_path() / _NOTEBOOK,
            output / _NOTEBOOK,
            environment=_environment(sandbox.url),
        )
        click.echo(
            f"2. The quick-start notebook ran: {run.cells} code cells, all good."
        )
        tables = _export_customers(sandbox, output)
    click.echo("3. Its customers are exported.\n")
    _tell(run.output, *tables)


def _environment(url: str) -> dict[str, str]:
    # The address wins over any key, so that the demo never reaches Stripe.
    return {"STRIPE_NB_SANDBOX_URL": url, "STRIPE_ACCOUNT": ""}


def _export_customers(sandbox: RunningSandbox, output: Path) -> list[Path]:
    from stripe_nb.export import export
    from stripe_nb.session import connect

    with connect(sandbox=sandbox):
        return [
            Path(export("customers", output / f"customers.{suffix}", progress=False))
            for suffix in ("csv", "parquet")
        ]


def _tell(notebook: Path, *tables: Path) -> None:
    click.echo(f"Notebook, executed: {_short(notebook)}")
    click.echo(f"Customers, CSV:     {_short(tables[0])}")
    click.echo(f"Customers, Parquet: {_short(tables[1])}")
    jupyter = _short(Path(sys.executable).with_name("jupyter"))
    click.echo(f"\nOpen the lab: {jupyter} lab {_short(notebook)}")


def _short(path: Path) -> str:
    """Say a path as one would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
