"""Runs notebooks with papermill, in a kernel of this very interpreter.

Knows nothing of what the notebooks do. Two things are unlike papermill's own:
the kernel is never looked up by name, so that no kernel that the user once
registered can take its place, and its environment and folder belong to it
alone, so that nothing leaks into this process. The executed copy holds no
times, paths or versions: the same run gives the same bytes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode

from stripe_nb.clock import monotonic
from stripe_nb.errors import NotebookError

__all__ = ["Run", "normalise", "run_notebook", "run_notebooks"]

# What the kernel's name is to papermill; `_OwnInterpreter` decides what runs.
_KERNEL_NAME = "python3"
# Kernels that start at the same time may be given one port, and all but one die
# before they have run anything; so nbclient says then.
_STARTS = 3
_NOT_STARTED = "Kernel died before replying"
# Colours of a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True, slots=True)
class Run:
    """A notebook that ran to its end.

    Attributes
    ----------
    notebook
        The notebook that was run.
    output
        Where the executed copy lies.
    cells
        How many code cells it has, with the one of the parameters.
    seconds
        How long it took, with the start of the kernel.
    cell_seconds
        How long its cells took; what else there is went into the kernel's start
        and end.
    """

    notebook: Path
    output: Path
    cells: int
    seconds: float
    cell_seconds: float


def run_notebook(
    notebook: str | Path,
    output: str | Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | Path | None = None,
    timeout: float = 600,
) -> Run:
    """Execute a notebook and write the executed copy.

    Parameters
    ----------
    notebook
        The notebook to run; it is left as it is.
    output
        Where to write the executed copy. It is written on failure too, up to
        the cell that failed.
    parameters
        Values for the names in the notebook's parameters cell.
    environment
        Variables for the kernel, on top of this process's.
    folder
        Where the kernel runs; the folder of `output` unless given.
    timeout
        Seconds that one cell may take.

    Returns
    -------
    Run
        What ran, where the copy is and how long it took.

    Raises
    ------
    NotebookError
        If the notebook can't be read, has no such parameter, or a cell fails.

    Examples
    --------
    >>> run_notebook("no such.ipynb", "copy.ipynb")
    Traceback (most recent call last):
        ...
    stripe_nb.errors.NotebookError: There is no notebook at no such.ipynb.
    """
    source, target = Path(notebook), Path(output).absolute()
    _check(source, parameters or {})
    target.parent.mkdir(parents=True, exist_ok=True)
    kernel = _kernel_class(environment or {}, Path(folder or target.parent))
    started = monotonic()
    try:
        _execute(source, target, dict(parameters or {}), kernel, timeout)
    finally:
        cells, cell_seconds = _tidy(target)
    return Run(source, target, cells, monotonic() - started, cell_seconds)


def run_notebooks(
    notebooks: Sequence[Path],
    output: Path,
    *,
    parameters: Mapping[str, Any],
    jobs: int = 1,
) -> Iterator[Run | NotebookError]:
    """Run notebooks side by side, each in a process and a kernel of its own.

    Parameters
    ----------
    notebooks
        The notebooks to run.
    output
        The folder of the executed copies; they lie in it as the notebooks do
        below the folder that these have in common.
    parameters
        Values for the names in their parameters cells.
    jobs
        How many run at the same time.

    Yields
    ------
    Run or NotebookError
        Each as it ends, with the error of one that failed.

    Examples
    --------
    >>> list(run_notebooks([], Path("runs"), parameters={}))
    []
    """
    if not notebooks:
        return
    # papermill and its event loop are not made for threads.
    with ProcessPoolExecutor(min(jobs, len(notebooks))) as pool:
        under_way = [
            pool.submit(_run_or_error, notebook, copy, dict(parameters))
            for notebook, copy in _copies(notebooks, output).items()
        ]
        for done in as_completed(under_way):
            yield done.result()


def _copies(notebooks: Sequence[Path], output: Path) -> dict[Path, Path]:
    folders = [str(notebook.absolute().parent) for notebook in notebooks]
    top = os.path.commonpath(folders)
    return {each: output / each.absolute().relative_to(top) for each in notebooks}


def _run_or_error(
    notebook: Path, copy: Path, parameters: dict[str, Any]
) -> Run | NotebookError:
    try:
        return run_notebook(notebook, copy, parameters=parameters)
    except NotebookError as error:
        # Its cause may not be fit to be sent to another process.
        return NotebookError(str(error))


def normalise(notebook: NotebookNode) -> None:
    """Remove what differs between two equal runs, in place.

    Parameters
    ----------
    notebook
        An executed notebook; its outputs and tags stay.

    Examples
    --------
    >>> import nbformat
    >>> notebook = nbformat.v4.new_notebook(metadata={"papermill": {"duration": 1}})
    >>> normalise(notebook)
    >>> sorted(notebook.metadata)
    ['kernelspec', 'language_info']
    """
    notebook.nbformat_minor = 5
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(
            display_name="Python 3", language="python", name=_KERNEL_NAME
        ),
        language_info=NotebookNode(name="python"),
    )
    for index, cell in enumerate(notebook.cells, start=1):
        # A cell that papermill adds gets a random id.
        cell.id = f"cell-{index:02}"
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = _whole(cell.outputs)


def _whole(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed in pieces, whose ends are a matter of the moment."""
    joined: list[NotebookNode] = []
    for output in outputs:
        # Its id is another in each run; the widget's fall-back stays.
        output.get("data", {}).pop(_WIDGET_VIEW, None)
        last = joined[-1] if joined else None
        streams = (
            last is not None and last.output_type == output.output_type == "stream"
        )
        if last is not None and streams and last.name == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _tidy(target: Path) -> tuple[int, float]:
    """Normalise an executed copy where it lies.

    Returns its number of code cells, and how many seconds they took.
    """
    if not target.is_file():
        return 0, 0.0
    notebook = nbformat.read(target, as_version=4)
    noted = [cell.metadata.get("papermill", {}) for cell in notebook.cells]
    normalise(notebook)
    nbformat.write(notebook, target)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    return cells, sum(each.get("duration") or 0.0 for each in noted)


