"""How soon `explore` shows fifty thousand rows and filters them, beside itables.

Run by hand from the top of a checkout, since its figures depend on the machine::

    pip install itables
    python -m tests.benchmarks.bench_widgets --rows 50000

itables is needed for this alone, and is no dependency of the project. Both tables
show the same rows and columns of one frame, in one JupyterLab and one Chromium,
in turns and each time in a fresh page. What is timed is what a reader waits for:
from running the cell to the frame in which the first rows are painted, and from a
keystroke in the filter to the frame that shows its answer. itables has loaded its
script before (its ``init_notebook_mode`` cell), and shows all rows (``maxBytes=0``);
with its defaults it would show some hundred of them, which is timed as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.jupyter import Jupyter, await_kernel, open_page, run_all, start

GOAL_PAINT = 1.5
GOAL_FILTER_MS = 200
_BOOK = "tables.ipynb"
_READY = """
import stripe_nb as snb
from stripe_nb.frames import to_frame
from stripe_nb.widgets.explorer_columns import chosen
import itables
rows = [
    {{"object": "charge", "id": f"ch_{{n:014}}", "amount": n * 7 % 100_000,
     "currency": ("usd", "eur", "jpy")[n % 3], "created": 1768435200 + n,
     "status": ("succeeded", "failed", "pending")[n % 7 // 3], "paid": n % 7 < 3,
     "description": f"Order {{n}}", "customer": f"cus_{{n % 900:014}}"}}
    for n in range({rows})
]
frame = to_frame(rows)
same = frame[chosen(frame, None)]
"""
_SETUP = "itables.init_notebook_mode(all_interactive=False, connected=False)"


@dataclass(frozen=True)
class Table:
    """A way to show the frame: its cell, and where its parts are in the page."""

    name: str
    source: str
    row: str
    search: str
    answer: str


_DATATABLES = {
    "row": ".dt-container tbody tr td",
    "search": ".dt-search input",
    "answer": ".dt-info",
}
TABLES = (
    Table(
        "explore",
        "snb.explore(frame)",
        row=".snb-explorer-row td",
        search=".snb-explorer input[type=search]",
        answer=".snb-explorer [role=status]",
    ),
    Table("itables", "itables.show(same, maxBytes=0)", **_DATATABLES),
    Table("itables, defaults", "itables.show(same)", **_DATATABLES),
)
# Each is typed over the one before. The first has most to do: what is sought
# in must be read.
QUERIES = ("order 49", "succeeded", "cus_00000000000123", "nothing like this", "")

_RUN = """async () => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
  await jupyterapp.commands.execute("notebook:run-cell");
}"""
# Runs a cell; answers with the milliseconds until its first row is painted.
_PAINT = """async ([cell, row]) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const book = jupyterapp.shell.currentWidget.content;
  book.activeCellIndex = cell;
  const output = book.widgets[cell].node;
  const before = performance.now();
  jupyterapp.commands.execute("notebook:run-cell");
  while (!output.querySelector(row)?.offsetHeight) await frame();
  await frame();
  return performance.now() - before;
}"""
# Types into the filter; answers with the milliseconds until the answer is painted.
_FILTER = """async ([search, answer, query]) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const input = document.querySelector(search), told = document.querySelector(answer);
  const was = told.textContent;
  const before = performance.now();
  input.value = query;
  for (const name of ["input", "keyup"]) input.dispatchEvent(new Event(name));
  while (told.textContent === was) {
    if (performance.now() - before > 30000) throw new Error(`no answer: ${was}`);
    await frame();
  }
  await frame();
  return performance.now() - before;
}"""


@dataclass
class Figures:
    """Milliseconds, one per round; of the filter one per round and query."""

    paints: list[float] = field(default_factory=list)
    filters: list[list[float]] = field(default_factory=list)

    @property
    def paint(self) -> float:
        # What a busy machine adds is never negative.
        return min(self.paints)

    @property
    def answers(self) -> list[float]:
        return [min(each) for each in zip(*self.filters, strict=True)]


@contextmanager
def chromium() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, jupyter: Jupyter, table: Table) -> Iterator[Page]:
    """Open a fresh page of a notebook whose last cell shows the table."""
    context = browser.new_context()
    page = context.new_page()
    jupyter.write(_BOOK, [_SETUP, table.source])
    open_page(page, jupyter.address(_BOOK))
    yield page
    context.close()


def measure(page: Page, table: Table, figures: Figures) -> None:
    await_kernel(page)
    page.evaluate(_RUN)
    figures.paints.append(page.evaluate(_PAINT, [1, table.row]))
    # What is done once the rows are there is no part of the filter's time.
    page.wait_for_timeout(500)
    figures.filters.append(
        [
            page.evaluate(_FILTER, [table.search, table.answer, query])
            for query in QUERIES
        ]
    )


def report(found: dict[str, Figures]) -> None:
    ours = found[TABLES[0].name]
    for name, figures in found.items():
        answers = ", ".join(f"{each:.0f}" for each in figures.answers)
        rounds = " ".join(f"{each:.0f}" for each in figures.paints)
        print(f"{name:18}: first paint {figures.paint:5.0f} ms (rounds {rounds});")
        print(f"{'':18}  filter answers {answers} ms")
    for name in list(found)[1:]:
        ratio = ours.paint / found[name].paint
        pairs = zip(ours.paints, found[name].paints, strict=True)
        each = " ".join(f"{one / other:.2f}" for one, other in pairs)
        goal = f" (goal {GOAL_PAINT})" if name == TABLES[1].name else ""
        print(f"explore / {name}: {ratio:.2f}{goal}; in rounds {each}")
    print(f"slowest filter: {max(ours.answers):.0f} ms (goal {GOAL_FILTER_MS})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = {table.name: Figures() for table in TABLES}
    with (
        tempfile.TemporaryDirectory() as home,
        start(Path(home)) as jupyter,
        chromium() as browser,
    ):
        # The kernel belongs to the notebook's path, and stays for all pages.
        jupyter.write(_BOOK, [_READY.format(rows=options.rows)])
        page = browser.new_page()
        open_page(page, jupyter.address(_BOOK))
        run_all(page)
        page.close()
        for _ in range(options.rounds):
            for table in TABLES:
                with opened(browser, jupyter, table) as page:
                    measure(page, table, found[table.name])
    report(found)


if __name__ == "__main__":
    main()
