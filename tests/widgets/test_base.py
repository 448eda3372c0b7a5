"""What every widget can do, without a browser."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stripe
import traitlets

from stripe_nb import widgets
from stripe_nb.errors import WidgetError
from stripe_nb.session import Client
from stripe_nb.widgets.base import StripeWidget, static_text

STATIC = Path(widgets.__file__).parent / "static"
VIEW = "application/vnd.jupyter.widget-view+json"


class Counter(StripeWidget, static="counter"):
    count = traitlets.Int().tag(sync=True)

    def on_add(self, by: int = 1) -> int:
        self.count += by
        return self.count

    def on_charge(self, amount: int) -> str:
        params: Any = {"amount": amount, "currency": "usd"}
        return self.client.v1.payment_intents.create(params).id

    def describe(self) -> str:
        return f"{self.count}"


def sent(widget: StripeWidget, content: Any) -> list[Any]:
    """Return what the widget answers to a message of the page."""
    answers: list[Any] = []
    widget.send = answers.append
    widget._handle_custom_msg(content, [])
    return answers


def test_a_call_from_the_page_is_answered_with_its_number() -> None:
    counter = Counter()
    answer = sent(counter, {"call": "add", "with": {"by": 2}, "number": "a/1"})
    assert answer == [{"reply": "a/1", "result": 2, "error": ""}]
    assert counter.count == 2


def test_what_stripe_refuses_is_said_in_words(client: Client) -> None:
    counter = Counter(client=client)
    assert counter.call("charge", amount=-5) is None
    assert counter.tone == "error"
    assert "greater than or equal to 1" in counter.message
    assert counter.call("charge", amount=500).startswith("pi_")
    assert (counter.tone, counter.message) == ("info", "")


def test_the_last_client_is_taken_when_none_is_given(client: Client) -> None:
    assert Counter().client is client


@pytest.mark.parametrize("name", ["nothing", "msg", "trait_change", "displayed"])
def test_a_page_calls_only_what_the_widget_offers(name: str) -> None:
    with pytest.raises(WidgetError, match="no call"):
        Counter().call(name)


def test_a_call_with_other_arguments_is_refused() -> None:
    with pytest.raises(WidgetError, match="unexpected keyword argument 'to'"):
        Counter().call("add", to=3)


def test_the_page_hears_of_a_failure_that_nobody_foresaw() -> None:
    class Broken(StripeWidget):
        def on_break(self) -> None:
            raise ZeroDivisionError("by zero")

    answers: list[Any] = []
    broken = Broken()
    broken.send = answers.append
    with pytest.raises(ZeroDivisionError):
        broken._receive(None, {"call": "break", "number": 1}, None)
    assert answers == [{"reply": 1, "error": "by zero"}]


def test_other_messages_are_left_alone() -> None:
    assert sent(Counter(), {"anywidget": "hot reload"}) == []
    assert sent(Counter(), "text") == []


def test_two_instances_show_the_same() -> None:
    assert repr(Counter(count=3)) == repr(Counter(count=3)) == "<Counter: 3>"


def test_the_output_has_a_view_and_a_fall_back() -> None:
    data, _ = Counter(count=3)._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", VIEW}
    assert data["text/html"] == "<p>&lt;Counter: 3&gt;</p>"


def test_state_survives_a_save() -> None:
    state = Counter(count=3).get_state()
    assert state["count"] == 3
    assert "function bridge" in state["_esm"]


def test_every_widget_has_a_module_of_its_own() -> None:
    homes = set(widgets._HOMES.values())
    for path in STATIC.glob("*.js"):
        exports = path.read_text(encoding="utf-8").count("export default")
        assert exports == (1 if path.stem in homes else 0), path.name


def test_no_script_parses_html_or_asks_the_network() -> None:
    forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "import(",
    ]
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in forbidden if word in text], path.name


def test_no_style_asks_the_network() -> None:
    for path in STATIC.glob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text
        assert "url(" not in text


def test_a_missing_static_file_is_empty() -> None:
    assert static_text("counter.js") == ""


def test_names_are_those_of_the_package() -> None:
    tree = ast.parse(Path(widgets.__file__).read_text(encoding="utf-8"))
    typed = next(
        {alias.name for each in node.body for alias in each.names}  # type: ignore[attr-defined]
        for node in tree.body
        if isinstance(node, ast.If)
    )
    assert typed == set(widgets.__all__) == set(widgets._HOMES)


def test_the_names_cost_nothing_until_used() -> None:
    code = "import sys, stripe_nb.widgets; print('anywidget' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Clock"):
        widgets.Clock  # noqa: B018


def test_stripes_own_words_for_people_are_used() -> None:
    class Declining(StripeWidget):
        def on_pay(self) -> None:
            words, code = "Your card was declined.", "card_declined"
            raise stripe.CardError(words, "", code)  # type: ignore[no-untyped-call]

    widget = Declining()
    widget.call("pay")
    assert "Your card was declined." in widget.message
