"""The sandbox's objects beside the same ones as Stripe's test mode really sent them.

Keys and JSON types must be equal. What differs is listed here with its reason:
most of it is newer than the recordings, which are of 2025-10-29.clover and
2026-03-25.dahlia, while the sandbox's shapes are those of the SDK.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, encode_form

_FOLDER = Path(__file__).parents[1] / "data" / "golden"

# Where the keys are data, not shape.
_MAPS = frozenset(
    {"metadata", "currency_options", "payment_method_options", "use_stripe_sdk"}
)

# Fields that the SDK's version has and the recorded one had not.
_NEWER = frozenset(
    {
        "*.allowed_payment_method_types",
        "*.managed_payments",
        "*.payment_record",
        "billing_portal.session.after_expiration",
        "checkout.session.managed_payments",
        "credit_note.customer_account",
        "discount.customer_account",
        "refund.customer",
        "refund.customer_account",
        "refund.payment_method",
        "setup_intent.customer_account",
        "subscription.billing_schedules",
        "subscription.cancellation_details.feedback_option",
        "subscription.invoice_settings.custom_fields",
        "subscription.invoice_settings.description",
        "subscription.invoice_settings.footer",
        "subscription.trial_settings.end_behavior.billing_cycle_anchor",
        "subscription_item.current_trial",
    }
)
# Fields that the SDK's classes have and Stripe left out.
_OF_THE_SDK = frozenset(
    {
        "account.business_profile.product_description",
        "charge.payment_method_details.card.electronic_commerce_indicator",
        "charge.payment_method_details.card.transaction_link_id",
        "checkout.session.optional_items",
        "credit_note_line_item.metadata",
        "line_item.subscription",
    }
)
# Fields that Stripe sent and the SDK's classes lack, or have as optional.
_NOT_OF_THE_SDK = frozenset(
    {
        "account.login_links",
        "charge.destination",
        "charge.dispute",
        "charge.order",
        "payment_intent.payment_details",
    }
)
# What Stripe keeps from the platform of an Express account, whose owner it asks
# itself; in the sandbox both are the reader.
_OF_EXPRESS = frozenset(
    {
        "person.future_requirements",
        "person.id_number_provided",
        "person.metadata",
        "person.requirements",
        "person.ssn_last_4_provided",
        "person.verification",
    }
)
_EXCUSED = _NEWER | _OF_THE_SDK | _NOT_OF_THE_SDK | _OF_EXPRESS


class Wire:
    """Asks a sandbox and answers plain dictionaries."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __call__(self, method: str, path: str, /, **params: Any) -> Any:
        form = encode_form(params)
        posts = method == "POST"
        answer = self.sandbox.handle(
            Request(
                method=method,
                path=f"/v1/{path}",
                query="" if posts else form,
                headers={
                    "authorization": f"Bearer {self.sandbox.key}",
                    "stripe-version": self.sandbox.engine.catalog.api_version,
                },
                body=form.encode() if posts else b"",
            )
        )
        assert answer.status == 200, answer.body
        return orjson.loads(answer.body)


@pytest.fixture
def ask(sandbox: Sandbox) -> Wire:
    return Wire(sandbox)


def customer(ask: Wire) -> Any:
    return ask(
        "POST",
        "customers",
        email="jenny@example.com",
        payment_method="pm_card_visa",
        invoice_settings={"default_payment_method": "pm_card_visa"},
        expand=["invoice_credit_balance", "tax"],
    )


def price(ask: Wire) -> Any:
    return ask(
        "POST",
        "prices",
        currency="usd",
        unit_amount=1000,
        recurring={"interval": "month"},
        product_data={"name": "Default"},
    )


def plan(ask: Wire) -> Any:
    return ask(
        "POST",
        "plans",
        currency="usd",
        amount=1000,
        interval="month",
        product={"name": "Default"},
    )


def subscription(ask: Wire) -> Any:
    return ask(
        "POST",
        "subscriptions",
        customer=customer(ask)["id"],
        items=[{"price": price(ask)["id"]}],
        expand=["latest_invoice.confirmation_secret", "latest_invoice.payments"],
    )


def invoice(ask: Wire) -> Any:
    return subscription(ask)["latest_invoice"]


def payment(ask: Wire, **params: Any) -> Any:
    given = {
        "amount": 1000,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "confirm": "true",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        **params,
    }
    return ask("POST", "payment_intents", **given)


def charge(ask: Wire) -> Any:
    paid = payment(ask, customer=customer(ask)["id"])
    return ask(
        "GET",
        f"charges/{paid['latest_charge']}",
        expand=["balance_transaction", "payment_intent", "refunds"],
    )


def waiting(ask: Wire) -> Any:
    return payment(
        ask,
        customer=customer(ask)["id"],
        payment_method="pm_card_threeDSecure2Required",
        capture_method="automatic",
    )


def account(ask: Wire) -> Any:
    return ask(
        "POST",
        "accounts",
        type="express",
        business_type="individual",
        email="jenny@example.com",
        capabilities={"transfers": {"requested": True}},
        individual={"first_name": "Example", "last_name": "User"},
        external_account="btok_us",
    )


def bank_account(ask: Wire) -> Any:
    return account(ask)["external_accounts"]["data"][0]


