"""`stripe-nb notebooks run` and `test` on notebooks made for it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat import v4

from stripe_nb.cli import main

pytestmark = pytest.mark.notebooks


def _write(path: Path, *cells: str, output: str = "") -> None:
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata.tags = ["parameters"]
    if output:
        stream = v4.new_output("stream", name="stdout", text=output)
        notebook.cells[-1].outputs = [stream]
        notebook.cells[-1].execution_count = 2
    nbformat.write(notebook, path)


def _invoke(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["notebooks", *map(str, arguments)])
    return done.exit_code, done.output


def test_run_takes_parameters_and_writes_a_copy(tmp_path: Path) -> None:
    _write(tmp_path / "double.ipynb", "number = 1", "assert number == 4, number")
    status, output = _invoke(
        "run", tmp_path, "-p", "number", "4", "--output", tmp_path / "runs"
    )
    assert status == 0, output
    assert output.startswith("[1/1] ok      double.ipynb\n")
    assert (tmp_path / "runs" / "double.ipynb").is_file()


def test_run_goes_on_after_a_failure_and_names_the_cell(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "1 / 0")
    _write(tmp_path / "b.ipynb", "number = 1")
    status, output = _invoke("run", tmp_path, "--output", tmp_path / "runs")
    assert status == 1
    assert "a.ipynb stopped in cell [2] with ZeroDivisionError" in output
    assert "b.ipynb" in output


def test_run_refuses_an_unknown_parameter(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1")
    status, output = _invoke(
        "run", tmp_path, "-p", "nmber", "4", "--output", tmp_path / "runs"
    )
    assert status == 1
    assert "no parameter 'nmber'; did you mean 'number'?" in output


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    status, output = _invoke("run", tmp_path)
    assert status == 1
    assert "There are no notebooks" in output


@pytest.mark.parametrize(("stored", "status"), [("4\n", 0), ("5\n", 1)])
def test_test_compares_stored_outputs(tmp_path: Path, stored: str, status: int) -> None:
    _write(tmp_path / "a.ipynb", "number = 4", "print(number)", output=stored)
    assert _invoke("test", tmp_path)[0] == status


def test_run_ends_with_a_table_of_times(tmp_path: Path) -> None:
    _write(tmp_path / "quick.ipynb", "number = 1")
    _write(tmp_path / "slow.ipynb", "number = 1", "import time; time.sleep(1.2)")
    _write(tmp_path / "wrong.ipynb", "number = 1", "1 / 0")
    status, output = _invoke("run", tmp_path, "--output", tmp_path / "runs")
    assert status == 1
    table = output[output.index("\nNotebook ") :].splitlines()[1:]
    assert [line.split()[0] for line in table[:3]] == ["Notebook", "quick", "slow"]
    name, cells, running, _, kernel, _ = table[2].split()
    assert (name, cells) == ("slow", "2")
    assert float(running) >= 1.2
    assert float(kernel) > 0
    assert re.search(r"^2 ran, 1 failed in \d+\.\d s\.$", output, re.MULTILINE)


def test_a_failing_cell_is_shown_with_its_traceback(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "wanted = {}\nwanted['missing']")
    _, output = _invoke("run", tmp_path, "--output", tmp_path / "runs")
    assert "a.ipynb stopped in cell [2] with KeyError" in output
    assert "wanted['missing']" in output
    assert "\x1b[" not in output


def test_jobs_run_at_the_same_time(tmp_path: Path) -> None:
    meet = (
        "import time, pathlib\n"
        "pathlib.Path(mine).touch()\n"
        "while not pathlib.Path(other).exists(): time.sleep(0.05)"
    )
    for mine, other in (("a", "b"), ("b", "a")):
        names = (str(tmp_path / mine), str(tmp_path / other))
        _write(
            tmp_path / f"{mine}.ipynb", "mine, other = {!r}, {!r}".format(*names), meet
        )
    status, output = _invoke(
        "run", tmp_path, "--jobs", "2", "--output", tmp_path / "runs"
    )
    assert status == 0, output
    assert "2 ran in" in output


def test_run_writes_pages_with_the_code(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "print('the sum is', 40 + number)")
    pages = tmp_path / "pages"
    status, output = _invoke(
        "run", tmp_path / "a.ipynb", "--output", tmp_path / "runs", "--html", pages
    )
    assert status == 0, output
    page = (pages / "a.html").read_text("utf-8")
    assert "the sum is 41" in page
    assert "number" in page
    assert f"Page: {pages / 'a.html'}" in output


def test_report_is_a_page_to_send(tmp_path: Path) -> None:
    status, output = _invoke("report", "--html", tmp_path, "-p", "month", "2026-01")
    assert status == 0, output
    page = (tmp_path / "10_payments_report.html").read_text("utf-8")
    title = "Payments of January 2026 (UTC), day by day in USD"
    assert f"<title>{title}</title>" in page
    # Once more as the heading, and not as the line that was printed.
    assert page.count(title) == 2
    assert "Payments of a period" not in page
    assert "Payments from 2026-01-01 until before 2026-02-01" in page
    assert "data:image/png;base64," in page
    # Neither code nor lesson, and nothing that a reader's browser would fetch.
    for left_out in ("snb.connect", "You will", "Exercise", "What you learned"):
        assert left_out not in page
    assert not re.search(r"<script|<link|<iframe|src=.https?:|@import", page)
    assert not re.search(r"[sr]k_test_\w{8}|127\.0\.0\.1", page)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (["month", "2031-01"], "0 payments, 0 charges, 0 refunds"),
        (["month", "2025"], "Payments from 2025-01-01 until before 2026-01-01"),
        (["month", "2025Q4"], "Payments of 2025Q4 (UTC), day by day in USD"),
        (["zone", "Asia/Tokyo"], "by the days of Asia/Tokyo"),
        (["currency", "isk"], "No payment in ISK succeeded"),
    ],
    ids=["empty", "year", "quarter", "zone", "no payment in the currency"],
)
def test_report_of_any_period(tmp_path: Path, parameters: list[str], told: str) -> None:
    status, output = _invoke("report", "-o", tmp_path, "-p", *parameters)
    assert status == 0, output
    page = (tmp_path / "10_payments_report.html").read_text("utf-8")
    assert told in page
    # A bank's reason is told where there was one.
    assert ("generic_decline" in page) is ("0 charges" not in told)
    assert ("There were no charges" in page) is ("0 charges" in told)


def test_report_in_no_currency_is_refused_in_a_sentence(tmp_path: Path) -> None:
    status, output = _invoke("report", "-o", tmp_path, "-p", "currency", "xyz")
    assert status == 1
    assert "MoneyError: 'xyz' is no currency code" in output


def test_report_of_another_notebook_keeps_its_outputs(tmp_path: Path) -> None:
    _write(tmp_path / "mine.ipynb", "number = 1", "print('answer', 41 + number)")
    status, output = _invoke("report", tmp_path / "mine.ipynb", "-o", tmp_path)
    assert status == 0, output
    page = (tmp_path / "mine.html").read_text("utf-8")
    assert "answer 42" in page
    assert "<title>mine</title>" in page


def test_report_of_what_fails_makes_no_page(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "1 / 0")
    status, output = _invoke("report", tmp_path / "a.ipynb", "--html", tmp_path)
    assert status == 1
    assert "ZeroDivisionError" in output
    assert not (tmp_path / "a.html").exists()


def test_a_notebook_that_is_named_twice_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "ein Heft für dich.ipynb"
    _write(path, "number = 1")
    runs = tmp_path / "Läufe von heute"
    status, output = _invoke("run", path, tmp_path, path, "--output", runs)
    assert status == 0, output
    assert "[1/1] ok      ein Heft für dich.ipynb" in output
    assert (runs / path.name).is_file()


def test_a_cell_without_an_end_is_stopped(tmp_path: Path) -> None:
    _write(tmp_path / "a.ipynb", "number = 1", "while True: pass")
    arguments = ("run", tmp_path, "--timeout", "1", "--output", tmp_path / "runs")
    status, output = _invoke(*arguments)
    assert status == 1
    assert "A cell of a.ipynb ran for more than 1 s" in output


def test_pages_that_cannot_be_written_are_refused_before_anything_runs(
    tmp_path: Path,
) -> None:
    _write(tmp_path / "a.ipynb", "number = 1")
    file = tmp_path / "file"
    file.touch()
    for flag in ("--output", "--html"):
        status, output = _invoke("run", tmp_path / "a.ipynb", flag, file / "pages")
        assert status == 1
        assert output.startswith("Error: ")
        assert str(file) in output


def test_values_are_read_as_json_where_they_are_json(tmp_path: Path) -> None:
    given = {"i": "5", "f": "2.5", "b": "false", "l": '[1, "a"]', "d": "2026-02-03"}
    wanted = {"i": 5, "f": 2.5, "b": False, "l": [1, "a"], "d": "2026-02-03"}
    cell = "\n".join(f"{name} = None" for name in given)
    found = f"assert {dict(wanted)!r} == dict(i=i, f=f, b=b, l=l, d=d)"
    _write(tmp_path / "a.ipynb", cell, found)
    flags = [part for pair in given.items() for part in ("-p", *pair)]
    status, output = _invoke("run", tmp_path, *flags, "--output", tmp_path / "runs")
    assert status == 0, output


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    status, output = _invoke("run", tmp_path / "no.ipynb")
    assert status == 2
    assert "no.ipynb' does not exist" in output
