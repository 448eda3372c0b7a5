"""Answers in the shapes of older API versions, as tutorials of their time read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.shapes import was_otherwise
from stripe_nb.sandbox.wire import Request, encode_form
from stripe_nb.session import Client

_OLD = "2024-06-20"
_OLDER = "2020-08-27"


class Past:
    """A client of an older version, as it was on the wire."""

    def __init__(self, sandbox: Sandbox, version: str) -> None:
        self.sandbox = sandbox
        self.version = version

    def ask(self, method: str, path: str, **params: Any) -> Any:
        status, body = self.answer(method, path, params)
        assert status == 200, body
        return body

    def answer(
        self, method: str, path: str, params: Mapping[str, Any]
    ) -> tuple[int, Any]:
        form = encode_form(params)
        posts = method == "POST"
        answer = self.sandbox.handle(
            Request(
                method=method,
                path=path,
                query="" if posts else form,
                headers={
                    "authorization": f"Bearer {self.sandbox.key}",
                    "stripe-version": self.version,
                },
                body=form.encode() if posts else b"",
            )
        )
        assert answer.headers["Stripe-Version"] == self.version
        return answer.status, orjson.loads(answer.body)


@pytest.fixture
def past(sandbox: Sandbox) -> Past:
    return Past(sandbox, _OLD)


@pytest.fixture
def customer(client: Client) -> str:
    return client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    ).id


@pytest.fixture
def price(client: Client) -> str:
    return client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1000,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Plan"},
        }
    ).id


def subscribe(past: Past, customer: str, price: str, **more: Any) -> Any:
    return past.ask(
        "POST",
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": price}],
        **more,
    )


def test_first_payment_is_expanded_from_the_invoice(
    past: Past, customer: str, price: str
) -> None:
    subscription = subscribe(
        past,
        customer,
        price,
        payment_behavior="default_incomplete",
        expand=["latest_invoice.payment_intent"],
    )
    invoice = subscription["latest_invoice"]
    intent = invoice["payment_intent"]
    assert intent["client_secret"].startswith(intent["id"])
    assert intent["invoice"] == invoice["id"]
    assert invoice["subscription"] == subscription["id"]
    assert invoice["paid"] is False
    assert {"parent", "payments", "confirmation_secret"}.isdisjoint(invoice)


def test_period_stands_on_the_subscription(
    past: Past, client: Client, customer: str, price: str
) -> None:
    old = subscribe(past, customer, price)
    today = client.v1.subscriptions.retrieve(old["id"])
    item = today["items"].data[0]
    assert old["current_period_end"] == item.current_period_end
    assert old["current_period_start"] == item.current_period_start
    assert "current_period_end" not in old["items"]["data"][0]
    assert old["discount"] is None


def test_coupon_is_a_parameter_and_stands_in_the_discount(
    past: Past, client: Client, customer: str, price: str
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    old = subscribe(past, customer, price, coupon=coupon.id)
    assert old["discount"]["coupon"]["percent_off"] == 50
    assert "source" not in old["discount"]
    invoice = past.ask("GET", f"/v1/invoices/{old['latest_invoice']}")
    assert invoice["total"] == 500
    assert invoice["discount"]["coupon"]["id"] == coupon.id


def test_paid_invoice_names_its_charge(past: Past, customer: str, price: str) -> None:
    subscribe(past, customer, price)
    (invoice,) = past.ask(
        "GET", "/v1/invoices", customer=customer, expand=["data.charge"]
    )["data"]
    assert invoice["paid"] is True
    assert invoice["paid_out_of_band"] is False
    assert invoice["charge"]["invoice"] == invoice["id"]
    line = invoice["lines"]["data"][0]
    assert (line["type"], line["proration"]) == ("subscription", False)
    assert line["price"]["unit_amount"] == line["plan"]["amount"] == 1000


def test_tax_stands_in_total_tax_amounts(
    past: Past, client: Client, customer: str, price: str
) -> None:
    rate = client.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": 20, "inclusive": False}
    )
    old = subscribe(past, customer, price, default_tax_rates=[rate.id])
    invoice = past.ask("GET", f"/v1/invoices/{old['latest_invoice']}")
    assert invoice["tax"] == 200
    (tax,) = invoice["total_tax_amounts"]
    assert (tax["amount"], tax["inclusive"], tax["tax_rate"]) == (200, False, rate.id)


def test_upcoming_invoice_is_asked_for_by_get(
    past: Past, customer: str, price: str
) -> None:
    old = subscribe(past, customer, price)
    upcoming = past.ask("GET", "/v1/invoices/upcoming", subscription=old["id"])
    assert "id" not in upcoming
    assert upcoming["total"] == 1000
    lines = past.ask("GET", "/v1/invoices/upcoming/lines", subscription=old["id"])
    assert lines["data"][0]["price"]["id"] == price
    item = old["items"]["data"][0]["id"]
    doubled = past.ask(
        "GET",
        "/v1/invoices/upcoming",
        subscription=old["id"],
        subscription_items=[{"id": item, "quantity": 2}],
        subscription_proration_behavior="none",
    )
    assert doubled["total"] == 2000


def test_upcoming_invoice_is_gone_today(sandbox: Sandbox, customer: str) -> None:
    today = Past(sandbox, "2026-10-28.endive")
    status, body = today.answer("GET", "/v1/invoices/upcoming", {})
    assert status == 404
    assert body["error"]["message"] == "No such invoice: 'upcoming'"


def test_charges_stand_on_the_payment_intent(sandbox: Sandbox) -> None:
    paid = Past(sandbox, _OLDER).ask(
        "POST",
        "/v1/payment_intents",
        amount=500,
        currency="usd",
        payment_method="pm_card_visa",
        payment_method_types=["card"],
        confirm=True,
    )
    (charge,) = paid["charges"]["data"]
    assert charge["amount"] == 500
    assert "latest_charge" not in paid
    between = Past(sandbox, _OLD).ask("GET", f"/v1/payment_intents/{paid['id']}")
    assert between["latest_charge"] == charge["id"]
    assert "charges" not in between


def test_promotion_code_holds_its_coupon(past: Past, client: Client) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"})
    code = past.ask("POST", "/v1/promotion_codes", coupon=coupon.id, code="SPRING")
    assert code["coupon"]["percent_off"] == 25
    assert "promotion" not in code


def test_invoice_item_holds_its_price(
    past: Past, client: Client, customer: str
) -> None:
    once = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Setup"}}
    )
    item = past.ask("POST", "/v1/invoiceitems", customer=customer, price=once.id)
    assert (item["price"]["id"], item["unit_amount"], item["plan"]) == (
        once.id,
        700,
        None,
    )


def test_clover_has_the_older_discount_no_more(
    sandbox: Sandbox, client: Client, customer: str, price: str
) -> None:
    basil = Past(sandbox, "2025-03-31.basil")
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    made = subscribe(
        basil,
        customer,
        price,
        discounts=[{"coupon": coupon.id}],
        expand=["discounts"],
    )
    assert made["discounts"][0]["coupon"]["id"] == coupon.id
    assert "current_period_end" not in made
    clover = Past(sandbox, "2025-09-30.clover").ask(
        "GET", f"/v1/subscriptions/{made['id']}", expand=["discounts"]
    )
    assert clover["discounts"][0]["source"]["coupon"] == coupon.id


def test_events_keep_the_shape_of_their_own_version(
    past: Past, customer: str, price: str
) -> None:
    subscribe(past, customer, price)
    (event,) = past.ask("GET", "/v1/events", type="invoice.paid")["data"]
    assert event["api_version"] == "2026-08-26.dahlia"
    assert "parent" in event["data"]["object"]


def test_removed_field_cannot_be_expanded_today(
    sandbox: Sandbox, past: Past, customer: str, price: str
) -> None:
    old = subscribe(past, customer, price)
    today = Past(sandbox, "2026-10-28.endive")
    status, body = today.answer(
        "GET",
        f"/v1/subscriptions/{old['id']}",
        {"expand": ["latest_invoice.payment_intent"]},
    )
    assert status == 400
    assert body["error"]["message"].startswith("This property cannot be expanded")


@pytest.mark.parametrize(
    ("version", "otherwise"),
    [
        ("2020-08-27", True),
        ("2025-08-27.basil", True),
        ("2025-09-30.clover", True),
        ("2026-03-25.dahlia", False),
        ("2026-10-28.endive", False),
    ],
)
def test_only_older_versions_are_otherwise(version: str, otherwise: bool) -> None:
    assert was_otherwise(version) is otherwise
