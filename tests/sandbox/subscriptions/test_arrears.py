"""Subscriptions in arrears: how they come to be behind, and how that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stripe_nb.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import DAY, World
else:
    from tests.sandbox.subscriptions.conftest import DAY

HOUR = 3_600


def test_detached_card_is_charged_no_more(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    method = world.v1.customers.retrieve(customer).invoice_settings
    assert method is not None
    world.v1.payment_methods.detach(str(method.default_payment_method))
    world.advance(32)
    renewal = world.invoices(customer)[1]
    assert (renewal.status, renewal.attempt_count) == ("open", 1)
    assert world.subscription(made.id).status == "past_due"


def test_detached_card_gives_way_to_the_customers_next_one(world: World) -> None:
    customer = world.customer()
    own = world.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    world.subscribe(customer, world.price(2000), default_payment_method=own.id)
    world.v1.payment_methods.detach(own.id)
    world.advance(32)
    assert world.invoices(customer)[1].status == "paid"


def test_trial_is_charged_to_what_its_setup_intent_saved(
    world: World, sandbox: Sandbox
) -> None:
    customer = world.customer(card=None)
    made = world.subscribe(
        customer,
        world.price(2000),
        trial_period_days=7,
        payment_behavior="default_incomplete",
    )
    intent = str(made.pending_setup_intent)
    world.v1.setup_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    ready = world.subscription(made.id)
    assert ready.pending_setup_intent is None
    assert ready.default_payment_method is not None
    told = world.v1.events.list({"type": "customer.subscription.updated"}).data[0]
    assert told.data.previous_attributes is not None
    assert told.data.previous_attributes.to_dict() == {
        "default_payment_method": None,
        "pending_setup_intent": intent,
    }
    world.advance(9)
    assert world.invoices(customer)[-1].status == "paid"


def test_paying_what_is_overdue_ends_past_due_though_a_newer_bill_is_a_draft(
    world: World,
) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000, "week"))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    world.advance(8)
    world.advance(14)
    draft, overdue = world.invoices(customer)[2], world.invoices(customer)[1]
    assert (draft.status, overdue.status) == ("draft", "open")
    assert world.subscription(made.id).status == "past_due"
    world.charge_to(customer, "pm_card_visa")
    world.v1.invoices.pay(overdue.id)
    assert world.subscription(made.id).status == "active"


def test_last_retry_of_an_older_bill_leaves_what_is_paid_alone(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000, "week"))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    world.advance(14)
    world.charge_to(customer, "pm_card_visa")
    old = world.invoices(customer)[1]
    bad = world.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": customer}
    )
    world.v1.invoices.update(old.id, {"default_payment_method": bad.id})
    world.advance(27)
    old = world.v1.invoices.retrieve(old.id)
    assert (old.status, old.attempt_count, old.next_payment_attempt) == (
        "open",
        4,
        None,
    )
    assert world.subscription(made.id).status == "active"


def test_voiding_the_first_bill_expires_the_subscription(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(
        customer, world.price(2000), payment_behavior="default_incomplete"
    )
    world.v1.invoices.void_invoice(str(made.latest_invoice))
    gone = world.subscription(made.id)
    assert (gone.status, gone.ended_at) == ("incomplete_expired", world.start)


def test_cardholder_who_does_not_answer_is_chased_to_the_end(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_authenticationRequired")
    world.advance(32)
    bill = world.invoices(customer)[1]
    finalized = world.day(31) + HOUR
    assert (bill.attempt_count, bill.attempted) == (1, True)
    assert bill.next_payment_attempt == finalized + 3 * DAY
    assert world.events("invoice.payment_action_required")
    world.advance(60)
    bill = world.v1.invoices.retrieve(bill.id)
    assert (bill.attempt_count, bill.next_payment_attempt) == (4, None)
    # The card is asked once: what waits for its holder is not charged again.
    assert len(world.events("payment_intent.requires_action")) == 1
    ended = world.subscription(made.id)
    assert (ended.status, ended.cancellation_details.reason) == (
        "canceled",
        "payment_failed",
    )


def test_cardholder_who_answers_in_time_goes_on(world: World, sandbox: Sandbox) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_authenticationRequired")
    world.advance(36)
    expand: Any = {"expand": ["payments"]}
    bill: Any = world.v1.invoices.retrieve(world.invoices(customer)[1].id, expand)
    sandbox.authenticate(bill.payments.data[0].payment.payment_intent)
    assert world.v1.invoices.retrieve(bill.id).status == "paid"
    assert world.subscription(made.id).status == "active"


def test_another_card_is_charged_at_the_next_retry(world: World) -> None:
    customer = world.customer()
    made = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_authenticationRequired")
    world.advance(32)
    world.charge_to(customer, "pm_card_visa")
    world.advance(35)
    assert world.invoices(customer)[1].status == "paid"
    assert world.subscription(made.id).status == "active"
