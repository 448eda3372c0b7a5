"""The explorer's table on a page of its own: filters, order, keys and changes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from stripe_nb.frames import to_frame
from stripe_nb.session import Client
from stripe_nb.widgets import explore
from tests.browser.bare_page import show

_DAY = 86_400
_START = 1_768_435_200  # 2026-01-15
_TEXTS = ['Say "hi" (now)', "C:\\temp [x] .*", "ada", "Zoe", "Order 10", "order 9"]
_AMOUNTS = [2000, 1999, 2001, 150_000, None, 500]
_CURRENCIES = ["usd", "usd", "eur", "jpy", "usd", "kwd"]


def charges() -> list[dict[str, Any]]:
    return [
        {
            "object": "charge",
            "id": f"ch_{number}",
            "description": text,
            "amount": amount,
            "currency": currency,
            "created": _START + number * _DAY,
        }
        for number, (text, amount, currency) in enumerate(
            zip(_TEXTS, _AMOUNTS, _CURRENCIES, strict=True)
        )
    ]


@pytest.fixture
def table(page: Page, client: Client) -> Locator:
    rows = to_frame(charges())
    shown = show(page, explore(rows), "bare", {})
    expect(shown).to_have_attribute("data-ready", "true")
    return shown


def ids(table: Locator) -> list[str]:
    return table.locator("tr[data-at] td:first-child").all_inner_texts()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("amount>20", "2 3"),
        ("amount>=20", "0 2 3"),
        ("amount<=20", "0 1 5"),
        ("amount<20", "1 5"),
        ("amount=20.01", "2"),
        ("AMOUNT=0.5", "5"),
        ("amount>=150,000", "3"),
        ("amount>much", ""),
        ("created>=2026-01-19", "4 5"),
        ("created<=2026-01-16", "0 1"),
        ("created=2026-01", "0 1 2 3 4 5"),
        ("created:2026-01-17", "2"),
        ("created<2026-01-16", "0"),
        ("(now)", "0"),
        (".*", "1"),
        ("\\temp", "1"),
        ("[", "1"),
        ('"C:\\temp [x]"', "1"),
        ('description:"say hi"', ""),
        ("description:order", "4 5"),
        ("description=ada", "2"),
        ("description>=order", "0 3 4 5"),
        ("nosuch:thing", ""),
        ('"', "0 1 2 3 4 5"),
    ],
)
def test_a_filter_finds(table: Locator, query: str, found: str) -> None:
    table.get_by_role("searchbox").fill(query)
    wanted = [f"ch_{number}" for number in found.split()]
    told = f"{len(wanted)} of 6 rows" if len(wanted) < len(_TEXTS) else "6 rows"
    expect(table.get_by_role("status").first).to_have_text(told)
    assert sorted(ids(table)) == wanted
    expect(table.get_by_text("No row fits the filter.")).to_have_count(int(not wanted))


@pytest.mark.parametrize(
    ("column", "order"),
    [
        # What isn't there comes first; 0.500 KWD is less than 19.99 USD.
        ("amount", "4 5 1 0 2 3"),
        ("description", "2 1 5 4 0 3"),
        ("created", "0 1 2 3 4 5"),
    ],
)
def test_rows_are_in_order(table: Locator, column: str, order: str) -> None:
    button = table.get_by_role("button", name=column)
    button.click()
    assert ids(table) == [f"ch_{number}" for number in order.split()]
    button.click()
    assert ids(table) == [f"ch_{number}" for number in reversed(order.split())]
    expect(button).to_be_focused()


def test_a_row_that_has_changed_stays_where_it_belongs(
    page: Page, client: Client
) -> None:
    made = [
        client.v1.payment_intents.create({"amount": amount, "currency": "usd"})
        for amount in (300, 100, 200)
    ]
    widget = explore("payment_intents")
    shown = show(page, widget, "bare", {})
    shown.locator("tr[data-at]").filter(has_text=made[1].id).click()
    shown.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(shown.get_by_text("It is now canceled.")).to_be_visible()
    shown.get_by_role("button", name="amount").click()
    assert ids(shown) == [made[1].id, made[2].id, made[0].id]
    shown.get_by_role("searchbox").fill("status:canceled amount=1")
    expect(shown.get_by_role("status").first).to_have_text("1 of 3 rows")


def test_an_empty_list_says_so(page: Page, client: Client) -> None:
    shown = show(page, explore("disputes"), "bare", {})
    expect(shown.get_by_text("There are none.")).to_be_visible()


def test_the_whole_table_is_exported_in_the_order_it_is_shown(
    page: Page, client: Client, tmp_path: Any
) -> None:
    shown = show(page, explore(to_frame(charges())), "bare", {})
    target = tmp_path / "charges.csv"
    target.write_text("older\n")
    shown.get_by_role("button", name="description").click()
    for replace in (False, True):
        shown.get_by_role("button", name="Export").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("File").fill(str(target))
        dialog.get_by_label("Replace").set_checked(replace)
        page.keyboard.press("Enter")
        said = "Wrote 6 rows" if replace else "exists already"
        expect(shown.get_by_text(said)).to_be_visible()
    written = pd.read_csv(target)["id"].tolist()
    assert written == [f"ch_{n}" for n in (2, 1, 5, 4, 0, 3)]


def test_an_object_that_is_open_already_takes_no_focus(
    page: Page, client: Client
) -> None:
    made = client.v1.customers.create({"name": "Ada"})
    widget = explore("customers")
    widget.call("open", resource="customer", object_id=made.id)
    shown = show(page, widget, "bare", {})
    expect(shown.get_by_role("heading", name=made.id)).to_be_visible()
    expect(page.locator("body")).to_be_focused()
    page.keyboard.press("Tab")
    expect(shown.get_by_role("searchbox")).to_be_focused()
    for name in ("Reload", "Export", "id", "name", "email", "description", "created"):
        page.keyboard.press("Tab")
        expect(shown.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    expect(shown.locator("[data-at='0']")).to_be_focused()
    for name in ("Back", "Refresh", "Close"):
        page.keyboard.press("Tab")
        expect(shown.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown.locator("[data-at='0']")).to_be_focused()
