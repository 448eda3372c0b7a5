"""Fees and transfers of invoices: what the platform and a destination get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.resources.account import onboard
from stripe_nb.session import Client

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk


@pytest.fixture
def account(client: Client, sandbox: Sandbox) -> str:
    """Return a connected account that may charge and be paid."""
    wanted: Any = {
        "card_payments": {"requested": True},
        "transfers": {"requested": True},
    }
    made = client.v1.accounts.create({"type": "express", "capabilities": wanted}).id
    call = sandbox.engine.internal_call()
    with sandbox.engine.writing():
        onboard(call, call.get("account", made))
    return made


def payment(desk: Desk, invoice: Any, options: Any = None) -> Any:
    """Return the payment intent that an invoice is paid with."""
    expand: Any = {"expand": ["payments.data.payment.payment_intent"]}
    shown = desk.v1.invoices.retrieve(invoice, expand, options)
    return shown.payments.data[0].payment.payment_intent


def subscribe(desk: Desk, options: Any = None, **terms: Any) -> Any:
    """Subscribe a customer with a card, here or on a connected account."""
    settings: Any = {"default_payment_method": "pm_card_visa"}
    customer = desk.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": settings}, options
    )
    product = desk.v1.products.create({"name": "Gold"}, options).id
    price: Any = {
        "currency": "usd",
        "product": product,
        "recurring": {"interval": "month"},
        "unit_amount": 999,
    }
    made = desk.v1.prices.create(price, options).id
    given: Any = {"customer": customer.id, "items": [{"price": made}], **terms}
    return desk.v1.subscriptions.create(given, options)


def test_subscriptions_fee_is_a_share_of_each_bill(desk: Desk, account: str) -> None:
    data = {"destination": account}
    made = subscribe(desk, application_fee_percent=12.5, transfer_data=data)
    assert made.application_fee_percent == 12.5
    paid = payment(desk, made.latest_invoice)
    # 12.5 % of 9.99 is 1.24875.
    assert (paid.status, paid.application_fee_amount) == ("succeeded", 125)
    assert paid.transfer_data.destination == account
    (transfer,) = desk.v1.transfers.list().data
    assert (transfer.amount, transfer.destination) == (999, account)


def test_destination_can_get_a_part_only(desk: Desk, account: str) -> None:
    data = {"destination": account, "amount_percent": 40}
    made = subscribe(desk, transfer_data=data, on_behalf_of=account)
    assert made.transfer_data.amount_percent == 40
    bill = desk.v1.invoices.retrieve(made.latest_invoice)
    assert bill.on_behalf_of == account
    assert payment(desk, bill.id).transfer_data.amount == 400
    assert desk.v1.transfers.list().data[0].amount == 400


def test_direct_subscription_pays_its_platform(desk: Desk, account: str) -> None:
    options = {"stripe_account": account}
    made = subscribe(desk, options, application_fee_percent=10)
    assert payment(desk, made.latest_invoice, options).application_fee_amount == 100
    assert [fee.amount for fee in desk.v1.application_fees.list().data] == [100]


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"application_fee_percent": 10}, "Can only apply"),
        ({"application_fee_percent": 101}, "between 0 and 100"),
        ({"transfer_data": {"destination": "acct_none"}}, "acct_none"),
        ({"on_behalf_of": "acct_none"}, "acct_none"),
    ],
)
def test_shares_that_nobody_can_take_are_refused(
    desk: Desk, terms: dict[str, Any], says: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=says):
        subscribe(desk, **terms)


def test_fee_and_part_exclude_each_other(desk: Desk, account: str) -> None:
    data = {"destination": account, "amount_percent": 40}
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        subscribe(desk, transfer_data=data, application_fee_percent=10)


def test_invoice_says_its_own_shares(desk: Desk, account: str) -> None:
    desk.card()
    invoice = desk.open(
        2000,
        application_fee_amount=300,
        transfer_data={"destination": account},
        on_behalf_of=account,
    )
    assert invoice.on_behalf_of == account
    desk.v1.invoices.pay(invoice.id)
    paid = payment(desk, invoice.id)
    assert (paid.application_fee_amount, paid.on_behalf_of) == (300, account)
    assert desk.v1.application_fees.list().data[0].amount == 300
