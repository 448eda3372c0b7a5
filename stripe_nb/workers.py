"""Runs notebooks side by side, each in a process and a kernel of its own.

Whatever ends this process, or breaks it off, ends its workers too, and they take
their kernels with them: a kernel ends when its parent does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from difflib import get_close_matches
from multiprocessing import active_children, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from stripe_nb.errors import NotebookError
from stripe_nb.runner import Run, known_parameters, run_notebook

__all__ = ["run_notebooks"]


def run_notebooks(
    notebooks: Sequence[Path],
    output: Path,
    *,
    parameters: Mapping[str, Any],
    jobs: int = 1,
    timeout: float = 600,
) -> Iterator[Run | NotebookError]:
    """Run notebooks side by side.

    Parameters
    ----------
    notebooks
        The notebooks to run.
    output
        The folder of the executed copies; they lie in it as the notebooks do
        below the folder that these have in common.
    parameters
        Values for the names in their parameters cells; each notebook gets those
        that it has.
    jobs
        How many run at the same time.
    timeout
        Seconds that one cell may take.

    Yields
    ------
    Run or NotebookError
        Each as it ends, with the error of one that failed.

    Raises
    ------
    NotebookError
        If a parameter belongs to none of the notebooks.

    Examples
    --------
    >>> list(run_notebooks([], Path("runs"), parameters={}))
    []
    """
    if not notebooks:
        return
    given = _given(notebooks, parameters)
    with _pool(min(jobs, len(notebooks))) as pool:
        under_way = {
            pool.submit(_run_or_error, each, copy, given[each], timeout): each
            for each, copy in _copies(notebooks, output).items()
        }
        for done in as_completed(under_way):
            yield _result(done, under_way[done])


def _given(
    notebooks: Sequence[Path], parameters: Mapping[str, Any]
) -> dict[Path, dict[str, Any]]:
    """Return the parameters that each notebook has, all of which some has."""
    known = {each: _known(each, parameters) for each in notebooks}
    anywhere = dict.fromkeys(name for names in known.values() for name in names)
    for name in parameters:
        if name not in anywhere:
            raise NotebookError(_unknown(name, list(anywhere), notebooks))
    return {
        each: {name: parameters[name] for name in parameters if name in names}
        for each, names in known.items()
    }


def _known(notebook: Path, parameters: Mapping[str, Any]) -> list[str]:
    if not parameters:
        return []
    try:
        return known_parameters(notebook)
    except NotebookError:
        # Running it says what is wrong with it.
        return []


def _unknown(name: str, known: list[str], notebooks: Sequence[Path]) -> str:
    who = notebooks[0].name if len(notebooks) == 1 else "None of these notebooks"
    meant = get_close_matches(name, known, n=1)
    hint = f"; did you mean {meant[0]!r}?" if meant else "."
    return (
        f"{who} has {'no' if len(notebooks) == 1 else 'a'} parameter {name!r}{hint} "
        f"There {'is' if len(known) == 1 else 'are'}: {', '.join(known) or 'none'}."
    )


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Start workers, as papermill and its event loop are not made for threads."""
    others = set(active_children())
    with TemporaryDirectory() as scratch:
        pool = ProcessPoolExecutor(workers, initializer=_begin, initargs=(scratch,))
        try:
            yield pool
        except BaseException:
            # They would go on to the ends of their notebooks.
            for worker in set(active_children()) - others:
                worker.kill()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(scratch: str) -> None:
    # What a worker that is ended leaves behind is removed with this folder.
    tempfile.tempdir = scratch
    # Ctrl+C is the parent's to hear: nbclient would tell of a kernel that died.
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _copies(notebooks: Sequence[Path], output: Path) -> dict[Path, Path]:
    folders = [str(notebook.absolute().parent) for notebook in notebooks]
    top = os.path.commonpath(folders)
    return {each: output / each.absolute().relative_to(top) for each in notebooks}


def _run_or_error(
    notebook: Path, copy: Path, parameters: dict[str, Any], timeout: float
) -> Run | NotebookError:
    try:
        return run_notebook(notebook, copy, parameters=parameters, timeout=timeout)
    except NotebookError as error:
        # Its cause may not be fit to be sent to another process.
        return NotebookError(str(error))
    except OSError as error:
        return NotebookError(
            f"{notebook.name} can't be read or its copy written: {error}"
        )


def _result(done: Future[Run | NotebookError], notebook: Path) -> Run | NotebookError:
    try:
        return done.result()
    except BrokenProcessPool:
        return NotebookError(
            f"{notebook.name} didn't run: a process was ended from outside, most "
            "likely for want of memory; fewer --jobs need less."
        )
