from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.errors import FrameError, UnknownResourceError
from stripe_nb.frames import to_frame
from stripe_nb.frames.objects import plain
from stripe_nb.redaction import redact_tokens

GOLDEN = sorted((Path(__file__).parent.parent / "data" / "golden").glob("*.json"))
CUSTOMER: dict[str, Any] = {
    "id": "cus_1",
    "object": "customer",
    "balance": -500,
    "created": 1_768_435_200,
    "currency": "usd",
    "delinquent": False,
    "email": "jenny@example.com",
    "invoice_settings": {"footer": "Thanks", "custom_fields": [{"b": 1, "a": "x"}]},
    "livemode": False,
    "metadata": {"plan": "pro", "a key": "0"},
    "tax_exempt": "none",
}
ZOO: dict[str, list[dict[str, Any]]] = {
    "empty": [],
    "one": [CUSTOMER],
    "only an id": [{"id": "cus_1"}],
    "nothing at all": [{}],
    "deleted": [CUSTOMER, {"id": "cus_2", "object": "customer", "deleted": True}],
    "nulls": [dict.fromkeys(CUSTOMER) | {"object": "customer"}],
    "unicode": [CUSTOMER | {"name": "Zoë 🦓\u202e", "metadata": {"ключ": "\x00"}}],
    "a lone surrogate": [CUSTOMER | {"name": "\ud800", "metadata": {"x": "\udfff"}}],
    "unknown enum": [CUSTOMER | {"tax_exempt": "galactic"}, CUSTOMER],
    "expanded": [CUSTOMER | {"default_source": {"id": "card_1", "object": "card"}}],
    "block as text": [CUSTOMER | {"invoice_settings": "iset_1"}],
    "mixed currencies": [CUSTOMER, CUSTOMER | {"currency": "jpy"}],
    "far future": [CUSTOMER | {"created": 253_402_300_799}],
    "before 1970": [CUSTOMER | {"created": -86_400}],
    "empty metadata": [CUSTOMER | {"metadata": {}}, CUSTOMER | {"metadata": None}],
    "many": [CUSTOMER | {"id": f"cus_{n}"} for n in range(10_000)],
}
DTYPES = {
    "id": pd.StringDtype("pyarrow", na_value=pd.NA),
    "balance": pd.Int64Dtype(),
    "created": pd.DatetimeTZDtype("us", "UTC"),
    "delinquent": pd.BooleanDtype(),
    "invoice_settings_footer": pd.StringDtype("pyarrow", na_value=pd.NA),
    "preferred_locales": pd.StringDtype("pyarrow", na_value=pd.NA),
    "tax_exempt": pd.CategoricalDtype(["exempt", "none", "reverse"]),
}


@pytest.mark.parametrize("name", ZOO)
def test_columns_and_dtypes_do_not_depend_on_the_rows(name: str) -> None:
    frame = to_frame(ZOO[name], "customer")
    empty = to_frame([], "customer")
    assert len(frame) == len(ZOO[name])
    assert [c for c in frame if c in empty] == list(empty)
    for column, dtype in empty.dtypes.items():
        if name != "unknown enum" or column != "tax_exempt":
            assert frame[column].dtype == dtype, column


@pytest.mark.parametrize("name", ZOO)
def test_attrs_are_plain_json(name: str) -> None:
    attrs = to_frame(ZOO[name], "customer").attrs
    assert json.loads(json.dumps(attrs)) == attrs
    assert attrs["amounts"] == {"balance": "currency"}


def test_dtypes_are_the_documented_ones() -> None:
    dtypes = to_frame([], "customer").dtypes
    assert {name: dtypes[name] for name in DTYPES} == DTYPES
    assert to_frame([], "coupon").dtypes["percent_off"] == pd.Float64Dtype()
    decimal = to_frame([], "price").dtypes["unit_amount_decimal"]
    assert decimal == pd.ArrowDtype(pa.decimal128(38, 12))


def test_values_arrive_in_their_columns() -> None:
    row = to_frame([CUSTOMER]).iloc[0]
    assert row["balance"] == -500
    assert row["created"] == pd.Timestamp("2026-01-15", tz="UTC")
    assert row["delinquent"] is False or not row["delinquent"]
    assert row["tax_exempt"] == "none"
    assert row["invoice_settings_footer"] == "Thanks"
    assert row["invoice_settings_custom_fields"] == '[{"a":"x","b":1}]'
    assert row["metadata_plan"] == "pro"
    assert row["phone"] is pd.NA


