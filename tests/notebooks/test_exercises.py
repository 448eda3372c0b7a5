"""Each exercise refuses wrong answers, and says of each claim that it is missed."""

from __future__ import annotations

import ast
import asyncio
import tomllib
from inspect import iscoroutine
from pathlib import Path
from typing import Any

import nbformat
import pytest

from stripe_nb.lessons import Checked
from stripe_nb.session import current

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
WRONG: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("wrong_answers.toml").read_text("utf-8")
)
ANSWER = " = None  # your answer"
EXERCISES = [(name, answer) for name, answers in WRONG.items() for answer in answers]


def _code(name: str) -> list[str]:
    cells = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def _run(source: str, names: dict[str, Any]) -> None:
    """Run a cell as a notebook does, where ``await`` may stand at the top."""
    code = compile(source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    done = eval(code, names)  # noqa: S307  # our own notebook
    if iscoroutine(done):
        asyncio.run(done)


def _checked(name: str, answer: str, check: str, names: dict[str, Any]) -> Checked:
    names[name] = eval(answer, names)  # noqa: S307  # of our own list
    # Its last line is what a notebook shows; what comes before only prepares it.
    *before, last = ast.parse(check).body
    _run(ast.unparse(ast.Module(before, [])), names)
    found: Checked = eval(ast.unparse(last), names)  # noqa: S307  # our own notebook
    return found


def test_every_lesson_has_an_exercise() -> None:
    lessons = {path.stem for path in FOLDER.glob("*.ipynb")}
    assert lessons == set(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_every_exercise_has_its_wrong_answers(name: str) -> None:
    lines = "\n".join(_code(name)).splitlines()
    asked = [line.removesuffix(ANSWER) for line in lines if line.endswith(ANSWER)]
    assert sorted(asked) == sorted(WRONG[name])


@pytest.mark.parametrize(("name", "answer"), EXERCISES)
def test_wrong_answers_are_refused_and_every_claim_is_missed_once(
    name: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, asked = _code(name), f"{answer}{ANSWER}"
    (place,) = (at for at, cell in enumerate(code) if cell.endswith(asked))
    names: dict[str, Any] = {"__name__": "notebook", "display": repr}
    for cell in code[: place + 1]:
        # A picture is nothing that an exercise asks for.
        if "plt.show()" not in cell:
            _run(cell, names)
    assert _checked(answer, "None", code[place + 1], names).findings == {}
    wrong = WRONG[name][answer]
    tried = [_checked(answer, each, code[place + 1], names) for each in wrong]
    assert [each.is_solved for each in tried] == [False] * len(tried)
    missed = {claim for each in tried for claim, why in each.findings.items() if why}
    assert missed == set(tried[0].findings)
    # What was found, and what was wanted: a learner can tell how far off it is.
    told = [why for each in tried for why in each.findings.values() if why]
    assert "it isn't so" not in told
    current().close()
