"""Renewals: announced, billed, paid or chased; and the ways to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    from tests.sandbox.subscriptions.conftest import World


def test_renewal_is_a_draft_for_an_hour(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    world.advance(31)
    draft = world.invoices(customer)[1]
    assert (draft.status, draft.billing_reason) == ("draft", "subscription_cycle")
    assert draft.automatically_finalizes_at == world.day(31) + 3600
    assert (draft.period_start, draft.period_end) == (world.start, world.day(31))
    assert world.subscription(subscription.id).latest_invoice == draft.id
    world.advance(32)
    paid = world.invoices(customer)[1]
    assert paid.status == "paid"
    assert paid.status_transitions.finalized_at == world.day(31) + 3600


def test_renewal_tells_its_story_in_order(world: World) -> None:
    world.subscribe(world.customer(), world.price(2000))
    world.advance(32)
    clock_free = ("invoice", "customer.subscription", "charge", "payment_intent")
    events = world.events(*clock_free)
    start = events.index("invoice.upcoming")
    assert events[start:] == [
        "invoice.upcoming",
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_upcoming_invoice_has_no_id_yet(world: World) -> None:
    world.subscribe(world.customer(), world.price(2000))
    world.advance(25)
    (event,) = world.client.v1.events.list({"type": "invoice.upcoming"}).data
    shown: Any = event.data.object
    assert "id" not in shown
    assert (shown["total"], shown["status"]) == (2000, "draft")


def test_update_at_renewal_names_the_former_period(world: World) -> None:
    world.subscribe(world.customer(), world.price(2000))
    world.advance(31)
    (event,) = world.client.v1.events.list(
        {"type": "customer.subscription.updated"}
    ).data
    previous: Any = event.data.previous_attributes
    (item,) = previous["items"]["data"]
    assert item["current_period_start"] == world.start
    assert "latest_invoice" in previous


def test_periods_keep_the_last_day_of_the_month(world: World) -> None:
    subscription = world.subscribe(world.customer(), world.price(2000))
    world.v1.subscriptions.cancel(subscription.id)
    world.advance(30)
    subscription = world.subscribe(world.customer(), world.price(2000))
    ends = [world.item(subscription.id).current_period_end]
    for day in (59, 91):
        world.advance(day)
        ends.append(world.item(subscription.id).current_period_end)
    # 31 January, then 28 February, 31 March and 30 April.
    assert ends == [world.day(58), world.day(89), world.day(119)]


def test_failed_renewal_is_chased_and_then_ends_it(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    world.advance(32)
    assert world.subscription(subscription.id).status == "past_due"
    invoice = world.invoices(customer)[1]
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == world.day(34) + 3600
    world.advance(60)
    ended = world.subscription(subscription.id)
    assert ended.status == "canceled"
    assert ended.cancellation_details.reason == "payment_failed"
    invoice = world.invoices(customer)[1]
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (4, None)
    assert len(world.invoices(customer)) == 2


def test_renewal_that_asks_its_cardholder_is_past_due(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_authenticationRequired")
    world.advance(32)
    assert world.subscription(subscription.id).status == "past_due"
    assert "invoice.payment_action_required" in world.events()


def test_payment_of_the_last_invoice_restores_it(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    world.charge_to(customer, "pm_card_chargeCustomerFail")
    world.advance(32)
    world.charge_to(customer, "pm_card_visa")
    world.advance(35)
    assert world.subscription(subscription.id).status == "active"
    assert world.invoices(customer)[1].status == "paid"


def test_canceled_subscription_is_over(world: World) -> None:
    subscription = world.subscribe(world.customer(), world.price(2000))
    canceled = world.v1.subscriptions.cancel(subscription.id)
    assert canceled.status == "canceled"
    assert canceled.ended_at == canceled.canceled_at == world.start
    assert canceled.cancellation_details is not None
    assert canceled.cancellation_details.reason == "cancellation_requested"
    with pytest.raises(stripe.InvalidRequestError) as again:
        world.v1.subscriptions.cancel(subscription.id)
    assert again.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.v1.subscriptions.update(subscription.id, {"description": "x"})
    assert refused.value.code == "invalid_canceled_subscription_fields"
    updated = world.v1.subscriptions.update(subscription.id, {"metadata": {"a": "b"}})
    assert updated.metadata["a"] == "b"


def test_cancellation_can_credit_and_bill_what_is_left(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(3100))
    world.advance(10)
    world.v1.subscriptions.cancel(
        subscription.id, {"invoice_now": True, "prorate": True}
    )
    assert world.lines(world.invoices(customer)[1]) == [
        ("Unused time on Gold after 11 Jan 2026", -2100)
    ]


def test_cancellation_at_period_end_can_be_taken_back(world: World) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    update = world.v1.subscriptions.update
    ending = update(subscription.id, {"cancel_at_period_end": True})
    assert ending.cancel_at == world.day(31)
    assert ending.canceled_at == world.start
    kept = update(subscription.id, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.canceled_at) == (None, None)
    world.advance(32)
    assert world.subscription(subscription.id).status == "active"
    update(subscription.id, {"cancel_at_period_end": True})
    world.advance(60)
    assert world.subscription(subscription.id).ended_at == world.day(59)
    assert len(world.invoices(customer)) == 2


@pytest.mark.parametrize(
    ("behavior", "status"),
    [
        ("keep_as_draft", "draft"),
        ("void", "void"),
        ("mark_uncollectible", "uncollectible"),
    ],
)
def test_paused_collection_still_renews(
    world: World, behavior: str, status: str
) -> None:
    customer = world.customer()
    subscription = world.subscribe(customer, world.price(2000))
    paused = world.v1.subscriptions.update(
        subscription.id,
        {
            "pause_collection": {
                "behavior": behavior,
                "resumes_at": world.day(40),
            }
        },
    )
    assert paused.status == "active"
    world.advance(35)
    assert world.invoices(customer)[1].status == status
    world.advance(60)
    assert world.subscription(subscription.id).pause_collection is None
    assert world.invoices(customer)[2].status == "paid"


def test_listing_hides_what_was_canceled(world: World) -> None:
    customer, price = world.customer(), world.price(2000)
    gone = world.subscribe(customer, price)
    world.v1.subscriptions.cancel(gone.id)
    kept = world.subscribe(customer, price)
    trial = world.subscribe(customer, world.price(1), trial_period_days=3)

    def listed(**params: Any) -> set[str]:
        wanted: Any = {"customer": customer, **params}
        found = world.v1.subscriptions.list(wanted)
        return {each.id for each in found.data}

    assert listed() == {kept.id, trial.id}
    assert listed(status="all") == {gone.id, kept.id, trial.id}
    assert listed(status="ended") == listed(status="canceled") == {gone.id}
    assert listed(status="trialing") == {trial.id}
    assert listed(price=price) == {kept.id}
    assert listed(current_period_end={"lt": world.day(10)}) == {trial.id}
