"""Reports: asked for, written a moment later from the account's own money."""

from __future__ import annotations

import csv
import io
import urllib.request
from typing import Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client


def run(client: Client, sandbox: Sandbox, kind: str, **more: Any) -> Any:
    interval: Any = {"interval_start": 1, "interval_end": sandbox.now + 1_000, **more}
    made = client.v1.reporting.report_runs.create(
        {"report_type": kind, "parameters": interval}
    )
    assert made.status == "pending"
    assert made.result is None
    return client.v1.reporting.report_runs.retrieve(made.id)


def rows(done: Any, sandbox: Sandbox) -> list[dict[str, str]]:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    request = urllib.request.Request(done.result.url, headers=headers)
    with urllib.request.urlopen(request) as got:
        return list(csv.DictReader(io.StringIO(got.read().decode())))


def pay(client: Client) -> None:
    client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": "https://example.com",
        }
    )


def test_activity_report_lists_what_was_paid(client: Client, sandbox: Sandbox) -> None:
    pay(client)
    done = run(client, sandbox, "balance_change_from_activity.itemized.1")
    assert done.status == "succeeded"
    assert done.succeeded_at is not None
    assert done.result.purpose == "finance_report_run"
    (row,) = rows(done, sandbox)
    assert (row["gross"], row["fee"], row["net"]) == ("20.00", "0.88", "19.12")
    event = client.v1.events.list({"type": "reporting.report_run.succeeded"}).data[0]
    assert event.data.object["id"] == done.id


def test_balance_summary_adds_up(client: Client, sandbox: Sandbox) -> None:
    pay(client)
    pay(client)
    table = rows(run(client, sandbox, "balance.summary.1"), sandbox)
    assert {row["category"]: row["net_amount"] for row in table} == {
        "starting_balance": "0.00",
        "activity": "38.24",
        "payouts": "0.00",
        "ending_balance": "38.24",
    }


def test_columns_are_those_asked_for(client: Client, sandbox: Sandbox) -> None:
    pay(client)
    kind = "balance_change_from_activity.summary.1"
    done = run(client, sandbox, kind, columns=["net", "currency"])
    assert rows(done, sandbox) == [{"net": "19.12", "currency": "usd"}]
    with pytest.raises(stripe.InvalidRequestError, match="Invalid columns"):
        run(client, sandbox, kind, columns=["weather"])


def test_interval_is_required_and_in_order(client: Client, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.reporting.report_runs.create({"report_type": "balance.summary.1"})
    assert missing.value.code == "parameter_missing"
    assert missing.value.param == "parameters[interval_start]"
    with pytest.raises(stripe.InvalidRequestError, match="must be before"):
        run(client, sandbox, "balance.summary.1", interval_end=1)


def test_other_types_are_refused(client: Client, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.APIError, match="Not simulated") as refused:
        run(client, sandbox, "tax.transactions.itemized.2")
    assert refused.value.http_status == 501


def test_types_are_listed_with_their_columns(client: Client) -> None:
    types = client.v1.reporting.report_types.list().data
    assert "balance.summary.1" in [kind.id for kind in types]
    one = client.v1.reporting.report_types.retrieve("balance.summary.1")
    assert one.default_columns == ["category", "description", "net_amount", "currency"]
