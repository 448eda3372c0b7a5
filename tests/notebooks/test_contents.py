"""Each topic of the tutorial is taught where the table of contents says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
CONTENTS = tomllib.loads(Path(__file__).with_name("contents.toml").read_text("utf-8"))
TOPICS = CONTENTS["topic"]
# The webhooks' lesson is about nothing else, and the report is no lesson.
LESSONS = sorted(
    path
    for path in FOLDER.glob("[0-9]*.ipynb")
    if path.stem not in {"05_webhooks", "10_payments_report"}
)
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


@cache
def _markdown(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _names() -> set[str]:
    paths = FOLDER.rglob("*.ipynb")
    names = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in paths}
    return {name for name in names if ".ipynb_checkpoints" not in name}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic["teaches"])
def test_topic_is_taught_under_its_headings(topic: dict[str, list[str]]) -> None:
    text = _markdown(FOLDER / f"{topic['notebook']}.ipynb")
    assert set(topic["headings"]) <= set(HEADING.findall(text))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_shows_the_calls_and_events_of_what_it_did(path: Path) -> None:
    assert "What happened at Stripe" in HEADING.findall(_markdown(path))


def test_every_notebook_is_in_the_table() -> None:
    assert {topic["notebook"] for topic in TOPICS} == _names()


def test_prose_is_spelt_well(tmp_path: Path) -> None:
    for name in _names():
        text = _markdown(FOLDER / f"{name}.ipynb")
        (tmp_path / f"{name.replace('/', '-')}.md").write_text(text, "utf-8")
    # Deliberate mistakes of the lessons stand in code, and are named in the prose.
    command = [sys.executable, "-m", "codespell_lib", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""
