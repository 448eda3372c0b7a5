"""`stripe-nb sandbox` as a process of its own."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stripe

START = [sys.executable, "-c", "from stripe_nb.cli import main; main()", "sandbox"]
READY = re.compile(r"Sandbox ready at (http://127\.0\.0\.1:\d+) \(any test key works\)")


@contextmanager
def _serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [*START, "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            match = READY.fullmatch(line)
            assert match, f"{line!r} {process.stderr and process.stderr.read()}"
            yield process, match[1]
        finally:
            process.kill()


def _client(url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_" + "A1b2C3d4" * 3, base_addresses={"api": url}, max_network_retries=0
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_after_one_ready_line(number: signal.Signals) -> None:
    with _serving() as (process, url):
        assert _client(url).v1.customers.list().data == []
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")


def test_equal_seeds_give_equal_ids() -> None:
    made = []
    for _ in range(2):
        with _serving("--seed", "5", "--clock", "2026-03-01") as (_, url):
            customer = _client(url).v1.customers.create({"name": "Ada"})
            made.append((customer.id, customer.created // 86_400))
    assert made[0] == made[1]
    assert made[0][1] == 20_513  # 2026-03-01 in days


def test_a_file_keeps_what_was_written_when_the_process_is_killed(
    tmp_path: Path,
) -> None:
    database = ("--db", str(tmp_path / "store.db"))
    with _serving(*database) as (process, url):
        customer = _client(url).v1.customers.create({"name": "Ada"})
        process.kill()
        process.wait()
    with _serving(*database) as (_, url):
        assert _client(url).v1.customers.retrieve(customer.id).name == "Ada"


def test_a_scenario_is_there_at_first() -> None:
    with _serving("--scenario", "demo") as (_, url):
        assert _client(url).v1.customers.list().data


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (("--scenario", "no such"), "no such"),
        (("--clock", "yesterday"), "yesterday"),
    ],
)
def test_a_wrong_setting_is_one_sentence(options: tuple[str, ...], cause: str) -> None:
    _fails_with(cause, "--port", "0", *options)


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _fails_with(port, "--port", port)


def _fails_with(cause: str, *options: str) -> None:
    done = subprocess.run(
        [*START, *options], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert cause in line
