"""Saved notebooks: what a reader sees of each widget who has no kernel for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect
from traitlets.config import Config

from stripe_nb.page import write_page
from stripe_nb.session import Client
from tests.browser.jupyter import (
    LAB,
    NOTEBOOK,
    Jupyter,
    await_kernel,
    command,
    open_page,
    run_all,
)

NAME = "<img src=x onerror=alert(1)>"
BOOK = "saved.ipynb"
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
# Region of a widget: what is read in it, and in what stands for it elsewhere.
SHOWN = {
    "Explorer of customer": NAME,
    "Payment form": "Pay 25.00 USD",
    "Subscription timeline": "trialing",
    "Webhook inbox": "customer.created",
    "API calls": "/v1/products",
    "Error lab": "There is not enough money or credit on the card.",
    "States of payment_intent": "requires_payment_method",
}

_INBOX = f"""
inbox = snb.webhooks.listen(client=client)
client.v1.customers.create({{"name": {NAME!r}}})
inbox.wait_for("customer.created")
snb.WebhookInbox(inbox)
"""
_LOG = f"""
with snb.RequestLog() as log:
    client.v1.products.create({{"name": {NAME!r}}})
log
"""


@pytest.fixture
def cells(connected: str, client: Client) -> list[str]:
    """Return a notebook with one widget of each kind, all of them used."""
    client.v1.customers.create({"name": NAME})
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_768_435_200})
    customer = client.v1.customers.create({"test_clock": clock.id})
    product: Any = {"name": NAME}
    recurring: Any = {"interval": "month"}
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": recurring,
            "product_data": product,
        }
    )
    subscription = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "trial_period_days": 14,
        }
    )
    intent = client.v1.payment_intents.create({"amount": 2500, "currency": "usd"})
    return [
        connected,
        'snb.explore("customers")',
        f'snb.PaymentForm("{intent.id}")',
        f'snb.SubscriptionTimeline("{subscription.id}")',
        _INBOX,
        _LOG,
        "lab = snb.ErrorLab()\nlab.run('insufficient_funds')\nlab",
        f'snb.StateDiagram(client.v1.payment_intents.retrieve("{intent.id}"))',
    ]


@contextmanager
def remembering(page: Page) -> Iterator[None]:
    """Have widgets' state saved with the notebook, as JupyterLab's menu offers."""
    command(page, SAVE_STATE)
    page.wait_for_function(f"jupyterapp.commands.isToggled('{SAVE_STATE}')")
    yield
    command(page, SAVE_STATE)
    page.wait_for_function(f"!jupyterapp.commands.isToggled('{SAVE_STATE}')")


def run(page: Page, jupyter: Jupyter, cells: list[str], app: str = LAB) -> None:
    jupyter.write(BOOK, cells)
    open_page(page, jupyter.address(BOOK, app))
    run_all(page)
    for region in SHOWN:
        expect(page.get_by_role("region", name=region)).to_be_visible()


def save(page: Page) -> None:
    page.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => null)")


def without_errors(page: Page) -> bool:
    book = page.locator(".jp-Notebook")
    words = ("Loading widget", "Error displaying widget")
    return not any(book.get_by_text(each).count() for each in words)


def test_saved_state_is_shown_when_the_kernel_is_gone(
    page: Page, jupyter: Jupyter, cells: list[str], console: Any, keep: Any
) -> None:
    run(page, jupyter, cells)
    with remembering(page):
        save(page)
    with jupyter.without_kernels():
        open_page(page, jupyter.address(BOOK))
        for region, words in SHOWN.items():
            shown = page.get_by_role("region", name=region)
            expect(shown.get_by_text(words).first).to_be_attached()
            expect(shown).to_be_visible()
        assert without_errors(page)
        keep(page, "saved_state")
        states = page.get_by_role("region", name="States of payment_intent")
        states.get_by_role("button", name="Read again").click()
        expect(states.get_by_role("status")).to_contain_text("run the cell again")
    assert [each for each in console.errors if "WebSocket" not in each] == []


def test_saved_state_is_shown_beside_a_kernel_that_is_started_at_once(
    page: Page, jupyter: Jupyter, cells: list[str], console: Any
) -> None:
    run(page, jupyter, cells)
    with remembering(page):
        save(page)
    jupyter.stop_kernels()
    open_page(page, jupyter.address(BOOK))
    await_kernel(page)
    for region, words in SHOWN.items():
        shown = page.get_by_role("region", name=region)
        expect(shown.get_by_text(words).first).to_be_attached()
    assert without_errors(page)
    # The new kernel knows nothing of the widgets until the cells are run.
    states = page.get_by_role("region", name="States of payment_intent")
    states.get_by_role("button", name="Read again").click()
    expect(states.get_by_role("status")).to_contain_text("un the cell again")
    run_all(page)
    states.get_by_role("button", name="Read again").click()
    expect(states.get_by_role("status")).to_have_count(0)
    assert [each for each in console.errors if "WebSocket" not in each] == []


@pytest.mark.parametrize("app", [LAB, NOTEBOOK])
@pytest.mark.parametrize("whose", ["own", "a_strangers"])
def test_a_notebook_that_is_opened_again_shows_what_stands_for_the_widgets(
    page: Page,
    jupyter: Jupyter,
    cells: list[str],
    console: Any,
    keep: Any,
    app: str,
    whose: str,
) -> None:
    run(page, jupyter, cells, app)
    save(page)
    jupyter.stop_kernels()
    if whose == "a_strangers":
        # Jupyter trusts what it has signed, and no notebook that came from elsewhere.
        book = nbformat.read(jupyter.folder / BOOK, as_version=4)
        book.metadata["title"] = "Somebody else's"
        nbformat.write(book, jupyter.folder / BOOK)
    open_page(page, jupyter.address(BOOK, app))
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs).to_have_count(len(SHOWN))
    for number, words in enumerate(SHOWN.values()):
        expect(outputs.nth(number)).to_contain_text(words)
        expect(outputs.nth(number)).to_be_visible()
    assert without_errors(page)
    keep(page, "opened_again")
    assert page.locator(".jp-OutputArea-output img[src='x']").count() == 0
    # What ipywidgets says of each model that it doesn't find.
    assert [each for each in console.errors if "model not found" not in each] == []
    jupyter.stop_kernels()


def exported(book: Path, config: Config | None = None) -> str:
    exporter: Any = HTMLExporter
    html: str = exporter(config=config).from_filename(str(book))[0]
    return html


def own_page(book: Path) -> str:
    return write_page(book, book.parent / "pages", show_code=True).read_text()


# What README says to those who have saved the widgets' state, too.
CLEARED = Config(ClearMetadataPreprocessor={"enabled": True})


@pytest.mark.parametrize(
    ("write", "with_state"),
    [(exported, False), (partial(exported, config=CLEARED), True), (own_page, True)],
    ids=["nbconvert", "nbconvert-with-state", "our-page-with-state"],
)
def test_exported_html_shows_what_stands_for_the_widgets_offline(
    page: Page,
    jupyter: Jupyter,
    cells: list[str],
    keep: Any,
    write: Callable[[Path], str],
    with_state: bool,
) -> None:
    run(page, jupyter, cells)
    with remembering(page) if with_state else nullcontext():
        save(page)
    jupyter.stop_kernels()
    saved = nbformat.read(jupyter.folder / BOOK, as_version=4)
    assert ("widgets" in saved.metadata) is with_state
    html = write(jupyter.folder / BOOK)
    page.context.set_offline(True)
    page.set_content(html, wait_until="domcontentloaded")
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs).to_have_count(len(SHOWN))
    for number, words in enumerate(SHOWN.values()):
        expect(outputs.nth(number)).to_contain_text(words)
        expect(outputs.nth(number)).to_be_visible()
    keep(page, "exported_html")
    assert page.locator("img[src='x']").count() == 0
