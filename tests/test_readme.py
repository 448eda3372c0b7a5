"""The README tells the truth: its code runs and its commands exist."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import click
import pytest

from stripe_nb.cli import main

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)
SESSIONS = [code for language, code in CODE if language == "pycon"]
SHELL = [
    line.removeprefix("$ ")
    for language, code in CODE
    if language in {"bash", "console"}
    for line in code.splitlines()
]
CALLS = [
    call.split("stripe-nb ", 1)[1] for call in SHELL if re.search(r"stripe-nb \w", call)
]


@pytest.mark.parametrize("session", SESSIONS)
def test_python_sessions_give_the_output_shown(
    session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example = doctest.DocTestParser().get_doctest(session, {}, "README", "README", 0)
    assert example.examples
    outcome = doctest.DocTestRunner(verbose=False).run(example)
    assert outcome.failed == 0


def test_the_first_screen_shows_python() -> None:
    assert SESSIONS


@pytest.mark.parametrize("call", CALLS)
def test_commands_and_their_options_exist(call: str) -> None:
    _resolve(shlex.split(call, comments=True))


def _resolve(words: list[str]) -> None:
    command: click.Command = main
    while isinstance(command, click.Group):
        name = words.pop(0)
        assert name in command.commands
        command = command.commands[name]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_command_is_shown() -> None:
    assert {call.split()[0] for call in CALLS} == set(main.commands)


def test_every_notebook_is_in_the_table() -> None:
    linked = set(re.findall(r"\(notebooks/(.+?\.ipynb)\)", TEXT))
    folder = ROOT / "notebooks"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.ipynb")}
    left_by_runs = {each for each in found if each.startswith(("exports/", "."))}
    assert linked == {each for each in found - left_by_runs if "/." not in each}


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)\)", TEXT), ids=str)
def test_relative_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_ci_runs_the_test_command_of_the_first_screen() -> None:
    (command,) = [line for line in SHELL if line.endswith(".venv/bin/pytest")]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in command.split(" && "):
        assert step in script
