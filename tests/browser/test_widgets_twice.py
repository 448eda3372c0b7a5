"""One widget in two places of a notebook: what is done in one is seen in both."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client
from tests.browser.jupyter import command
from tests.browser.paid import pay
from tests.browser.test_widgets_in_trouble import opened, refund, strike
from tests.browser.test_widgets_timeline import subscribe

SLOW: Any = {"kind": "latency", "on": "POST *", "seconds": 2}


def views(page: Page, selector: str) -> tuple[Locator, Locator]:
    found = page.locator(selector)
    expect(found).to_have_count(2)
    return found.nth(0), found.nth(1)


def test_a_table_is_filtered_sorted_and_acted_on_in_both(
    client: Client,
    sandbox: Sandbox,
    connected: str,
    open_notebook: Any,
    console: Any,
    violations: Any,
) -> None:
    paid = pay(client, "Ada", 4200)
    pay(client, "Grace", 1000)
    cells = [connected, 'table = snb.explore("payment_intents")\ntable', "table"]
    page = open_notebook(cells)
    first, second = views(page, ".snb-explorer[data-ready]")
    first.get_by_label("Filter").fill("amount>20")
    expect(second.get_by_label("Filter")).to_have_value("amount>20")
    expect(second.locator("tr[data-at]")).to_have_count(1)
    first.get_by_label("Filter").fill("")
    expect(second.locator("tr[data-at]")).to_have_count(2)
    second.get_by_role("button", name="amount", exact=True).click()
    for view in (first, second):
        heading = view.get_by_role("columnheader", name="amount", exact=True)
        expect(heading).to_have_attribute("aria-sort", "ascending")
        expect(view.locator("tr[data-at='0']")).to_contain_text("10.00")

    opened(page, paid.id)
    strike(sandbox, **SLOW)
    refund(page, first, "5")
    # Who does not know of the first click could refund once more in the second.
    for view in (first, second):
        expect(view.get_by_text("Working…")).to_be_visible()
        expect(view.get_by_role("button", name="Refund")).to_be_disabled()
    for view in (first, second):
        expect(view.get_by_text("Refund: done.")).to_be_visible()
        expect(view.get_by_role("button", name="Refund")).to_be_enabled()
    assert len(client.v1.refunds.list().data) == 1
    assert violations(page, ".snb-explorer") == []
    assert console.errors == []


def test_a_clock_is_moved_once_and_both_show_it(
    client: Client,
    sandbox: Sandbox,
    connected: str,
    open_notebook: Any,
    console: Any,
) -> None:
    subscription = subscribe(client)
    cell = f'line = snb.SubscriptionTimeline("{subscription.id}")\nline'
    page = open_notebook([connected, cell, "line"])
    first, second = views(page, ".snb-subscription-timeline")
    strike(sandbox, **SLOW)
    first.get_by_role("button", name="1 week").click()
    for view in (first, second):
        expect(view).to_have_attribute("aria-busy", "true")
        for control in (*view.get_by_role("button").all(), view.get_by_role("slider")):
            expect(control).to_be_disabled()
    for view in (first, second):
        expect(view.get_by_role("status")).to_contain_text("2026-01-22 00:00 UTC")
        expect(view).not_to_have_attribute("aria-busy", "true")
        expect(view.get_by_role("button", name="1 week")).to_be_enabled()
    # The keyboard stays where it was.
    expect(first.get_by_role("button", name="1 week")).to_be_focused()
    second.get_by_role("button", name="1 day").click()
    expect(first.get_by_role("status")).to_contain_text("2026-01-23 00:00 UTC")
    assert console.errors == []


def test_while_one_form_pays_the_other_waits(
    client: Client,
    sandbox: Sandbox,
    connected: str,
    intent: Any,
    open_notebook: Any,
    console: Any,
) -> None:
    cells = [connected, f'form = snb.PaymentForm("{intent.id}")\nform', "form"]
    page = open_notebook(cells)
    pays = [
        view.get_by_role("button", name="Pay 25.00 USD")
        for view in views(page, ".snb-payment-form")
    ]
    for each in pays:
        expect(each).to_be_enabled()
    first = page.locator(".snb-payment-form").first
    # An incomplete form sends nothing, and both can be tried again.
    pays[0].click()
    for each in pays:
        expect(each).to_be_enabled()
    first.get_by_label("Test cards").select_option("4242424242424242")
    strike(sandbox, **SLOW)
    pays[0].click()
    for each in pays:
        expect(each).to_be_disabled()
    badges = page.locator(".snb-payment-form .snb-badge")
    expect(badges).to_have_text(["succeeded", "succeeded"])
    assert console.errors == []


def test_a_question_that_is_gone_with_its_form_keeps_the_other_from_nothing(
    connected: str, intent: Any, open_notebook: Any
) -> None:
    cells = [connected, f'form = snb.PaymentForm("{intent.id}")\nform', "form"]
    page = open_notebook(cells)
    first, second = views(page, ".snb-payment-form")
    first.get_by_label("Test cards").select_option("4000002760003184")
    first.get_by_role("button", name="Pay 25.00 USD").click()
    expect(page.get_by_role("button", name="Complete authentication")).to_be_visible()
    expect(second.get_by_role("button", name="Pay 25.00 USD")).to_be_disabled()
    command(page, "notebook:delete-cell")
    only = page.locator(".snb-payment-form")
    expect(only).to_have_count(1)
    expect(only.get_by_role("button", name="Pay 25.00 USD")).to_be_enabled()


def test_a_call_ends_for_the_other_view_if_its_own_is_gone(
    client: Client, sandbox: Sandbox, connected: str, open_notebook: Any
) -> None:
    page = open_notebook([connected, "lab = snb.ErrorLab(client=client)\nlab", "lab"])
    first, second = views(page, ".snb-error-lab")
    strike(sandbox, **{**SLOW, "seconds": 4})
    first.get_by_role("button", name="Cause it").click()
    expect(second.get_by_role("button", name="Cause it")).to_be_disabled()
    # The click has made its cell the active one.
    command(page, "notebook:delete-cell")
    only = page.locator(".snb-error-lab")
    expect(only).to_have_count(1)
    expect(only.get_by_role("button", name="Cause it")).to_be_disabled()
    expect(only.get_by_role("button", name="Cause it")).to_be_enabled(timeout=30_000)


def test_an_opened_call_of_a_log_has_an_id_of_its_own_in_each_view(
    connected: str, open_notebook: Any, violations: Any
) -> None:
    cells = [
        connected,
        "with snb.RequestLog() as log:\n    client.v1.balance.retrieve()\nlog",
        "log",
    ]
    page = open_notebook(cells)
    first, second = views(page, ".snb-log")
    for view in (first, second):
        view.get_by_role("button", name="/v1/balance").click()
    ids = page.locator(".snb-log-more").evaluate_all("rows => rows.map(({id}) => id)")
    assert len(set(ids)) == 2
    assert violations(page, ".snb-log") == []
