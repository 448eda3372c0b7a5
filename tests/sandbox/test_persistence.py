"""What is acknowledged is kept: after kill -9, in snapshots, across resets.

More kills: ``STRIPE_NB_KILLS=50 pytest tests/sandbox/test_persistence.py -k kills``.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import stripe

from stripe_nb.clock import monotonic
from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox, store
from stripe_nb.sandbox.store import Store

KEY = "sk_test_" + "A1b2C3d4" * 3
START = [sys.executable, "-c", "from stripe_nb.cli import main; main()", "sandbox"]
KILLS = int(os.environ.get("STRIPE_NB_KILLS", "10"))
WRITERS = 3


def _serve(file: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*START, "--port", "0", "--db", str(file)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found
    return process, found[0]


def _client(url: str) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0)


class Writer(threading.Thread):
    """Creates customers until the server is gone; keeps what was acknowledged."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__()
        self.client = _client(url)
        self.label = name
        self.made: dict[str, str] = {}

    def run(self) -> None:
        for number in range(10_000):
            key = f"{self.label}-{number}"
            try:
                options: stripe.RequestOptions = {"idempotency_key": key}
                made = self.client.v1.customers.create({"name": key}, options)
            except stripe.APIConnectionError:
                return
            self.made[key] = made.id


def _repeat(client: stripe.StripeClient, made: dict[str, str]) -> None:
    """Send again what was acknowledged: the answers are the same."""
    for key, customer in made.items():
        options: stripe.RequestOptions = {"idempotency_key": key}
        assert client.v1.customers.create({"name": key}, options).id == customer


