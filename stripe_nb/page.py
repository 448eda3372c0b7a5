"""An executed notebook as a page that can be sent to somebody.

The page holds its pictures and styles and needs nothing else: no script, no
network. Knows nothing of how the notebook was run.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

__all__ = ["write_page"]

# The tag of cells that teach, in a notebook that is a report too, and where its
# introduction begins to; the tag of the cell that prints what the report is of.
_LESSON = "lesson"
_TITLE = "title"
_YOU_WILL = "\nYou will:"
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)

# nbconvert's page asks a CDN for scripts, wanted or not.
_TEMPLATE = """
{%- extends "index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def write_page(notebook: Path, folder: Path, *, show_code: bool = False) -> Path:
    """Write an executed notebook as a page that needs nothing else.

    Parameters
    ----------
    notebook
        An executed notebook.
    folder
        Where the page goes.
    show_code
        Whether the code is to be seen. If not, the page is a report: what
        teaches is left out, too, which is the cells with the tag ``lesson`` and
        what the first cell says from "You will:" on. What a cell with the tag
        ``title`` prints, as it knows the parameters, stands in the place of the
        notebook's heading.

    Returns
    -------
    Path
        The page, named after the notebook.

    Examples
    --------
    >>> import tempfile
    >>> from nbformat import v4
    >>> folder = Path(tempfile.mkdtemp())
    >>> cells = [v4.new_markdown_cell("# Payments of May"), v4.new_code_cell("2")]
    >>> nbformat.write(v4.new_notebook(cells=cells), folder / "may.ipynb")
    >>> "<title>Payments of May</title>" in write_page(
    ...     folder / "may.ipynb", folder
    ... ).read_text()
    True
    """
    from nbconvert.exporters import HTMLExporter

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        raw_template=_TEMPLATE,
        exclude_input=not show_code,
        exclude_input_prompt=not show_code,
        exclude_output_prompt=not show_code,
    )
    content = nbformat.read(notebook, as_version=4)
    # With the state of its widgets, nbconvert's page asks a CDN for the code that
    # draws them; without, it shows what stands for each.
    content.metadata.pop("widgets", None)
    if not show_code:
        _leave_lesson_out(content)
        _put_printed_title(content)
    if title := _title(content):
        content.metadata.title = title
    body, _ = exporter.from_notebook_node(
        content, resources={"metadata": {"name": notebook.stem}}
    )
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{notebook.stem}.html"
    page.write_text(body, encoding="utf-8")
    return page


def _title(content: NotebookNode) -> str:
    prose = [cell.source for cell in content.cells if cell.cell_type == "markdown"]
    found = _HEADING.search("\n".join(prose))
    return found[1] if found else ""


def _leave_lesson_out(content: NotebookNode) -> None:
    content.cells = [
        cell for cell in content.cells if _LESSON not in cell.metadata.get("tags", ())
    ]
    for cell in content.cells[:1]:
        cell.source = cell.source.partition(_YOU_WILL)[0].rstrip()


def _put_printed_title(content: NotebookNode) -> None:
    printing = [c for c in content.cells if _TITLE in c.metadata.get("tags", ())]
    printed = "".join(
        output.get("text", "") for cell in printing for output in cell.outputs
    ).strip()
    if not printed:
        return
    content.cells = [cell for cell in content.cells if cell not in printing]
    first = content.cells[0]
    # A function, as what was printed may hold a backslash.
    first.source = _HEADING.sub(lambda _: f"# {printed}", first.source, count=1)
