"""Forty calls by four official clients: the same answers to the byte.

Each client has a sandbox of its own with the same seed, so whatever one of them
encoded otherwise would show.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_nb.catalog import load
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import encode_form

KEY = "sk_test_" + "1234567890abcdef" * 2
NEVER = {"enabled": True, "allow_redirects": "never"}

# name, method, path, parameters; ${name:field} refers to an earlier answer
CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("account", "get", "/v1/account", {}),
    ("ada", "post", "/v1/customers", {"email": "ada@example.com", "name": "Åda & Co"}),
    ("ada2", "post", "/v1/customers/${ada:id}", {"metadata": {"order": "6 + 7"}}),
    ("ada3", "get", "/v1/customers/${ada:id}", {}),
    ("bob", "post", "/v1/customers", {"preferred_locales": ["en", "sv"]}),
    ("page", "get", "/v1/customers", {"limit": 1}),
    ("next", "get", "/v1/customers", {"limit": 1, "starting_after": "${bob:id}"}),
    ("bad", "post", "/v1/customers", {"emial": "x"}),
    ("none", "get", "/v1/customers/cus_nope", {}),
    ("tea", "post", "/v1/products", {"name": "Tea", "metadata": {"a": "1"}}),
    (
        "monthly",
        "post",
        "/v1/prices",
        {
            "product": "${tea:id}",
            "currency": "usd",
            "unit_amount": 1500,
            "recurring": {"interval": "month"},
        },
    ),
    (
        "once",
        "post",
        "/v1/prices",
        {"product": "${tea:id}", "currency": "jpy", "unit_amount": 500},
    ),
    ("prices", "get", "/v1/prices", {"product": "${tea:id}", "active": True}),
    (
        "card",
        "post",
        "/v1/payment_methods/pm_card_visa/attach",
        {"customer": "${ada:id}"},
    ),
    (
        "default",
        "post",
        "/v1/customers/${ada:id}",
        {"invoice_settings": {"default_payment_method": "${card:id}"}},
    ),
    ("cards", "get", "/v1/payment_methods", {"customer": "${ada:id}", "type": "card"}),
    ("intent", "post", "/v1/payment_intents", {"amount": 2000, "currency": "usd"}),
    (
        "paid",
        "post",
        "/v1/payment_intents/${intent:id}/confirm",
        {"payment_method": "pm_card_visa", "expand": ["latest_charge"]},
    ),
    ("again", "post", "/v1/payment_intents/${intent:id}/confirm", {}),
    (
        "declined",
        "post",
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa_chargeDeclined",
            "automatic_payment_methods": NEVER,
        },
    ),
    (
        "held",
        "post",
        "/v1/payment_intents",
        {
            "amount": 900,
            "currency": "eur",
            "confirm": True,
            "capture_method": "manual",
            "payment_method": "pm_card_mastercard",
            "automatic_payment_methods": NEVER,
        },
    ),
    (
        "part",
        "post",
        "/v1/payment_intents/${held:id}/capture",
        {"amount_to_capture": 700},
    ),
    ("open", "post", "/v1/payment_intents", {"amount": 100, "currency": "gbp"}),
    (
        "canceled",
        "post",
        "/v1/payment_intents/${open:id}/cancel",
        {"cancellation_reason": "abandoned"},
    ),
    (
        "secure",
        "post",
        "/v1/payment_intents",
        {
            "amount": 3000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "customer": "${ada:id}",
            "setup_future_usage": "off_session",
            "automatic_payment_methods": NEVER,
        },
    ),
    ("charges", "get", "/v1/charges", {"payment_intent": "${intent:id}"}),
    (
        "refund",
        "post",
        "/v1/refunds",
        {"payment_intent": "${intent:id}", "amount": 500},
    ),
    ("over", "post", "/v1/refunds", {"payment_intent": "${intent:id}", "amount": 5000}),
    ("balance", "get", "/v1/balance", {}),
    ("moves", "get", "/v1/balance_transactions", {"type": "refund"}),
    ("setup", "post", "/v1/setup_intents", {"customer": "${ada:id}"}),
    (
        "saved",
        "post",
        "/v1/setup_intents/${setup:id}/confirm",
        {"payment_method": "pm_card_visa", "return_url": "https://example.com"},
    ),
    ("coupon", "post", "/v1/coupons", {"id": "SPRING", "percent_off": 25}),
    (
        "sub",
        "post",
        "/v1/subscriptions",
        {
            "customer": "${ada:id}",
            "items": [{"price": "${monthly:id}", "quantity": 2}],
            "discounts": [{"coupon": "SPRING"}],
            "expand": ["latest_invoice"],
        },
    ),
    (
        "more",
        "post",
        "/v1/subscriptions/${sub:id}",
        {"cancel_at_period_end": True, "metadata": {"why": "test"}},
    ),
    ("invoices", "get", "/v1/invoices", {"customer": "${ada:id}"}),
    ("ended", "delete", "/v1/subscriptions/${sub:id}", {}),
    ("gone", "delete", "/v1/customers/${bob:id}", {}),
    ("left", "get", "/v1/customers/${bob:id}", {}),
    ("wrong", "get", "/v1/custumers", {}),
]

Send = Callable[[str, str, dict[str, Any]], Any]


def play(send: Send) -> dict[str, Any]:
    """Make all calls; return the answers by name."""
    answers: dict[str, Any] = {}

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolved(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [resolved(entry) for entry in value]
        if isinstance(value, str):
            return re.sub(
                r"\$\{(\w+):(\w+)\}", lambda found: answers[found[1]][found[2]], value
            )
        return value

    for name, method, path, params in CALLS:
        answers[name] = _settled(send(method, resolved(path), resolved(params)))
    return answers


def _settled(answer: Any) -> Any:
    """Leave out what names the single request."""
    if isinstance(answer, dict):
        return {
            key: _settled(value)
            for key, value in answer.items()
            if key != "request_log_url"
        }
    return [_settled(item) for item in answer] if isinstance(answer, list) else answer


@pytest.fixture
def expected() -> dict[str, Any]:
    """What StripeClient gets."""
    with Sandbox(seed=7) as sandbox:
        client = stripe.StripeClient(
            KEY, base_addresses={"api": sandbox.url}, max_network_retries=0
        )

        def send(method: str, path: str, params: dict[str, Any]) -> Any:
            try:
                answer = client.raw_request(method, path, **params)
            except stripe.StripeError as error:
                return error.json_body
            return json.loads(answer.body)

        return play(send)


def test_the_calls_do_what_they_are_meant_to(expected: dict[str, Any]) -> None:
    failed = {name for name, answer in expected.items() if "error" in answer}

    assert len(CALLS) == 40
    assert failed == {"bad", "none", "again", "declined", "over", "wrong"}
    assert expected["sub"]["status"] == "active"
    assert expected["sub"]["latest_invoice"]["total"] == 2250
    assert expected["part"]["amount_received"] == 700


# The SDK hands httpx a body in a way that httpx has since given another name.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_the_asynchronous_client_gets_the_same(expected: dict[str, Any]) -> None:
    with Sandbox(seed=7) as sandbox, asyncio.Runner() as runner:
        connections = stripe.HTTPXClient()
        client = stripe.StripeClient(
            KEY,
            base_addresses={"api": sandbox.url},
            max_network_retries=0,
            http_client=connections,
        )

        async def request(method: str, path: str, params: dict[str, Any]) -> Any:
            try:
                answer = await client.raw_request_async(method, path, **params)
            except stripe.StripeError as error:
                return error.json_body
            return json.loads(answer.body)

        answers = play(lambda *call: runner.run(request(*call)))
        runner.run(connections.close_async())  # type: ignore[no-untyped-call]

    assert answers == expected


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(seed=7) as sandbox:
        monkeypatch.setattr(stripe, "api_key", KEY)
        monkeypatch.setattr(stripe, "api_base", sandbox.url)
        yield sandbox


def test_module_style_gets_the_same(expected: dict[str, Any], module: Sandbox) -> None:
    customer = stripe.Customer.create(email="ada@example.com", name="Åda & Co")
    stripe.Customer.modify(customer.id, metadata={"order": "6 + 7"})

    again = stripe.Customer.retrieve(customer.id)

    assert json.loads(str(again)) == expected["ada3"]


NODE = """
const Stripe = require(process.env.STRIPE_NODE);
const [host, port] = process.argv.slice(2);
const stripe = new Stripe(process.env.KEY,
  {host, port, protocol: 'http', maxNetworkRetries: 0});
