"""A Jupyter server of its own, and notebooks that are run in its pages.

One server serves JupyterLab and Notebook 7, with the same kernels. Nothing that
the user's home holds decides what it does.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4
from playwright.sync_api import Page, expect

__all__ = [
    "LAB",
    "NOTEBOOK",
    "Jupyter",
    "await_kernel",
    "command",
    "open_page",
    "run_all",
    "start",
]

LAB, NOTEBOOK = "lab", "notebook"

_SECONDS = 60.0
_ADDRESSES = {LAB: "/lab/tree/{name}?reset&token={token}"}
_ADDRESSES[NOTEBOOK] = "/notebooks/{name}?token={token}"
_KERNEL_IS_IDLE = """() => {
  const session = jupyterapp.shell.currentWidget?.sessionContext;
  const kernel = session?.isReady && session.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
_STDERR = ".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']"
_NOTEBOOKS = ("notebook-extension", "tracker")
# Extension, plugin: its settings. Nothing asks the network for news, and every
# cell is in the page, seen or not.
_SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("apputils-extension", "notification"): {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
    ("apputils-extension", "themes"): {"adaptive-theme": False},
    _NOTEBOOKS: {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server on this machine.

    Attributes
    ----------
    folder
        Where its notebooks are, and its kernels start.
    """

    url: str
    token: str
    folder: Path

    def write(self, name: str, sources: list[str]) -> None:
        """Write a notebook of code cells."""
        cells = [v4.new_code_cell(source) for source in sources]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(book, self.folder / name)

    def address(self, name: str, app: str = LAB) -> str:
        path = _ADDRESSES[app].format(name=name, token=self.token)
        return f"{self.url}{path}"

    def is_up(self) -> bool:
        try:
            self._ask("GET", "/api")
        except OSError:
            return False
        return True

    def stop_kernels(self) -> None:
        # A kernel without a session would be there again when its page is opened.
        for kind in ("sessions", "kernels"):
            for each in json.loads(self._ask("GET", f"/api/{kind}")):
                self._ask("DELETE", f"/api/{kind}/{each['id']}")

    @contextmanager
    def without_kernels(self) -> Iterator[None]:
        """Stop all kernels, and start none for the notebooks that are opened."""
        self.stop_kernels()
        usual = _SETTINGS[_NOTEBOOKS]
        home = self.folder.parent
        _set(home, _NOTEBOOKS, {**usual, "autoStartDefaultKernel": False})
        yield
        _set(home, _NOTEBOOKS, usual)

    def _ask(self, method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        asked = urllib.request.Request(self.url + path, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            body: bytes = answer.read()
        return body


@contextmanager
def start(home: Path) -> Iterator[Jupyter]:
    """Run a server, whose notebooks, settings and log lie in a folder."""
    folder = home / "notebooks"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Jupyter(f"http://127.0.0.1:{port}", "tests-only", folder)
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command_line(running, port),
            env=_environment(home),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(running, process, log)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command_line(jupyter: Jupyter, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "notebook",
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
        f"--IdentityProvider.token={jupyter.token}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={jupyter.folder}",
    ]


def _environment(home: Path) -> dict[str, str]:
    for plugin, values in _SETTINGS.items():
        _set(home, plugin, values)
    return {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        # Debuggers of kernels print warnings about frozen modules.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _set(home: Path, plugin: tuple[str, str], values: dict[str, Any]) -> None:
    extension, name = plugin
    path = home / "settings/@jupyterlab" / extension / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def _await(jupyter: Jupyter, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not jupyter.is_up():
        ended = process.poll() is not None or time.monotonic() > deadline
        assert not ended, f"Jupyter did not start:\n{log.read_text()}"
        time.sleep(0.2)


def open_page(page: Page, address: str, *, dark: bool = False) -> None:
    """Open a notebook and wait until its page is whole; its kernel may come later."""
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(address)
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("() => { jupyterapp.restored.then(() => { restored = 1 }) }")
    page.wait_for_function("window.restored")
    # A theme shows the splash again; JupyterLab would remove the same one twice.
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    # The server remembers it for the next page.
    theme = f"JupyterLab {'Dark' if dark else 'Light'}"
    command(page, "apputils:change-theme", {"theme": theme})
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    if "/lab/" in address:
        command(page, "application:toggle-left-area")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_attached()


def await_kernel(page: Page) -> None:
    """Wait for the open notebook's kernel."""
    # The indicator is idle before there is a kernel, and a cell that is run
    # without one stays as it is.
    page.wait_for_function(_KERNEL_IS_IDLE, timeout=_SECONDS * 1000)


def run_all(page: Page) -> None:
    """Run all cells of the open notebook; none may raise."""
    await_kernel(page)
    command(page, "notebook:run-all-cells")
    last = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last
    failed = page.locator(_STDERR).filter(has_text="Traceback")
    ran = last.filter(has_text=re.compile(r"\[\d+\]:"))
    expect(ran.or_(failed).first).to_be_attached(timeout=_SECONDS * 1000)
    assert failed.all_inner_texts() == []


def command(page: Page, name: str, arguments: dict[str, Any] | None = None) -> None:
    """Run a command of the page's, without waiting for its end."""
    # What it does shows on the page, and a wait here has no end.
    run = "([name, args]) => { jupyterapp.commands.execute(name, args) }"
    page.evaluate(run, [name, arguments or {}])
