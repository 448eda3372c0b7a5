from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from stripe_nb.catalog import load
from stripe_nb.errors import FrameError
from stripe_nb.frames import to_frame

CUSTOMER: dict[str, Any] = {
    "id": "cus_1",
    "object": "customer",
    "balance": -500,
    "currency": "usd",
    "email": "jenny@example.com",
    "invoice_settings": {"footer": "Thanks"},
    "metadata": {"plan": "pro", "a key": "0"},
}


def test_a_reference_is_the_id_expanded_or_not() -> None:
    charges = [
        {"object": "charge", "customer": "cus_1"},
        {"object": "charge", "customer": CUSTOMER},
        {"object": "charge", "customer": None},
    ]
    assert to_frame(charges)["customer"].tolist() == ["cus_1", "cus_1", pd.NA]


def test_expand_flattens_the_referenced_object() -> None:
    frame = to_frame([{"object": "charge", "customer": CUSTOMER}], expand=["customer"])
    assert frame.loc[0, "customer"] == "cus_1"
    assert frame.loc[0, "customer_email"] == "jenny@example.com"
    assert frame.attrs["amounts"]["customer_balance"] == "customer_currency"


def test_expand_keeps_a_column_that_the_object_has_itself() -> None:
    invoice = {"object": "invoice", "customer_email": "then", "customer": CUSTOMER}
    frame = to_frame([invoice], expand=["data.customer"])
    assert frame.loc[0, "customer_email"] == "then"
    assert frame.loc[0, "customer__email"] == "jenny@example.com"


def test_expand_of_no_field_names_the_near_one() -> None:
    with pytest.raises(
        FrameError, match=r"'custmer' to expand; did you mean 'customer'\?$"
    ):
        to_frame([], "charge", expand=["custmer"])


CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "payment_method_details": {
        "type": "card",
        "card": {"brand": "visa", "last4": "4242", "wallet": {"type": "apple_pay"}},
    },
}


def test_the_card_of_a_charge_has_columns_of_its_own() -> None:
    row = to_frame([CHARGE]).iloc[0]
    assert row["payment_method_details_type"] == "card"
    assert row["payment_method_details_card_brand"] == "visa"
    assert row["payment_method_details_card_last4"] == "4242"
    assert json.loads(row["payment_method_details"]) == CHARGE["payment_method_details"]


def test_other_ways_to_pay_stay_json() -> None:
    block = {"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}
    row = to_frame([CHARGE | {"payment_method_details": block}]).iloc[0]
    assert row["payment_method_details_card_brand"] is pd.NA
    assert json.loads(row["payment_method_details"]) == block
    method = {"object": "payment_method", "type": "sepa_debit", **block}
    columns = to_frame([method]).iloc[0]
    assert columns["sepa_debit"] == '{"last4":"3000"}'


def test_few_variants_are_flattened() -> None:
    parent = {
        "type": "subscription_details",
        "subscription_details": {"subscription": "sub_1", "metadata": {"a": "b"}},
    }
    row = to_frame([{"object": "invoice", "parent": parent}]).iloc[0]
    assert row["parent_subscription_details_subscription"] == "sub_1"
    assert row["parent_subscription_details_metadata"] == '{"a":"b"}'


def test_fields_choose_columns_in_the_order_given() -> None:
    frame = to_frame(
        [CUSTOMER], fields=["email", "id", "invoice_settings", "metadata.plan"]
    )
    assert frame.columns.tolist() == [
        "email",
        "id",
        "invoice_settings_custom_fields",
        "invoice_settings_default_payment_method",
        "invoice_settings_footer",
        "invoice_settings_rendering_options",
        "metadata_plan",
    ]


def test_fields_reach_to_any_depth() -> None:
    frame = to_frame([CHARGE], fields=["id", "payment_method_details.card.wallet.type"])
    assert frame.loc[0, "payment_method_details_card_wallet_type"] == "apple_pay"


def test_fields_take_metadata_whole_and_one_key_of_it_once() -> None:
    frame = to_frame([CUSTOMER], fields=["metadata_plan", "metadata"])
    assert frame.columns.tolist() == ["metadata_plan", "metadata_a key"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("emial", r"customer has no field 'emial'; did you mean 'email'\?$"),
        (
            "invoice_settings.foter",
            r"customer.invoice_settings has no field 'foter'; .* 'footer'\?$",
        ),
        ("subscriptions.data.id", "is no single object; its column 'subscriptions'"),
    ],
)
def test_fields_that_do_not_exist_are_named(name: str, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        to_frame([], "customer", fields=[name])


@pytest.mark.parametrize("resource", list(load().resources))
def test_every_resource_has_a_frame(resource: str) -> None:
    frame = to_frame([], resource)
    assert frame.columns.is_unique
    assert not frame.columns.str.contains(".", regex=False).any()
    currencies = {by for by in frame.attrs["amounts"].values() if by}
    assert "object" not in {str(dtype) for dtype in frame.dtypes}
    assert all(isinstance(name, str) for name in currencies)
