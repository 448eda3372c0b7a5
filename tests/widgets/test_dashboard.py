"""The dashboard without a browser: its tabs, its buttons and its page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets  # type: ignore[import-untyped]  # it ships no types
import nbformat
import pytest
from click.testing import CliRunner

from stripe_nb.cli.dashboard import command
from stripe_nb.errors import MissingDependencyError
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.widgets.dashboard import TABS, dashboard, write_page
from stripe_nb.widgets.explorer import Explorer
from stripe_nb.widgets.payment_form import PaymentForm
from stripe_nb.widgets.subscription_timeline import SubscriptionTimeline


@pytest.fixture
def demo() -> Iterator[Client]:
    with Sandbox(seed=7, scenario="demo") as sandbox, connect(sandbox=sandbox) as made:
        yield made


def parts(page: ipywidgets.VBox, kind: type) -> list[Any]:
    found = [page] if isinstance(page, kind) else []
    for child in getattr(page, "children", ()):
        found += parts(child, kind)
    return found


def test_there_is_a_tab_for_each_part(demo: Client) -> None:
    page = dashboard(client=demo)

    (tabs,) = parts(page, ipywidgets.Tab)
    assert tabs.titles == TABS
    assert "sandbox" in page.children[0].value


def named(page: ipywidgets.VBox, kind: type, name: str) -> Any:
    return next(each for each in parts(page, kind) if each.description == name)


def test_a_payment_can_be_taken(demo: Client) -> None:
    page = dashboard(client=demo)
    take = named(page, ipywidgets.Button, "Take a payment")

    take.click()

    (form,) = parts(page, PaymentForm)
    assert form.title == "Pay 25.00 USD"
    assert form.simulate("pm_card_visa").is_settled


def test_what_is_refused_is_told_in_the_tab(demo: Client) -> None:
    page = dashboard(client=demo)
    named(page, ipywidgets.Text, "Amount").value = "<b>lots</b>"
    take = named(page, ipywidgets.Button, "Take a payment")

    take.click()

    told = [each.value for each in parts(page, ipywidgets.HTML)]
    assert any("&lt;b&gt;" in text for text in told)
    assert not any("<b>" in text for text in told)


def test_the_subscription_that_is_open_is_shown_on_a_time_axis(demo: Client) -> None:
    customer = demo.v1.customers.create({"name": "Ada"})
    price: Any = {"currency": "usd", "unit_amount": 0}
    price |= {"recurring": {"interval": "month"}, "product_data": {"name": "Tea"}}
    free = demo.v1.prices.create(price)
    made = demo.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": free.id}]}
    )
    page = dashboard(client=demo)
    show = named(page, ipywidgets.Button, "Show on a time axis")
    show.click()
    found = next(
        each for each in parts(page, Explorer) if each.resource == "subscription"
    )
    found.call("open", resource="subscription", object_id=made.id)

    show.click()

    (timeline,) = parts(page, SubscriptionTimeline)
    assert timeline.subscription == made.id


def test_closing_takes_the_endpoint_of_its_inbox_away(demo: Client) -> None:
    before = len(demo.v1.webhook_endpoints.list().data)
    page = dashboard(client=demo)
    during = len(demo.v1.webhook_endpoints.list().data)

    page.close()

    assert during == before + 1
    assert len(demo.v1.webhook_endpoints.list().data) == before


def test_the_page_is_a_notebook_without_secrets(tmp_path: Path) -> None:
    path = write_page(tmp_path / "dashboard.ipynb", tmp_path)

    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    (cell,) = book.cells
    assert str(tmp_path) in cell.source
    assert cell.outputs == []


def test_without_voila_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "voila", None)

    result = CliRunner().invoke(command, ["--no-browser"])

    assert isinstance(result.exception, MissingDependencyError)
    assert 'pip install "stripe-nb[dashboard]"' in str(result.exception)
