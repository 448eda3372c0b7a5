"""A diagram of states, the log of calls and the cards of objects, in their cells."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from stripe_nb.session import Client
from tests.browser.paid import pay

HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_diagram_lights_the_present_state_and_reads_it_again(
    client: Client,
    connected: str,
    open_everywhere: Any,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    held = pay(client, "Ada", 4200, capture_method="manual")
    cell = f'snb.StateDiagram(client.v1.payment_intents.retrieve("{held.id}"))'
    page = open_everywhere([connected, cell])
    diagram = page.locator(".snb-states")
    expect(diagram.locator("[aria-current='step']")).to_have_attribute(
        "data-state", "requires_capture"
    )
    call = f"client.v1.payment_intents.capture('{held.id}')"
    expect(diagram.get_by_text(call)).to_be_visible()
    keep(page.locator(".snb").first, "states")
    assert violations(page, ".snb-states") == []

    diagram.locator("[aria-current='step']").focus()
    page.keyboard.press("ArrowDown")
    expect(diagram.get_by_text("succeeded is final.")).to_be_visible()
    client.v1.payment_intents.capture(held.id)
    diagram.get_by_role("button", name="Read again").click()
    expect(diagram.locator("[aria-current='step']")).to_have_attribute(
        "data-state", "succeeded"
    )
    assert console.errors == []


def test_the_log_shows_the_calls_of_a_cell(
    connected: str, open_everywhere: Any, console: Any, violations: Any, keep: Any
) -> None:
    work = f"""
with snb.RequestLog() as log:
    client.v1.customers.create({{"name": {HOSTILE!r}}})
    try:
        client.v1.customers.retrieve("cus_nobody")
    except Exception as error:
        print(error.code)
log
"""
    page = open_everywhere([connected, work])
    log = page.locator(".snb-log")
    expect(log.get_by_role("status").first).to_have_text("2 calls")
    expect(log.get_by_text("404")).to_be_visible()
    toggle = log.get_by_role("button", name="/v1/customers", exact=True)
    toggle.focus()
    page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(log.get_by_text(HOSTILE)).to_be_visible()
    keep(page.locator(".snb").first, "log")
    assert violations(page, ".snb-log") == []
    assert console.errors == []


def test_a_live_log_follows_the_cells_after_it(
    connected: str, open_notebook: Any, console: Any
) -> None:
    cells = [
        connected,
        "log = snb.RequestLog()\nlog",
        "client.v1.customers.list().data",
    ]
    page = open_notebook(cells)
    log = page.locator(".snb-log")
    expect(log.get_by_role("status").first).to_have_text("1 call, following")
    log.get_by_role("button", name="Stop").click()
    expect(log.get_by_role("status").first).to_have_text("1 call")
    assert console.errors == []


def test_an_object_is_shown_as_a_card(
    client: Client, connected: str, open_notebook: Any, console: Any
) -> None:
    paid = pay(client, HOSTILE, 4200)
    cells = [
        f"{connected}\n%load_ext stripe_nb",
        f'client.v1.customers.retrieve("{paid.customer}")',
        "client.v1.payment_intents.list()",
        """
try:
    client.v1.customers.retrieve("cus_nobody")
except Exception as error:
    raised = error
raised
""",
    ]
    page = open_notebook(cells)
    outputs = page.locator(".jp-OutputArea-output")
    expect(outputs.nth(0).get_by_text(f"Customer {paid.customer}")).to_be_visible()
    expect(outputs.nth(0).get_by_text(HOSTILE).first).to_be_visible()
    expect(outputs.nth(1).get_by_text("42.00 USD")).to_be_visible()
    expect(outputs.nth(2).get_by_text("Resource missing")).to_be_visible()
    assert console.errors == []