const lines = require('readline').createInterface({input: process.stdin});
(async () => {
  for await (const line of lines) {
    const [method, path, params] = JSON.parse(line);
    let answer;
    try {
      answer = await stripe.rawRequest(method, path, params);
    } catch (error) {
      answer = {error: error.raw};
    }
    console.log(JSON.stringify(answer));
  }
})();
"""


def _installed(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} does not say where this client is installed")
    return found


def test_stripe_node_gets_the_same(expected: dict[str, Any], tmp_path: Path) -> None:
    environment = {**os.environ, "STRIPE_NODE": _installed("STRIPE_NODE"), "KEY": KEY}
    script = tmp_path / "calls.cjs"
    script.write_text(NODE)
    node = shutil.which("node") or "node"
    with Sandbox(seed=7) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        with subprocess.Popen(
            [node, str(script), host, port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            lines, told = process.stdin, process.stdout

            def send(method: str, path: str, params: dict[str, Any]) -> Any:
                if method != "post" and params:
                    path, params = f"{path}?{encode_form(params)}", {}
                lines.write(json.dumps([method.upper(), path, params]) + "\n")
                lines.flush()
                return json.loads(told.readline())

            answers = play(send)

    # stripe-node adds what it knows of the request to an error.
    for name, answer in answers.items():
        if "error" in answer:
            wanted = expected[name]["error"]
            answer["error"] = {key: answer["error"].get(key) for key in wanted}
    assert answers == expected


def test_the_stripe_cli_gets_the_same(expected: dict[str, Any], tmp_path: Path) -> None:
    program = _installed("STRIPE_CLI")
    with Sandbox(seed=7) as sandbox:

        def send(method: str, path: str, params: dict[str, Any]) -> Any:
            form = encode_form(params)
            data = [
                word
                for pair in form.split("&")
                if pair
                for word in ("-d", _plain(pair))
            ]
            done = subprocess.run(
                [
                    *(program, method, path, *data, "--api-base", sandbox.url),
                    *("--api-key", KEY, "--stripe-version", load().api_version),
                    *(["--confirm"] if method == "delete" else []),
                ],
                capture_output=True,
                text=True,
                timeout=30,
                env={
                    **os.environ,
                    "HOME": str(tmp_path),
                    "XDG_CONFIG_HOME": str(tmp_path),
                    # Its goodbye to the statistics can panic after the answer.
                    "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
                },
                check=False,
            )
            text = done.stdout + done.stderr
            return json.loads(text[text.index("{") : text.rindex("}") + 1])

        assert play(send) == expected


def _plain(pair: str) -> str:
    """Undo the encoding, which the command line does itself."""
    from urllib.parse import unquote_plus

    return unquote_plus(pair)
