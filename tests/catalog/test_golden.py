"""Objects as Stripe's test mode really answered them, against the catalog.

The recordings are of API versions 2025-10-29.clover and 2026-03-25.dahlia, with
ids, secrets, tokens and addresses replaced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.catalog import Catalog, Field, Kind, Type

RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "golden").glob("*.json"))

each_recording = pytest.mark.parametrize(
    "recording",
    [json.loads(path.read_text("utf-8")) for path in RECORDINGS],
    ids=[path.stem for path in RECORDINGS],
)


def _problems(value: Any, type_: Type, place: str, catalog: Catalog) -> Iterator[str]:
    """Yield each place where a recorded value and its type disagree."""
    if type_.kind is Kind.EXPANDABLE and isinstance(value, dict):
        type_ = Type(Kind.RESOURCE, resources=type_.resources)
    if type_.kind is Kind.RESOURCE:
        name = value["object"]
        if name not in type_.resources:
            yield f"{place} is a {name}"
        fields = catalog.resource(name).fields
        yield from _field_problems(value, fields, name, catalog)
    elif type_.kind is Kind.OBJECT:
        yield from _field_problems(value, type_.fields, place, catalog)
    elif type_.kind in {Kind.LIST, Kind.PAGE, Kind.MAP} and type_.item:
        if type_.kind is Kind.PAGE:
            value = value["data"]
        for item in value.values() if isinstance(value, dict) else value:
            yield from _problems(item, type_.item, f"{place}[]", catalog)
    elif not _fits(value, type_):
        yield f"{place} is {value!r}, not {type_.kind.value}"


def _fits(value: Any, type_: Type) -> bool:
    if type_.kind is Kind.UNION:
        return any(_fits(value, option) for option in type_.options)
    if type_.kind is Kind.ENUM:
        return value in type_.values or type_.open
    if type_.kind is Kind.ANY:
        return True
    expected: dict[Kind, type | tuple[type, ...]] = {
        Kind.STRING: str,
        Kind.EXPANDABLE: str,
        # Stripe writes decimals as text, so that none of their digits are lost.
        Kind.DECIMAL: str,
        Kind.BOOLEAN: bool,
        Kind.INTEGER: int,
        Kind.NUMBER: (int, float),
    }
    is_bool = isinstance(value, bool)
    return isinstance(value, expected[type_.kind]) and is_bool is (
        type_.kind is Kind.BOOLEAN
    )


def _field_problems(
    value: dict[str, Any], fields: Mapping[str, Field], place: str, catalog: Catalog
) -> Iterator[str]:
    for name in value.keys() - fields.keys():
        yield f"{place}.{name} is unknown"
    for name, field in fields.items():
        if name not in value:
            if field.presence.always_there:
                yield f"{place}.{name} is absent"
        elif value[name] is None:
            if not field.presence.may_be_null:
                yield f"{place}.{name} is null"
        else:
            yield from _problems(value[name], field.type, f"{place}.{name}", catalog)


# Came with an API version later than the recording's.
NEWER = {
    "charge.payment_method_details.card.electronic_commerce_indicator is absent",
    "charge.payment_method_details.card.transaction_link_id is absent",
    "checkout.session.allowed_payment_method_types is absent",
    "checkout.session.managed_payments is absent",
    "credit_note.customer_account is absent",
    "credit_note_line_item.metadata is absent",
    "discount.customer_account is absent",
    "payment_intent.allowed_payment_method_types is absent",
    "payment_intent.managed_payments is absent",
    "payment_intent.payment_record is absent",
    "refund.customer is absent",
    "refund.customer_account is absent",
    "refund.payment_method is absent",
    "setup_intent.allowed_payment_method_types is absent",
    "subscription.billing_schedules is absent",
    "subscription.cancellation_details.feedback_option is absent",
    "subscription.invoice_settings.custom_fields is absent",
    "subscription.invoice_settings.description is absent",
    "subscription.invoice_settings.footer is absent",
    "subscription.managed_payments is absent",
    "subscription.trial_settings.end_behavior.billing_cycle_anchor is absent",
    "subscription_item.current_trial is absent",
}
# Stripe's types promise them, and its answers to these accounts left them out.
LEFT_OUT = {
    "account.settings.payments.statement_descriptor_prefix_kana is absent",
    "account.settings.payments.statement_descriptor_prefix_kanji is absent",
    "line_item.subscription is absent",
}
# Stripe sends them still, and no longer documents them.
UNDOCUMENTED = {
    "account.login_links is unknown",
    "charge.destination is unknown",
    "charge.dispute is unknown",
    "charge.order is unknown",
    "subscription.plan is unknown",
    "subscription.quantity is unknown",
}
EXCEPTIONS = NEWER | LEFT_OUT | UNDOCUMENTED


def _all_problems(recording: dict[str, Any], catalog: Catalog) -> set[str]:
    name = recording["object"]
    return set(_field_problems(recording, catalog.resource(name).fields, name, catalog))


@each_recording
def test_recorded_object_fits_the_catalog(
    recording: dict[str, Any], catalog: Catalog
) -> None:
    assert _all_problems(recording, catalog) - EXCEPTIONS == set()


def test_every_exception_is_needed(catalog: Catalog) -> None:
    recordings = [json.loads(path.read_text("utf-8")) for path in RECORDINGS]
    found = set[str]().union(*(_all_problems(each, catalog) for each in recordings))
    assert found >= EXCEPTIONS


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"amount": "1000"}, "refund.amount is '1000', not integer"),
        ({"amount": True}, "refund.amount is True, not integer"),
        ({"amount": None}, "refund.amount is null"),
        ({"colour": "red"}, "refund.colour is unknown"),
        ({"charge": {"object": "payout"}}, "refund.charge is a payout"),
    ],
    ids=["text", "boolean", "null", "unknown", "wrong object"],
)
def test_a_wrong_object_does_not_fit(
    change: dict[str, Any], problem: str, catalog: Catalog
) -> None:
    path = next(path for path in RECORDINGS if path.name.startswith("refund."))
    assert problem in _all_problems(json.loads(path.read_text()) | change, catalog)
