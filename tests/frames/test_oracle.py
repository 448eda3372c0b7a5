"""Every cell of every list's frame, held against the SDK's own objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import stripe

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Kind
from stripe_nb.errors import FrameError
from stripe_nb.frames import explode, frame, normalize, to_frame
from stripe_nb.frames.schema import Column, Path, Shape, schema_of
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from tests.simulated import simulated_lists

NAMES = [name for name in simulated_lists() if not name.startswith("v2.")]

# Stripe leaves these out where there are none, and they are never null.
UNSENT = {("charges", "transfer"), ("refunds", "failure_balance_transaction")}


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as box, connect(sandbox=box) as client:
        _subscribe(client)
        yield client


def _subscribe(client: Client) -> None:
    """Have a customer pay for two things a month, with tax."""
    tax = client.v1.tax_rates.create(
        {"display_name": "VAT", "inclusive": False, "percentage": 8.1}
    )
    prices = [
        client.v1.prices.create(
            {
                "currency": currency,
                "unit_amount_decimal": Decimal("0.5"),
                "recurring": {"interval": "month"},
                "product_data": {"name": f"Tea in {currency}"},
            }
        )
        for currency in ("jpy", "jpy")
    ]
    client.v1.products.create(
        {"name": "Pot", "marketing_features": [{"name": "hot"}, {"name": "red"}]}
    )
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id, "quantity": 400} for price in prices],
            "default_tax_rates": [tax.id],
            "collection_method": "send_invoice",
            "days_until_due": 30,
        }
    )


def _service(client: Client, name: str) -> Any:
    service: Any = client.v1
    for part in name.split("."):
        service = getattr(service, part)
    return service


def _objects(client: Client, name: str, **params: Any) -> list[Any]:
    return list(_service(client, name).list(params).auto_paging_iter())


def _plain(value: Any) -> Any:
    """Return what JSON has for a value of the SDK's."""
    if isinstance(value, stripe.StripeObject):
        value = value.to_dict(recursive=False)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Decimal) else value


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _cell(value: Any, column: Column) -> Any:
    """Return what a frame has for a value, by the rules of its documentation."""
    if value is None:
        return None
    if column.shape is Shape.REFERENCE and isinstance(value, dict):
        return value.get("id")
    if column.shape is Shape.TIMESTAMP:
        return datetime.fromtimestamp(value, UTC)
    if column.shape is Shape.DECIMAL:
        return Decimal(value)
    if column.shape is Shape.JSON and not isinstance(value, str):
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
    return value


def _held(values: pd.Series[Any]) -> list[Any]:
    found = values.astype(object).where(values.notna(), None)
    return [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in found]


def _check(found: pd.DataFrame, objects: list[Any], expand: tuple[str, ...]) -> None:
    resource = found.attrs["resource"]
    columns = {c.name: c for c in schema_of(resource, expand=expand).columns}
    shown = {column.path[0] for column in columns.values()}
    # Of what the catalog doesn't know, such as a subscription's plan, nothing is lost.
    known = {key for value in objects for key in value if value[key] is not None}
    assert known <= {*shown, *found, "deleted"}
    for name, values in found.items():
        column = columns.get(str(name), Column("", (str(name),), Shape.JSON))
        if str(name).startswith("metadata_") and name not in columns:
            key = str(name).removeprefix("metadata_")
            column = Column("", ("metadata", key), Shape.TEXT)
        expected = [_cell(_at(value, column.path), column) for value in objects]
        if "_secret_" not in str(expected):
            assert _held(values) == expected, name
        else:
            # Masked on purpose: who has one can pay with it.
            masked = "".join(map(str, _held(values))).replace("_secret_…", "")
            assert "_secret_" not in masked


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_holds_what_the_sdk_gives(shop: Client, name: str) -> None:
    objects = _objects(shop, name)
    found = frame(name, client=shop)
    assert len(found) == len(objects)
    _check(found, list(map(_plain, objects)), ())
    if objects:
        pd.testing.assert_frame_equal(to_frame(objects), found)


def _expandable() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        returns = load().operations[f"{name}.list"].returns
        for field in load().resource(str(returns)).fields.values():
            if (name, field.name) in UNSENT:
                continue
            if field.type.kind is Kind.EXPANDABLE and len(field.type.resources) == 1:
                yield name, field.name


@pytest.mark.parametrize(("name", "reference"), sorted(set(_expandable())))
def test_what_is_expanded_holds_what_the_sdk_gives(
    shop: Client, name: str, reference: str
) -> None:
    objects = _objects(shop, name, expand=[f"data.{reference}"])
    found = frame(name, client=shop, expand=[reference])
    assert len(found) == len(objects)
    _check(found, list(map(_plain, objects)), (reference,))


