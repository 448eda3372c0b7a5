"""A real browser, a shop whose pages it visits, and a Jupyter of its own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from tests.browser.jupyter import LAB, NOTEBOOK, Jupyter, open_page, run_all, start

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What comes at once on a quiet machine takes its time on a busy one.
_TIMEOUT_MS = 60_000
expect.set_options(timeout=_TIMEOUT_MS / 2)
# Notebook 7 says these while it starts, also with no widget in sight.
_OF_NOTEBOOK = (
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered",
)
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
            self.note(message.text)

    def note(self, error: str) -> None:
        if not any(each in error for each in _OF_NOTEBOOK):
            self.errors.append(error)


@pytest.fixture
def console() -> Told:
    return Told()


@pytest.fixture
def page(browser: Browser, console: Told) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(_TIMEOUT_MS)
    opened.on("console", console.hear)
    opened.on("pageerror", lambda error: console.note(f"{error.stack}"))
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


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """Start Jupyter on an empty folder, with settings of its own."""
    with start(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture
def connected(sandbox: Sandbox) -> str:
    """Return a cell that joins the test's own sandbox."""
    return f"import stripe_nb as snb\nclient = snb.connect(sandbox_url={sandbox.url!r})"


@pytest.fixture
def intent(client: Client) -> Any:
    return client.v1.payment_intents.create({"amount": 2500, "currency": "usd"})


OpenNotebook = Callable[..., Page]


@pytest.fixture
def open_notebook(
    jupyter: Jupyter, page: Page, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Return a function that writes a notebook, opens it and runs all its cells.

    ``open_notebook(["1 + 1"])`` returns the page once every cell has run.
    """

    def opened(sources: list[str], *, app: str = LAB, dark: bool = False) -> Page:
        name = f"{request.node.name[:60]}.ipynb"
        jupyter.write(name, sources)
        open_page(page, jupyter.address(name, app), dark=dark)
        run_all(page)
        return page

    yield opened
    jupyter.stop_kernels()


# Where the main path of each widget is gone through: front end, dark theme.
_LOOKS = {
    "lab-light": (LAB, False),
    "lab-dark": (LAB, True),
    "notebook-light": (NOTEBOOK, False),
}


@pytest.fixture(params=list(_LOOKS.values()), ids=list(_LOOKS))
def open_everywhere(
    open_notebook: OpenNotebook, request: pytest.FixtureRequest
) -> OpenNotebook:
    """Return `open_notebook`, for JupyterLab in two themes and for Notebook 7."""
    app, dark = request.param
    return partial(open_notebook, app=app, dark=dark)


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
def keep(request: pytest.FixtureRequest) -> Keep:
    """Return what keeps a screenshot in the folder that SCREENSHOTS names, if any."""
    folder = os.environ.get("SCREENSHOTS")
    look = getattr(request.node, "callspec", None)
    suffix = f"_{look.id}" if look else ""

    def kept(what: Page | Locator, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            what.screenshot(path=Path(folder) / f"{name}{suffix}.png")

    return kept