def test_the_id_and_the_kind_come_first_and_metadata_in_its_place() -> None:
    columns = to_frame([CUSTOMER]).columns.tolist()
    assert columns[:2] == ["id", "object"]
    place = columns.index("metadata_a key")
    around = [columns[place - 1], *columns[place + 1 : place + 3]]
    assert around == ["livemode", "metadata_plan", "name"]


def test_a_deleted_object_is_a_row_that_says_so() -> None:
    frame = to_frame(ZOO["deleted"])
    assert frame["deleted"].tolist() == [pd.NA, True]
    assert frame["email"].tolist() == ["jenny@example.com", pd.NA]
    assert "deleted" not in to_frame([CUSTOMER])


def test_unknown_fields_of_a_newer_api_are_kept_as_text_at_the_end() -> None:
    newer = CUSTOMER | {
        "vibe": "good",
        "aura": {"z": 1, "a": [True]},
        "silent": None,
        "invoice_settings": {"tone": 3},
    }
    frame = to_frame([newer, CUSTOMER])
    assert frame.columns[-3:].tolist() == ["aura", "invoice_settings_tone", "vibe"]
    assert frame["aura"].tolist() == ['{"a":[true],"z":1}', pd.NA]
    assert frame["invoice_settings_tone"].tolist() == ["3", pd.NA]
    assert set(frame.dtypes[-3:]) == {DTYPES["id"]}


def test_text_in_the_place_of_a_block_is_kept() -> None:
    frame = to_frame(ZOO["block as text"])
    assert frame["invoice_settings"].tolist() == ["iset_1"]
    assert frame["invoice_settings_footer"].isna().all()


def test_an_unknown_category_joins_the_documented_ones() -> None:
    values = to_frame(ZOO["unknown enum"])["tax_exempt"]
    assert values.tolist() == ["galactic", "none"]
    assert values.cat.categories.tolist() == ["exempt", "none", "reverse", "galactic"]


def test_the_sdks_objects_give_the_frame_of_their_dictionaries() -> None:
    built = stripe.Customer.construct_from(CUSTOMER, "sk_test_x")
    pd.testing.assert_frame_equal(to_frame([built]), to_frame([CUSTOMER]))
    pd.testing.assert_frame_equal(to_frame(built), to_frame([CUSTOMER]))


def test_a_page_is_taken_for_its_rows() -> None:
    page = {"object": "list", "data": [CUSTOMER, CUSTOMER], "has_more": False}
    built = stripe.ListObject[Any].construct_from(page, "sk_test_x")
    assert len(to_frame(page)) == len(to_frame(built)) == 2
    search = page | {"object": "search_result", "next_page": None}
    assert len(to_frame(search)) == 2
    assert len(to_frame({"data": [], "next_page_url": None}, "v2.core.event")) == 0


@pytest.mark.parametrize(
    "page",
    [
        {"object": "list", "data": [CUSTOMER], "has_more": True},
        {"data": [CUSTOMER], "next_page_url": "/v2/x?page=2"},
    ],
)
def test_a_page_of_a_list_that_goes_on_says_so(page: dict[str, Any]) -> None:
    assert to_frame(page).attrs["complete"] is False
    assert to_frame([CUSTOMER]).attrs["complete"] is True


def test_generators_are_read_once() -> None:
    assert len(to_frame(CUSTOMER for _ in range(3))) == 3


def test_decimals_of_the_sdk_and_of_the_wire_are_the_same() -> None:
    wire = {"object": "price", "unit_amount_decimal": "0.5", "tiers": [{"x": "1.0"}]}
    price: Any = stripe.Price.construct_from(wire, "sk_test_x")
    assert isinstance(price.unit_amount_decimal, Decimal)
    for source in (price, wire):
        frame = to_frame([source])
        assert frame["unit_amount_decimal"].tolist() == [Decimal("0.5")]
        assert frame["tiers"].tolist() == ['[{"x":"1.0"}]']


def test_times_of_v2_are_times() -> None:
    event = {"object": "v2.core.event", "created": "2026-01-15T09:30:00.123Z"}
    created = to_frame([event])["created"]
    assert created.tolist() == [pd.Timestamp("2026-01-15T09:30:00.123Z")]
    moment = datetime(2026, 1, 15, tzinfo=UTC)
    assert to_frame([event | {"created": moment}])["created"].tolist() == [moment]


def test_kinds_do_not_mix() -> None:
    with pytest.raises(FrameError, match="charge and customer; make one frame of each"):
        to_frame([CUSTOMER, {"object": "charge"}])
    with pytest.raises(FrameError, match="a frame of customer can't hold charge"):
        to_frame([{"object": "charge"}], "customers")


