"""What a checkout session collects beside the money: invoices, taxes, consent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

BERLIN = {"country": "DE", "city": "Berlin", "line1": "Allee 1", "postal_code": "10115"}

Open = Callable[..., stripe.checkout.Session]


def sold(amount: int = 1500, **price: Any) -> dict[str, Any]:
    data = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Mug"}}
    return {"price_data": {**data, **price}, "quantity": 2}


@pytest.fixture
def opened(client: Client) -> Open:
    def make(options: Any = None, **given: Any) -> stripe.checkout.Session:
        params: Any = {
            "mode": "payment",
            "success_url": "https://shop.example/done",
            "line_items": [sold()],
            **given,
        }
        return client.v1.checkout.sessions.create(params, options)

    return make


def done(client: Client, sandbox: Sandbox, session: Any, *expand: str) -> Any:
    sandbox.complete_checkout(session.id)
    return client.v1.checkout.sessions.retrieve(session.id, {"expand": [*expand]})


# Refusals ---------------------------------------------------------------------------


def test_coupon_in_another_currency_is_refused(client: Client, opened: Open) -> None:
    euros = client.v1.coupons.create({"amount_off": 500, "currency": "eur"}).id
    with pytest.raises(stripe.InvalidRequestError, match="in eur") as refused:
        opened(discounts=[{"coupon": euros}])
    assert refused.value.param == "discounts[0][coupon]"
    assert client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (
            {"payment_intent_data": {"statement_descriptor": "x" * 23}},
            "payment_intent_data[statement_descriptor]",
        ),
        (
            {"payment_intent_data": {"receipt_email": "nobody"}},
            "payment_intent_data[receipt_email]",
        ),
        ({"payment_intent_data": {"metadata": {"a" * 41: "b"}}}, None),
    ],
)
def test_texts_of_the_payment_to_come_are_checked_at_once(
    opened: Open, given: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        opened(**given)
    assert param in (None, refused.value.param)


@pytest.mark.parametrize("what", ["session", "invoice", "subscription"])
def test_account_that_may_not_charge_sells_nothing(
    client: Client, opened: Open, what: str
) -> None:
    account = client.v1.accounts.create({"type": "express", "country": "US"}).id
    options: Any = {"stripe_account": account}
    customer = client.v1.customers.create(options=options).id
    given: Any = {"customer": customer, "items": [{"price": "price_1"}]}
    calls: dict[str, Callable[[], object]] = {
        "invoice": lambda: client.v1.invoices.create({"customer": customer}, options),
        "session": lambda: opened(options),
        "subscription": lambda: client.v1.subscriptions.create(given, options),
    }
    with pytest.raises(stripe.InvalidRequestError, match="cannot currently make"):
        calls[what]()


# Invoices ---------------------------------------------------------------------------


def test_paid_session_leaves_an_invoice_where_one_is_wanted(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    off = client.v1.coupons.create({"percent_off": 10}).id
    told = {"description": "Thanks", "metadata": {"order": "7"}}
    session = opened(
        invoice_creation={"enabled": True, "invoice_data": told},
        discounts=[{"coupon": off}],
    )
    complete = done(client, sandbox, session, "invoice.payments")
    invoice = complete.invoice
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 2700, 2700)
    assert (invoice.description, invoice.metadata["order"]) == ("Thanks", "7")
    assert invoice.customer == complete.customer
    (payment,) = invoice.payments.data
    assert payment.payment.payment_intent == complete.payment_intent
    assert len(client.v1.payment_intents.list().data) == 1
    assert client.v1.coupons.retrieve(off).times_redeemed == 1


def test_free_session_leaves_an_invoice_too(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    free = client.v1.coupons.create({"percent_off": 100}).id
    session = opened(invoice_creation={"enabled": True}, discounts=[{"coupon": free}])
    invoice = done(client, sandbox, session, "invoice").invoice
    assert (invoice.status, invoice.total) == ("paid", 0)


def test_session_leaves_no_invoice_unasked(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    assert done(client, sandbox, opened()).invoice is None
    assert client.v1.invoices.list().data == []


# Taxes ------------------------------------------------------------------------------


def test_tax_is_complete_and_nothing_without_a_registration(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    session = opened(automatic_tax={"enabled": True})
    assert session.automatic_tax.status == "requires_location_inputs"
    complete = done(client, sandbox, session)
    assert complete.automatic_tax.status == "complete"
    assert (complete.total_details.amount_tax, complete.amount_total) == (0, 3000)


def test_subscription_of_a_session_is_taxed_likewise(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    session = opened(
        mode="subscription",
        line_items=[sold(900, recurring={"interval": "month"})],
        automatic_tax={"enabled": True},
    )
    complete = done(client, sandbox, session, "subscription", "invoice")
    assert complete.subscription.automatic_tax.enabled
    assert complete.invoice.automatic_tax.status == "complete"


def test_known_customer_of_nowhere_has_to_tell_its_address(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    customer = client.v1.customers.create().id
    taxed: Any = {"customer": customer, "automatic_tax": {"enabled": True}}
    with pytest.raises(stripe.InvalidRequestError, match="valid address") as refused:
        opened(**taxed)
    assert refused.value.code == "customer_tax_location_invalid"
    told = opened(**taxed, customer_update={"address": "auto"})
    assert done(client, sandbox, told).automatic_tax.status == "complete"
    address: Any = BERLIN
    client.v1.customers.update(customer, {"address": address})
    assert opened(**taxed).automatic_tax.status == "complete"


def test_tax_ids_of_a_known_customer_come_with_its_name(
    client: Client, opened: Open
) -> None:
    customer = client.v1.customers.create().id
    asks: Any = {"customer": customer, "tax_id_collection": {"enabled": True}}
    with pytest.raises(stripe.InvalidRequestError, match="customer_update"):
        opened(**asks)
    session = opened(**asks, customer_update={"name": "auto"})
    assert session.tax_id_collection is not None
    assert session.tax_id_collection.to_dict() == {"enabled": True, "required": "never"}


# What customers agree to and tell -----------------------------------------------------


def test_terms_have_to_be_accepted_on_the_page(client: Client, opened: Open) -> None:
    asked = {"terms_of_service": "required", "promotions": "auto"}
    session = opened(consent_collection=asked)
    url = str(session.url)
    page = requests.get(url, timeout=5).text
    assert 'name="terms"' in page
    form = {
        "action": "pay",
        "email": "ada@example.com",
        "number": "4242 4242 4242 4242",
        "expiry": "12 / 34",
        "cvc": "123",
        "name": "Ada",
    }
    refused = requests.post(url, data=form, timeout=5, allow_redirects=False)
    assert "accept the terms" in refused.text
    form |= {"terms": "accepted", "promotions": "opt_in"}
    requests.post(url, data=form, timeout=5, allow_redirects=False)
    complete = client.v1.checkout.sessions.retrieve(session.id)
    assert complete.status == "complete"
    assert complete.consent is not None
    assert complete.consent.to_dict() == {
        "promotions": "opt_in",
        "terms_of_service": "accepted",
    }


def test_known_customer_keeps_what_it_tells_where_the_shop_wants_that(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    customer = client.v1.customers.create({"name": "Ada"}).id
    sandbox.complete_checkout(opened(customer=customer).id, name="Ada King")
    assert client.v1.customers.retrieve(customer).name == "Ada"
    told = opened(customer=customer, customer_update={"name": "auto"})
    sandbox.complete_checkout(told.id, name="Ada King")
    assert client.v1.customers.retrieve(customer).name == "Ada King"


def test_payment_link_passes_on_what_it_collects(client: Client) -> None:
    data: Any = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Mug"}}
    price = client.v1.prices.create(data).id
    given: Any = {
        "line_items": [{"price": price, "quantity": 1}],
        "automatic_tax": {"enabled": True},
        "invoice_creation": {"enabled": True},
        "consent_collection": {"terms_of_service": "required"},
        "tax_id_collection": {"enabled": True},
    }
    link = client.v1.payment_links.create(given)
    requests.get(link.url, timeout=5)
    (session,) = client.v1.checkout.sessions.list().data
    assert session.automatic_tax.enabled
    assert session.invoice_creation is not None
    assert session.invoice_creation.enabled
    assert session.consent_collection is not None
    assert session.consent_collection.terms_of_service == "required"


def test_invoice_of_a_taxed_session_is_taxed_too(
    client: Client, sandbox: Sandbox, opened: Open
) -> None:
    session = opened(
        automatic_tax={"enabled": True}, invoice_creation={"enabled": True}
    )
    invoice = done(client, sandbox, session, "invoice").invoice
    assert (invoice.status, invoice.automatic_tax.status) == ("paid", "complete")


def test_fee_that_no_platform_can_take_is_refused_before_anybody_pays(
    opened: Open,
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Can only apply"):
        opened(
            mode="subscription",
            line_items=[sold(900, recurring={"interval": "month"})],
            subscription_data={"application_fee_percent": 10},
        )
