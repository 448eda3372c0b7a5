"""Official clients that nobody here wrote: they must not notice the difference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox

KEY = "sk_test_" + "1234567890abcdef" * 2


def _program(variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"{variable} does not say where this client is installed")
    return found


Cli = Callable[..., Any]


@pytest.fixture
def cli(sandbox: Sandbox, tmp_path: Path) -> Cli:
    program = _program("STRIPE_CLI")

    def run(*words: str) -> str:
        done = subprocess.run(
            [program, *words, "--api-base", sandbox.url, "--api-key", KEY],
            capture_output=True,
            text=True,
            timeout=60,
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path),
                "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            },
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_stripe_cli_creates_lists_confirms_and_triggers(cli: Cli) -> None:
    customer = json.loads(
        cli("customers", "create", "--email", "a@example.com", "-d", "metadata[a]=1")
    )
    listed = json.loads(cli("customers", "list"))
    intent = json.loads(
        cli("payment_intents", "create", "--amount", "2000", "--currency", "usd")
    )
    confirmed = json.loads(
        cli(
            "payment_intents", "confirm", intent["id"], "--payment-method", "pm_card_us"
        )
    )
    before = json.loads(cli("events", "list", "--limit", "3"))
    told = cli("trigger", "payment_intent.succeeded")
    after = json.loads(cli("events", "list", "--type", "payment_intent.succeeded"))

    assert customer["metadata"] == {"a": "1"}
    assert [item["id"] for item in listed["data"]] == [customer["id"]]
    assert intent["status"] == "requires_payment_method"
    assert confirmed["status"] == "succeeded"
    assert [event["type"] for event in before["data"]] == [
        "charge.updated",
        "payment_intent.succeeded",
        "charge.succeeded",
    ]
    assert "Trigger succeeded" in told
    assert len(after["data"]) == 2


def test_the_stripe_cli_gets_posts_and_deletes(cli: Cli) -> None:
    made = json.loads(cli("post", "/v1/customers", "-d", "name=Ann", "-i", "key-1"))
    again = json.loads(cli("post", "/v1/customers", "-d", "name=Ann", "-i", "key-1"))
    found = json.loads(cli("get", f"/v1/customers/{made['id']}"))
    gone = json.loads(cli("delete", f"/v1/customers/{made['id']}", "--confirm"))

    assert again == made
    assert found["name"] == "Ann"
    assert gone["deleted"] is True


NODE_SCRIPT = """
const Stripe = require(process.env.STRIPE_NODE);
const [host, port] = process.argv.slice(2);
const stripe = new Stripe(process.env.KEY, {host, port, protocol: 'http'});
(async () => {
  const told = [];
  const customer = await stripe.customers.create(
    {email: 'a@example.com', metadata: {order: '6'}});
  for (let i = 0; i < 12; i++) await stripe.customers.create({name: 'C' + i});
  let count = 0;
  for await (const one of stripe.customers.list({limit: 5})) count += 1;
  told.push(count);
  const intent = await stripe.paymentIntents.create({
    amount: 2000, currency: 'usd', customer: customer.id,
    payment_method: 'pm_card_visa', confirm: true,
    automatic_payment_methods: {enabled: true, allow_redirects: 'never'},
    expand: ['latest_charge.balance_transaction']});
  told.push(intent.status, intent.latest_charge.balance_transaction.net);
  try {
    await stripe.paymentIntents.create({
      amount: 2000, currency: 'usd', confirm: true,
      payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds'});
  } catch (error) {
    told.push(error.type, error.code, error.decline_code);
  }
  try {
    await stripe.customers.retrieve('cus_nope');
  } catch (error) {
    told.push(error.type, error.statusCode, error.param);
  }
  const refund = await stripe.refunds.create(
    {payment_intent: intent.id, amount: 500}, {idempotencyKey: 'r1'});
  const same = await stripe.refunds.create(
    {payment_intent: intent.id, amount: 500}, {idempotencyKey: 'r1'});
  told.push(refund.status, refund.id === same.id);
  const removed = await stripe.customers.del(customer.id);
  told.push(removed.deleted);
  console.log(JSON.stringify(told));
})();
"""


def test_stripe_node_works_unchanged(sandbox: Sandbox) -> None:
    package = _program("STRIPE_NODE")
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    host, port = sandbox.url.removeprefix("http://").split(":")

    done = subprocess.run(
        [node, "-", host, port],
        input=NODE_SCRIPT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "STRIPE_NODE": package, "KEY": KEY},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        *(13, "succeeded", 1912),
        *("StripeCardError", "card_declined", "insufficient_funds"),
        *("StripeInvalidRequestError", 404, "id"),
        *("succeeded", True, True),
    ]


@pytest.fixture
def module(sandbox: Sandbox) -> Iterator[None]:
    """Point the module-level style at the sandbox, as a tutorial would."""
    before = stripe.api_key, stripe.api_base
    stripe.api_key, stripe.api_base = KEY, sandbox.url
    yield
    stripe.api_key, stripe.api_base = before


@pytest.mark.usefixtures("module")
def test_calls_of_a_tutorial_of_2024_run_as_written() -> None:
    account = stripe.Account.retrieve()
    customer = stripe.Customer.create(
        email="jenny@example.com", name="Jenny Rosen", metadata={"user_id": "42"}
    )
    stripe.Customer.modify(customer.id, metadata={"order_id": "6735"})
    again = stripe.Customer.retrieve(customer.id)
    for _ in range(12):
        stripe.Customer.create()
    everyone = list(stripe.Customer.list(limit=5).auto_paging_iter())
    intent = stripe.PaymentIntent.create(  # type: ignore[call-arg]
        amount=1099,
        currency="usd",
        customer=customer.id,
        payment_method_types=["card"],
        stripe_version="2024-06-20",
        idempotency_key="order-6735",
    )
    repeated = stripe.PaymentIntent.create(  # type: ignore[call-arg]
        amount=1099,
        currency="usd",
        customer=customer.id,
        payment_method_types=["card"],
        stripe_version="2024-06-20",
        idempotency_key="order-6735",
    )
    confirmed = stripe.PaymentIntent.confirm(intent.id, payment_method="pm_card_visa")
    with pytest.raises(stripe.error.CardError) as caught:
        stripe.PaymentIntent.create(  # type: ignore[call-arg]
            amount=1099,
            currency="usd",
            payment_method_types=["card"],
            payment_method="pm_card_chargeDeclined",
            confirm=True,
            stripe_version="2024-06-20",
        )

    assert account.id.startswith("acct_")
    assert again.to_dict()["metadata"] == {"user_id": "42", "order_id": "6735"}
    assert len(everyone) == 13
    assert intent.payment_method_types == ["card"]
    assert repeated.id == intent.id
    assert confirmed.status == "succeeded"
    assert caught.value.code == "card_declined"
    assert caught.value.user_message == "Your card was declined."
