"""Notebooks side by side: what each is given, and what ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import nbformat
import pytest
from nbformat import v4

from stripe_nb import kernel_start, workers
from stripe_nb.clock import monotonic
from stripe_nb.errors import NotebookError
from stripe_nb.workers import run_notebooks

pytestmark = pytest.mark.notebooks

PROGRAM = str(Path(sys.executable).with_name("stripe-nb"))
LOOP = """import os, pathlib, time
pathlib.Path(f"{mine}.pid").write_text(str(os.getpid()))
while True:
    time.sleep(0.1)"""


def _write(folder: Path, name: str, parameters: str, code: str) -> Path:
    cells = [v4.new_code_cell(parameters), v4.new_code_cell(code)]
    cells[0].metadata.tags = ["parameters"]
    path = folder / f"{name}.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def test_each_notebook_gets_the_parameters_that_it_has(tmp_path: Path) -> None:
    both = _write(
        tmp_path, "both", "a, b = 0, 0\na = 0\nb = 0", "assert (a, b) == (1, 2)"
    )
    one = _write(tmp_path, "one", "a = 0", "assert a == 1")
    given = {"a": 1, "b": 2}
    runs = list(run_notebooks([both, one], tmp_path / "runs", parameters=given, jobs=2))
    assert [each for each in runs if isinstance(each, NotebookError)] == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["one"], "one.ipynb has no parameter 'curency'; did you mean 'currency'?"),
        (["one", "two"], "None of these notebooks has a parameter 'curency'"),
    ],
)
def test_parameter_of_none_is_refused_before_anything_runs(
    tmp_path: Path, names: list[str], told: str
) -> None:
    paths = [_write(tmp_path, name, "currency = 'usd'", "1") for name in names]
    with pytest.raises(NotebookError) as caught:
        list(run_notebooks(paths, tmp_path / "runs", parameters={"curency": "eur"}))
    assert str(caught.value).startswith(told)
    assert not (tmp_path / "runs").exists()


def test_what_is_no_notebook_fails_alone(tmp_path: Path) -> None:
    good = _write(tmp_path, "good", "a = 0", "1")
    bad = tmp_path / "bad.ipynb"
    bad.write_text("[1, 2]")
    runs = run_notebooks([bad, good], tmp_path / "runs", parameters={"a": 1}, jobs=2)
    failed = [str(each) for each in runs if isinstance(each, NotebookError)]
    assert len(failed) == 1
    assert "bad.ipynb is not a notebook" in failed[0]


def test_copy_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "a = 0", "1")
    (tmp_path / "runs").write_text("a file")
    (failed,) = run_notebooks([path], tmp_path / "runs", parameters={})
    assert "a.ipynb can't be read or its copy written" in str(failed)


def test_worker_that_is_ended_from_outside_is_told() -> None:
    done: Future[object] = Future()
    done.set_exception(BrokenProcessPool())
    told = workers._result(done, Path("a.ipynb"))  # type: ignore[arg-type]
    assert "a.ipynb didn't run: a process was ended from outside" in str(told)


@contextmanager
def _running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run two notebooks without an end; yield the program and its kernels' ids."""
    for name in ("a", "b"):
        _write(folder, name, f"mine = {str(folder / name)!r}", LOOP)
    command = [PROGRAM, "notebooks", "run", str(folder), "--jobs", "2"]
    with subprocess.Popen(
        [*command, "--output", str(folder / "runs")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as program:
        notes = [folder / "a.pid", folder / "b.pid"]
        _await(lambda: all(note.is_file() and note.read_text() for note in notes))
        yield program, [int(note.read_text()) for note in notes]


def _await(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not holds():
        assert monotonic() < deadline
        sleep(0.1)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Where nobody asks how an orphan ended, it stays in the list.
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text("utf-8")
    except FileNotFoundError:
        return os.name == "posix" and not Path("/proc/self").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("everybody", [True, False], ids=["ctrl-c", "kill"])
def test_breaking_off_leaves_no_kernel_and_no_copy(
    tmp_path: Path, *, everybody: bool
) -> None:
    with _running(tmp_path) as (program, kernels):
        if everybody:
            os.killpg(program.pid, signal.SIGINT)
        else:
            program.send_signal(signal.SIGKILL)
        said, _ = program.communicate(timeout=60)
    _await(lambda: not any(map(_is_alive, kernels)))
    assert list((tmp_path / "runs").iterdir()) == []
    assert program.returncode != 0
    assert said.strip() == ("Aborted!" if everybody else "")


def test_nbvals_kernel_that_lost_its_port_is_started_again() -> None:
    from nbval import kernel

    assert kernel.start_new_kernel.__wrapped__.__module__ == kernel.__name__
    tries: list[str] = []

    @kernel_start.starting_again
    def never() -> None:
        tries.append("start")
        raise RuntimeError("Kernel died before replying to kernel_info")

    with pytest.raises(RuntimeError, match="Kernel died"):
        never()
    assert len(tries) == kernel_start.STARTS

    @kernel_start.starting_again
    def otherwise() -> None:
        tries.append("start")
        raise RuntimeError("Kernel didn't respond in 60 seconds")

    with pytest.raises(RuntimeError, match="didn't respond"):
        otherwise()
    assert len(tries) == kernel_start.STARTS + 1
