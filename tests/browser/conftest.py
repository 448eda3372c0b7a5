"""A real browser, a shop whose pages it visits, and a JupyterLab of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_TIMEOUT_MS = 15_000
_LAB_TIMEOUT = 60.0
_KERNEL_IS_IDLE = """() => {
  const session = jupyterapp.shell.currentWidget?.sessionContext;
  const kernel = session?.isReady && session.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
_STDERR = ".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']"
# Chromium would ask for an icon, and complain that there is none.
NO_ICON = "<!doctype html><link rel='icon' href='data:,'>"


# For a module and no longer: while it runs, so does its event loop, in which no
# other test could run one of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; skip only where none was promised by CHROMIUM."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("no chromium: install it, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield running
        running.close()


@dataclass
class Told:
    """What a page told its console."""

    errors: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture
def console() -> Told:
    return Told()


@pytest.fixture
def page(browser: Browser, console: Told) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(_TIMEOUT_MS)
    opened.on("console", console.hear)
    opened.on("pageerror", lambda error: console.errors.append(f"{error.stack}"))
    yield opened
    context.close()


@dataclass
class Shop:
    """A web site on this machine; `pages` holds its HTML by path."""

    url: str
    pages: dict[str, str]


@pytest.fixture
def shop() -> Iterator[Shop]:
    pages = {"/done": f"{NO_ICON}<title>Done</title><h1>Thanks</h1>"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html = pages.get(self.path.partition("?")[0])
            self.send_response(200 if html else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((html or "").encode())

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output to themselves."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Shop(f"http://127.0.0.1:{server.server_port}", pages)
        server.shutdown()
        thread.join()


# Extension, plugin: its settings. Nothing asks the network for news, and every
# cell is in the page, seen or not.
_LAB_SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("apputils-extension", "notification"): {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
    ("apputils-extension", "themes"): {"adaptive-theme": False},
    ("notebook-extension", "tracker"): {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Lab:
    """A JupyterLab on this machine.

    Attributes
    ----------
    folder
        Where its notebooks are, and its kernels start.
    """

    url: str
    token: str
    folder: Path

    def write(self, name: str, sources: list[str]) -> str:
        """Write a notebook of code cells, and return its address."""
        cells = [v4.new_code_cell(source) for source in sources]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(book, self.folder / name)
        return self.address(name)

    def address(self, name: str) -> str:
        return f"{self.url}/lab/tree/{name}?reset&token={self.token}"

    def is_up(self) -> bool:
        try:
            self._ask("GET", "/api")
        except OSError:
            return False
        return True

    def stop_kernels(self) -> None:
        for kernel in json.loads(self._ask("GET", "/api/kernels")):
            self._ask("DELETE", f"/api/kernels/{kernel['id']}")

    def _ask(self, method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        asked = urllib.request.Request(self.url + path, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            body: bytes = answer.read()
        return body


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab on an empty folder, with settings of its own."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Lab(f"http://127.0.0.1:{port}", "tests-only", folder)
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _lab_command(running, port),
            env=_lab_environment(home),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_lab(running, process, log)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lab_command(lab: Lab, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",
        f"--IdentityProvider.token={lab.token}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={lab.folder}",
        "--LabApp.extension_manager=readonly",
    ]


def _lab_environment(home: Path) -> dict[str, str]:
    settings = home / "settings"
    for (extension, plugin), values in _LAB_SETTINGS.items():
        path = settings / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    return {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        # Debuggers of kernels print warnings about frozen modules.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _await_lab(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _LAB_TIMEOUT
    while not lab.is_up():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")
        time.sleep(0.2)


OpenNotebook = Callable[..., Page]


@pytest.fixture
def open_notebook(
    lab: Lab, page: Page, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Return a function that writes a notebook, opens it and runs all its cells.

    ``open_notebook(["1 + 1"])`` returns the page once every cell has run.
    """

    def opened(sources: list[str], *, dark: bool = False) -> Page:
        page.set_viewport_size({"width": 1280, "height": 1600})
        page.goto(lab.write(f"{request.node.name[:60]}.ipynb", sources))
        page.wait_for_function("window.jupyterapp !== undefined")
        page.evaluate("() => { jupyterapp.restored.then(() => { restored = 1 }) }")
        page.wait_for_function("window.restored")
        # A theme shows the splash again; JupyterLab would remove the same one twice.
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        # The lab remembers it for the next test.
        theme = f"JupyterLab {'Dark' if dark else 'Light'}"
        _command(page, "apputils:change-theme", {"theme": theme})
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        _command(page, "application:toggle-left-area")
        expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(sources))
        # The indicator is idle before there is a kernel, and a cell that is run
        # without one stays as it is.
        page.wait_for_function(_KERNEL_IS_IDLE, timeout=_LAB_TIMEOUT * 1000)
        _command(page, "notebook:run-all-cells")
        last = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last
        failed = page.locator(_STDERR).filter(has_text="Traceback")
        ran = last.filter(has_text=re.compile(r"\[\d+\]:"))
        expect(ran.or_(failed).first).to_be_attached(timeout=_LAB_TIMEOUT * 1000)
        assert failed.all_inner_texts() == []
        return page

    yield opened
    lab.stop_kernels()


def _command(page: Page, name: str, arguments: dict[str, Any] | None = None) -> None:
    # Not waited for: what it does shows on the page, and a wait here has no end.
    run = "([name, args]) => { jupyterapp.commands.execute(name, args) }"
    page.evaluate(run, [name, arguments or {}])


Violations = Callable[[Page, str], list[str]]


@pytest.fixture
def violations() -> Violations:
    """Return what tells the serious violations that axe-core finds within a selector.

    Skips only where no axe-core was promised by AXE.
    """
    path = os.environ.get("AXE")
    if not path:
        pytest.skip("no axe-core: npm install axe-core, and name axe.min.js in AXE")
    source = Path(path).read_text(encoding="utf-8")

    def found(page: Page, selector: str) -> list[str]:
        page.evaluate(source)
        result = page.evaluate("selector => axe.run(selector)", selector)
        assert result["passes"], f"axe-core looked at nothing in {selector}"
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}"
            for one in result["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    return found


Keep = Callable[[Page | Locator, str], None]


@pytest.fixture
def keep() -> Keep:
    """Return what keeps a screenshot in the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")

    def kept(what: Page | Locator, name: str) -> None:
        if folder:
            what.screenshot(path=Path(folder) / f"{name}.png")

    return kept
