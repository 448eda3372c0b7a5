"""`stripe-nb lab` opens JupyterLab on notebooks that may be changed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from stripe_nb.cli.lab import writable_notebooks
from stripe_nb.clock import monotonic
from stripe_nb.paths import notebooks_path

pytestmark = pytest.mark.notebooks

PROGRAM = str(Path(sys.executable).with_name("stripe-nb"))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def _lab(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token="]
    # As CI's user is allowed to be.
    options += ["--allow-root"] if hasattr(os, "geteuid") and not os.geteuid() else []
    command = [PROGRAM, "lab", "--folder", str(folder), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as lab:
        try:
            yield lab
        finally:
            lab.send_signal(signal.SIGTERM)
            lab.wait(20)


def _asked(lab: subprocess.Popen[str], url: str) -> Any:
    deadline = monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except URLError:
            assert lab.poll() is None, lab.stdout and lab.stdout.read()
            assert monotonic() < deadline
            sleep(0.2)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_lab_serves_a_copy_of_the_notebooks(tmp_path: Path) -> None:
    folder, port = tmp_path / "mine", _free_port()
    with _lab(folder, port) as lab:
        found = _asked(lab, f"http://127.0.0.1:{port}/api/contents")
    names = {item["name"] for item in found["content"]}
    assert {path.name for path in notebooks_path().glob("*.ipynb")} <= names
    assert "reference" in names
    # It ended with the command, and was not left behind.
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/api/contents", timeout=10)


def test_a_copy_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "00_quickstart.ipynb"
    mine.write_text("changed")
    assert writable_notebooks(tmp_path) == tmp_path
    assert mine.read_text() == "changed"
    assert (tmp_path / "reference" / "testing.ipynb").is_file()


def test_a_checkouts_own_notebooks_are_opened_where_they_are() -> None:
    assert writable_notebooks(None) == notebooks_path()
