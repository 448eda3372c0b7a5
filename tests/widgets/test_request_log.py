"""The log of calls: what it holds, what it hides, what it leaves in a notebook."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.widgets import RequestLog

CARD: Any = {"type": "card", "card": {"number": "4242424242424242", "cvc": "123"}}
EXPIRY = {"exp_month": 12, "exp_year": 2034}


def pay(client: Client) -> None:
    method: Any = {**CARD, "card": {**CARD["card"], **EXPIRY}}
    client.v1.payment_methods.create(method)
    intent: Any = {"amount": 500, "currency": "usd", "confirm": True}
    intent["payment_method"] = "pm_card_visa_chargeDeclined"
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(intent)


def test_a_block_holds_the_calls_made_within(client: Client) -> None:
    client.v1.customers.create({"name": "before"})
    log = RequestLog()
    client.v1.customers.create({"name": "between"})
    with log:
        client.v1.customers.create({"name": "within"})
    client.v1.customers.create({"name": "after"})
    (call,) = log.calls
    assert (call["method"], call["path"], call["status"]) == (
        "POST",
        "/v1/customers",
        200,
    )
    assert call["request_id"].startswith("req_")
    assert call["idempotency_key"]
    assert call["body"] == '{"name":"within"}'
    assert not log.live


def test_a_live_log_follows_until_it_is_stopped(client: Client) -> None:
    log = RequestLog()
    client.v1.customers.list()
    assert repr(log) == "<RequestLog: 1 call>"
    log.call("stop")
    client.v1.customers.list()
    assert len(log.calls) == 1
    log.call("clear")
    assert log.calls == []


def test_secrets_are_masked(client: Client) -> None:
    with RequestLog() as log:
        pay(client)
    state = str(log.get_state()) + log.fallback_html()
    assert "4242424242424242" not in state
    assert "'cvc': '123'" not in state
    assert '"cvc":"…"' in log.calls[0]["body"]


def test_a_failure_tells_its_code(client: Client) -> None:
    with RequestLog() as log:
        pay(client)
    failed = log.calls[-1]
    assert (failed["status"], failed["failed"], failed["error"]) == (
        402,
        True,
        "card_declined",
    )


def test_the_fall_back_is_the_same_in_each_run() -> None:
    def run() -> str:
        with Sandbox(seed=7, clock="2026-01-15") as own, connect(sandbox=own) as client:
            with RequestLog(client=client) as log:
                client.v1.customers.create({"name": "<img src=x onerror=alert(1)>"})
            return log.fallback_html()

    first = run()
    assert first == run()
    assert "&lt;img" in first
    assert "<img" not in first
    assert "127.0.0.1" not in first


def test_calls_of_threads_are_all_kept(client: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with RequestLog() as log, ThreadPoolExecutor(4) as threads:
        for _ in range(20):
            threads.submit(client.v1.customers.list, {"limit": 1})
    assert len(log.calls) == 20