def discount(ask: Wire) -> Any:
    buyer = customer(ask)
    item = ask(
        "POST",
        "invoiceitems",
        customer=buyer["id"],
        amount=1000,
        currency="usd",
        discounts=[{"coupon": coupon(ask)["id"]}],
        expand=["discounts", "discounts.source.coupon"],
    )
    return item["discounts"][0]


def coupon(ask: Wire) -> Any:
    return ask("POST", "coupons", percent_off=50, duration="forever", name="Half Off")


def credit_note(ask: Wire) -> Any:
    return ask(
        "POST",
        "credit_notes",
        invoice=invoice(ask)["id"],
        lines=[
            {
                "type": "custom_line_item",
                "description": "Credit",
                "quantity": 1,
                "unit_amount": 500,
            }
        ],
        refund_amount=500,
    )


def checkout_session(ask: Wire) -> Any:
    return ask(
        "POST",
        "checkout/sessions",
        mode="payment",
        customer=customer(ask)["id"],
        line_items=[
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 1500,
                    "product_data": {"name": "T-shirt"},
                },
            }
        ],
        success_url="http://localhost:3000/?id={CHECKOUT_SESSION_ID}",
        cancel_url="http://localhost:3000/?id={CHECKOUT_SESSION_ID}",
    )


def refund(ask: Wire) -> Any:
    return ask("POST", "refunds", payment_intent=payment(ask)["id"])


def invoiceitem(ask: Wire) -> Any:
    once = ask(
        "POST",
        "prices",
        currency="usd",
        unit_amount=1000,
        product_data={"name": "Setup"},
    )
    return ask(
        "POST",
        "invoiceitems",
        customer=customer(ask)["id"],
        pricing={"price": once["id"]},
    )


def transfer(ask: Wire) -> Any:
    payment(ask, payment_method="pm_card_bypassPending", amount=5000)
    made = ask("POST", "accounts", type="standard", external_account="btok_us")
    return ask("POST", "transfers", amount=1000, currency="usd", destination=made["id"])


MAKERS: dict[str, Callable[[Wire], Any]] = {
    "account": account,
    "balance_transaction": lambda ask: charge(ask)["balance_transaction"],
    "bank_account": bank_account,
    "billing_portal.session": lambda ask: ask(
        "POST", "billing_portal/sessions", customer=customer(ask)["id"]
    ),
    "charge": charge,
    "checkout.session": checkout_session,
    "coupon": coupon,
    "credit_note": credit_note,
    "credit_note_line_item": lambda ask: credit_note(ask)["lines"]["data"][0],
    "customer": customer,
    "discount": discount,
    "invoice": invoice,
    "invoice_payment": lambda ask: invoice(ask)["payments"]["data"][0],
    "invoiceitem": invoiceitem,
    "line_item": lambda ask: invoice(ask)["lines"]["data"][0],
    "payment_intent": waiting,
    "payment_method": lambda ask: ask(
        "GET", "payment_methods", customer=customer(ask)["id"]
    )["data"][0],
    "person": lambda ask: account(ask)["individual"],
    "plan": plan,
    "price": price,
    "refund": refund,
    "setup_intent": lambda ask: ask(
        "POST", "setup_intents", customer=customer(ask)["id"]
    ),
    "subscription": subscription,
    "subscription_item": lambda ask: subscription(ask)["items"]["data"][0],
    "transfer": transfer,
}


def recorded(name: str) -> Any:
    (path,) = _FOLDER.glob(f"{name}.2*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def differences(theirs: Any, ours: Any, place: str) -> Iterator[str]:
    """Give the places where keys or JSON types are not the same.

    A place is named from the innermost Stripe object: ``price.recurring.meter``.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        name = theirs.get("object")
        place = name if isinstance(name, str) and name != "list" else place
        if place.rpartition(".")[2] in _MAPS:
            return
        for key in sorted({*theirs, *ours}):
            inner = f"{place}.{key}"
            if key not in ours:
                yield f"{inner}: only recorded"
            elif key not in theirs:
                yield f"{inner}: only ours"
            else:
                yield from differences(theirs[key], ours[key], inner)
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            yield from differences(theirs[0], ours[0], place)
    elif theirs is not None and ours is not None and _kind(theirs) != _kind(ours):
        yield f"{place}: recorded {_kind(theirs)}, ours {_kind(ours)}"


def _kind(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def _excused(difference: str) -> bool:
    place = difference.partition(":")[0]
    return place in _EXCUSED or f"*.{place.rpartition('.')[2]}" in _EXCUSED


def test_each_recording_has_a_maker() -> None:
    assert {path.name.partition(".2")[0] for path in _FOLDER.glob("*.json")} == set(
        MAKERS
    )


def test_no_excuse_is_stale() -> None:
    used: set[str] = set()
    for name, make in MAKERS.items():
        with Sandbox(seed=7, clock="2026-01-15") as fresh:
            found = differences(recorded(name), make(Wire(fresh)), name)
            places = {one.partition(":")[0] for one in found}
        used |= places | {f"*.{place.rpartition('.')[2]}" for place in places}
    assert not _EXCUSED - used


@pytest.mark.parametrize("name", MAKERS)
def test_object_has_the_keys_and_types_that_stripe_sent(name: str, ask: Wire) -> None:
    found = set(differences(recorded(name), MAKERS[name](ask), name))
    assert not {one for one in found if not _excused(one)}
