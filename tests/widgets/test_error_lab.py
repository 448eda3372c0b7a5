"""The error lab without a browser: each failure happens, and its code handles it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import stripe

from stripe_nb.errors import WidgetError
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.widgets.error_lab import ErrorLab
from stripe_nb.widgets.error_lab_failures import failure, failures
from stripe_nb.widgets.error_lab_sandbox import failing_client

RAISED = {
    "authentication_required": (stripe.CardError, "authentication_required"),
    "rate_limit": (stripe.RateLimitError, None),
    "network_drop": (stripe.APIConnectionError, None),
    "timeout": (stripe.APIConnectionError, None),
    "server_error": (stripe.APIError, None),
    "bad_key": (stripe.AuthenticationError, None),
    "idempotency_mismatch": (stripe.IdempotencyError, None),
    "invalid_request": (stripe.InvalidRequestError, "parameter_missing"),
    "resource_missing": (stripe.InvalidRequestError, "resource_missing"),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with Sandbox(seed=7) as sandbox, connect(sandbox=sandbox) as connected:
        yield connected


@pytest.mark.parametrize("name", failures())
def test_each_failure_happens_for_real(shared: Client, name: str) -> None:
    seen = ErrorLab(client=shared).run(name)

    kind, code = RAISED.get(name, (stripe.CardError, seen.exception.code))
    assert isinstance(seen.exception, kind)
    assert seen.exception.code == code
    if failure(name).group == "Cards":
        assert name in {seen.exception.code, seen.explanation.decline_code}
    assert seen.explanation.show_customer


@pytest.mark.parametrize("name", failures())
def test_the_code_that_is_shown_handles_it(shared: Client, name: str) -> None:
    chosen = failure(name)
    place = failing_client(chosen.fault) if chosen.fault else nullcontext(shared)
    with place as client:
        exec(chosen.code, {"client": client, "stripe": stripe})  # noqa: S102


def test_a_lost_answer_does_not_do_it_twice() -> None:
    lost = failure("network_drop")
    with failing_client(lost.fault) as client:
        exec(lost.code, {"client": client, "stripe": stripe})  # noqa: S102

        assert len(client.v1.customers.list().data) == 1


def test_nothing_is_caused_on_stripe_itself(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("STRIPE_SECRET_KEY=sk_test_" + "0123456789abcdef" * 2)
    env.chmod(0o600)
    with connect(env_file=env) as client:
        # Without a network Stripe would answer nothing of the sort.
        seen = ErrorLab(client=client).run("resource_missing")

    assert seen.exception.code == "resource_missing"


def test_what_is_shown_is_text_and_the_same_each_time(client: Client) -> None:
    first, second = (ErrorLab(client=client) for _ in range(2))
    before = repr(first)
    first.call("run", choice="insufficient_funds")
    second.call("run", choice="insufficient_funds")

    shown = {**first.shown, "rows": first.shown["rows"][:-1]}
    assert shown == {**second.shown, "rows": second.shown["rows"][:-1]}
    assert (before, repr(first)) == (
        "<ErrorLab: nothing caused yet>",
        "<ErrorLab: insufficient_funds>",
    )
    assert "Your card has insufficient funds." in first.shown["said"]
    assert "insufficient_funds" in first.fallback_html()
    assert len(first.fallback_html()) < 3_000


def test_the_customer_reads_nothing_of_the_reason(client: Client) -> None:
    seen = ErrorLab(client=client).run("stolen_card")

    assert "stolen" not in seen.explanation.show_customer.lower()
    assert repr(seen).startswith("<Observation: stolen_card, CardError, ")


def test_an_unknown_failure_is_refused(client: Client) -> None:
    lab = ErrorLab(client=client)
    with pytest.raises(WidgetError, match="choose from card_declined"):
        lab.run("nonsense")

    lab.call("run", choice="nonsense")
    assert (lab.tone, lab.shown) == ("error", {})


def test_a_sandbox_that_is_away_is_no_declined_card(
    client: Client, sandbox: Sandbox
) -> None:
    lab = ErrorLab(client=client)
    sandbox.stop()
    lab.call("run", choice="card_declined")
    assert lab.message.startswith("API connection error")
    assert (lab.tone, lab.shown) == ("error", {})
