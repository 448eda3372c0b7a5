"""Widgets while Stripe is slow or unreachable, and while no kernel answers."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.faults import Faults, read_faults
from stripe_nb.session import Client
from tests.browser.paid import pay

KERNEL = "jupyterapp.shell.currentWidget.sessionContext"


def strike(sandbox: Sandbox, **fault: Any) -> None:
    sandbox.engine.faults = Faults(read_faults([fault] if fault else None), 7)


def opened(page: Page, object_id: str) -> Locator:
    explorer = page.locator(".snb-explorer[data-ready]").first
    explorer.locator("tr[data-at]").filter(has_text=object_id).click()
    expect(explorer.get_by_role("heading", name=object_id)).to_be_visible()
    return explorer


def opened_payment(
    client: Client, connected: str, open_notebook: Any
) -> tuple[Page, Locator]:
    """A notebook that explores a payment of 42.00 USD, which is open."""
    paid = pay(client, "Ada", 4200)
    page = open_notebook([connected, 'snb.explore("payment_intents")'])
    return page, opened(page, paid.id)


def refund(page: Page, explorer: Locator, amount: str) -> None:
    explorer.get_by_role("button", name="Refund").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount to refund").fill(amount)
    dialog.get_by_role("button", name="Refund").dblclick()


def test_a_slow_call_is_seen_to_run_and_is_made_once(
    client: Client,
    sandbox: Sandbox,
    connected: str,
    open_notebook: Any,
    console: Any,
    keep: Any,
) -> None:
    page, explorer = opened_payment(client, connected, open_notebook)
    strike(sandbox, kind="latency", on="POST *", seconds=2)
    refund(page, explorer, "5")
    expect(explorer.get_by_text("Working…")).to_be_visible()
    expect(explorer).to_have_attribute("aria-busy", "true")
    expect(explorer.get_by_role("button", name="Refund")).to_be_disabled()
    keep(explorer, "busy")

    expect(explorer.get_by_text("Refund: done.")).to_be_visible()
    expect(explorer).not_to_have_attribute("aria-busy", "true")
    # What had the focus is made anew, and the keyboard stays beside it.
    expect(explorer.get_by_label("Open object")).to_be_focused()
    assert len(client.v1.refunds.list().data) == 1
    assert console.errors == []


def test_a_call_whose_answer_is_lost_says_that_it_may_have_been_done(
    client: Client, sandbox: Sandbox, connected: str, open_notebook: Any
) -> None:
    page, explorer = opened_payment(client, connected, open_notebook)
    strike(sandbox, kind="drop_after", on="POST *", rate=1)
    refund(page, explorer, "5")
    expect(explorer.get_by_text("Whether it was done is not known")).to_be_visible()
    strike(sandbox)

    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_text("Whether it was done")).to_have_count(0)
    explorer.get_by_role("button", name="Refund").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("At most 37.00 USD.")).to_be_visible()
    sandbox.stop()
    dialog.get_by_role("button", name="Don't").click()
    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_text("API connection error")).to_be_visible()


def test_a_widget_outlives_its_kernel_and_says_so(
    client: Client, connected: str, open_notebook: Any, keep: Any
) -> None:
    paid = pay(client, "Ada", 4200)
    cells = [
        connected,
        f'snb.StateDiagram(client.v1.payment_intents.retrieve("{paid.id}"))',
        'table = snb.explore("payment_intents")\ntable',
        "table",
    ]
    page = open_notebook(cells)
    explorer = opened(page, paid.id)
    # The same widget, shown twice, is in both places where it is; the focus is in
    # that which was used.
    panes = page.get_by_label("Open object")
    expect(panes).to_have_count(2)
    explorer.locator("[data-at='0']").focus()
    page.keyboard.press("Enter")
    explorer.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(panes.nth(1)).to_be_hidden()
    expect(explorer.locator("[data-at='0']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panes.nth(1)).to_be_visible()
    expect(panes.nth(0)).to_be_focused()
    page.evaluate(f"{KERNEL}.restartKernel().then(() => null)")
    explorer.get_by_role("button", name="Refresh").click()
    expect(explorer.get_by_text("Run the cell again.")).to_have_count(1)
    keep(explorer, "no_kernel")
    diagram = page.locator(".snb-states")
    diagram.get_by_role("button", name="Read again").click()
    expect(diagram.get_by_text("Run the cell again.")).to_be_visible()
