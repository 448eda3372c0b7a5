"""The core: keys, versions, headers, idempotency, lists, expand, metadata."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import stripe

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, Response, encode_form
from stripe_nb.session import Client

KEY = "sk_test_" + "0123456789abcdef"


def send(
    sandbox: Sandbox,
    method: str,
    path: str,
    params: dict[str, Any] | None = None,
    **headers: str,
) -> Response:
    """Send a request to the core itself; underscores in names become dashes."""
    form = encode_form(params or {})
    return sandbox.handle(
        Request(
            method,
            path,
            query=form if method == "GET" else "",
            headers={
                "authorization": f"Bearer {KEY}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            body=b"" if method == "GET" else form.encode(),
        )
    )


def body(response: Response) -> Any:
    return orjson.loads(response.body)


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {KEY}",
        f"bearer {KEY}",
        "Bearer rk_test_" + "A" * 99,
        "Basic " + b64encode(f"{KEY}:".encode()).decode(),
        "Basic " + b64encode(KEY.encode()).decode(),
    ],
)
def test_any_well_formed_test_key_opens_the_sandbox(
    sandbox: Sandbox, authorization: str
) -> None:
    assert (
        send(sandbox, "GET", "/v1/account", authorization=authorization).status == 200
    )


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "You did not provide an API key."),
        ("Bearer ", "You did not provide an API key."),
        ("Basic !!!", "You did not provide an API key."),
        ("Bearer sk_test_short", "Invalid API Key provided: sk_test_*hort"),
        ("Bearer sk_test_with-a-dash-in-it-somewhere", "Invalid API Key provided"),
        ("Bearer hello", "Invalid API Key provided: *hello"[:26]),
        ("Bearer pk_test_0123456789abcdef", "This API call cannot be made with a publ"),
        ("Bearer sk_live_0123456789abcdef", "Invalid API Key provided: sk_live_******"),
    ],
)
def test_any_other_key_is_refused(
    sandbox: Sandbox, authorization: str, message: str
) -> None:
    answer = send(sandbox, "GET", "/v1/account", authorization=authorization)

    assert answer.status == 401
    assert body(answer)["error"]["message"].startswith(message)
    assert body(answer)["error"]["type"] == "invalid_request_error"
    assert b"0123456789" not in answer.body


def test_another_account_is_out_of_reach(sandbox: Sandbox) -> None:
    answer = send(sandbox, "GET", "/v1/account", stripe_account="acct_1NobodysAccount0")

    assert answer.status == 403
    assert body(answer)["error"]["code"] == "account_invalid"


def test_unknown_url_is_told_apart_from_what_is_not_simulated(sandbox: Sandbox) -> None:
    unknown = send(sandbox, "GET", "/v1/custumers")
    beyond = send(sandbox, "POST", "/v1/climate/orders", {"product": "x"})

    assert unknown.status == 404
    assert body(unknown)["error"]["message"].startswith(
        "Unrecognized request URL (GET: /v1/custumers)."
    )
    assert beyond.status == 501
    assert body(beyond)["error"]["code"] == "not_simulated"


def test_every_answer_says_its_request_and_version(sandbox: Sandbox) -> None:
    first = send(sandbox, "GET", "/v1/account")
    second = send(sandbox, "GET", "/v1/account", stripe_version="2024-06-20")

    assert first.headers["Stripe-Version"] == "2026-08-26.dahlia"
    assert second.headers["Stripe-Version"] == "2024-06-20"
    assert first.headers["Request-Id"].startswith("req_")
    assert len(first.headers["Request-Id"]) == len("req_") + 14
    assert first.headers["Request-Id"] != second.headers["Request-Id"]


def test_unknown_version_is_refused_and_echoed(sandbox: Sandbox) -> None:
    answer = send(sandbox, "GET", "/v1/account", stripe_version="not-a-real-version")

    assert answer.status == 400
    assert body(answer)["error"] == {
        "message": "Invalid Stripe API version: not-a-real-version",
        "request_log_url": body(answer)["error"]["request_log_url"],
        "type": "invalid_request_error",
    }
    assert answer.headers["Stripe-Version"] == "not-a-real-version"


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("2024-06-20", 200),
        ("2026-08-26.dahlia", 200),
        ("2026-09-30.endive", 400),
        ("2026-10-28.endive", 400),
    ],
)
def test_parameters_are_those_of_the_version(
    sandbox: Sandbox, version: str, status: int
) -> None:
    params = {"amount": 100, "currency": "usd", "payment_method_types": ["card"]}

    answer = send(
        sandbox, "POST", "/v1/payment_intents", params, stripe_version=version
    )

    assert answer.status == status
    if status == 400:
        assert body(answer)["error"]["code"] == "parameter_unknown"


def test_people_get_their_answers_indented(sandbox: Sandbox) -> None:
    answer = send(sandbox, "POST", "/v1/customers", {"name": "Ann"})

    lines = answer.body.decode().splitlines()
    keys = [line.split('"')[1] for line in lines if line.startswith('  "')]
    assert keys[:2] == ["id", "object"]
    assert keys[2:] == sorted(keys[2:])


def test_a_repeated_request_gets_the_same_answer(sandbox: Sandbox) -> None:
    first, again = (
        send(sandbox, "POST", "/v1/customers", {"name": "A"}, idempotency_key="k")
        for _ in range(2)
    )

    assert first.body == again.body
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    assert len(body(send(sandbox, "GET", "/v1/customers"))["data"]) == 1
    events = body(send(sandbox, "GET", "/v1/events"))["data"]
    assert [event["request"]["idempotency_key"] for event in events] == ["k"]


@pytest.mark.parametrize(
    ("path", "params"),
    [("/v1/customers", {"name": "B"}), ("/v1/products", {"name": "A"})],
)
def test_a_key_belongs_to_one_request(
    sandbox: Sandbox, path: str, params: dict[str, str]
) -> None:
    send(sandbox, "POST", "/v1/customers", {"name": "A"}, idempotency_key="k")

    answer = send(sandbox, "POST", path, params, idempotency_key="k")

    assert answer.status == 400
    assert body(answer)["error"]["type"] == "idempotency_error"
    assert "Try using a key other than 'k'" in body(answer)["error"]["message"]


def test_the_order_of_parameters_does_not_matter(sandbox: Sandbox) -> None:
    params = {"name": "A", "email": "a@example.com"}
    first = send(sandbox, "POST", "/v1/customers", params, idempotency_key="k")
    turned = dict(reversed(params.items()))

    again = send(sandbox, "POST", "/v1/customers", turned, idempotency_key="k")

    assert again.body == first.body


def test_numbers_may_be_names(sandbox: Sandbox) -> None:
    send(
        sandbox, "POST", "/v1/customers", {"metadata": {"1": "a"}}, idempotency_key="k"
    )

    other = {"metadata": {"5": "a"}}
    answer = send(sandbox, "POST", "/v1/customers", other, idempotency_key="k")

    assert body(answer)["error"]["type"] == "idempotency_error"


def test_a_list_s_numbers_are_no_names(sandbox: Sandbox) -> None:
    first, again = (
        sandbox.handle(
            Request(
                "POST",
                "/v1/customers",
                headers={"authorization": f"Bearer {KEY}", "idempotency-key": "k"},
                body=form,
            )
        )
        for form in (b"preferred_locales[]=en", b"preferred_locales[0]=en")
    )
    assert (first.status, again.body) == (200, first.body)


def test_a_publishable_key_never_gets_a_secret_key_s_answer(sandbox: Sandbox) -> None:
    made = body(
        send(
            sandbox,
            "POST",
            "/v1/payment_intents",
            {"amount": 500, "currency": "usd", "metadata": {"margin": "12"}},
        )
    )
    path = f"/v1/payment_intents/{made['id']}/confirm"
    params = {"payment_method": "pm_card_visa", "return_url": "http://127.0.0.1"}
    paid = send(sandbox, "POST", path, params, idempotency_key="k")
    public = send(
        sandbox,
        "POST",
        path,
        {**params, "client_secret": made["client_secret"]},
        idempotency_key="k",
        authorization="Bearer pk_test_0123456789abcdef",
    )

    assert body(paid)["metadata"] == {"margin": "12"}
    assert "Idempotent-Replayed" not in public.headers
    assert b"margin" not in public.body


def test_a_key_is_held_for_one_account_however_the_api_key_is_sent(
    sandbox: Sandbox,
) -> None:
    basic = "Basic " + b64encode(f"{KEY}:".encode()).decode()

    def request(authorization: str, **more: str) -> Request:
        told = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {"authorization": authorization, "idempotency-key": "k", **told}
        return Request("POST", "/v1/customers", headers=headers)

    engine = sandbox.engine
    with engine.begin(request(f"Bearer {KEY}")):
        for other, in_use in (
            (request(basic), True),
            (request(f"Bearer {KEY}", stripe_account=engine.account), True),
            (request(f"Bearer {KEY}", stripe_account="acct_1other"), False),
            (request(f"Bearer {KEY}", stripe_context="acct_1other"), False),
        ):
            with engine.begin(other) as found:
                assert found is in_use


def test_old_answers_are_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    for day, key in (("15", "a"), ("15", "b"), ("17", "c")):
        sandbox = Sandbox(seed=1, clock=f"2026-01-{day}T12:00:00", db=file)
        send(sandbox, "POST", "/v1/customers", {}, idempotency_key=key)
        sandbox.stop()
    with closing(sqlite3.connect(file)) as left:
        assert left.execute("select count(*) from idempotency").fetchone() == (1,)


def test_a_refused_parameter_does_not_use_a_key_up(sandbox: Sandbox) -> None:
    bad = send(sandbox, "POST", "/v1/customers", {"nam": "A"}, idempotency_key="k")
    good = send(sandbox, "POST", "/v1/customers", {"name": "A"}, idempotency_key="k")

    assert (bad.status, good.status) == (400, 200)


def test_a_decline_is_remembered(sandbox: Sandbox) -> None:
    params = {
        "amount": 100,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_visa_chargeDeclined",
    }
    first, again = (
        send(sandbox, "POST", "/v1/payment_intents", params, idempotency_key="k")
        for _ in range(2)
    )

    assert (first.status, again.status) == (402, 402)
    assert first.body == again.body
    assert len(body(send(sandbox, "GET", "/v1/charges"))["data"]) == 1


def test_a_key_is_forgotten_after_a_day_of_the_sandbox(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    made = []
    for clock in ("2026-01-15T12:00:00", "2026-01-16T12:01:00"):
        sandbox = Sandbox(seed=1, clock=clock, db=file)
        answer = send(
            sandbox, "POST", "/v1/customers", {"name": "A"}, idempotency_key="k"
        )
        made.append(body(answer)["id"])
        sandbox.stop()

    assert made[0] != made[1]


def test_a_key_in_use_is_refused_while_the_first_runs() -> None:
    with Sandbox(seed=1, latency=0.3) as slow:
        client = stripe.StripeClient(
            slow.key, base_addresses={"api": slow.url}, max_network_retries=0
        )
        outcomes: list[object] = []

        def create() -> None:
            try:
                options: stripe.RequestOptions = {"idempotency_key": "k"}
                outcomes.append(client.v1.customers.create({"name": "A"}, options).id)
            except stripe.StripeError as error:
                told = error.error
                outcomes.append((error.http_status, told and told.code))

        threads = [threading.Thread(target=create) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (409, "idempotency_key_in_use") in outcomes
        assert len(client.v1.customers.list().data) == 1


def test_reads_ignore_keys(sandbox: Sandbox) -> None:
    send(sandbox, "GET", "/v1/customers", idempotency_key="k")

    answer = send(sandbox, "POST", "/v1/customers", {"name": "A"}, idempotency_key="k")

    assert answer.status == 200


@pytest.fixture
def customers(client: Client) -> list[str]:
    """25 ids, newest first."""
    made = [client.v1.customers.create({"name": f"C{i}"}).id for i in range(25)]
    return made[::-1]


def test_a_list_is_newest_first_and_ten_long(
    client: Client, customers: list[str]
) -> None:
    page = client.v1.customers.list()

    assert [item.id for item in page.data] == customers[:10]
    assert page.has_more
    assert page.url == "/v1/customers"


@pytest.mark.parametrize(("limit", "rows"), [(0, 1), (1, 1), (7, 7), (500, 25)])
def test_a_limit_is_moved_into_its_bounds(
    client: Client, customers: list[str], limit: int, rows: int
) -> None:
    assert len(client.v1.customers.list({"limit": limit}).data) == rows


def test_pages_meet_without_gap_or_overlap(
    client: Client, customers: list[str]
) -> None:
    forwards = client.v1.customers.list({"limit": 4}).auto_paging_iter()
    backwards = client.v1.customers.list(
        {"limit": 4, "ending_before": customers[-1]}
    ).auto_paging_iter()

    assert [item.id for item in forwards] == customers
    assert [item.id for item in backwards] == customers[-2::-1]


def test_ending_before_gives_the_page_just_before(
    client: Client, customers: list[str]
) -> None:
    page = client.v1.customers.list({"limit": 3, "ending_before": customers[5]})

    assert [item.id for item in page.data] == customers[2:5]
    assert page.has_more


def test_a_deleted_object_still_works_as_a_cursor(
    client: Client, customers: list[str]
) -> None:
    client.v1.customers.delete(customers[3])

    page = client.v1.customers.list({"limit": 2, "starting_after": customers[3]})

    assert [item.id for item in page.data] == customers[4:6]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"starting_after": "cus_nope"}, "starting_after"),
        ({"ending_before": "cus_nope"}, "ending_before"),
    ],
)
def test_an_unknown_cursor_is_an_error(client: Client, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer") as caught:
        client.v1.customers.list(params)

    assert caught.value.http_status == 400
    assert caught.value.code == "resource_missing"
    assert caught.value.param == param


def test_two_cursors_are_one_too_many(client: Client, customers: list[str]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="pass in only one"):
        client.v1.customers.list(
            {"starting_after": customers[0], "ending_before": customers[1]}
        )


def test_created_filters_by_bounds_and_exactly(
    client: Client, customers: list[str]
) -> None:
    times = {item.id: item.created for item in client.v1.customers.list({"limit": 25})}
    third, ninth = times[customers[2]], times[customers[8]]

    between = client.v1.customers.list({"created": {"gt": ninth, "lte": third}})
    exactly = client.v1.customers.list({"created": third})

    assert [item.id for item in between.data] == customers[2:8]
    assert [item.id for item in exactly.data] == [customers[2]]


def test_filters_look_at_their_field(client: Client) -> None:
    wanted = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.create({"email": "b@example.com"})

    found = client.v1.customers.list({"email": "a@example.com"})

    assert [item.id for item in found.data] == [wanted.id]


def test_a_filter_by_an_unknown_object_is_an_error(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'"):
        client.v1.payment_intents.list({"customer": "cus_x"})


def test_a_deleted_customer_leaves_its_tombstone(client: Client) -> None:
    customer = client.v1.customers.create({"name": "Ann"})

    gone = client.v1.customers.delete(customer.id)

    assert gone.to_dict() == {"id": customer.id, "object": "customer", "deleted": True}
    assert client.v1.customers.retrieve(customer.id).to_dict() == gone.to_dict()
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(customer.id, {"name": "Bea"})


def test_metadata_merges_by_key(client: Client) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})

    changed = client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    cleared = client.v1.customers.update(customer.id, {"metadata": ""})

    assert changed.to_dict()["metadata"] == {"b": "2", "c": "3"}
    assert cleared.to_dict()["metadata"] == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key{i}": "v" for i in range(51)},
        {"k" * 41: "v"},
        {"k": "v" * 501},
    ],
    ids=["too many", "long key", "long value"],
)
def test_metadata_has_limits(client: Client, metadata: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"[Mm]etadata"):
        client.v1.customers.create({"metadata": metadata})


def test_nested_objects_merge_by_field(client: Client) -> None:
    customer = client.v1.customers.create({"address": {"city": "Oslo", "line1": "A 1"}})

    changed = client.v1.customers.update(customer.id, {"address": {"line1": "B 2"}})

    assert changed.address is not None
    assert (changed.address.city, changed.address.line1) == ("Oslo", "B 2")
    assert changed.address.country is None


def test_an_unset_field_is_null_again(client: Client) -> None:
    customer = client.v1.customers.create({"phone": "1", "address": {"city": "Oslo"}})

    changed = client.v1.customers.update(customer.id, {"phone": "", "address": ""})

    assert changed.phone is None
    assert changed.address is None


@pytest.fixture
def payment(client: Client) -> stripe.PaymentIntent:
    customer = client.v1.customers.create({"name": "Ann"})
    return client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )


def test_expand_puts_objects_in_the_place_of_ids(
    client: Client, payment: stripe.PaymentIntent
) -> None:
    found = client.v1.payment_intents.retrieve(
        payment.id,
        {"expand": ["customer", "latest_charge.balance_transaction.source"]},
    )

    customer, charge = found.customer, found.latest_charge
    assert isinstance(customer, stripe.Customer)
    assert customer.name == "Ann"
    assert isinstance(charge, stripe.Charge)
    transaction = charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    assert isinstance(transaction.source, stripe.Charge)
    assert transaction.source.id == charge.id


def test_expand_reaches_into_lists(
    client: Client, payment: stripe.PaymentIntent
) -> None:
    page = client.v1.payment_intents.list({"expand": ["data.customer"]})

    assert isinstance(page.data[0].customer, stripe.Customer)


def test_expand_gives_what_appears_only_so(
    client: Client, payment: stripe.PaymentIntent
) -> None:
    assert isinstance(payment.latest_charge, str)
    plain = client.v1.charges.retrieve(payment.latest_charge)
    client.v1.refunds.create({"charge": plain.id, "amount": 100})

    expanded = client.v1.charges.retrieve(plain.id, {"expand": ["refunds"]})

    assert "refunds" not in plain
    assert expanded.refunds is not None
    assert [refund.amount for refund in expanded.refunds.data] == [100]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("amount", "This property cannot be expanded (amount)."),
        ("nothing", "This property cannot be expanded (nothing)."),
        ("a.b.c.d.e", "You cannot expand more than 4 levels of a property."),
    ],
)
def test_expand_refuses_what_it_cannot_do(
    client: Client, payment: stripe.PaymentIntent, path: str, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.retrieve(payment.id, {"expand": [path]})

    assert caught.value.user_message == message


def test_expand_hints_at_a_forgotten_data(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"try expanding 'data\.custo"):
        client.v1.payment_intents.list({"expand": ["customer"]})


def test_every_change_is_told_with_what_was_before(client: Client) -> None:
    customer = client.v1.customers.create({"name": "A", "metadata": {"k": "1"}})
    client.v1.customers.update(customer.id, {"name": "B", "metadata": {"n": "2"}})
    client.v1.customers.update(customer.id, {"name": "B"})
    client.v1.customers.delete(customer.id)

    deleted, updated, created = client.v1.events.list().data

    assert created.type == "customer.created"
    assert created.data.object["name"] == "A"
    assert updated.type == "customer.updated"
    assert updated.data.to_dict()["previous_attributes"] == {
        "name": "A",
        "metadata": {"n": None},
    }
    assert deleted.type == "customer.deleted"
    assert "deleted" not in deleted.data.object
    assert created.request is not None
    assert created.request.id is not None
    assert created.api_version == "2026-08-26.dahlia"


def test_events_are_filtered_by_type_and_wildcard(client: Client) -> None:
    customer = client.v1.customers.create({"name": "A"})
    client.v1.customers.update(customer.id, {"name": "B"})
    client.v1.products.create({"name": "P"})

    def types(params: Any) -> list[str]:
        return [event.type for event in client.v1.events.list(params).data]

    assert types({"type": "customer.created"}) == ["customer.created"]
    assert types({"type": "customer.*"}) == ["customer.updated", "customer.created"]
    assert types({"types": ["product.created", "customer.created"]}) == [
        "product.created",
        "customer.created",
    ]


def test_equal_seeds_give_equal_bytes() -> None:
    answers = []
    for _ in range(2):
        sandbox = Sandbox(seed=5)
        answers.append(send(sandbox, "POST", "/v1/customers", {"name": "A"}).body)
        sandbox.stop()

    assert answers[0] == answers[1]


def test_a_file_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    first = Sandbox(seed=5, db=file)
    one = body(send(first, "POST", "/v1/customers", {"name": "A"}))
    account = body(send(first, "GET", "/v1/account"))["id"]
    first.stop()

    second = Sandbox(db=file)
    two = body(send(second, "POST", "/v1/customers", {"name": "B"}))
    listed = body(send(second, "GET", "/v1/customers"))["data"]

    assert [item["id"] for item in listed] == [two["id"], one["id"]]
    assert one["id"] != two["id"]
    assert two["created"] > one["created"]
    assert body(send(second, "GET", "/v1/account"))["id"] == account
    second.stop()


def test_a_file_is_not_taken_for_another_one(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    Sandbox(seed=5, db=file).stop()

    with pytest.raises(SandboxError, match="begun with the seed 5, not 9"):
        Sandbox(seed=9, db=file)
    with pytest.raises(SandboxError, match="begun with no scenario"):
        Sandbox(db=file, scenario="demo")


def test_a_file_serves_one_sandbox_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    first = Sandbox(seed=5, db=file)

    with pytest.raises(SandboxError, match="another sandbox has it open"):
        Sandbox(seed=5, db=file)

    first.stop()
    Sandbox(seed=5, db=file).stop()


def test_a_beginning_that_failed_is_begun_again(tmp_path: Path) -> None:
    story = tmp_path / "story.json"
    good = {"name": "a", "path": "/v1/customers", "method": "post", "params": {}}
    bad = {"name": "b", "path": "/v1/customers", "method": "post", "params": {"x": 1}}
    story.write_text(json.dumps({"_meta": {}, "fixtures": [good, bad]}))
    file = tmp_path / "sandbox.db"
    with pytest.raises(SandboxError):
        Sandbox(seed=5, db=file, scenario=story)
    story.write_text(
        json.dumps({"_meta": {}, "fixtures": [good, {**good, "name": "b"}]})
    )

    sandbox = Sandbox(seed=5, db=file, scenario=story)

    assert len(body(send(sandbox, "GET", "/v1/customers"))["data"]) == 2
    sandbox.stop()


def test_a_scenario_ends_where_the_clock_begins() -> None:
    sandbox = Sandbox(seed=5, scenario="demo", clock="2024-03-01T12:00:00Z")
    newest = body(send(sandbox, "GET", "/v1/payment_intents"))["data"][0]

    assert sandbox.now == 1709294400
    assert 0 < sandbox.now - newest["created"] < 24 * 60 * 60
    sandbox.stop()


@pytest.mark.parametrize("clock", ["soon", "9999-12-31T23:59:59Z", -1, 10**14])
def test_a_clock_must_be_a_time(clock: str | int) -> None:
    with pytest.raises(SandboxError, match="is no time for a clock"):
        Sandbox(clock=clock)


def test_a_stopped_sandbox_stays_stopped() -> None:
    sandbox = Sandbox()
    sandbox.stop()

    with pytest.raises(SandboxError, match="was stopped"):
        sandbox.start()


@pytest.mark.parametrize(
    ("create", "path", "change"),
    [
        (
            {"amount": 500, "currency": "usd"},
            "/v1/payment_intents",
            {"currency": ""},
        ),
        ({"name": "Tea"}, "/v1/products", {"name": ""}),
    ],
)
def test_what_an_object_needs_is_not_unset(
    sandbox: Sandbox, create: dict[str, Any], path: str, change: dict[str, str]
) -> None:
    made = body(send(sandbox, "POST", path, create))

    answer = send(sandbox, "POST", f"{path}/{made['id']}", change)

    assert answer.status == 400
    assert body(answer)["error"]["code"] == "parameter_invalid_empty"


def test_query_and_body_are_read_together(sandbox: Sandbox) -> None:
    request = Request(
        "POST",
        "/v1/customers",
        query="metadata[a]=1",
        headers={"authorization": f"Bearer {KEY}"},
        body=b"metadata[b]=2",
    )

    assert body(sandbox.handle(request))["metadata"] == {"a": "1", "b": "2"}


def test_two_ways_to_write_a_list_are_one_request(sandbox: Sandbox) -> None:
    answers = [
        sandbox.handle(
            Request(
                "POST",
                "/v1/customers",
                headers={"authorization": f"Bearer {KEY}", "idempotency-key": "k"},
                body=form,
            )
        )
        for form in (b"preferred_locales[]=en", b"preferred_locales[0]=en")
    ]

    assert answers[0].body == answers[1].body


def test_the_asynchronous_client_works_alike(client: Client) -> None:
    async def create() -> stripe.Customer:
        return await client.v1.customers.create_async({"name": "Ann"})

    assert asyncio.run(create()).name == "Ann"


def test_only_requests_to_this_machine_are_answered(sandbox: Sandbox) -> None:
    import requests

    answer = requests.get(
        f"{sandbox.url}/v1/account",
        headers={"Authorization": f"Bearer {KEY}", "Host": "evil.example"},
        timeout=5,
    )

    assert answer.status_code == 400


def test_what_fails_by_itself_does_not_stop_requests(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    made = body(send(sandbox, "POST", "/v1/customers", {"name": "A"}))
    with sandbox.engine.writing():
        call = sandbox.engine.internal_call()
        call.later(call.now(), "nothing_it_knows", made)

    answers = [send(sandbox, "GET", "/v1/customers") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert len(caplog.records) == 1
    assert "nothing_it_knows" in caplog.text
