"""Every notebook keeps to the template, and gives nothing away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from stripe_nb.runner import normalise

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = sorted(
    path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
FIRST_CELLS = ["markdown", "markdown", "code", "code", "markdown", "code"]

LEAKS = {
    "a key": r"[sprw]k_(test|live)_\w{8,}|whsec_\w{8,}",
    "a port": r"(127\.0\.0\.1|localhost):\d+",
    "a place in memory": r"\bat 0x[0-9a-f]{6,}",
    "a path of a machine": r"(?<![\w.])/(home|root|tmp|usr|work|Users|private)/",
    "an escape code": r"\x1b\[",
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def _code(path: Path) -> list[Any]:
    return [cell for cell in _read(path).cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_name_sorts_as_read(path: Path) -> None:
    # References and the migration are looked up, not read in order.
    assert re.fullmatch(r"(\d\d_)?[a-z][a-z0-9_]+", path.stem)


@each_notebook
def test_begins_as_the_template_does(path: Path) -> None:
    cells = _read(path).cells
    assert [cell.cell_type for cell in cells[:6]] == FIRST_CELLS
    title = cells[0].source
    assert title.startswith("# ")
    assert "You will:" in title
    assert "minutes" in title
    assert cells[2].metadata.tags == ["parameters"]
    assert re.match(r"(import|from) ", cells[3].source)
    assert "snb.connect(" in cells[5].source


@each_notebook
def test_ends_as_the_template_does(path: Path) -> None:
    *_, learned, last = _read(path).cells
    assert learned.source.startswith("## What you learned")
    assert "docs.stripe.com" in learned.source
    assert "close()" in last.source


@each_notebook
def test_parameters_are_literals_with_a_comment(path: Path) -> None:
    for line in _code(path)[0].source.splitlines():
        assert re.fullmatch(r"\w+ = [^()]+  # .+", line)


@each_notebook
def test_other_tags_tell_what_a_report_leaves_out_or_is_called(path: Path) -> None:
    tags = [cell.metadata.get("tags") for cell in _read(path).cells if cell.metadata]
    assert tags.count(["parameters"]) == 1
    known = (["parameters"], ["lesson"], ["title"])
    assert [each for each in tags if each not in known] == []


@each_notebook
def test_cells_are_short(path: Path) -> None:
    assert max(len(cell.source.splitlines()) for cell in _code(path)) <= 12


@each_notebook
def test_every_section_has_words_before_its_code(path: Path) -> None:
    cells = _read(path).cells
    run = 0
    for cell in cells:
        run = run + 1 if cell.cell_type == "code" else 0
        assert run <= 3, cell.source


@each_notebook
def test_ran_from_top_to_bottom_without_an_error(path: Path) -> None:
    cells = _code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds


@each_notebook
def test_nothing_was_written_to_standard_error(path: Path) -> None:
    streams = {output.get("name") for cell in _code(path) for output in cell.outputs}
    assert "stderr" not in streams


@each_notebook
def test_metadata_is_normalised(path: Path) -> None:
    notebook = _read(path)
    normalise(notebook)
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    assert path.read_text(encoding="utf-8") == text


@each_notebook
@pytest.mark.parametrize("leak", LEAKS)
def test_gives_nothing_away(path: Path, leak: str) -> None:
    for cell in _read(path).cells:
        shown = [cell.source, *(_text(output) for output in cell.get("outputs", ()))]
        assert not re.search(LEAKS[leak], "\n".join(shown)), f"{leak} in {cell.id}"


def _text(output: Any) -> str:
    data = {
        kind: text
        for kind, text in output.get("data", {}).items()
        if not kind.startswith("image/")
    }
    return f"{output.get('text', '')}\n{data}"


@each_notebook
def test_outputs_are_small(path: Path) -> None:
    assert path.stat().st_size < 300_000
    for cell in _code(path):
        for output in cell.outputs:
            data = output.get("data", {})
            assert len(data.get("text/html", "")) < 50_000
            assert len(data.get("image/png", "")) * 3 / 4 < 40_000


@each_notebook
def test_links_lead_somewhere(path: Path) -> None:
    text = "\n".join(
        cell.source for cell in _read(path).cells if cell.cell_type == "markdown"
    )
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            assert re.fullmatch(r"https://docs\.stripe\.com/[\w/#-]+", link), link
        else:
            assert (path.parent / link).is_file(), link


@pytest.mark.parametrize(
    ("leak", "text"),
    [
        ("a key", "sk_test_" + "A1b2C3d4" * 3),
        ("a port", "http://127.0.0.1:40123"),
        ("a place in memory", "<object at 0x7f00aa11bb>"),
        ("a path of a machine", "saved to /home/ada/customers.csv"),
        ("an escape code", "\x1b[31mred"),
    ],
)
def test_the_search_for_leaks_finds_them(leak: str, text: str) -> None:
    assert re.search(LEAKS[leak], text)
