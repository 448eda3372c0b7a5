"""What is written by learned types is what dictionaries would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.frames.objects import canonical_json
from stripe_nb.frames.writing import Writer

NAMES = st.text('ab"\\é_', min_size=1, max_size=3) | st.just("metadata")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)


def expected(values: Sequence[Any]) -> list[bytes | None]:
    return [None if v is None else canonical_json(v).encode() for v in values]


def pieces(values: Sequence[Any]) -> list[bytes]:
    return [orjson.dumps(value) for value in values]


@given(st.lists(st.lists(JSON, min_size=1, max_size=4), max_size=4))
def test_any_json_is_written_as_by_way_of_dictionaries(chunks: list[list[Any]]) -> None:
    writer = Writer()
    for values in chunks:
        assert writer.texts(pieces(values)) == expected(values)


def test_what_comes_late_is_learned_and_its_neighbours_stay() -> None:
    writer = Writer()
    alike = [{"type": "card", "card": {"last4": f"{n:04}"}} for n in range(50)]
    assert writer.texts(pieces(alike)) == expected(alike)
    late: list[Any] = [*alike, {"type": "us", "us": {"z": 1, "a": [{"q": 0}]}}, *alike]
    assert writer.texts(pieces(late)) == expected(late)
    other: list[Any] = [{"type": [1], "us": {"a": {}}}, {"card": "4242"}, *alike]
    assert writer.texts(pieces(other)) == expected(other)


def test_a_map_of_any_keys_is_written_to_the_end() -> None:
    writer = Writer()
    for start in range(0, 2000, 200):
        values = [
            {f"key_{n}": n, "b": {"y": n, "x": 0}} for n in range(start, start + 200)
        ]
        assert writer.texts(pieces(values)) == expected(values)


def test_numbers_keep_all_their_digits() -> None:
    (text,) = Writer().texts([b'{"whole": 123456789012345678901234567890}'])
    assert text == b'{"whole":123456789012345678901234567890}'


@pytest.mark.parametrize("torn", [b"", b'{"a": ', b'{"a": "\xff"}', b"nul"])
def test_what_is_no_json_is_refused(torn: bytes) -> None:
    writer = Writer()
    writer.texts([b'{"a": "b"}'])
    with pytest.raises(orjson.JSONDecodeError):
        writer.texts([b'{"a": "c"}', torn])