@pytest.mark.parametrize("objects", [[], [{}], [{"id": "x"}]])
def test_nameless_objects_need_a_resource(objects: list[dict[str, Any]]) -> None:
    with pytest.raises(FrameError, match="give resource="):
        to_frame(objects)


@pytest.mark.parametrize("objects", ["customers", b"{}", 7, None, [1], ["cus_1"]])
def test_what_holds_no_objects_is_refused(objects: Any) -> None:
    with pytest.raises(FrameError, match="no Stripe object"):
        to_frame(objects)


def test_an_unknown_resource_is_refused() -> None:
    with pytest.raises(UnknownResourceError, match="customer"):
        to_frame([], "custommers")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("balance", "lots"),
        ("balance", 1.5),
        ("balance", True),
        ("balance", 2**63),
        ("created", "yesterday"),
        ("created", 2**62),
        ("delinquent", 1),
        ("delinquent", "no"),
    ],
)
def test_a_value_that_does_not_fit_is_named_but_not_told(
    field: str, value: object
) -> None:
    with pytest.raises(FrameError, match=f"column '{field}'") as caught:
        to_frame([CUSTOMER, CUSTOMER | {field: value}])
    assert "fields=" in str(caught.value)
    assert "lots" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "held"), [("12", 12), (3.0, 3), (float("nan"), pd.NA)]
)
def test_integers_in_other_clothes_are_integers(value: object, held: object) -> None:
    frame = to_frame([CUSTOMER | {"balance": value}, CUSTOMER])
    assert frame["balance"].tolist() == [held, -500]


def test_golden_objects_are_there() -> None:
    assert len(GOLDEN) > 20


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_real_objects_keep_every_value(path: Path) -> None:
    recorded = json.loads(path.read_text(encoding="utf-8"))
    frame = to_frame([recorded, recorded])
    empty = to_frame([], recorded["object"])
    assert frame[empty.columns].dtypes.equals(empty.dtypes)
    row = frame.iloc[0]
    for name, value in recorded.items():
        if value is not None and not isinstance(value, dict | list):
            assert _as_recorded(row[name], value) == _shown(value), name


def _shown(recorded: Any) -> Any:
    # Of client secrets no more than their ends: see test_secrets.py.
    return redact_tokens(recorded) if isinstance(recorded, str) else recorded


def _as_recorded(held: Any, recorded: Any) -> Any:
    """Turn a frame's value back into JSON's."""
    if isinstance(held, pd.Timestamp):
        return int(held.timestamp())
    if isinstance(held, Decimal):
        # Equal, with zeros that only the dtype adds.
        return recorded if held == Decimal(recorded) else held
    # What the catalog doesn't know is text.
    return str(held) if isinstance(recorded, str) else type(recorded)(held)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": st.text(), "name": JSON, "preferred_locales": JSON, "address": JSON},
            optional={
                "metadata": st.dictionaries(st.text(), st.text(), max_size=3),
                "created": st.integers(-(2**40), 2**40),
                "balance": st.integers(-(2**63), 2**63 - 1),
                "tax_exempt": st.text(),
                "strange": JSON,
            },
        ),
        max_size=5,
    )
)
def test_odd_objects_keep_their_rows_and_their_dtypes(
    objects: list[dict[str, Any]],
) -> None:
    frame = to_frame(objects, "customer")
    empty = to_frame([], "customer")
    assert len(frame) == len(objects)
    assert frame.columns.is_unique
    unchanged = empty.columns.drop("tax_exempt")
    assert frame[unchanged].dtypes.equals(empty[unchanged].dtypes)
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    for row, source in zip(rows, objects, strict=True):
        balance, created = row["balance"], row["created"]
        assert pd.isna(balance) or balance == source["balance"]
        assert pd.isna(created) or created.timestamp() == source["created"]
        metadata = source.get("metadata", {})
        assert {key: row[f"metadata_{key}"] for key in metadata} == metadata


def test_frames_of_one_kind_concatenate() -> None:
    both = pd.concat([to_frame([CUSTOMER]), to_frame([], "customer")])
    assert both.dtypes.equals(to_frame([CUSTOMER]).dtypes)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_sdks_objects_become_what_they_say_themselves(path: Path) -> None:
    value = stripe.StripeObject.construct_from(json.loads(path.read_bytes()), "key")
    assert plain(value)[0] == [value.to_dict()]
