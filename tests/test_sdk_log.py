"""What the SDK logs of its own accord while a session is open."""

from __future__ import annotations

import logging
import sys

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import connect
from stripe_nb.transport import sdk_log

SECRETS = ("4242424242424242", "cvc]=987", "000123456789", "_secret_x")


def call(sandbox: Sandbox) -> tuple[str, ...]:
    """Make calls with secrets in them, and return these."""
    with connect(sandbox=sandbox) as client:
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030}
        client.raw_request(
            "post", "/v1/payment_methods", type="card", card={**card, "cvc": "987"}
        )
        bank = {"account_number": "000123456789", "routing_number": "110000000"}
        bank |= {"account_holder_type": "company"}
        client.raw_request(
            "post",
            "/v1/payment_methods",
            type="us_bank_account",
            us_bank_account=bank,
            billing_details={"name": "Ada"},
        )
        intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
        stripe.PaymentIntent.list(limit=1)
        endpoint = client.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/", "enabled_events": ["*"]}
        )
    return (*SECRETS, str(intent.client_secret), str(endpoint.secret))


def test_a_debug_log_holds_no_secret(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "stripe")
    caplog.set_level(logging.DEBUG, "urllib3")
    known = call(sandbox)
    said = caplog.text
    assert "Post details" in said
    assert "card[exp_month]=12" in said
    assert "_secret_…" in said
    assert [secret for secret in known if secret in said] == []


def test_what_the_sdk_prints_holds_no_secret(
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stripe, "log", "debug")
    known = call(sandbox)
    said = capsys.readouterr().err
    assert "card[exp_month]=12" in said
    assert "_secret_…" in said
    assert [secret for secret in known if secret in said] == []


def test_what_nobody_is_shown_is_not_looked_through(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would cost more than the SDK's own work.
    seen: list[str] = []
    monkeypatch.setattr(sdk_log, "redact_text", seen.append)
    with connect(sandbox=sandbox) as client:
        client.v1.customers.list()
    assert seen == []


def test_the_loggers_are_left_as_they_were(sandbox: Sandbox) -> None:
    loggers = [logging.getLogger(name) for name in ("stripe", "urllib3.connectionpool")]
    before = [list(each.filters) for each in loggers]
    lines = vars(sys.modules["stripe._util"])["logfmt"]
    with connect(sandbox=sandbox), connect(sandbox=sandbox):
        assert [len(each.filters) for each in loggers] == [
            len(filters) + 1 for filters in before
        ]
    assert [each.filters for each in loggers] == before
    assert vars(sys.modules["stripe._util"])["logfmt"] is lines