@pytest.mark.parametrize(
    ("name", "nested"),
    [
        ("subscriptions", "items"),
        ("invoices", "lines"),
        ("subscriptions", "default_tax_rates"),
        ("payment_intents", "payment_method_types"),
        ("products", "marketing_features"),
    ],
)
def test_items_of_a_list_are_the_sdks(shop: Client, name: str, nested: str) -> None:
    objects = [_plain(value) for value in _objects(shop, name)]
    expected = [
        (value["id"], item)
        for value in objects
        for item in (
            value[nested]["data"] if isinstance(value[nested], dict) else value[nested]
        )
    ]
    whole = frame(name, client=shop)
    key = whole.attrs["resource"]
    assert expected
    for found in (
        frame(name, client=shop, explode=nested),
        explode(objects, nested, resource=key),
        explode(whole, nested),
    ):
        assert found[key].tolist() == [parent for parent, _ in expected]
        for column in {"id", "amount", "currency"}.intersection(found.columns):
            items = [item.get(column) for _, item in expected]
            assert _held(found[column]) == items


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_flattened_as_its_objects_are(shop: Client, name: str) -> None:
    objects, found = _objects(shop, name), frame(name, client=shop)
    flat = normalize(found)
    assert flat.columns.is_unique
    assert not any(
        text.startswith('{"')
        for _, values in flat.items()
        if isinstance(values.dtype, pd.StringDtype)
        for text in values.dropna()
    )
    # Without any, objects don't tell what they are.
    whole = normalize(objects) if objects else flat
    columns = {*flat.columns, *whole.columns}
    # Two paths may lead to one name, and then each is told from the other.
    twice = {name for name in columns if re.sub("__", "_", name) != name}
    twice |= {re.sub("__", "_", name) for name in twice}
    for column in set(flat.columns) & set(whole.columns) - twice:
        if "secret" not in str(column):
            assert _held(flat[column]) == _held(whole[column]), column
    arrow = frame(name, client=shop, dtype_backend="pyarrow")
    flat_arrow = normalize(arrow)
    assert all(isinstance(kind, pd.ArrowDtype) for kind in flat_arrow.dtypes)
    for column in flat.columns:
        assert _held(flat_arrow[column]) == _held(flat[column]), column
    # In whatever order, and of whatever part, a row keeps its own.
    some = found.iloc[::-2]
    pd.testing.assert_frame_equal(
        normalize(some), flat.loc[some.index, normalize(some).columns]
    )


def test_a_decimal_that_the_catalog_does_not_know_is_its_digits() -> None:
    # The SDK has decimals where JSON has texts.
    for value in (Decimal("0.50"), "0.50"):
        rows = to_frame([{"object": "coupon", "id": "a", "unheard_of": value}])
        assert rows["unheard_of"].tolist() == ["0.50"]


def test_a_name_that_is_taken_by_another_value_is_not_lost() -> None:
    card = {"checks": {"cvc_check": "pass"}}
    method = {"id": "pm_1", "object": "payment_method", "card": card}
    rows = to_frame([method])
    rows["card_checks_cvc_check"] = ["mine"]
    found = normalize(rows, ["card_checks"])
    assert found["card_checks_cvc_check"].tolist() == ["mine"]
    assert found["card_checks__cvc_check"].tolist() == ["pass"]


def test_one_column_may_be_named_alone() -> None:
    card = {"checks": {"cvc_check": "pass"}}
    method = {"id": "pm_1", "object": "payment_method", "card": card}
    for found in (
        normalize([method], "card"),
        normalize(to_frame([method]), "card_checks"),
    ):
        assert found["card_checks_cvc_check"].tolist() == ["pass"]


def test_columns_of_ones_own_stay_as_they_are() -> None:
    rows = to_frame([{"id": "p", "object": "product", "package_dimensions": {}}])
    rows["mine"] = pd.Series([Decimal(1)], dtype=object)
    assert normalize(rows)["mine"].tolist() == [Decimal(1)]


def test_items_have_no_other_fields() -> None:
    product = {"id": "p", "object": "product", "marketing_features": [{"name": "hot"}]}
    found = explode([product], "marketing_features", fields="name")
    assert found.columns.tolist() == ["product", "name"]
    with pytest.raises(FrameError, match=r"no field 'nmae'; did you mean 'name'\?$"):
        explode([product], "marketing_features", fields=["nmae"])
