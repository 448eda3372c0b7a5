"""The payment form in JupyterLab: paid, declined, and asked by 3D Secure."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stripe_nb.session import Client
from tests.browser.payment_page import (
    FORM,
    expect_heard,
    expect_status,
    fill,
    form_of,
    pay,
    status_of,
)


@pytest.fixture
def cell(connected: str, intent: Any) -> str:
    return connected + FORM.format(intent=intent.id)


def test_a_card_pays(
    open_everywhere: Any,
    cell: str,
    client: Client,
    intent: Any,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    page = open_everywhere([cell])
    expect(form_of(page).get_by_label("Card number")).to_be_visible()
    keep(form_of(page), "payment_form")
    found = violations(page, ".snb-payment-form")
    fill(page, "4242 4242 4242 4242")
    pay(page)

    expect_status(page, "succeeded")
    assert status_of(client, intent) == "succeeded"
    expect_heard(page, client, "'status': 'succeeded', 'error': None")
    assert console.errors == []
    assert found == []


def test_a_decline_is_told_and_another_card_pays(
    open_notebook: Any,
    cell: str,
    client: Client,
    intent: Any,
    console: Any,
    violations: Any,
    keep: Any,
) -> None:
    page = open_notebook([cell], dark=True)
    cards = form_of(page).get_by_label("Test cards")
    cards.select_option("Is declined: lost card")
    pay(page)

    alert = form_of(page).get_by_role("alert").last
    expect(alert).to_have_text("Your card was declined.")
    keep(form_of(page), "payment_form_declined")
    found = violations(page, ".snb-payment-form")
    assert status_of(client, intent) == "requires_payment_method"
    expect_heard(page, client, "'decline_code': 'lost_card'")

    cards.select_option("Succeeds")
    pay(page)

    expect_status(page, "succeeded")
    assert status_of(client, intent) == "succeeded"
    # The browser itself tells of the 402 that the decline came with.
    assert [each for each in console.errors if "402" not in each] == []
    assert found == []


def answer_3d_secure(page: Page, answer: str) -> None:
    fill(page, "4000002760003184")
    pay(page)
    expect(page.get_by_role("heading", name="3D Secure")).to_be_visible()
    page.get_by_role("button", name=answer).click()


def test_3d_secure_is_passed_in_the_notebook(
    open_notebook: Any, cell: str, client: Client, intent: Any, console: Any
) -> None:
    page = open_notebook([cell])
    answer_3d_secure(page, "Complete authentication")

    expect_status(page, "succeeded")
    assert status_of(client, intent) == "succeeded"
    expect_heard(page, client, "'status': 'succeeded', 'error': None")
    assert console.errors == []


def test_3d_secure_is_refused_in_the_notebook(
    open_notebook: Any, cell: str, client: Client, intent: Any, console: Any
) -> None:
    page = open_notebook([cell])
    answer_3d_secure(page, "Fail authentication")

    alert = form_of(page).get_by_role("alert").last
    expect(alert).to_contain_text("failed authentication")
    assert status_of(client, intent) == "requires_payment_method"
    expect_heard(page, client, "payment_intent_authentication_failure")
    assert console.errors == []


def test_an_incomplete_form_says_so_and_sends_nothing(
    open_notebook: Any, cell: str, client: Client, intent: Any
) -> None:
    page = open_notebook([cell])
    expect(form_of(page).get_by_label("Card number")).to_be_visible()
    pay(page)

    alert = form_of(page).get_by_role("alert").first
    expect(alert).to_have_text("Your card number is incomplete.")
    assert client.v1.payment_methods.list().data == []
    assert status_of(client, intent) == "requires_payment_method"


def test_a_card_is_saved(
    open_notebook: Any, connected: str, client: Client, console: Any
) -> None:
    customer = client.v1.customers.create({})
    setup = client.v1.setup_intents.create({"customer": customer.id})
    page = open_notebook([connected, FORM.format(intent=setup.id)])
    fill(page, "4242424242424242")
    # The security code has the focus.
    page.keyboard.press("Enter")

    expect_status(page, "succeeded")
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.card is not None
    assert saved.card.last4 == "4242"
    assert console.errors == []


def test_a_cell_that_waits_shows_the_form_and_ends_when_it_is_paid(
    open_notebook: Any, cell: str, client: Client, intent: Any, console: Any
) -> None:
    waiting = "from IPython.display import display\ndisplay(form)\n(await form).status"
    page = open_notebook([cell.replace("\nform\n", "\n")])
    run = "name => jupyterapp.commands.execute(name).then(() => null)"
    page.evaluate(run, "notebook:insert-cell-below")
    page.evaluate(run, "notebook:enter-edit-mode")
    page.keyboard.insert_text(waiting)
    # The command's promise ends with the cell, which waits for this test.
    page.evaluate("() => void jupyterapp.commands.execute('notebook:run-cell')")
    fill(page, "4242424242424242")
    # The kernel is busy with the cell, and the form doesn't wait for it.
    page.wait_for_timeout(3500)
    expect(form_of(page).get_by_text("The kernel hasn't answered")).to_have_count(0)
    pay(page)

    expect(page.locator(".jp-OutputArea-output").last).to_have_text("'succeeded'")
    assert status_of(client, intent) == "succeeded"
    assert console.errors == []


def test_the_secret_is_in_no_saved_notebook(
    open_notebook: Any, cell: str, jupyter: Any, intent: Any
) -> None:
    page = open_notebook([cell])
    expect(form_of(page).get_by_label("Card number")).to_be_visible()
    page.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => null)")

    (path,) = jupyter.folder.glob("test_the_secret_is_in_no_saved_notebook*.ipynb")
    saved = path.read_text()
    assert f"PaymentForm: {intent.id}" in saved
    assert intent.client_secret.partition("_secret_")[2] not in saved
