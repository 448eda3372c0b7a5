"""The widgets where nothing is JupyterLab's: in VS Code's colours, and in little room.

VS Code itself can't be run here; its webview gives a widget anywidget's model, a
class on the body and ``--vscode-`` variables, and that is what these pages have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
from playwright.sync_api import Page, expect

from stripe_nb import webhooks
from stripe_nb.session import Client
from stripe_nb.widgets import (
    ErrorLab,
    PaymentForm,
    RequestLog,
    StateDiagram,
    StripeWidget,
    SubscriptionTimeline,
    WebhookInbox,
    explore,
)
from tests.browser.bare_page import show

_START = 1_768_435_200
LONG = "Donaudampfschifffahrtsgesellschaft" * 4
DARK = {
    "--vscode-editor-background": "#1f1f1f",
    "--vscode-editor-foreground": "#cccccc",
    "--vscode-sideBar-background": "#181818",
    "--vscode-panel-border": "#2b2b2b",
    "--vscode-font-family": "sans-serif",
}
LIGHT = {
    "--vscode-editor-background": "#ffffff",
    "--vscode-editor-foreground": "#3b3b3b",
    "--vscode-sideBar-background": "#f8f8f8",
    "--vscode-panel-border": "#e5e5e5",
}
LOOKS = {
    "vscode-dark": DARK,
    "vscode-light": LIGHT,
    "vscode-high-contrast": DARK,
    # An HTML page that no front end has dressed.
    "bare": {},
}


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def customer(client: Client, name: str) -> Any:
    return client.v1.customers.create(
        {
            "name": name,
            "description": name,
            "phone": name[:20],
            "metadata": {"note": name, name[:40]: "key"},
            "address": {"city": name, "line1": name, "country": "CH"},
        }
    )


def explorer(client: Client, held: ExitStack, name: str) -> StripeWidget:
    made = customer(client, name)
    shown = explore("customers", client=client)
    shown.call("open", resource="customer", object_id=made.id)
    return shown


def form(client: Client, held: ExitStack, name: str) -> StripeWidget:
    params: Any = {"amount": 2500, "currency": "usd", "description": name}
    shown = PaymentForm(client.v1.payment_intents.create(params), client=client)
    shown.call("report", error={"message": name})
    return shown


def timeline(client: Client, held: ExitStack, name: str) -> StripeWidget:
    clock = client.v1.test_helpers.test_clocks.create(
        {"frozen_time": _START, "name": name}
    )
    who = client.v1.customers.create({"test_clock": clock.id, "name": name})
    price: Any = {
        "currency": "usd",
        "unit_amount": 900,
        "nickname": name,
        "recurring": {"interval": "month"},
        "product_data": {"name": name},
    }
    made = client.v1.subscriptions.create(
        {
            "customer": who.id,
            "description": name,
            "items": [{"price": client.v1.prices.create(price).id}],
            "collection_method": "send_invoice",
            "days_until_due": 30,
        }
    )
    shown = SubscriptionTimeline(made.id, client=client)
    shown.call("advance", to=_START + 86_400)
    return shown


def inbox(client: Client, held: ExitStack, name: str) -> StripeWidget:
    listening = held.enter_context(webhooks.listen(client=client))
    made = customer(client, name)
    client.v1.customers.update(made.id, {"name": f"{name}!", "description": "new"})
    listening.wait_for("customer.updated")
    return WebhookInbox(listening)


def log(client: Client, held: ExitStack, name: str) -> StripeWidget:
    with RequestLog(client=client) as shown:
        customer(client, name)
    return shown


def lab(client: Client, held: ExitStack, name: str) -> StripeWidget:
    shown = ErrorLab(client=client)
    shown.run("insufficient_funds")
    # Stripe's own words, had it been asked by a hostile name.
    texts = ("title", "exception", "said", "customer", "code", "doc_url")
    shown.shown = {**dict.fromkeys(texts, name), "rows": [[name, name]]}
    return shown


def diagram(client: Client, held: ExitStack, name: str) -> StripeWidget:
    # Stripe makes the ids; no text of a customer's is in it.
    obj = {"object": "payment_intent", "id": name, "status": "requires_capture"}
    return StateDiagram(obj, client=client)


Make = Callable[[Client, ExitStack, str], StripeWidget]
MAKERS: list[Make] = [explorer, form, timeline, inbox, log, lab, diagram]
every_widget = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


@every_widget
@pytest.mark.parametrize("look", LOOKS)
def test_the_colours_are_the_front_ends(
    make: Make,
    look: str,
    client: Client,
    held: ExitStack,
    page: Page,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    variables = LOOKS[look]
    page.set_viewport_size({"width": 900, "height": 900})
    shown = show(page, make(client, held, "Ada"), look, variables)
    expect(shown).to_be_visible()
    scheme = "dark" if variables is DARK else "light"
    expect(shown).to_have_css("color-scheme", scheme)
    ground = "rgb(31, 31, 31)" if variables is DARK else "rgb(255, 255, 255)"
    expect(shown).to_have_css("background-color", ground)
    keep(shown, "elsewhere")
    assert violations(page, ".snb") == []
    assert console.errors == []


@every_widget
def test_nothing_overflows_a_narrow_cell(
    make: Make, client: Client, held: ExitStack, page: Page, keep: Any
) -> None:
    page.set_viewport_size({"width": 300, "height": 900})
    shown = show(page, make(client, held, LONG), "bare", {})
    expect(shown).to_be_visible()
    keep(shown, "narrow")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


def test_a_timeline_in_a_narrow_cell_is_read_without_scrolling(
    client: Client, held: ExitStack, page: Page, keep: Any, violations: Any
) -> None:
    shown = show(page, timeline(client, held, "Ada"), "bare", {})
    pictures, figure = shown.locator("svg:visible"), shown.locator(".snb-figure")
    for width in (300, 500, 900):
        page.set_viewport_size({"width": width, "height": 900})
        expect(pictures).to_have_count(1)
        keep(shown, f"timeline_{width}")
        assert figure.evaluate("it => it.scrollWidth - it.clientWidth") == 0
        letters = "text => text.getBoundingClientRect().height"
        assert pictures.locator("text").first.evaluate(letters) > 10
    assert violations(page, ".snb") == []


def test_another_widgets_sheet_changes_nothing(
    client: Client, held: ExitStack, page: Page
) -> None:
    shown = show(page, lab(client, held, "Ada"), "bare", {})
    page.add_style_tag(content=RequestLog._css)
    expect(shown.locator("td").first).to_have_css("white-space", "normal")


HOSTILE = {
    "tag": "<img src=x onerror=alert(1)>",
    "script": "</script></title></style><script>alert(1)</script>",
    "attribute": """"' onmouseover=alert(1) autofocus onfocus=alert(1) x='\"""",
    "link": "javascript:alert(1)//https://example.com",
    "turned": "\u202egnp.tnemyap\u2066 \u200f",
    "template": "${alert(1)} {{constructor.constructor('alert(1)')()}}",
    "entity": "&lt;b&gt; &#60;i&#62; \\u003cu\\u003e",
}


