"""The command line says what it can do, at once and without side effects."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import stripe_nb
from stripe_nb.cli import main


def _commands(group: click.Group, *before: str) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += _commands(command, *before, name)
    return found


@pytest.mark.parametrize("command", _commands(main), ids=" ".join)
def test_each_command_explains_itself(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*command, "--help"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 3


def test_version_is_the_package_version() -> None:
    done = CliRunner().invoke(main, ["--version"])
    assert done.output == f"stripe-nb, version {stripe_nb.__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from stripe_nb.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'pandas', 'stripe', 'papermill', 'starlette', 'nbformat'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