def _execute(
    source: Path,
    target: Path,
    parameters: dict[str, Any],
    kernel: type[AsyncKernelManager],
    timeout: float,
    starts: int = _STARTS,
) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(
            source,
            target,
            parameters,
            kernel_name=_KERNEL_NAME,
            language="python",
            kernel_manager_class=kernel,
            execution_timeout=timeout,
            progress_bar=False,
        )
    except PapermillExecutionError as error:
        raise NotebookError(_describe(source, target, error)) from error
    except CellTimeoutError as error:
        raise NotebookError(
            f"A cell of {source.name} ran for more than {timeout:g} s; give it "
            f"more with a higher timeout, or see {target} for how far it came."
        ) from error
    except DeadKernelError as error:
        raise NotebookError(
            f"The kernel that ran {source.name} died, most likely for want of memory."
        ) from error
    except RuntimeError as error:
        if _NOT_STARTED not in str(error):
            raise
        if starts > 1:
            _execute(source, target, parameters, kernel, timeout, starts - 1)
            return
        raise NotebookError(
            f"The kernel for {source.name} doesn't start; what it says is above."
        ) from error


def _describe(source: Path, target: Path, error: Any) -> str:
    return (
        f"{source.name} stopped in cell [{error.exec_count}] with "
        f"{error.ename}: {error.evalue} (all of it: {target})\n"
        + _ESCAPES.sub("", "\n".join(error.traceback))
    )


def _check(source: Path, parameters: Mapping[str, Any]) -> None:
    import papermill

    if not source.is_file():
        raise NotebookError(f"There is no notebook at {source}.")
    try:
        notebook = nbformat.read(source, as_version=4)
    except ValueError as error:
        raise NotebookError(f"{source} is not a notebook: {error}") from error
    # A notebook that names no kernel is one of Python's, as `_execute` has it.
    normalise(notebook)
    known = papermill.inspect_notebook(notebook)
    for name in parameters:
        if name not in known:
            raise NotebookError(
                f"{source.name} has no parameter {name!r}; it has "
                f"{', '.join(known) or 'none'}."
            )


class _OwnInterpreter(KernelSpecManager):
    """Answers every name with the interpreter that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[
                sys.executable,
                "-m",
                "ipykernel_launcher",
                # Its warnings are about its own sockets, not about the notebook.
                "--log-level=ERROR",
                "-f",
                "{connection_file}",
            ],
            display_name=kernel_name,
            language="python",
        )


def _kernel_class(
    environment: Mapping[str, str], folder: Path
) -> type[AsyncKernelManager]:
    class Kernel(AsyncKernelManager):
        """A kernel of this interpreter, with an environment of its own."""

        def __init__(self, **options: Any) -> None:
            super().__init__(kernel_spec_manager=_OwnInterpreter(), **options)

        # The superclass overrides its own superclass so, without types.
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            options["env"] = {**os.environ, **environment}
            options["cwd"] = str(folder)
            await super().start_kernel(**options)

    return Kernel
