"""Stripe's own command line as the way for real webhooks to this machine.

``stripe listen`` holds a connection to Stripe and hands what comes through it
to the inbox. The key goes to it by its environment, where no list of processes
shows it.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence

from stripe_nb.clock import monotonic
from stripe_nb.errors import WebhookError
from stripe_nb.redaction import redact_text
from stripe_nb.session import Client
from stripe_nb.webhooks.router import check_pattern
from stripe_nb.webhooks.sources import exact_types

__all__ = ["StripeCli"]

_PROGRAM = "stripe"
_SECRET = re.compile(r"whsec_[A-Za-z0-9]+")
_SECONDS_TO_BEGIN = 30.0
_SECONDS_TO_END = 5.0
_LAST_LINES = 5
_WHERE = "https://docs.stripe.com/stripe-cli"


class StripeCli:
    """A running ``stripe listen``.

    Parameters
    ----------
    client
        Whose events; in test mode.
    url
        Where to send to.
    patterns
        Which events.

    Raises
    ------
    WebhookError
        If the program is not installed, or does not begin; the message says why.
    """

    def __init__(self, client: Client, url: str, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            check_pattern(pattern)
        if client.livemode:
            raise WebhookError(
                "listen() is for test mode: make an endpoint for live events in the "
                "Dashboard, and an application with webhooks.Endpoint."
            )
        self._client = client
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = _started(client, url, patterns)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.secrets: tuple[str, ...] = (self._secret(),)
        except BaseException:
            self.close()
            raise

    def resend(self, event_id: str) -> None:
        """Ask for another delivery of an event."""
        self._client.raw_request(
            "post", f"/v1/events/{event_id}/retry", for_stripecli=True
        )

    def close(self) -> None:
        """End the program, and whatever it started itself."""
        if self._process.poll() is None:
            _signal(self._process, signal.SIGTERM)
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            _signal(self._process, signal.SIGKILL)
            self._process.wait()
        # What it wrote is read to the end before its pipe is closed. Whoever else still
        # holds that open keeps the reader, and the pipe with it.
        self._reader.join(_SECONDS_TO_END)
        if self._process.stdout and not self._reader.is_alive():
            self._process.stdout.close()

    def _read(self) -> None:
        # To its end, or the program would stop at a full pipe.
        if self._process.stdout:
            for line in self._process.stdout:
                self._lines.put(line.strip())
        self._lines.put(None)

    def _secret(self) -> str:
        """Wait until the program is ready; return the secret that it tells then."""
        said: list[str] = []
        end = monotonic() + _SECONDS_TO_BEGIN
        while (left := end - monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if found := _SECRET.search(line):
                return found[0]
            said.append(line)
        words = redact_text(" ".join(filter(None, said[-_LAST_LINES:])))
        raise WebhookError(f"stripe listen did not begin: {words or 'it said nothing'}")


def _started(
    client: Client, url: str, patterns: Sequence[str]
) -> subprocess.Popen[str]:
    program = shutil.which(os.environ.get("STRIPE_CLI") or _PROGRAM)
    if program is None:
        raise WebhookError(
            "Webhooks from the real Stripe come through its command line, which is "
            f"not installed: see {_WHERE}, or use the sandbox, which sends by itself."
        )
    types = ",".join(exact_types(patterns))
    command = [program, "listen", "--forward-to", url, "--events", types]
    if client.sandbox_url is not None:
        command += ["--api-base", client.sandbox_url]
    problem = "it is no program"
    try:
        return _process(command, client.target.key)
    except OSError as error:
        problem = error.strerror or problem
    # Raised out here: the frames of what failed hold the key, in the environment.
    raise WebhookError(f"{program} can't be started: {problem}. See {_WHERE}.")


def _process(command: Sequence[str], key: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - the user's own program, no shell
        command,
        env={**os.environ, "STRIPE_API_KEY": key},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        # From npm, the program starts another one: both must end together.
        start_new_session=True,
    )


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
    else:
        process.terminate()
