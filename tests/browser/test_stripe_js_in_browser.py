"""Pages written for Stripe.js pay on the sandbox by the script's address alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

KEY = "pk_test_" + "sandbox0" * 3

PAYMENT_ELEMENT = """<!doctype html><link rel="icon" href="data:,"><title>Shop</title>
<script src="{script}"></script>
<form id="form"><div id="payment"></div><button>Pay now</button>
<p id="message"></p></form>
<script>
const stripe = Stripe("{key}");
const elements = stripe.elements({{clientSecret: "{secret}"}});
elements.create("payment").mount("#payment");
document.querySelector("#form").addEventListener("submit", async (event) => {{
  event.preventDefault();
  const result = await stripe.{method}({{
    elements, confirmParams: {{return_url: location.origin + "/done"}}{more},
  }});
  document.querySelector("#message").textContent = result.error
    ? result.error.message
    : Object.values(result)[0].status;
}});
</script>"""

CARD_ELEMENT = """<!doctype html><link rel="icon" href="data:,"><title>Shop</title>
<script src="{script}"></script>
<form id="form"><div id="card"></div><button>Pay now</button>
<p id="message"></p></form>
<script>
const stripe = Stripe("{key}");
const card = stripe.elements().create("card", {{hidePostalCode: true}});
card.mount("#card");
document.querySelector("#form").addEventListener("submit", async (event) => {{
  event.preventDefault();
  const result = await stripe.{method}("{secret}", {{
    payment_method: {{card, billing_details: {{name: "Jenny Rosen"}}}},
  }});
  document.querySelector("#message").textContent = result.error
    ? result.error.code + ": " + result.error.message
    : Object.values(result)[0].status;
}});
</script>"""


def serve(
    sandbox: Sandbox, shop: Any, template: str, secret: str, method: str, more: str = ""
) -> str:
    shop.pages["/pay"] = template.format(
        script=f"{sandbox.url}/v3/", key=KEY, secret=secret, method=method, more=more
    )
    return f"{shop.url}/pay"


def payment(client: Client) -> Any:
    return client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})


def fill(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("Security code").fill("123")


def submit(page: Page) -> None:
    page.get_by_role("button", name="Pay now").click()


def test_the_payment_element_pays_and_returns(
    client: Client, sandbox: Sandbox, page: Page, shop: Any, console: Any
) -> None:
    intent = payment(client)
    page.goto(
        serve(sandbox, shop, PAYMENT_ELEMENT, intent.client_secret, "confirmPayment")
    )
    page.get_by_label("Test cards").select_option("Succeeds")
    submit(page)

    page.wait_for_url(re.compile(rf"/done\?payment_intent={intent.id}&.*succeeded$"))
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert console.errors == []


def test_an_empty_form_says_what_is_missing(
    client: Client, sandbox: Sandbox, page: Page, shop: Any
) -> None:
    intent = payment(client)
    page.goto(
        serve(sandbox, shop, PAYMENT_ELEMENT, intent.client_secret, "confirmPayment")
    )
    submit(page)

    expect(page.get_by_role("alert")).to_have_text("Your card number is incomplete.")
    expect(page.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"


@pytest.mark.parametrize("passes", [True, False])
def test_the_payment_element_leads_to_3d_secure(
    client: Client, sandbox: Sandbox, page: Page, shop: Any, *, passes: bool
) -> None:
    intent = payment(client)
    page.goto(
        serve(sandbox, shop, PAYMENT_ELEMENT, intent.client_secret, "confirmPayment")
    )
    fill(page, "4000002760003184")
    submit(page)
    page.get_by_role(
        "button", name="Complete" if passes else "Fail authentication"
    ).click()

    outcome = "succeeded" if passes else "failed"
    page.wait_for_url(re.compile(rf"/done\?.*redirect_status={outcome}$"))
    status = client.v1.payment_intents.retrieve(intent.id).status
    assert status == ("succeeded" if passes else "requires_payment_method")


@pytest.mark.parametrize("template", [PAYMENT_ELEMENT, CARD_ELEMENT])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("4242424242424242", "succeeded"),
        ("4000000000000002", "Your card was declined."),
        ("4242424242424241", "Your card number is incorrect."),
    ],
)
def test_a_page_that_stays_hears_how_it_went(
    client: Client,
    sandbox: Sandbox,
    page: Page,
    shop: Any,
    template: str,
    number: str,
    says: str,
) -> None:
    intent = payment(client)
    method = "confirmPayment" if template is PAYMENT_ELEMENT else "confirmCardPayment"
    more = ', redirect: "if_required"'
    page.goto(serve(sandbox, shop, template, intent.client_secret, method, more))
    fill(page, number)
    submit(page)

    expect(page.locator("#message")).to_contain_text(says)


@pytest.mark.parametrize("passes", [True, False])
def test_the_card_element_asks_on_the_page_itself(
    client: Client,
    sandbox: Sandbox,
    page: Page,
    shop: Any,
    console: Any,
    *,
    passes: bool,
) -> None:
    intent = payment(client)
    page.goto(
        serve(sandbox, shop, CARD_ELEMENT, intent.client_secret, "confirmCardPayment")
    )
    fill(page, "4000002760003184")
    submit(page)
    page.get_by_role(
        "button", name="Complete" if passes else "Fail authentication"
    ).click()

    says = "succeeded" if passes else "payment_intent_authentication_failure: "
    expect(page.locator("#message")).to_contain_text(says)
    assert console.errors == []


def test_the_card_element_saves_a_card(
    client: Client, sandbox: Sandbox, page: Page, shop: Any
) -> None:
    customer = client.v1.customers.create({})
    intent = client.v1.setup_intents.create({"customer": customer.id})
    page.goto(
        serve(
            sandbox, shop, CARD_ELEMENT, str(intent.client_secret), "confirmCardSetup"
        )
    )
    fill(page, "4242424242424242")
    submit(page)

    expect(page.locator("#message")).to_have_text("succeeded")
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.billing_details.name == "Jenny Rosen"


def test_tokens_and_payment_methods_are_made_with_the_key_of_the_page(
    client: Client, sandbox: Sandbox, page: Page, shop: Any
) -> None:
    page.goto(serve(sandbox, shop, CARD_ELEMENT, "pi_1_secret_1", "confirmCardPayment"))
    fill(page, "5555555555554444")

    token = page.evaluate("stripe.createToken(card)")
    method = page.evaluate("stripe.createPaymentMethod({type: 'card', card})")
    wrong = page.evaluate("stripe.retrievePaymentIntent('pi_1_secret_1')")

    assert token["token"]["card"]["brand"] == "MasterCard"
    assert method["paymentMethod"]["card"]["brand"] == "mastercard"
    assert wrong["error"]["code"] == "resource_missing"
