"""The diagram: what is lit, what may come next, what stays in a notebook."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from stripe_nb.errors import WidgetError
from stripe_nb.session import Client
from stripe_nb.widgets import StateDiagram
from stripe_nb.widgets.states import _WAYS

RESOURCES = sorted(_WAYS)


def held(client: Client) -> Any:
    params: Any = {"amount": 900, "currency": "usd", "capture_method": "manual"}
    params |= {"payment_method": "pm_card_visa", "confirm": True}
    params |= {"allowed_payment_method_types": ["card"]}
    return client.v1.payment_intents.create(params)


def lit(diagram: StateDiagram) -> list[str]:
    return [each["state"] for each in diagram.shapes if "lit" in each["class"].split()]


def test_the_present_state_is_lit_and_its_calls_are_told(client: Client) -> None:
    intent = held(client)
    diagram = StateDiagram(intent)
    assert lit(diagram) == ["requires_capture"]
    out = [way for way in diagram.ways if way["source"] == diagram.state]
    assert [way["call"] for way in out] == [
        f"client.v1.payment_intents.capture('{intent.id}')",
        f"client.v1.payment_intents.cancel('{intent.id}')",
    ]


def test_an_object_is_read_again(client: Client) -> None:
    intent = held(client)
    diagram = StateDiagram(intent)
    client.v1.payment_intents.capture(intent.id)
    assert diagram.call("refresh") == "succeeded"
    assert lit(diagram) == ["succeeded"]


def test_a_resource_alone_has_no_present_state() -> None:
    diagram = StateDiagram("subscriptions")
    assert lit(diagram) == []
    diagram.call("refresh")
    assert "no object to read" in diagram.message


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_fall_back_is_small_whole_and_the_same(resource: str) -> None:
    html = StateDiagram(resource).fallback_html()
    assert html == StateDiagram(resource).fallback_html()
    assert len(html) < 10_000
    found = re.search(r"base64,([^\"]+)", html)
    assert found is not None
    svg = ET.fromstring(base64.b64decode(found[1]))  # noqa: S314  # our own
    drawn = {each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert drawn == set(StateDiagram(resource).states)


def test_the_fall_back_says_in_words_what_it_shows() -> None:
    html = StateDiagram(
        {"object": "quote", "id": "qt_1", "status": "open"}
    ).fallback_html()
    assert 'alt="States of quote qt_1, open"' in html
    assert "<li>accepted, by quotes.accept</li>" in html


def test_hostile_ids_are_escaped() -> None:
    obj = {"object": "quote", "id": "<img src=x>", "status": "open"}
    assert "<img src=x" not in StateDiagram(obj).fallback_html()


@pytest.mark.parametrize(
    "source",
    [
        {"object": "quote", "id": "qt_1", "status": "lost"},
        {"object": "customer", "id": "cus_1"},
        {"id": "qt_1"},
    ],
    ids=["unknown state", "no states", "no name"],
)
def test_what_has_no_diagram_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(WidgetError):
        StateDiagram(source)


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_shape_leaves_the_picture(resource: str) -> None:
    diagram = StateDiagram(resource)
    width, height = diagram.size
    for shape in diagram.shapes:
        how = shape["attributes"]
        if shape["tag"] == "g":
            assert float(how["x"]) >= 0
            assert float(how["x"]) + float(how["width"]) <= width
            assert float(how["y"]) + float(how["height"]) <= height
