"""Where `connect` leads, and what it leaves behind."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import stripe

from stripe_nb import session
from stripe_nb.errors import (
    LiveKeyError,
    LiveWriteError,
    SandboxError,
    SettingsError,
    StripeNbError,
)
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import connect, current
from stripe_nb.session.registry import _MODULE_SETTINGS

BODY = "51Abcdefghijklmnopqrstuv1a2b"
TEST = f"sk_test_{BODY}"
LIVE = f"sk_live_{BODY}"
SECRET = "STRIPE_SECRET_KEY"
URL = "STRIPE_NB_SANDBOX_URL"


def module_settings() -> dict[str, object]:
    return {name: getattr(stripe, name) for name in _MODULE_SETTINGS}


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = module_settings()
    yield
    session._registry.close_all()
    assert module_settings() == before


def test_without_a_key_a_sandbox_is_embedded() -> None:
    client = connect(scenario=None)
    assert client.is_sandbox
    assert not client.livemode
    assert isinstance(client.sandbox, Sandbox)
    assert client.sandbox_url == client.sandbox.url
    assert client.v1.customers.create({"email": "ada@example.com"}).id


def test_the_demo_is_there_by_default() -> None:
    assert connect().v1.customers.list({"limit": 3}).data


def test_equal_seeds_give_equal_ids() -> None:
    def first_id(seed: int | None) -> str:
        with connect(seed=seed, scenario=None, clock="2026-01-15") as client:
            return client.v1.customers.create().id

    assert first_id(None) == first_id(0)
    assert first_id(7) == first_id(7) != first_id(0)


def test_both_styles_of_the_sdk_reach_the_same_place() -> None:
    client = connect(scenario=None)
    made = stripe.Customer.create(email="ada@example.com")
    assert client.v1.customers.retrieve(made.id).email == "ada@example.com"


def test_the_module_is_set_up_for_the_sandbox() -> None:
    client = connect(scenario=None, max_network_retries=1)
    bases = (
        stripe.api_base,
        stripe.connect_api_base,
        stripe.upload_api_base,
        stripe.meter_events_api_base,
    )
    assert set(bases) == {client.sandbox_url}
    assert stripe.default_http_client is client.http_client
    assert stripe.max_network_retries == 1
    assert stripe.enable_telemetry is False
    assert stripe.app_info is not None
    assert stripe.app_info["name"] == "stripe_nb"


def test_closing_puts_the_module_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stripe, "api_key", "sk_test_before")
        patch.setattr(stripe, "max_network_retries", 5)
        before = module_settings()
        client = connect(scenario=None)
        assert module_settings() != before
        client.close()
        assert module_settings() == before
        client.close()
        assert module_settings() == before


def test_connecting_again_closes_the_client_before() -> None:
    first = connect(scenario=None)
    second = connect(scenario=None)
    with pytest.raises(StripeNbError, match="is closed"):
        first.v1.customers.list()
    with pytest.raises(SandboxError):
        _ = first.sandbox.url if first.sandbox else ""
    assert second.v1.customers.list().data == []
    assert current() is second


def test_a_failing_connect_leaves_the_client_before_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = connect(scenario=None)
    monkeypatch.setenv(SECRET, "")
    with pytest.raises(SettingsError):
        connect()
    assert current() is first
    assert first.v1.customers.list().data == []


def test_several_clients_live_side_by_side_with_sandboxes_of_their_own() -> None:
    with Sandbox(seed=1) as one, Sandbox(seed=2) as two:
        first, second = connect(sandbox=one), connect(sandbox=two)
        default = connect(scenario=None)
        first.v1.customers.create({"email": "one@example.com"})
        assert second.v1.customers.list().data == []
        assert current() is default
        default.close()
        assert current() is second
        assert stripe.api_base == two.url
        first.close()
        assert stripe.api_base == two.url
        assert stripe.Customer.list().data == []
        second.close()
        assert one.url
        assert two.url


def test_connecting_to_the_same_sandbox_again_closes_the_client_before() -> None:
    with Sandbox() as sandbox:
        first = connect(sandbox=sandbox)
        second = connect(sandbox=sandbox)
        with pytest.raises(StripeNbError, match="is closed"):
            first.v1.customers.list()
        assert second.v1.customers.list().data == []


def test_a_sandbox_that_is_handed_in_is_started_and_left_running() -> None:
    sandbox = Sandbox()
    try:
        with connect(sandbox=sandbox) as client:
            assert client.sandbox is sandbox
        assert sandbox.url
    finally:
        sandbox.stop()


def test_a_sandbox_that_is_handed_in_wins_over_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SECRET, LIVE)
    with Sandbox() as sandbox:
        assert connect(sandbox=sandbox).is_sandbox
        assert stripe.api_key == sandbox.key


@pytest.mark.parametrize(
    "options", [{"seed": 7}, {"scenario": None}, {"clock": "2026-01-15"}]
)
def test_a_sandbox_that_is_handed_in_has_a_story_of_its_own(
    options: dict[str, object], sandbox: Sandbox
) -> None:
    with pytest.raises(SettingsError, match=r"Sandbox\(\.\.\.\)"):
        connect(sandbox=sandbox, **options)  # type: ignore[arg-type]


def test_a_sandbox_is_handed_in_once(sandbox: Sandbox) -> None:
    with pytest.raises(SettingsError, match="not both"):
        connect(sandbox=sandbox, sandbox_url=sandbox.url)


def test_a_running_sandbox_is_joined(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"{sandbox.url}/")
    monkeypatch.setenv(SECRET, LIVE)
    client = connect(seed=3)
    client.v1.customers.create({"email": "ada@example.com"})
    assert client.is_sandbox
    assert client.sandbox is None
    assert client.sandbox_url == sandbox.url
    client.close()
    with connect(sandbox_url=sandbox.url) as again:
        assert again.v1.customers.list().data[0].email == "ada@example.com"


def test_joining_where_nothing_answers_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv(URL, f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(SandboxError, match="start it with stripe-nb sandbox"):
            connect()


def test_only_a_sandbox_of_this_machine_is_joined() -> None:
    with pytest.raises(SettingsError, match="on this machine only"):
        connect(sandbox_url="http://example.com:8420")


def test_with_a_test_key_stripe_is_reached(tmp_path: Path) -> None:
    env_file = tmp_path / "mine.env"
    env_file.write_text(
        f"{SECRET}={TEST}\nSTRIPE_PUBLISHABLE_KEY=pk_test_{BODY}\n"
        "STRIPE_ACCOUNT=acct_1\n"
    )
    env_file.chmod(0o600)
    telemetry = stripe.enable_telemetry
    client = connect(seed=7, clock="2026-01-15", env_file=env_file)
    assert not client.is_sandbox
    assert client.sandbox is None
    assert client.sandbox_url is None
    assert client.account == "acct_1"
    assert client.publishable_key == f"pk_test_{BODY}"
    assert stripe.api_key == TEST
    assert stripe.api_base == stripe.DEFAULT_API_BASE
    assert stripe.enable_telemetry is telemetry
    assert repr(client) == "<stripe_nb.Client: Stripe, test mode>"


def test_the_settings_account_is_not_the_sandboxs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_ACCOUNT", "acct_1")
    assert connect(scenario=None).account is None
    assert connect(scenario=None, account="acct_2").account == "acct_2"


def test_a_live_key_needs_two_switches_to_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SECRET, LIVE)
    with pytest.raises(LiveKeyError):
        connect()
    with pytest.raises(LiveKeyError):
        connect(allow_live_writes=True)
    client = connect(allow_live=True)
    assert client.livemode
    assert repr(client) == "<stripe_nb.Client: Stripe, live mode, read-only>"
    with pytest.raises(LiveWriteError):
        client.v1.customers.create()
    with pytest.raises(LiveWriteError):
        stripe.Customer.create()
    writer = connect(allow_live=True, allow_live_writes=True)
    assert "reads and writes" in repr(writer)


def test_a_live_key_per_request_is_refused_in_the_sandbox(
    sandbox: Sandbox,
) -> None:
    client = connect(sandbox=sandbox)
    with pytest.raises(LiveKeyError):
        client.v1.customers.list(options={"api_key": LIVE})
    stripe.api_key = LIVE
    with pytest.raises(LiveKeyError):
        stripe.Customer.list()


def test_nothing_shows_the_key() -> None:
    client = connect(scenario=None)
    shown = f"{client!r} {client} {client.target!r} {client.http_client!r}"
    assert str(stripe.api_key) not in shown
    assert repr(client) == "<stripe_nb.Client: sandbox>"


def test_a_client_is_neither_pickled_nor_copied() -> None:
    client = connect(scenario=None)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="is not pickled"):
            attempt(client)


def test_current_connects_if_nobody_did() -> None:
    client = current()
    assert client.is_sandbox
    assert current() is client


def test_threads_agree_on_the_current_client() -> None:
    barrier = threading.Barrier(8)

    def ask(_: int) -> object:
        barrier.wait()
        return current()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_bulk_reads_give_the_bytes(sandbox: Sandbox) -> None:
    client = connect(sandbox=sandbox)
    made = client.v1.customers.create({"email": "ada@example.com"})
    page = orjson.loads(client.get_bytes("/v1/customers", {"limit": 1}))
    assert page["data"][0]["id"] == made.id
    query = {"created": {"gt": made.created}, "email": None}
    assert orjson.loads(client.get_bytes("/v1/customers", query))["data"] == []


def test_bulk_reads_raise_the_sdks_errors(sandbox: Sandbox) -> None:
    client = connect(sandbox=sandbox)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.get_bytes("/v1/customers/cus_none")
    assert caught.value.code == "resource_missing"
    with pytest.raises(stripe.PermissionError):
        client.get_bytes("/v1/customers", account="acct_other")


def test_bulk_reads_name_the_version_asked_for(sandbox: Sandbox) -> None:
    client = connect(sandbox=sandbox)
    with pytest.raises(stripe.InvalidRequestError):
        client.get_bytes("/v1/customers", api_version="1999-12-31")


def test_asynchronous_calls_work_without_more(sandbox: Sandbox) -> None:
    client = connect(sandbox=sandbox)

    async def make() -> str | None:
        made = await client.v1.customers.create_async({"email": "ada@example.com"})
        await client.close_async()
        return made.email

    assert asyncio.run(make()) == "ada@example.com"
    with pytest.raises(StripeNbError, match="is closed"):
        client.v1.customers.list()


def test_a_session_left_open_ends_with_the_process() -> None:
    code = (
        "from stripe_nb.session import connect\n"
        "client = connect(scenario=None)\n"
        "print(client, len(client.v1.customers.list().data))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(Path(session.__file__).parents[2])},
    )
    assert done.stdout == "<stripe_nb.Client: sandbox> 0\n"
    assert "Error" not in done.stderr
    assert "Warning" not in done.stderr


def test_a_client_built_by_hand_does_not_leave_the_sandbox() -> None:
    with connect(scenario=None):
        by_hand = stripe.StripeClient(LIVE)
        with pytest.raises(SandboxError, match="belongs to a sandbox"):
            by_hand.v1.customers.list()
    assert isinstance(stripe.new_default_http_client(), stripe.RequestsClient)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": "a"}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"max_network_retries": "a"}, "max_network_retries must be"),
        ({"max_network_retries": -1}, "max_network_retries must be"),
        ({"account": "x"}, "account must be an account's id"),
        ({"account": 5}, "account must be an account's id"),
    ],
)
def test_what_is_no_seed_number_or_account_is_refused(
    options: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        connect(scenario=None, **options)
