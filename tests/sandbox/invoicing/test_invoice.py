"""Invoices: from draft to paid, void or given up, with the events in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.invoicing.conftest import Desk

DAY = 24 * 60 * 60


def test_a_draft_leaves_pending_items_alone_unless_told(desk: Desk) -> None:
    desk.item(700)
    empty = desk.v1.invoices.create({"customer": desk.customer.id})
    assert (empty.status, empty.total, empty.number) == ("draft", 0, None)
    assert empty.auto_advance is False
    full = desk.draft()
    assert [line.amount for line in full.lines.data] == [700]
    assert full.billing_reason == "manual"


def test_finalizing_numbers_and_prepares_the_payment(desk: Desk) -> None:
    draft = desk.draft(2000)
    desk.events()
    invoice = desk.v1.invoices.finalize_invoice(
        draft.id, {"expand": ["payments", "confirmation_secret"]}
    )
    prefix = desk.v1.customers.retrieve(desk.customer.id).invoice_prefix
    assert invoice.status == "open"
    assert invoice.number == f"{prefix}-0001"
    assert invoice.hosted_invoice_url
    assert invoice.invoice_pdf
    assert invoice.status_transitions.finalized_at == invoice.effective_at
    assert desk.events() == ["invoice.finalized", "payment_intent.created"]
    [payment] = invoice.payments.data
    assert (payment.status, payment.amount_requested) == ("open", 2000)
    intent = desk.v1.payment_intents.retrieve(payment.payment.payment_intent)
    assert intent.status == "requires_payment_method"
    assert intent.payment_details.order_reference == invoice.id
    assert invoice.confirmation_secret.client_secret == intent.client_secret
    assert desk.open(100).number == f"{prefix}-0002"


def test_invoice_has_no_payment_intent_of_its_own(desk: Desk) -> None:
    assert "payment_intent" not in desk.open().to_dict()


def test_paying_charges_the_default_card(desk: Desk) -> None:
    desk.card()
    draft = desk.draft(2000)
    desk.events()
    invoice = desk.v1.invoices.pay(draft.id)
    assert invoice.status == "paid"
    assert (invoice.amount_paid, invoice.amount_remaining) == (2000, 0)
    assert (invoice.attempted, invoice.attempt_count) == (True, 1)
    assert desk.events() == [
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.updated",
    ]
    assert desk.v1.customers.retrieve(desk.customer.id).currency == "usd"
    [payment] = desk.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert (payment.status, payment.amount_paid) == ("paid", 2000)


def test_the_customer_pays_the_intent_and_so_the_invoice(desk: Desk) -> None:
    invoice = desk.open(expand=[])
    secret = desk.reload(invoice, expand=["confirmation_secret"]).confirmation_secret
    intent = secret.client_secret.split("_secret_")[0]
    desk.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    assert desk.reload(invoice).status == "paid"


def test_nothing_due_is_paid_at_finalization(desk: Desk) -> None:
    draft = desk.draft(0)
    desk.events()
    invoice = desk.v1.invoices.finalize_invoice(draft.id)
    assert (invoice.status, invoice.attempt_count) == ("paid", 0)
    assert desk.events()[:4] == [
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="Invoice is already paid"):
        desk.v1.invoices.pay(invoice.id)


def test_paid_out_of_band_cancels_the_card_payment(desk: Desk) -> None:
    invoice = desk.v1.invoices.pay(desk.open().id, {"paid_out_of_band": True})
    assert (invoice.status, invoice.amount_paid) == ("paid", 2000)
    [payment] = desk.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert payment.status == "canceled"
    intent = desk.v1.payment_intents.retrieve(payment.payment.payment_intent)
    assert intent.status == "canceled"


def test_void_is_for_open_invoices_alone(desk: Desk) -> None:
    invoice = desk.v1.invoices.void_invoice(desk.open().id)
    assert invoice.status == "void"
    assert invoice.status_transitions.voided_at
    assert desk.events()[-3:] == [
        "invoice.updated",
        "payment_intent.canceled",
        "invoice.voided",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="This invoice isn't open"):
        desk.v1.invoices.void_invoice(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="`paid` payments cannot"):
        desk.v1.invoices.void_invoice(desk.paid().id)
    with pytest.raises(stripe.InvalidRequestError, match="no longer be paid"):
        desk.v1.invoices.pay(invoice.id)


def test_uncollectible_can_still_be_paid_or_voided(desk: Desk) -> None:
    desk.card()
    given_up = desk.v1.invoices.mark_uncollectible(desk.open().id)
    assert given_up.status == "uncollectible"
    assert given_up.status_transitions.marked_uncollectible_at
    assert desk.v1.invoices.pay(given_up.id).status == "paid"
    other = desk.v1.invoices.mark_uncollectible(desk.open().id)
    assert desk.v1.invoices.void_invoice(other.id).status == "void"


def test_only_drafts_are_deleted_and_their_items_wait_again(desk: Desk) -> None:
    draft = desk.draft(900)
    gone = desk.v1.invoices.delete(draft.id)
    assert gone.deleted
    assert desk.events()[-1] == "invoice.deleted"
    [item] = desk.v1.invoice_items.list({"pending": True}).data
    assert item.amount == 900
    with pytest.raises(stripe.InvalidRequestError, match="only delete draft") as caught:
        desk.v1.invoices.delete(desk.open().id)
    assert caught.value.code == "invoice_not_editable"


def test_final_sums_can_not_be_changed(desk: Desk) -> None:
    invoice = desk.open()
    for change in ({"discounts": ""}, {"collection_method": "send_invoice"}):
        given: Any = change
        with pytest.raises(stripe.InvalidRequestError) as caught:
            desk.v1.invoices.update(invoice.id, given)
        assert caught.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.item(1, invoice=invoice.id)
    assert caught.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        desk.v1.invoices.finalize_invoice(invoice.id)
    kept = desk.v1.invoices.update(invoice.id, {"metadata": {"a": "1"}})
    assert kept.metadata["a"] == "1"


def test_update_tells_what_was_before(desk: Desk) -> None:
    draft = desk.draft(2000, description="old")
    desk.v1.invoices.update(draft.id, {"description": "new"})
    event = desk.last_event("invoice.updated")
    assert event.data.previous_attributes.to_dict() == {"description": "old"}


def test_an_invoice_to_send_is_due_and_sent(desk: Desk) -> None:
    draft = desk.draft(2000, collection_method="send_invoice", days_until_due=30)
    assert draft.due_date == draft.created + 30 * DAY
    assert draft.next_payment_attempt is None
    invoice = desk.v1.invoices.send_invoice(draft.id)
    assert invoice.status == "open"
    assert desk.events()[-3:] == [
        "invoice.finalized",
        "payment_intent.created",
        "invoice.sent",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="collection method"):
        desk.v1.invoices.send_invoice(desk.draft(1).id)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"days_until_due": 3}, "days_until_due"),
        ({"collection_method": "send_invoice", "days_until_due": -1}, "days_until_due"),
        ({"default_payment_method": "pm_x"}, "default_payment_method"),
        ({"discounts": [{"coupon": "NONE"}]}, "discounts[0][coupon]"),
        ({"default_tax_rates": ["txr_x"]}, "default_tax_rates[0]"),
        ({"customer": "cus_x"}, "customer"),
        ({"currency": "zzz"}, "currency"),
    ],
)
def test_create_refuses_what_can_not_be(
    desk: Desk, params: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.draft(**params)
    assert (caught.value.http_status, caught.value.param) == (400, param)


def test_a_customer_without_email_gets_no_invoice_to_pay(desk: Desk) -> None:
    nobody = desk.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="Missing email"):
        desk.draft(
            customer=nobody.id, collection_method="send_invoice", days_until_due=3
        )


def test_a_missing_invoice_is_named_as_stripe_does(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice") as caught:
        desk.v1.invoices.retrieve("in_x")
    assert (caught.value.http_status, caught.value.param) == (404, "invoice")


def test_discounts_and_taxes_are_summed_up(desk: Desk) -> None:
    on_top = desk.v1.tax_rates.create(
        {"display_name": "Sales tax", "inclusive": False, "percentage": 10}
    )
    within = desk.v1.tax_rates.create(
        {"display_name": "VAT", "inclusive": True, "percentage": 20}
    )
    half = desk.v1.coupons.create({"percent_off": 50})
    draft = desk.draft(discounts=[{"coupon": half.id}])
    desk.item(1000, invoice=draft.id, tax_rates=[on_top.id])
    desk.item(2400, invoice=draft.id, tax_rates=[within.id])
    invoice = desk.reload(draft)
    assert (invoice.subtotal, invoice.subtotal_excluding_tax) == (3400, 3000)
    assert [each.amount for each in invoice.total_discount_amounts] == [1700]
    assert [tax.amount for tax in invoice.total_taxes] == [50, 200]
    assert (invoice.total, invoice.total_excluding_tax) == (1750, 1500)
    assert invoice.amount_due == 1750


def test_default_tax_rates_hold_for_lines_without_their_own(desk: Desk) -> None:
    tax = desk.v1.tax_rates.create(
        {"display_name": "Sales tax", "inclusive": False, "percentage": 8.875}
    )
    invoice = desk.draft(1000, default_tax_rates=[tax.id])
    assert invoice.total_taxes[0].amount == 89
    assert invoice.default_tax_rates[0].id == tax.id


@pytest.mark.parametrize(
    ("status", "reason"),
    [("exempt", "customer_exempt"), ("reverse", "reverse_charge")],
)
def test_who_is_exempt_pays_no_tax(desk: Desk, status: str, reason: str) -> None:
    tax = desk.v1.tax_rates.create(
        {"display_name": "Sales tax", "inclusive": False, "percentage": 10}
    )
    desk.v1.customers.update(desk.customer.id, {"tax_exempt": status})
    invoice = desk.draft(1000, default_tax_rates=[tax.id])
    assert (invoice.total, invoice.total_excluding_tax) == (1000, 1000)
    [untaxed] = invoice.total_taxes
    assert (untaxed.amount, untaxed.taxability_reason) == (0, reason)


def test_shipping_is_added_to_the_total(desk: Desk) -> None:
    rate: Any = {"amount": 500, "currency": "usd"}
    data: Any = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": rate}
    invoice = desk.draft(1000, shipping_cost={"shipping_rate_data": data})
    assert (invoice.amount_shipping, invoice.total) == (500, 1500)
    assert invoice.shipping_cost.shipping_rate.startswith("shr_")


def test_credit_pays_first_and_comes_back_when_voided(desk: Desk) -> None:
    desk.v1.customers.update(desk.customer.id, {"balance": -500})
    invoice = desk.open(2000)
    assert (invoice.starting_balance, invoice.ending_balance) == (-500, 0)
    assert (invoice.total, invoice.amount_due) == (2000, 1500)
    desk.v1.invoices.void_invoice(invoice.id)
    assert desk.v1.customers.retrieve(desk.customer.id).balance == -500
    booked = desk.v1.customers.balance_transactions.list(desk.customer.id).data
    assert [(each.type, each.amount) for each in booked] == [
        ("unapplied_from_invoice", -500),
        ("applied_to_invoice", 500),
        ("adjustment", -500),
    ]


def test_what_is_too_little_to_charge_waits_on_the_balance(desk: Desk) -> None:
    invoice = desk.open(30)
    assert (invoice.status, invoice.amount_due, invoice.ending_balance) == (
        "paid",
        0,
        30,
    )
    assert desk.open(970).amount_due == 1000


def test_preview_shows_and_stores_nothing(desk: Desk) -> None:
    desk.item(1000)
    half = desk.v1.coupons.create({"percent_off": 50})
    desk.events()
    items: Any = [{"amount": 500, "currency": "usd", "description": "more"}]
    shown = desk.v1.invoices.create_preview(
        {
            "customer": desk.customer.id,
            "invoice_items": items,
            "discounts": [{"coupon": half.id}],
        }
    )
    assert (shown.status, shown.subtotal, shown.total) == ("draft", 1500, 750)
    assert desk.events() == []
    assert desk.v1.invoices.list().data == []
    assert desk.v1.coupons.retrieve(half.id).times_redeemed == 0


def test_preview_of_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.v1.invoices.create_preview({"customer": desk.customer.id})
    assert caught.value.code == "invoice_upcoming_none"


def test_a_payment_made_elsewhere_is_attached(desk: Desk) -> None:
    invoice = desk.open(2000)
    intent = desk.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "customer": desk.customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "off_session": True,
        }
    )
    settled = desk.v1.invoices.attach_payment(
        invoice.id, {"payment_intent": intent.id, "expand": ["payments"]}
    )
    assert settled.status == "paid"
    assert {payment.is_default for payment in settled.payments.data} == {True, False}
    with pytest.raises(stripe.InvalidRequestError, match="is paid"):
        desk.v1.invoices.attach_payment(invoice.id, {"payment_intent": intent.id})


def test_lists_are_filtered(desk: Desk) -> None:
    draft, final = desk.draft(1), desk.open(2000)
    assert [each.id for each in desk.v1.invoices.list({"status": "open"})] == [final.id]
    assert [each.id for each in desk.v1.invoices.list({"status": "draft"})] == [
        draft.id
    ]
    assert desk.v1.invoices.list({"due_date": {"gt": 0}}).data == []


def test_what_has_no_effect_here_is_said(desk: Desk) -> None:
    with pytest.raises(stripe.StripeError, match="from_invoice") as caught:
        desk.draft(from_invoice={"action": "revision", "invoice": "in_1"})
    assert caught.value.http_status == 501