def test_what_was_acknowledged_survives_kills_under_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sandbox.db"
    made: dict[str, str] = {}
    for round_number in range(KILLS):
        process, url = _serve(file)
        with process:
            # What was written just before the kill is what could be lost.
            _repeat(_client(url), dict(list(made.items())[-3 * WRITERS :]))
            writers = [Writer(url, f"{round_number}-{n}") for n in range(WRITERS)]
            for writer in writers:
                writer.start()
            threading.Event().wait(0.15 + 0.02 * (round_number % 10))
            process.kill()
            for writer in writers:
                writer.join(30)
                made |= writer.made

    assert len(made) > KILLS
    process, url = _serve(file)
    with process:
        client = _client(url)
        listed = {
            each.id: each.name
            for each in client.v1.customers.list({"limit": 100}).auto_paging_iter()
        }
        announced = {
            each.data.object["id"]
            for each in client.v1.events.list({"limit": 100}).auto_paging_iter()
            if each.type == "customer.created"
        }
        _repeat(client, dict(list(made.items())[:: len(made) // (20 * KILLS) or 1]))
        process.kill()

    assert {key: listed.get(customer) for key, customer in made.items()} == {
        key: key for key in made
    }
    with capsys.disabled():
        sys.stdout.write(f" {KILLS} kills, {len(made):,} acknowledged, none lost ")
    # Never half a write: each customer, acknowledged or not, has its event.
    assert announced == set(listed)


def test_a_snapshot_brings_back_objects_time_and_ids(tmp_path: Path) -> None:
    with Sandbox(seed=4) as sandbox:
        client = _client(sandbox.url)
        kept = client.v1.customers.create({"name": "kept"})
        file = sandbox.snapshot(tmp_path / "one.db")
        now = sandbox.now
        after = [client.v1.customers.create({"name": "x"}).id for _ in range(3)]
        sandbox.restore(file)

        assert sandbox.now == now
        assert [each.id for each in client.v1.customers.list().data] == [kept.id]
        again = [client.v1.customers.create({"name": "x"}).id for _ in range(3)]
    assert again == after
    with Sandbox(db=file) as opened:
        assert _client(opened.url).v1.customers.retrieve(kept.id).name == "kept"


def test_what_is_no_snapshot_of_this_sandbox_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("no database at all, but a longer text of some kind" * 20)
    with Sandbox(seed=1) as one, Sandbox(seed=2) as other:
        client = _client(one.url)
        client.v1.customers.create({"name": "A"})
        for file in (tmp_path / "missing.db", text, other.snapshot(tmp_path / "b.db")):
            with pytest.raises(SandboxError, match=file.name):
                one.restore(file)
        assert len(client.v1.customers.list().data) == 1


def test_a_reset_sandbox_is_as_new() -> None:
    with Sandbox(seed=4, clock="2026-02-01") as sandbox:
        client = _client(sandbox.url)
        account = client.v1.accounts.retrieve_current().id
        first = client.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
        sandbox.reset()

        assert client.v1.customers.list().data == []
        assert client.v1.events.list().data == []
        again = client.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
        assert (again.id, again.created) == (first.id, first.created)
        assert client.v1.accounts.retrieve_current().id == account


def test_a_unix_socket_is_served_for_its_owner_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with Sandbox(seed=1, uds=path):
        assert path.is_socket()
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(SandboxError, match="can't listen at"):
            Sandbox(seed=1, uds=path).start()
    assert not path.exists()


def test_a_unix_socket_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    sandbox = Sandbox(seed=1, uds=path)
    with pytest.raises(SandboxError, match="can't listen at"):
        sandbox.start()
    sandbox.stop()
    assert path.read_text() == "mine"


def test_a_snapshot_is_its_owner_s_alone(tmp_path: Path) -> None:
    with Sandbox(seed=1) as sandbox:
        file = sandbox.snapshot(tmp_path / "one.db")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["own.db", "own.db-wal", "link.db"])
def test_a_snapshot_never_replaces_the_data_itself(tmp_path: Path, name: str) -> None:
    file = tmp_path / "own.db"
    (tmp_path / "link.db").symlink_to(file)
    with Sandbox(seed=1, db=file) as sandbox:
        kept = _client(sandbox.url).v1.customers.create({"name": "kept"})
        with pytest.raises(SandboxError, match="keeps its data there"):
            sandbox.snapshot(tmp_path / name)
        with pytest.raises(SandboxError, match="keeps its data there"):
            sandbox.restore(tmp_path / name)
    with Sandbox(db=file) as opened:
        assert _client(opened.url).v1.customers.retrieve(kept.id).name == "kept"


def test_a_snapshot_s_first_part_never_replaces_the_data(tmp_path: Path) -> None:
    file = tmp_path / "one.part"
    with Sandbox(seed=1, db=file) as sandbox:
        kept = _client(sandbox.url).v1.customers.create({"name": "kept"})
        with pytest.raises(SandboxError, match="keeps its data there"):
            sandbox.snapshot(tmp_path / "one")
    with Sandbox(db=file) as opened:
        assert _client(opened.url).v1.customers.retrieve(kept.id).name == "kept"


def test_what_another_sandbox_has_open_is_refused_at_once(tmp_path: Path) -> None:
    with Sandbox(seed=1, db=tmp_path / "own.db"), Sandbox(seed=1) as other:
        began = monotonic()
        with pytest.raises(SandboxError, match="another sandbox has it open"):
            other.restore(tmp_path / "own.db")
        assert monotonic() - began < 3


def test_a_failed_start_lets_the_file_go(tmp_path: Path) -> None:
    file = tmp_path / "own.db"
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        failing = Sandbox(seed=1, db=file, port=port)
        with pytest.raises(SandboxError, match="can't listen"), failing:
            pass
        with Sandbox(seed=1, db=file) as sandbox:
            assert _client(sandbox.url).v1.balance.retrieve().object == "balance"


def test_a_file_of_another_format_is_closed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.db"
    Store(file).close()
    with monkeypatch.context() as patch:
        patch.setattr(store, "_FORMAT", "0")
        with pytest.raises(SandboxError, match="another version"):
            Store(file)
    Store(file).close()


def test_a_socket_that_took_the_place_of_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.sock"
    monkeypatch.chdir(tmp_path)
    first = Sandbox(seed=1, uds="s.sock").start()
    path.unlink()
    with Sandbox(seed=1, uds=path):
        first.stop()
        assert path.is_socket()

    last = Sandbox(seed=1, uds="s.sock").start()
    monkeypatch.chdir("/")
    last.stop()
    assert not path.exists()
