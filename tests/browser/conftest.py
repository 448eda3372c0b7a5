"""A real browser, and a shop whose pages it visits."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_TIMEOUT_MS = 15_000
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
    opened.on("pageerror", lambda error: console.errors.append(str(error)))
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
