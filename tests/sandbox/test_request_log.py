"""The log of requests: what is kept, and that no secret is."""

from __future__ import annotations

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.request_log import RequestLog, masked_query
from stripe_nb.sandbox.wire import Request
from stripe_nb.session import Client


def test_each_request_is_kept_with_its_outcome(
    sandbox: Sandbox, client: Client
) -> None:
    client.v1.customers.create({"name": "A"}, {"idempotency_key": "my-key"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_none", {"expand": ["default_source"]})

    made, missed = sandbox.requests[-2:]
    assert (made.method, made.path, made.status) == ("POST", "/v1/customers", 200)
    assert (made.idempotency_key, made.error) == ("my-key", None)
    assert made.account == sandbox.engine.account
    assert missed.status == 404
    assert missed.query == "expand%5B0%5D=default_source"
    assert missed.request_id == caught.value.request_id
    assert missed.error
    assert missed.error["code"] == "resource_missing"


def test_a_decline_is_kept_with_its_reason(sandbox: Sandbox, client: Client) -> None:
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(
            {
                "amount": 100,
                "currency": "usd",
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
                "return_url": "https://example.com",
            }
        )
    entry = sandbox.requests[-1]
    assert entry.status == 402
    assert entry.error
    assert entry.error["decline_code"] == "generic_decline"


def test_only_the_last_requests_are_kept(sandbox: Sandbox) -> None:
    sandbox.engine.requests = RequestLog(size=3)
    for number in range(5):
        sandbox.handle(Request("GET", f"/v1/nothing/{number}"))
    assert [entry.path for entry in sandbox.requests] == [
        f"/v1/nothing/{number}" for number in (2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("limit=3&customer=cus_1", "limit=3&customer=cus_1"),
        ("client_secret=pi_1_secret_2", "client_secret=***"),
        ("card[number]=4242424242424242", "card[number]=***"),
        ("card%5Bcvc%5D=123&a=b", "card[cvc]=***&a=b"),
        ("key=pk_test_1", "key=***"),
        ("source=tok_1&token=tok_2", "source=tok_1&token=***"),
    ],
)
def test_secrets_in_a_query_are_masked(query: str, kept: str) -> None:
    assert masked_query(query) == kept


def test_no_key_is_in_the_log(sandbox: Sandbox, client: Client) -> None:
    client.v1.customers.list()
    assert sandbox.key not in repr(sandbox.requests)
