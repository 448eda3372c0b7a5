"""Faults on request, and rate limits: over real HTTP, the same in each run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import stripe
import urllib3

from stripe_nb.clock import monotonic
from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Receiver

CREATE = "POST /v1/customers"


def client_of(sandbox: Sandbox, retries: int = 0) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=retries
    )


def customers(sandbox: Sandbox) -> int:
    engine = sandbox.engine
    return engine.store.count(engine.account, "customer")


@pytest.mark.parametrize(
    ("kind", "done"),
    [("drop", 0), ("drop_after", 1), ("truncate", 1), ("timeout", 0)],
)
def test_a_cut_connection_is_a_connection_error(kind: str, done: int) -> None:
    with Sandbox(seed=1, faults=[Fault(kind, on=CREATE, seconds=0.1)]) as faulty:
        with pytest.raises(stripe.APIConnectionError):
            client_of(faulty).v1.customers.create({"name": "A"})
        assert customers(faulty) == done


@pytest.mark.parametrize("kind", ["drop", "drop_after", "error", "timeout"])
def test_a_repeated_create_makes_one_object_wherever_it_was_cut(kind: str) -> None:
    fault = Fault(kind, on=CREATE, times=1, seconds=0.1)
    with Sandbox(seed=1, faults=[fault]) as faulty:
        made = client_of(faulty, retries=2).v1.customers.create({"name": "A"})
        assert customers(faulty) == 1
        assert client_of(faulty).v1.customers.retrieve(made.id).name == "A"


def test_a_key_brings_back_the_answer_that_was_cut_short() -> None:
    # The SDK does not try again by itself once it has a part of an answer.
    with Sandbox(seed=1, faults=[Fault("truncate", on=CREATE, times=1)]) as faulty:
        client = client_of(faulty, retries=2)
        options: stripe.RequestOptions = {"idempotency_key": "k"}
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.create({"name": "A"}, options)
        made = client.v1.customers.create({"name": "A"}, options)
        assert client.v1.customers.retrieve(made.id).name == "A"
        assert customers(faulty) == 1


def test_half_an_answer_is_what_the_wire_shows() -> None:
    with Sandbox(seed=1, faults=[Fault("truncate")]) as faulty:
        headers = {"Authorization": f"Bearer {faulty.key}"}
        url = f"{faulty.url}/v1/balance"
        with requests.get(url, headers=headers, stream=True, timeout=5) as answer:
            assert answer.status_code == 200
            whole = int(answer.headers["Content-Length"])
            half = answer.raw.read(whole // 2)
            assert len(half) == whole // 2
            with pytest.raises(urllib3.exceptions.ProtocolError):
                answer.raw.read(1)


def test_a_server_error_does_nothing_and_may_be_tried_again() -> None:
    with Sandbox(seed=1, faults=[Fault("error", times=1)]) as faulty:
        client = client_of(faulty)
        with pytest.raises(stripe.APIError) as caught:
            client.v1.customers.create({"name": "A"})
        assert caught.value.http_status == 500
        assert "stripe-should-retry" not in {
            name.lower() for name in caught.value.headers or {}
        }
        assert customers(faulty) == 0
        assert [entry.status for entry in faulty.requests] == [500]


def test_a_rate_limit_is_told_as_stripe_tells_it() -> None:
    with Sandbox(seed=1, faults="rate_limit") as faulty:
        with pytest.raises(stripe.RateLimitError) as caught:
            client_of(faulty).v1.customers.create({"name": "A"})
        assert caught.value.error
        assert caught.value.error.code == "rate_limit"
        headers: Any = caught.value.headers
        assert headers["Stripe-Rate-Limited-Reason"] == "global-rate"
        assert headers["Stripe-Should-Retry"] == "false"


def test_latency_makes_a_request_slow_and_no_other() -> None:
    slow = Fault("latency", on="GET /v1/balance", seconds=0.3)
    with Sandbox(seed=1, faults=[slow]) as faulty:
        client = client_of(faulty)
        began = monotonic()
        client.v1.customers.list()
        between = monotonic()
        client.v1.balance.retrieve()
        assert between - began < 0.25
        assert monotonic() - between >= 0.3


def outcomes(seed: int) -> list[int]:
    with Sandbox(seed=seed, faults="error=0.3") as faulty:
        client = client_of(faulty)
        for _ in range(40):
            try:
                client.v1.customers.list()
            except stripe.APIError:
                continue
        return [entry.status for entry in faulty.requests]


def test_equal_seeds_meet_equal_faults() -> None:
    first = outcomes(1)
    assert first == outcomes(1)
    assert first != outcomes(2)
    assert 4 <= first.count(500) <= 20


def test_a_script_strikes_where_it_says() -> None:
    script = [Fault("error", on="* /v1/customers/*", after=1, times=2)]
    with Sandbox(seed=1, faults=script) as faulty:
        client = client_of(faulty)
        customer = client.v1.customers.create({"name": "A"})
        for _ in range(5):
            try:
                client.v1.customers.retrieve(customer.id)
            except stripe.APIError:
                continue
        statuses = [entry.status for entry in faulty.requests]
    assert statuses == [200, 200, 500, 500, 200, 200]


def test_webhooks_come_twice(receiver: Receiver) -> None:
    with Sandbox(seed=1, faults=[Fault("duplicate", times=1)]) as faulty:
        client = client_of(faulty)
        made = client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["*"]}
        )
        client.v1.customers.create({"name": "A"})
        client.v1.customers.create({"name": "B"})
        faulty.deliver()
    names = [event.data.object["name"] for event in receiver.events(str(made.secret))]
    assert names == ["A", "A", "B"]


def test_webhooks_come_out_of_order(receiver: Receiver) -> None:
    with Sandbox(seed=1, faults=[Fault("reorder", times=1)]) as faulty:
        client = client_of(faulty)
        made = client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["*"]}
        )
        for name in "ABC":
            client.v1.customers.create({"name": name})
        faulty.deliver()
    names = [event.data.object["name"] for event in receiver.events(str(made.secret))]
    assert names == ["B", "C", "A"]


def test_faults_are_read_from_text_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps([{"kind": "error", "on": "GET *", "times": 1}]))
    with Sandbox(seed=1, faults=file) as faulty:
        assert faulty.engine.faults.rules == (Fault("error", on="GET *", times=1),)
    with Sandbox(seed=1, faults="drop=0.5, latency=0.2s, error") as faulty:
        assert faulty.engine.faults.rules == (
            Fault("drop", rate=0.5),
            Fault("latency", seconds=0.2),
            Fault("error"),
        )


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ("thunder", "There is no fault 'thunder'"),
        ("drop=2", "from 0"),
        ("drop=often", "is no fault"),
        ([{"kind": "drop", "when": 1}], "but no when"),
        ([{"rate": 1}], "A fault has a kind"),
        ("missing.json", "can't be read"),
        ("latency=-1s", "seconds"),
        ("latency=infs", "seconds"),
        ("drop=nan", "rate"),
        ([{"kind": "drop", "rate": "0.5"}], "rate"),
        ([{"kind": "drop", "rate": True}], "rate"),
        ([{"kind": ["drop"]}], "There is no fault"),
        ([{"kind": "drop", "on": 5}], "on"),
        ([{"kind": "drop", "after": "x"}], "after"),
        ([{"kind": "drop", "after": 1.5}], "after"),
        ([{"kind": "drop", "times": -1}], "times"),
        ([{"kind": "latency", "seconds": "2"}], "seconds"),
        ([1], "1 is no fault"),
    ],
)
def test_what_is_no_fault_is_refused(faults: Any, message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        Sandbox(seed=1, faults=faults)


def test_the_command_line_takes_faults_and_limits(tmp_path: Path) -> None:
    start = "from stripe_nb.cli import main; main()"
    options = ["--faults", "error", "--rate-limits", "--uds", str(tmp_path / "s")]
    command = [sys.executable, "-c", start, "sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3]
        answer = requests.get(f"{url}/v1/customers", timeout=5)
        served = (tmp_path / "s").is_socket()
        process.terminate()
    assert (answer.status_code, served, process.returncode) == (500, True, 0)


def test_rate_limits_are_off_unless_asked_for(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    for _ in range(60):
        client.v1.customers.list()


Ask = Callable[[stripe.StripeClient, int], object]
LIMITED: list[tuple[Ask, int, str]] = [
    (lambda client, _: client.v1.customers.list(), 25, "endpoint-rate"),
    (
        lambda client, _: client.v1.customers.search({"query": "email:'a'"}),
        20,
        "endpoint-rate",
    ),
    (
        lambda client, number: (
            client.v1.customers.search({"query": "email:'a'"})
            if number % 2
            else client.v1.charges.search({"query": "amount>1"})
        ),
        20,
        "endpoint-rate",
    ),
    (lambda client, _: client.v1.files.list(), 20, "endpoint-rate"),
    (
        lambda client, number: (
            client.v1.customers.list() if number % 2 else client.v1.products.list()
        ),
        25,
        "global-rate",
    ),
]


@pytest.mark.parametrize(("ask", "limit", "expected"), LIMITED, ids=range(5))
def test_too_many_requests_a_second_are_refused(
    ask: Ask, limit: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("stripe_nb.sandbox.rate_limits.monotonic", lambda: now)
    with Sandbox(seed=1, rate_limits=True) as limited:
        client = client_of(limited)
        for number in range(limit):
            ask(client, number)
        with pytest.raises(stripe.RateLimitError) as refused:
            ask(client, limit)
        reason = (refused.value.headers or {})["Stripe-Rate-Limited-Reason"]
        now += 1
        ask(client, limit)
    assert reason == expected


def statuses_of(sandbox: Sandbox) -> list[int]:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    url = f"{sandbox.url}/v1/balance"
    return [requests.get(url, headers=headers, timeout=5).status_code for _ in range(9)]


def test_faults_begin_again_with_the_sandbox(tmp_path: Path) -> None:
    with Sandbox(seed=1, faults="error=0.4") as faulty:
        file = faulty.snapshot(tmp_path / "one.db")
        first = statuses_of(faulty)
        faulty.reset()
        assert statuses_of(faulty) == first
        faulty.restore(file)
        assert statuses_of(faulty) == first
    assert len({*first}) == 2
