"""Parameters: judged by the SDK's own types, refused in Stripe's words."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_nb.catalog import load
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.params import coerce


def given(operation: str, tree: dict[str, Any]) -> dict[str, Any]:
    return coerce(load().operation(operation).parameters, tree)


@pytest.mark.parametrize(
    ("operation", "sent", "read"),
    [
        ("payment_intents.create", {"amount": "5", "currency": "usd"}, {"amount": 5}),
        ("payment_intents.create", {"amount": 5, "currency": "usd"}, {"amount": 5}),
        (
            "payment_intents.create",
            {"amount": "5", "currency": "usd", "confirm": "true"},
            {"confirm": True},
        ),
        ("customers.create", {"metadata": {"a": ""}}, {"metadata": {"a": None}}),
        ("customers.create", {"metadata": ""}, {"metadata": None}),
        ("customers.update", {"address": ""}, {"address": None}),
        ("customers.update", {"email": ""}, {"email": None}),
        (
            "customers.create",
            {"preferred_locales": {"1": "sv", "0": "en"}},
            {"preferred_locales": ["en", "sv"]},
        ),
        ("customers.list", {"created": {"gte": "5"}}, {"created": {"gte": 5}}),
        ("customers.list", {"created": "5"}, {"created": 5}),
        (
            "prices.create",
            {"currency": "usd", "unit_amount_decimal": "0.125"},
            {"unit_amount_decimal": "0.125"},
        ),
        (
            "subscriptions.update",
            {"trial_end": "now"},
            {"trial_end": "now"},
        ),
        (
            "subscriptions.update",
            {"trial_end": "1700000000"},
            {"trial_end": 1700000000},
        ),
    ],
)
def test_values_get_their_types(
    operation: str, sent: dict[str, Any], read: dict[str, Any]
) -> None:
    values = given(operation, sent)

    assert {name: values[name] for name in read} == read


@pytest.mark.parametrize(
    ("operation", "sent", "code", "param", "message"),
    [
        (
            "customers.create",
            {"wat": "1"},
            "parameter_unknown",
            "wat",
            "Received unknown parameter: wat",
        ),
        (
            "customers.create",
            {"emial": "1"},
            "parameter_unknown",
            "emial",
            "Received unknown parameter: emial. Did you mean email?",
        ),
        (
            "customers.create",
            {"wat": "1", "wot": "1"},
            "parameter_unknown",
            "wat",
            "Received unknown parameters: wat, wot",
        ),
        (
            "customers.create",
            {"invoice_settings": {"nope": "1"}},
            "parameter_unknown",
            "invoice_settings[nope]",
            "Received unknown parameter: invoice_settings[nope]",
        ),
        (
            "payment_intents.create",
            {"currency": "usd"},
            "parameter_missing",
            "amount",
            "Missing required param: amount.",
        ),
        (
            "payment_intents.create",
            {"amount": "abc", "currency": "usd"},
            "parameter_invalid_integer",
            "amount",
            "Invalid integer: abc",
        ),
        (
            "payment_intents.create",
            {"amount": "1.5", "currency": "usd"},
            "parameter_invalid_integer",
            "amount",
            "Invalid integer: 1.5",
        ),
        (
            "payment_intents.create",
            {"amount": "", "currency": "usd"},
            "parameter_invalid_empty",
            "amount",
            "You passed an empty string for 'amount'.",
        ),
        (
            "payment_intents.create",
            {"amount": "5", "currency": "usd", "confirm": "maybe"},
            None,
            "confirm",
            "Invalid boolean: maybe",
        ),
        (
            "invoices.list",
            {"status": "late"},
            None,
            "status",
            "Invalid status: must be one of draft, open, paid, uncollectible, or void",
        ),
        ("customers.create", {"address": "x"}, None, "address", "Invalid object"),
        ("customers.create", {"metadata": "x"}, None, "metadata", "Invalid object"),
        ("customers.create", {"expand": "x"}, None, "expand", "Invalid array"),
        ("customers.create", {"name": {"a": "1"}}, None, "name", "Invalid string: "),
        (
            "customers.list",
            {"created": {"since": "1"}},
            "parameter_unknown",
            "created[since]",
            "Received unknown parameter: created[since]",
        ),
        (
            "subscriptions.create",
            {"items": {"0": {"quantity": "x"}}},
            "parameter_invalid_integer",
            "items[0][quantity]",
            "Invalid integer: x",
        ),
    ],
)
def test_what_does_not_fit_is_refused_as_stripe_does(
    operation: str, sent: dict[str, Any], code: str | None, param: str, message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        given(operation, sent)

    assert caught.value.http_status == 400
    assert caught.value.code == code
    assert caught.value.param == param
    assert caught.value.message.startswith(message)
    assert not caught.value.executed
