"""Pages decoded by type give the frames that dictionaries give."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_nb.errors import FrameError
from stripe_nb.frames.chunk import chunk_of
from stripe_nb.frames.decoding import PageDecoder, Record, as_dictionaries, values_of
from stripe_nb.frames.layout import Layout
from stripe_nb.frames.nested import nested_lists
from stripe_nb.frames.schema import Schema, schema_of

GOLDEN = {
    path.name: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[1] / "data/golden").glob("*.json"))
}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abij_", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


def page(rows: Sequence[Any], **more: Any) -> bytes:
    return orjson.dumps({"object": "list", "data": rows, "has_more": False, **more})


def table(decode: Any, schema: Schema, pages: Sequence[bytes]) -> pa.Table:
    """One chunk of all pages' rows."""
    rows = [row for body in pages for row in decode(body).get("data")]
    chunk = chunk_of(rows, schema)
    layout = Layout(schema)
    layout.see(chunk)
    return layout.table(chunk), chunk.created


def outcome(decode: Any, schema: Schema, pages: Sequence[bytes]) -> Any:
    try:
        return table(decode, schema, pages)
    except FrameError:
        # Of several values that don't fit, either may come first.
        return FrameError


def assert_alike(schema: Schema, *pages: Sequence[Any]) -> None:
    bodies = [page(rows) for rows in pages]
    by_type = outcome(PageDecoder(schema, nested_lists(schema)), schema, bodies)
    assert by_type == outcome(as_dictionaries, schema, bodies)


@pytest.mark.parametrize("name", GOLDEN)
def test_recorded_objects_make_the_same_frames(name: str) -> None:
    recorded = GOLDEN[name]
    schema = schema_of(recorded["object"])
    assert_alike(schema, [recorded] * 3)
    decoder = PageDecoder(schema)
    (row,) = decoder(page([recorded])).data
    assert isinstance(row, Record)
    assert row.get("id") == recorded.get("id")
    assert row.get("no_such_field", "nothing") == "nothing"


@pytest.mark.parametrize("name", GOLDEN)
def test_chosen_fields_make_the_same_frames(name: str) -> None:
    recorded = GOLDEN[name]
    whole = schema_of(recorded["object"])
    for column in whole.columns[::3]:
        schema = schema_of(recorded["object"], fields=[".".join(column.path)])
        assert_alike(schema, [recorded, {"object": recorded["object"]}])


def paths_of(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    for key, item in value.items() if isinstance(value, dict) else ():
        found += [(*above, key), *paths_of(item, (*above, key))]
    return found


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Schema, list[list[Any]]]:
    """Pages of one resource, some of whose values are not as documented."""
    recorded = GOLDEN[draw(st.sampled_from(sorted(GOLDEN)))]
    pages = []
    for _ in range(draw(st.integers(1, 3))):
        rows = [copy.deepcopy(recorded) for _ in range(draw(st.integers(0, 3)))]
        for row in rows:
            for path in draw(st.lists(st.sampled_from(paths_of(row)), max_size=2)):
                spoil(draw, row, path)
        pages.append(rows)
    return schema_of(recorded["object"]), pages


def spoil(draw: st.DrawFn, row: Any, path: tuple[Any, ...]) -> None:
    for key in path[:-1]:
        row = row.get(key) if isinstance(row, dict) else None
    if not isinstance(row, dict) or path == ("object",):
        return
    how = draw(st.sampled_from(["drop", "replace", "add"]))
    if how == "drop":
        row.pop(path[-1], None)
    else:
        row[f"new_{path[-1]}" if how == "add" else path[-1]] = draw(JSON)


@settings(max_examples=200, deadline=None)
@given(spoilt())
def test_what_is_not_as_documented_makes_the_same_frames(
    made: tuple[Schema, list[list[Any]]],
) -> None:
    schema, pages = made
    assert_alike(schema, *pages)


def test_a_field_that_the_catalog_lacks_is_read_by_type_from_then_on() -> None:
    schema = schema_of("customer")
    decoder = PageDecoder(schema)
    rows = [{"id": "cus_1", "shiny": 5, "address": {"city": "Bonn", "planet": "Earth"}}]
    for _ in range(2):
        (row,) = decoder(page(rows)).data
        assert isinstance(row, Record)
    assert_alike(schema, [{"id": "cus_0"}], rows, [{"id": "cus_2", "shiny": 6}])
    chunk = chunk_of([row], schema)
    assert sorted(chunk.extras) == ["address_planet", "shiny"]


def test_what_is_no_page_is_given_as_it_is() -> None:
    decoder = PageDecoder(schema_of("customer"))
    assert decoder(b"[1]") == [1]
    assert decoder(b'{"data":5}') == {"data": 5}
    with pytest.raises(orjson.JSONDecodeError):
        decoder(b'{"data":[{"id":"cus_1"')


def test_torn_text_is_noticed_where_it_is_passed_over() -> None:
    decoder = PageDecoder(schema_of("customer", fields=["id"]))
    body = page([{"id": "cus_1", "name": "Müller"}])
    assert decoder(body).data[0].get("id") == "cus_1"
    with pytest.raises(orjson.JSONDecodeError):
        decoder(body.replace("ü".encode(), b"\xc3"))


def test_a_page_of_odd_blocks_is_read_as_dictionaries() -> None:
    schema = schema_of("customer")
    decoder = PageDecoder(schema)
    odd = decoder(page([{"id": "cus_1", "address": ["Bonn"]}]))
    assert values_of(odd["data"], "address") == [["Bonn"]]
    assert isinstance(decoder(page([{"id": "cus_2"}])), dict)


def test_rows_of_both_makes_are_one_chunk() -> None:
    schema = schema_of("customer")
    typed = PageDecoder(schema)(page([{"id": "cus_2", "created": 9, "name": "Ada"}]))
    plain: list[Any] = [{"id": "cus_1", "created": 8, "odd": True}]
    chunk = chunk_of([*typed.data, *plain], schema)
    assert chunk.columns["id"].to_pylist() == ["cus_2", "cus_1"]
    assert chunk.columns["name"].to_pylist() == ["Ada", None]
    assert chunk.extras["odd"].to_pylist() == [None, "true"]
    assert chunk.created == [9, 8]


def test_expanded_objects_are_read_where_they_are_there() -> None:
    schema = schema_of("charge", expand=["customer"])
    rows = [
        {"id": "ch_1", "customer": {"id": "cus_1", "email": "a@example.com"}},
        {"id": "ch_2", "customer": "cus_2"},
        {"id": "ch_3", "customer": None},
    ]
    assert_alike(schema, rows)
    found, _ = table(PageDecoder(schema), schema, [page(rows)])
    assert found["customer"].to_pylist() == ["cus_1", "cus_2", None]
    assert found["customer_email"].to_pylist() == ["a@example.com", None, None]
