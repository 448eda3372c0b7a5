"""The search API: its query language, pages and errors."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.errors import InvalidRequest
from stripe_nb.sandbox.search_query import parse_query
from stripe_nb.session import Client

PEOPLE: tuple[dict[str, Any], ...] = (
    {"name": "Jane Doe", "email": "jane@example.com", "metadata": {"plan": "gold"}},
    {"name": "Jane van Doe", "email": "JVD@example.org", "phone": "+4912345"},
    {"name": "José", "metadata": {"plan": "Silver", 'odd "key"': "1"}},
    {"email": "nobody@example.com"},
)


@pytest.fixture
def people(client: Client) -> Client:
    for person in PEOPLE:
        client.v1.customers.create(person)  # type: ignore[arg-type]
    return client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('email:"jane@example.com"', [0]),
        ('email:"jvd@example.org"', [1]),
        ("email:'jane@example.com'", [0]),
        ('email~"example.com"', [3, 0]),
        ('name:"jane"', [1, 0]),
        ('name:"jane doe"', [0]),
        ('name:"van doe"', [1]),
        ('name:"JOSÉ"', [2]),
        ('name~"ane"', [1, 0]),
        ('-name:"jane"', [3, 2]),
        ("name:null", [3]),
        ("-name:null", [2, 1, 0]),
        ('metadata["plan"]:"GOLD"', [0]),
        ("metadata['plan']:'silver'", [2]),
        ('-metadata["plan"]:null', [2, 0]),
        ('metadata["odd \\"key\\""]:"1"', [2]),
        ('name:"jane" AND email~"example.org"', [1]),
        ('name:"jane" email~"example.org"', [1]),
        ('name:"josé" or phone~"4912"', [2, 1]),
        ("created>0", [3, 2, 1, 0]),
        ("created<1", []),
        ('created>="1" and -email:null', [3, 1, 0]),
    ],
)
def test_a_query_finds_what_it_says(
    people: Client, query: str, found: list[int]
) -> None:
    answer = people.v1.customers.search({"query": query})
    assert [person.email for person in answer.data] == [
        PEOPLE[number].get("email") for number in found
    ]


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        ("charges", 'payment_method_details.card.last4:"4242" AND amount:2000'),
        ("charges", "refunded:'false' disputed:'false' status:\"succeeded\""),
        ("charges", "payment_method_details.card.exp_year>2025"),
        ("payment_intents", 'currency:"USD" AND amount>=2000'),
        ("prices", 'active:"true" AND type:"one_time" AND -lookup_key:"x"'),
        ("products", 'name~"tea" AND active:"true" shippable:null'),
    ],
)
def test_each_resource_is_found_by_its_fields(
    client: Client, resource: str, query: str
) -> None:
    product = client.v1.products.create({"name": "Green tea"})
    client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 500}
    )
    client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": "https://example.com",
        }
    )
    answer = getattr(client.v1, resource).search({"query": query})
    assert len(answer.data) == 1
    assert answer.object == "search_result"
    assert answer.url == f"/v1/{resource}/search"


def test_pages_lead_to_each_object_once(client: Client) -> None:
    made = [client.v1.customers.create({"name": "A"}).id for _ in range(23)]
    first = client.v1.customers.search(
        {"query": "created>0", "limit": 10, "expand": ["total_count"]}
    )
    seen = [each.id for each in first.auto_paging_iter()]

    assert (first.has_more, first.to_dict()["total_count"]) == (True, 23)
    assert seen == made[::-1]


def test_what_is_found_can_be_expanded(client: Client) -> None:
    customer = client.v1.customers.create({"name": "A"})
    client.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "customer": customer.id}
    )
    answer = client.v1.payment_intents.search(
        {"query": 'currency:"eur"', "expand": ["data.customer"]}
    )
    found = answer.data[0].customer
    assert isinstance(found, stripe.Customer)
    assert found.id == customer.id


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("asdf", "We were unable to parse your search query. Try using the format"),
        ('name:"a" (', "We were unable to parse your search query."),
        ('name:"a', "We were unable to parse your search query."),
        ('name:"a"email:"b"', "We were unable to parse your search query."),
        ("a:1 AND b:2 OR c:3", "can't combine AND and OR"),
        (" ".join(["created>1"] * 11), "at most 10 clauses"),
        ('foo:"bar"', "Field `foo` is an unsupported search field for resource "),
        ('metadata:"a"', "Field `metadata` is an unsupported search field"),
        ('name["a"]:"a"', "Field `name` is an unsupported search field"),
        ('name~"ab"', "at least 3 characters"),
        ("name>3", "can't be searched with the operator"),
        ("created~123", "can't be searched with the operator"),
        ("created>abc", "can't be searched with the operator"),
        ("created>null", "operator `>` and the value `null`"),
        ("email~null", "can't be searched with the operator"),
    ],
)
def test_what_can_t_be_searched_is_refused(
    client: Client, query: str, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.search({"query": query})
    assert message in str(caught.value)
    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    "page", ["no such", urlsafe_b64encode(b"9" * 30 + b".1").decode()]
)
def test_a_page_that_no_answer_gave_is_refused(client: Client, page: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.search({"query": "created>0", "page": page})
    assert caught.value.param == "page"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = parse_query(text)
    except InvalidRequest:
        return
    assert 1 <= len(query.clauses) <= 10


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_quoted_text_comes_out_as_it_went_in(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    (clause,) = parse_query(f'name:"{quoted}"').clauses
    assert clause.value == text


def test_a_value_never_becomes_sql(sandbox: Sandbox, client: Client) -> None:
    client.v1.customers.create({"name": "A"})
    evil = "x' or 1=1 --"
    answer = client.v1.customers.search({"query": f'metadata["{evil}"]:"{evil}"'})
    assert answer.data == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("created:1e999999999", 0),
        ("created<1e999999999", 1),
        ("created>-1e999999999", 1),
        ("created<1e-999999999", 0),
    ],
)
def test_numbers_beyond_measure_are_compared(
    client: Client, query: str, found: int
) -> None:
    client.v1.customers.create({})
    assert len(client.v1.customers.search({"query": query}).data) == found
