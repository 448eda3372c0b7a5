"""What a publishable key opens over HTTP, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client

KEY = "pk_test_" + "sandbox0" * 3
ORIGIN = "http://localhost:3000"


def ask(sandbox: Sandbox, method: str, path: str, **params: Any) -> requests.Response:
    where = {"params": params} if method == "GET" else {"data": params}
    return requests.request(
        method,
        f"{sandbox.url}/v1/{path}",
        headers={"Authorization": f"Bearer {KEY}", "Origin": ORIGIN},
        timeout=5,
        **where,  # type: ignore[arg-type]
    )


CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": "4242424242424242",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "34",
    "payment_method_data[card][cvc]": "123",
}


def payment(client: Client) -> Any:
    return client.v1.payment_intents.create(
        {"amount": 2000, "currency": "usd", "metadata": {"margin": "12"}}
    )


def test_a_page_sees_its_payment_and_no_more_than_it_needs(
    client: Client, sandbox: Sandbox
) -> None:
    intent = payment(client)
    seen = ask(
        sandbox,
        "GET",
        f"payment_intents/{intent.id}",
        client_secret=intent.client_secret,
    )

    assert seen.json()["status"] == "requires_payment_method"
    assert not {"metadata", "customer", "latest_charge"} & set(seen.json())
    assert seen.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_page_confirms_with_the_secret(client: Client, sandbox: Sandbox) -> None:
    intent = payment(client)
    paid = ask(
        sandbox,
        "POST",
        f"payment_intents/{intent.id}/confirm",
        client_secret=intent.client_secret,
        **CARD,
    )

    assert paid.json()["status"] == "succeeded"
    assert "metadata" not in paid.json()


def test_a_refusal_tells_no_more_of_the_payment_either(
    client: Client, sandbox: Sandbox
) -> None:
    intent = payment(client)
    number = "payment_method_data[card][number]"
    declined = ask(
        sandbox,
        "POST",
        f"payment_intents/{intent.id}/confirm",
        client_secret=intent.client_secret,
        **{**CARD, number: "4000000000000002"},
    )
    error = declined.json()["error"]

    assert (declined.status_code, error["code"]) == (402, "card_declined")
    assert error["payment_intent"]["id"] == intent.id
    assert "metadata" not in error["payment_intent"]


@pytest.mark.parametrize("secret", [None, "pi_1_secret_guess"])
@pytest.mark.parametrize("action", ["", "/confirm"])
def test_without_the_secret_nothing_is_shown_or_done(
    client: Client, sandbox: Sandbox, secret: str | None, action: str
) -> None:
    intent = payment(client)
    refused = ask(
        sandbox,
        "POST" if action else "GET",
        f"payment_intents/{intent.id}{action}",
        **({"client_secret": secret} if secret else {}),
    )

    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "client_secret"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "customers"),
        ("POST", "customers"),
        ("GET", "payment_intents"),
        ("POST", "payment_intents"),
        ("GET", "payment_methods/pm_1"),
        ("POST", "payment_intents/pi_1/cancel"),
        ("POST", "refunds"),
    ],
)
def test_all_else_needs_a_secret_key(sandbox: Sandbox, method: str, path: str) -> None:
    refused = ask(sandbox, method, path)

    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "secret_key_required"


def test_a_page_makes_tokens_and_payment_methods(sandbox: Sandbox) -> None:
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 34}
    fields = {f"card[{name}]": value for name, value in card.items()}

    assert ask(sandbox, "POST", "tokens", **fields).json()["object"] == "token"
    made = ask(sandbox, "POST", "payment_methods", type="card", **fields)
    assert made.json()["card"]["last4"] == "4242"


def test_the_script_is_served_where_stripes_is(sandbox: Sandbox) -> None:
    for path in ("/v3/", "/v3/stripe.js"):
        script = requests.get(f"{sandbox.url}{path}", timeout=5)

        assert script.headers["Content-Type"].startswith("text/javascript")
        assert "window.Stripe" in script.text


@pytest.mark.parametrize(
    "path",
    ["customer", "payment_method.customer", "latest_charge", "payment_method.x.y"],
)
def test_a_page_expands_the_payment_method_alone(
    client: Client, sandbox: Sandbox, path: str
) -> None:
    customer = client.v1.customers.create({"name": "Jenny", "phone": "12345"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.update(method.id, {"metadata": {"risk": "high"}})
    intent = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": method.id,
        }
    )
    where = f"payment_intents/{intent.id}"
    for form in ("expand[]", "expand[0]", "expand"):
        told = {"client_secret": intent.client_secret, form: path}
        refused = ask(sandbox, "GET", where, **told)
        assert refused.status_code == 400
        assert "12345" not in refused.text

    told = {"client_secret": intent.client_secret, "expand[]": "payment_method"}
    seen = ask(sandbox, "GET", where, **told).json()["payment_method"]
    assert seen["card"]["last4"] == "4242"
    assert not {"customer", "metadata"} & set(seen)


def test_a_page_sees_what_a_session_asks_for_alone(
    client: Client, sandbox: Sandbox
) -> None:
    customer = client.v1.customers.create({"email": "a@example.com", "phone": "12345"})
    session = client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "customer": customer.id,
            "success_url": "https://shop.example/done",
            "metadata": {"margin": "12"},
        }
    )
    where = f"payment_pages/{session.id}"
    seen = ask(sandbox, "GET", where)

    assert (seen.json()["id"], seen.json()["mode"]) == (session.id, "setup")
    assert "margin" not in seen.text
    assert "customer" not in seen.json()
    assert ask(sandbox, "GET", where, **{"expand[]": "customer"}).status_code == 400
