"""A sandbox that fails as asked, for one lesson: started, used and ended.

It is a process of its own, as ``stripe-nb sandbox`` starts it, so that the
sandbox of the session keeps working and the widgets know nothing of its inside.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
import stripe

from stripe_nb.errors import WidgetError

__all__ = ["failing_client"]

_START = "from stripe_nb.cli import main; main()"
_READY = re.compile(r"http://127\.0\.0\.1:\d+")
# Any well-formed test key opens it, and it opens nothing else.
_KEY = "sk_test_" + "errorlab" * 3
_SECONDS_PER_REQUEST = 2.0
_SECONDS_TO_END = 5.0


@contextmanager
def failing_client(
    fault: Mapping[str, str | float] | None,
) -> Iterator[stripe.StripeClient]:
    """Return a client of a sandbox in which something goes wrong.

    The client doesn't try again by itself, and waits two seconds at the most.

    Parameters
    ----------
    fault
        What goes wrong, as a file of ``stripe-nb sandbox --faults`` says it.

    Raises
    ------
    WidgetError
        If the sandbox can't be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        faults = Path(folder) / "faults.json"
        faults.write_text(json.dumps([fault] if fault else []), encoding="utf-8")
        command = [sys.executable, "-c", _START, "sandbox", "--port", "0"]
        with subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [*command, "--seed", "7", "--faults", str(faults)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                with requests.Session() as session:
                    yield _client(_address(process), session)
            finally:
                _end(process)


def _address(process: subprocess.Popen[str]) -> str:
    told = process.stdout.readline() if process.stdout else ""
    found = _READY.search(told)
    if found is None:
        raise WidgetError(
            "ErrorLab's own sandbox did not start: `stripe-nb sandbox --port 0` in a "
            "terminal says why."
        )
    return found[0]


def _client(url: str, session: requests.Session) -> stripe.StripeClient:
    # A proxy would lead out of this machine.
    session.trust_env = False
    return stripe.StripeClient(
        _KEY,
        base_addresses={"api": url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(
            timeout=_SECONDS_PER_REQUEST, session=session
        ),
    )


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
