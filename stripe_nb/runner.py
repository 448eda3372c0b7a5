"""Runs a notebook with papermill, in a kernel of this very interpreter.

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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode

from stripe_nb.clock import monotonic
from stripe_nb.errors import NotebookError
from stripe_nb.kernel_start import lost_its_port, starting_again

__all__ = ["Run", "known_parameters", "normalise", "run_notebook"]

# What the kernel's name is to papermill; `_OwnInterpreter` decides what runs.
_KERNEL_NAME = "python3"
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
        Where to write the executed copy, at once and whole. It is written when
        a cell fails too, up to that cell; but not when the run is broken off.
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
    # papermill writes after each cell, and the target may be the source.
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / target.name
        try:
            _execute(source, copy, dict(parameters or {}), kernel, timeout)
        except NotebookError as error:
            _keep(copy, target)
            raise NotebookError(str(error).replace(str(copy), str(target))) from error
        cells, cell_seconds = _keep(copy, target)
    return Run(source, target, cells, monotonic() - started, cell_seconds)


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


def _keep(copy: Path, target: Path) -> tuple[int, float]:
    """Put a normalised executed copy in its place.

    Returns its number of code cells, and how many seconds they took.
    """
    if not copy.is_file():
        return 0, 0.0
    notebook = nbformat.read(copy, as_version=4)
    noted = [cell.metadata.get("papermill", {}) for cell in notebook.cells]
    normalise(notebook)
    # A rename is whole or isn't done, and works within one file system only.
    part = target.with_name(f".{target.name}.part")
    nbformat.write(notebook, part)
    part.replace(target)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    return cells, sum(each.get("duration") or 0.0 for each in noted)


def _execute(
    source: Path,
    target: Path,
    parameters: dict[str, Any],
    kernel: type[AsyncKernelManager],
    timeout: float,
) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        starting_again(papermill.execute_notebook)(
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
        if not lost_its_port(error):
            raise
        raise NotebookError(
            f"The kernel for {source.name} doesn't start; what it says is above."
        ) from error


def _describe(source: Path, target: Path, error: Any) -> str:
    return (
        f"{source.name} stopped in cell [{error.exec_count}] with "
        f"{error.ename}: {error.evalue} (all of it: {target})\n"
        + _ESCAPES.sub("", "\n".join(error.traceback))
    )


def known_parameters(notebook: str | Path) -> list[str]:
    """Return the names in a notebook's parameters cell, in its order.

    Parameters
    ----------
    notebook
        The notebook to look into.

    Raises
    ------
    NotebookError
        If it can't be read.

    Examples
    --------
    >>> from stripe_nb.paths import notebooks_path
    >>> known_parameters(notebooks_path() / "01_customers.ipynb")
    ['seed', 'scenario', 'currency', 'number']
    """
    import papermill

    return list(papermill.inspect_notebook(_read(Path(notebook))))


def _read(source: Path) -> NotebookNode:
    if not source.is_file():
        raise NotebookError(f"There is no notebook at {source}.")
    try:
        # One of version 3 would keep that version's class.
        notebook: NotebookNode = nbformat.from_dict(nbformat.read(source, as_version=4))
        nbformat.validate(notebook)
    except OSError:
        raise
    # nbformat trips over what is no notebook in many ways.
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise NotebookError(f"{source} is not a notebook: {why}") from error
    # A notebook that names no kernel is one of Python's, as `_execute` has it.
    normalise(notebook)
    return notebook


def _check(source: Path, parameters: Mapping[str, Any]) -> None:
    known = known_parameters(source)
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
                "--log-level=CRITICAL",
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