@every_widget
@pytest.mark.parametrize("hostile", list(HOSTILE.values()), ids=list(HOSTILE))
def test_hostile_text_stays_text(
    make: Make,
    hostile: str,
    client: Client,
    held: ExitStack,
    page: Page,
    console: Any,
) -> None:
    widget = make(client, held, hostile)
    page.on("dialog", lambda asked: pytest.fail(f"A script ran: {asked.message}"))
    shown = show(page, widget, "bare", {})
    for closed in shown.locator("details > summary").all():
        closed.click()
    for opener in shown.locator("tbody button.snb-link").all():
        opener.click()
    expect(shown.locator("img, script, [onmouseover], [onfocus]")).to_have_count(0)
    expect(shown.locator("a[href^='javascript']")).to_have_count(0)
    # Browsers make one space of several, and what JSON escapes is shown so.
    text = shown.text_content() or ""
    assert hostile in text or orjson.dumps(hostile).decode()[1:-1] in text
    # What stands for it elsewhere, parsed as a page would.
    parsed = "html => new DOMParser().parseFromString(html, 'text/html')"
    # The drawing of a diagram or a timeline is a picture, in which nothing runs.
    picture = "img:not([src^='data:image/svg+xml;base64,'])"
    running = f"[onerror], [onfocus], a[href^='javascript'], script, {picture}"
    found = f"html => ({parsed})(html).querySelectorAll(`{running}`).length"
    assert page.evaluate(found, widget.fallback_html()) == 0
    assert console.errors == []
