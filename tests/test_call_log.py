"""What is written down of the calls that a client makes."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable

import pytest
import stripe

from stripe_nb.sandbox import Fault, Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.transport.call_log import CallLog, RecordedCall
from stripe_nb.transport.parameters import parameters

CARD = "4242424242424242"

# The SDK hands httpx a body in a way that httpx has come to warn of.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def last(client: Client) -> RecordedCall:
    return client.calls.all[-1]


def test_a_call_is_recorded_with_what_was_asked_and_answered(client: Client) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "order-1"}
    mark = client.calls.mark
    made = client.v1.customers.create(
        {"email": "ada@example.com", "metadata": {"order": "1"}}, options
    )

    (call,) = client.calls.since(mark)
    assert made.last_response
    assert (call.method, call.path, call.status) == ("post", "/v1/customers", 200)
    assert call.body == {"email": "ada@example.com", "metadata": {"order": "1"}}
    assert call.idempotency_key == "order-1"
    assert call.request_id == made.last_response.request_id
    assert (call.error, call.retries, call.number) == (None, 0, mark + 1)
    assert 0 < call.seconds < 10


WAYS: dict[str, Callable[[Client], object]] = {
    "service": lambda client: client.v1.products.list({"limit": 1}),
    "module": lambda _: stripe.Product.list(limit=1),
    "raw_request": lambda client: client.raw_request("get", "/v1/products", limit=1),
    "get_bytes": lambda client: client.get_bytes("/v1/products", {"limit": 1}),
    "async": lambda client: asyncio.run(client.v1.products.list_async({"limit": 1})),
    "by hand": lambda client: stripe.StripeClient(
        "sk_test_0123456789abcdef", base_addresses={"api": client.sandbox_url or ""}
    ).v1.products.list({"limit": 1}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_calling_is_recorded_once(client: Client, way: str) -> None:
    mark = client.calls.mark
    WAYS[way](client)
    (call,) = client.calls.since(mark)
    assert (call.method, call.path, call.status) == ("get", "/v1/products", 200)
    assert call.body == {"limit": "1"}


def test_an_upload_is_recorded_without_its_contents(client: Client) -> None:
    client.v1.files.create(
        {"purpose": "dispute_evidence", "file": io.BytesIO(b"%PDF-1.7 secret")}
    )
    assert (last(client).path, last(client).body) == ("/v1/files", None)


def test_a_refusal_is_recorded_with_its_code(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve("cus_nobody")
    assert (last(client).status, last(client).error) == (404, "resource_missing")


def test_an_error_without_a_code_is_recorded_with_its_message(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.raw_request("get", "/v1/nonsense")
    assert "Unrecognized request URL" in str(last(client).error)


def test_tries_of_one_call_are_one_record() -> None:
    fault = Fault("error", times=2)
    with (
        Sandbox(seed=7, faults=[fault]) as running,
        connect(sandbox=running, max_network_retries=2) as client,
    ):
        client.v1.customers.create({"name": "Ada"})
        (call,) = client.calls.all
    assert (call.status, call.retries, call.error) == (200, 2, None)


def test_a_call_without_an_answer_is_recorded() -> None:
    with (
        Sandbox(seed=7, faults="drop=1") as running,
        connect(sandbox=running, max_network_retries=1) as client,
        pytest.raises(stripe.APIConnectionError),
    ):
        client.v1.customers.create({"name": "Ada"})
    (call,) = client.calls.all
    assert (call.status, call.request_id, call.retries) == (None, None, 1)
    assert "Network error" in str(call.error)


def test_calls_of_many_threads_and_tasks_are_all_recorded(client: Client) -> None:
    async def ask() -> None:
        asked = [client.v1.products.list_async({"limit": 1}) for _ in range(20)]
        await asyncio.gather(*asked)

    asyncio.run(ask())
    calls = client.calls.all
    assert [call.number for call in calls] == list(range(1, 21))
    assert {call.retries for call in calls} == {0}
    assert len({call.request_id for call in calls}) == 20


def test_the_log_is_bounded_and_goes_on_counting(client: Client) -> None:
    log = CallLog(kept=3)
    client.http_client.calls = log
    for _ in range(5):
        client.v1.balance.retrieve()
    assert [call.number for call in log.all] == [3, 4, 5]
    assert [call.number for call in log.since(4)] == [5]


def test_observers_are_told_until_they_leave(client: Client) -> None:
    told: list[RecordedCall] = []
    leave = client.calls.observe(told.append)
    client.v1.balance.retrieve()
    leave()
    client.v1.balance.retrieve()
    assert told == list(client.calls.all[:1])


def test_a_failing_observer_does_not_fail_the_call(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: RecordedCall) -> None:
        raise ZeroDivisionError

    client.calls.observe(fail)
    assert client.v1.balance.retrieve().object == "balance"
    assert "An observer of calls failed" in caplog.text


def test_each_call_is_logged_with_its_parts(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="stripe_nb"):
        client.v1.customers.create({"name": "Ada"})
    (record,) = (each for each in caplog.records if each.name == "stripe_nb")
    call = last(client)
    assert record.levelno == logging.INFO
    assert vars(record)["stripe_request_id"] == call.request_id
    assert vars(record)["stripe_seconds"] == call.seconds
    assert vars(record)["stripe_body"] == {"name": "Ada"}
    assert str(call.request_id) in record.getMessage()


def test_no_secret_of_a_call_is_kept_or_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    secret = str(intent.client_secret)
    with caplog.at_level(logging.DEBUG, logger="stripe_nb"):
        client.v1.tokens.create(
            {
                "card": {
                    "number": CARD,
                    "exp_month": "12",
                    "exp_year": "2030",
                    "cvc": "987",
                }
            }
        )
        client.v1.payment_intents.retrieve(intent.id, {"client_secret": secret})
        with pytest.raises(stripe.AuthenticationError):
            client.v1.balance.retrieve(options={"api_key": "rk_nonsense"})
    written = repr(client.calls.all) + "".join(
        repr(vars(record)) for record in caplog.records if record.name == "stripe_nb"
    )
    assert "…4242" in written
    assert "'cvc': '…'" in written
    for hidden in (CARD, secret, client.target.key):
        assert hidden not in written


@pytest.mark.parametrize(
    ("url", "headers", "body", "expected"),
    [
        ("/v1/x", {}, None, None),
        ("/v1/x", {}, "", None),
        ("/v1/x?a=1", {}, "b=2", {"a": "1", "b": "2"}),
        (
            "/v1/x",
            {},
            "a[b][c]=&d[0]=e&d[1]=f",
            {"a": {"b": {"c": ""}}, "d": ["e", "f"]},
        ),
        ("/v1/x", {}, "items[0][price]=p", {"items": [{"price": "p"}]}),
        ("/v1/x", {}, "expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("/v1/x", {}, "a=1&a[b]=2", {"a": {"b": "2"}}),
        ("/v2/x", {"content-type": "application/json"}, '{"a": [1]}', {"a": [1]}),
        ("/v2/x", {"Content-Type": "application/json"}, "[1]", None),
        ("/v2/x", {"Content-Type": "application/json"}, "{", None),
        ("/v1/x", {"Content-Type": "multipart/form-data"}, b"\x00a=b", None),
    ],
)
def test_parameters_are_read_back(
    url: str, headers: dict[str, str], body: object, expected: object
) -> None:
    assert parameters(url, headers, body) == expected
